import parsePrometheusTextFormat from 'parse-prometheus-text-format'
import { expect, onTestFinished, test, vi } from 'vitest'
import { door, json, startApi } from '../helpers/api.ts'
import { eventually } from '../helpers/eventually.ts'
import { losingProxy } from '../helpers/losing-proxy.ts'
import { postgresOfThisFile } from '../helpers/postgres.ts'
import { canary, keyFor, startRelay, tellingRequest } from '../helpers/relay.ts'

const postgres = postgresOfThisFile()

const token = 'a-token-of-an-administrator-32-chars'

async function setUp() {
  vi.stubEnv('CLIENT_SECRET_ADMIN_TOKEN', token)
  onTestFinished(() => void vi.unstubAllEnvs())
  const api = await startApi(({ path, body }, outgoing) =>
    json(outgoing, { echo: body }, path.startsWith('/fail') ? 402 : 200),
  )
  const started = await startRelay({ keys: { api: keyFor(api.url) }, authenticate: () => 'ada' })
  const request = tellingRequest(api)
  const lines = () => started.log.filter(({ level }) => level === 'info').map(({ details }) => details)
  return { ...started, api, request, lines }
}

test('one line a request: id, key, host, status, times and sizes; nothing of what the caller wrote', async () => {
  const { client, api, request, lines, log } = await setUp()
  const { record } = (await client.send(request)) as { record: { id: string } }
  await client.send({ ...request, url: `${api.url}/fail`, queue: 'q', poll: 20 }).catch(() => {})
  await client.send({ ...request, url: 'https://elsewhere.test/' }).catch(() => {})

  const milliseconds = expect.any(Number) as number
  const ran = {
    key: 'api',
    method: 'POST',
    host: new URL(api.url).host,
    waited: milliseconds,
    took: milliseconds,
    requestBytes: '{"text":"body-of-the-caller"}'.length,
    responseBytes: JSON.stringify({ echo: '{"text":"body-of-the-caller"}' }).length,
  }
  await eventually(() =>
    expect(lines()).toEqual([
      { ...ran, requestId: record.id, outcome: 'resolved', status: 200, code: undefined },
      { ...ran, requestId: expect.any(String) as string, outcome: 'failed', status: 402, code: 'UPSTREAM_ERROR' },
      { code: 'NOT_ALLOWED' },
    ]),
  )
  const all = JSON.stringify(log)
  for (const text of [
    canary,
    'header-of-the-caller',
    'query-of-the-caller',
    'body-of-the-caller',
    '/v1/things',
    'elsewhere',
  ])
    expect(all).not.toContain(text)
})

test('the counters are for the administrator, in the format of Prometheus', async () => {
  const { client, url, request, lines } = await setUp()
  await client.send(request)
  await client.send(request)
  await client.send({ ...request, clientSecretName: 'other' }).catch(() => {})
  await eventually(() => expect(lines()).toHaveLength(3))

  for (const authorization of ['', 'Bearer', `Bearer ${token}x`, `Bearer ${token.slice(1)}`, `Basic ${token}`]) {
    const refused = await fetch(`${url}/metrics`, { headers: { authorization } })
    expect(refused.status).toBe(401)
    expect(await refused.json()).toMatchObject({ error: { code: 'SIGN_IN_REQUIRED' } })
  }
  const answer = await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${token}` } })
  expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
  const text = await answer.text()
  expect(text).toContain('# TYPE client_secret_relay_requests_total counter\n')
  expect(text).toContain('client_secret_relay_requests_total{key="api",outcome="resolved",code=""} 2\n')
  expect(text).toContain('client_secret_relay_request_bytes_total{key="api"} 58\n')
  expect(text).toContain('client_secret_relay_refused_total{code="KEY_NOT_FOUND"} 1\n')
  expect(text).toContain('client_secret_relay_held_polls 0\n')
  // Every line is a comment, a sample or empty.
  for (const line of text.trimEnd().split('\n'))
    if (line !== '') expect(line).toMatch(/^(# (HELP|TYPE) \w+ .+|\w+(\{(\w+="[^"]*",?)+\})? [\d.]+)$/)
})

test('an administrator may also be known by a function; without one there is no such page', async () => {
  const own = await startRelay({
    keys: { api: keyFor('http://127.0.0.1:1') },
    administrator: (request) => request.headers.get('x-role') === 'admin',
  })
  expect((await fetch(`${own.url}/metrics`, { headers: { 'x-role': 'admin' } })).status).toBe(200)
  expect((await fetch(`${own.url}/metrics`)).status).toBe(401)
  // Nor by a page of another site that an administrator has open.
  const foreign = { 'x-role': 'admin', origin: 'https://evil.test' }
  expect((await fetch(`${own.url}/metrics`, { headers: foreign })).status).toBe(403)
  const none = await startRelay({ keys: { api: keyFor('http://127.0.0.1:1') } })
  expect((await fetch(`${none.url}/metrics`)).status).toBe(404)
})

test('a token that could be guessed stops the start', async () => {
  vi.stubEnv('CLIENT_SECRET_ADMIN_TOKEN', 'short')
  onTestFinished(() => void vi.unstubAllEnvs())
  await expect(startRelay({ keys: { api: keyFor('http://127.0.0.1:1') } })).rejects.toThrow(
    /CLIENT_SECRET_ADMIN_TOKEN has fewer than 32 characters/,
  )
})

/** The samples of a metric, as the parser of another project reads them. */
function samples(text: string, name: string) {
  return parsePrometheusTextFormat(text).find((family) => family.name === `client_secret_relay_${name}`)?.metrics ?? []
}

test('times are histograms by key, and the requests that wait are counted by shared queue', async () => {
  vi.stubEnv('CLIENT_SECRET_ADMIN_TOKEN', token)
  onTestFinished(() => void vi.unstubAllEnvs())
  const { opened, open } = door()
  const api = await startApi(async ({ path }, outgoing) => {
    if (path === '/slow') await opened
    json(outgoing, {})
  })
  const { client, url } = await startRelay({
    keys: { api: keyFor(api.url) },
    queues: { images: { shared: true, maxConcurrency: 1 } },
  })
  const send = (path: string, fields: object) =>
    client.clientSecretRequest({
      clientSecretName: 'api',
      url: `${api.url}${path}`,
      method: 'POST',
      headers: { authorization: '$CLIENT_SECRET' },
      ...fields,
    })
  await send('/fast', {})
  const all = [
    ...Array.from({ length: 3 }, () => send('/slow', { queue: 'images', poll: 20 })),
    // A queue that its caller names.
    send('/slow', { queue: 'one-of-a-thousand', poll: 20 }),
  ]
  const read = async () => (await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${token}` } })).text()
  const depths = async () =>
    samples(await read(), 'unsettled')
      .map(({ labels, value }) => `${labels!['queue']} ${labels!['status']} ${value}`)
      .sort()
  await expect.poll(depths).toEqual([' running 1', 'images pending 2', 'images running 1'])
  const text = await read()
  expect(text).not.toContain('one-of-a-thousand')
  expect(samples(text, 'oldest_seconds')).toHaveLength(3)
  for (const name of ['waited_seconds', 'took_seconds', 'request_seconds']) {
    expect(samples(text, name)[0]!.buckets).toMatchObject({ '+Inf': '1', 300: '1' })
    expect(text).toContain(`client_secret_relay_${name}_count{key="api"} 1\n`)
  }
  open()
  await Promise.all(all)
  await expect.poll(depths).toEqual([])
})

test('a relay whose database is away lives, and is not ready', async () => {
  const proxy = await losingProxy(await postgres.database())
  const { relay, url } = await startRelay({ keys: { api: keyFor('http://127.0.0.1:1') }, database: proxy.database })
  await relay.ready
  const status = async (path: string) => (await fetch(`${url}${path}`)).status
  expect([await status('/health'), await status('/ready')]).toEqual([200, 200])
  proxy.cut()
  expect([await status('/health'), await status('/ready')]).toEqual([200, 503])
  proxy.mend()
  await expect.poll(() => status('/ready')).toBe(200)
})
