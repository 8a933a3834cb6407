import { parser } from '@prometheus-io/lezer-promql'
import parsePrometheusTextFormat from 'parse-prometheus-text-format'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { parse } from 'yaml'
import { createAdaptorServer } from '@hono/node-server'
import { createClient } from '../src/client/create-client.ts'
import { createRelay, type Relay } from '../src/relay/create-relay.ts'
import { listen } from '../stories/demo/openai.ts'
import { json, openApi } from './helpers/api.ts'
import { read } from './helpers/documentation.ts'
import { eventually } from './helpers/eventually.ts'
import { keyFor } from './helpers/relay.ts'

interface Target {
  expr: string
}
interface Panel {
  id: number
  title: string
  gridPos: { x: number; y: number; w: number; h: number }
  targets: Target[]
}
const dashboard = JSON.parse(read('monitoring/grafana-dashboard.json')) as {
  panels: Panel[]
  templating: { list: { definition?: string }[] }
}
const alerts = (
  parse(read('monitoring/prometheus-alerts.yaml')) as {
    groups: { rules: { alert: string; expr: string; annotations: Record<string, string> }[] }[]
  }
).groups.flatMap(({ rules }) => rules)

/** Every query, with Grafana's variables as Grafana fills them in. */
const queries = [
  ...dashboard.panels.flatMap(({ title, targets }) => targets.map(({ expr }) => [title, filledIn(expr)] as const)),
  ...alerts.map(({ alert, expr }) => [alert, expr] as const),
]

function filledIn(expr: string): string {
  return expr.replaceAll('$__rate_interval', '5m').replaceAll('$key', '.*')
}

const token = 'a-token-of-an-administrator-32-chars'
/** Labels that Prometheus adds to each sample. */
const ofTarget = ['instance', 'job']

/** The labels of each metric and their values, in the text of a relay under load. */
const found = new Map<string, Map<string, Set<string>>>()
let text = ''
const endings: (() => unknown)[] = []

beforeAll(async () => {
  vi.stubEnv('CLIENT_SECRET_ADMIN_TOKEN', token)
  const usage = { prompt_tokens: 200, completion_tokens: 100 }
  const api = await openApi(async ({ path }, outgoing) => {
    if (path === '/slow') await new Promise(() => {})
    json(outgoing, { choices: [], usage }, path === '/fail' ? 402 : 200)
  })
  endings.push(api.close)
  const relay: Relay = createRelay({
    keys: { api: keyFor(api.url), other: { ...keyFor(api.url), locked: true, limits: { requestsPerMinute: 5 } } },
    authenticate: () => null,
    queues: { images: { shared: true, maxConcurrency: 1 } },
    prices: { '*': { input: 1, output: 4 } },
    limits: { requestsPerMinute: 150 },
    shutdownTimeout: 1,
    logger: { info() {}, warn() {}, error() {} },
  })
  endings.push(() => relay.close())
  const server = createAdaptorServer({ fetch: relay.fetch }) as import('node:http').Server
  endings.push(() => server.close())
  const url = await listen(server)
  const client = createClient({ relay: url })
  const send = (path: string, fields: object = {}) =>
    client
      .send({
        clientSecretName: 'api',
        url: `${api.url}${path}`,
        method: 'POST',
        headers: { authorization: '$CLIENT_SECRET' },
        data: { model: 'small' },
        ...fields,
      })
      .catch(() => {})
  const slow = { queue: 'images', poll: 20 }
  void send('/slow', slow)
  void send('/slow', slow)
  await Promise.all([
    send('/ok', { clientSecretName: 'other' }),
    send('/ok', { url: 'https://elsewhere.test/' }),
    fetch(`${url}/requests`, { headers: { origin: 'https://evil.test' } }),
    ...Array.from({ length: 200 }, (_, index) => send(index % 7 === 0 ? '/fail' : '/ok')),
  ])
  const read = async () => (await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${token}` } })).text()
  await eventually(async () => {
    text = await read()
    expect(text).toContain('unsettled{queue="images",status="pending"} 1')
    expect(text).toContain('requests_total{key="api",outcome="failed"')
  })
  vi.unstubAllEnvs()
  // Without its value, a sample is a selector of PromQL.
  const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  for (const { metric, matchers } of samples.flatMap((line) => readQuery(line.replace(/ \S+$/, '')).selectors)) {
    const known = found.get(metric) ?? new Map<string, Set<string>>()
    found.set(metric, known)
    for (const { label, value } of matchers) known.set(label, (known.get(label) ?? new Set()).add(value))
  }
})
afterAll(async () => {
  for (const end of endings.reverse()) await end()
})

interface Read {
  /** The parts that are no PromQL. */
  mistakes: string[]
  selectors: { metric: string; matchers: { label: string; operator: string; value: string }[] }[]
  /** The labels of `by (…)`. */
  groupings: string[]
}

/** A query as the parser of Prometheus reads it. */
function readQuery(query: string): Read {
  const all: Read = { mistakes: [], selectors: [], groupings: [] }
  parser.parse(query).iterate({
    enter({ name, type, from, to, node }) {
      const part = query.slice(from, to)
      if (type.isError) all.mistakes.push(`${from}: ${part}`)
      if (name === 'VectorSelector') all.selectors.push({ metric: '', matchers: [] })
      if (name === 'Identifier' && node.parent?.name === 'VectorSelector') all.selectors.at(-1)!.metric = part
      if (name === 'UnquotedLabelMatcher') {
        const [, label = '', operator = '', value = ''] = /^(\w+)\s*(=~|!=|!~|=)\s*"(.*)"$/s.exec(part) ?? []
        all.selectors.at(-1)!.matchers.push({ label, operator, value })
      }
      if (name === 'LabelName' && node.parent?.name === 'GroupingLabels') all.groupings.push(part)
    },
  })
  return all
}

describe.each(queries)('%s: %s', (_where, query) => {
  test('is PromQL, and finds its metrics and labels in the text of a relay under load', () => {
    const { mistakes, selectors, groupings } = readQuery(query)
    expect(mistakes).toEqual([])
    expect(selectors.length).toBeGreaterThan(0)
    for (const { metric, matchers } of selectors) {
      const labels = found.get(metric)
      expect(labels, `${metric} is not in the text`).toBeDefined()
      const known = [...labels!.keys(), ...ofTarget]
      expect(groupings.filter((label) => !known.includes(label))).toEqual([])
      for (const { label, operator, value } of matchers) {
        expect(known).toContain(label)
        const values = [...labels!.get(label)!]
        const matching =
          operator === '='
            ? values.filter((one) => one === value)
            : values.filter((one) => new RegExp(`^(?:${value})$`).test(one))
        expect(matching, `no sample of ${metric} has ${label}${operator}"${value}"`).not.toEqual([])
      }
    }
  })
})

test('a query with a metric, a label or a value that the relay does not have is found', () => {
  expect(readQuery('sum by (kee) (rate(client_secret_relay_request_total{outcom="failed"}[5m]))')).toEqual({
    mistakes: [],
    selectors: [
      { metric: 'client_secret_relay_request_total', matchers: [{ label: 'outcom', operator: '=', value: 'failed' }] },
    ],
    groupings: ['kee'],
  })
  expect(readQuery('sum by (key (rate(x[5m])').mistakes).not.toEqual([])
})

test('every metric of the relay is on the dashboard', () => {
  const shown = new Set(queries.flatMap(([, query]) => readQuery(query).selectors.map(({ metric }) => metric)))
  const names = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) =>
    type === 'histogram' ? `${name}_bucket` : name,
  )
  expect(names.filter((name) => !shown.has(name!))).toEqual([])
})

test('a parser of the text format finds as many metrics', () => {
  const families = parsePrometheusTextFormat(text)
  expect(families.map(({ name }) => name)).toEqual([...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name))
  expect(families.filter(({ metrics }) => metrics.length === 0)).toEqual([])
})

test('the variable of the dashboard, and the labels in the texts of alerts, exist', () => {
  const [, metric = '', label = ''] = /^label_values\((\w+), (\w+)\)$/.exec(
    dashboard.templating.list.map(({ definition = '' }) => definition).join(''),
  )!
  expect([...found.get(metric)!.keys()]).toContain(label)
  for (const { expr, annotations } of alerts) {
    const named = [
      ...Object.values(annotations)
        .join()
        .matchAll(/\$labels\.(\w+)/g),
    ].map(([, one]) => one)
    expect(readQuery(expr).groupings).toEqual(expect.arrayContaining(named))
  }
})

test('the panels have ids of their own, and none covers another one', () => {
  const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, index) => `${x + (index % w)} ${y + Math.floor(index / w)}`),
  )
  expect(new Set(cells).size).toBe(cells.length)
  expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length)
})
