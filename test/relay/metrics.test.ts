import parsePrometheusTextFormat from 'parse-prometheus-text-format'
import { expect, onTestFinished, test, vi } from 'vitest'
import { createClient } from '../../src/client/create-client.ts'
import { json, startApi } from '../helpers/api.ts'
import { losingProxy } from '../helpers/losing-proxy.ts'
import { postgresOfThisFile } from '../helpers/postgres.ts'
import { keyFor, startRelay } from '../helpers/relay.ts'
import type { RelayOptions } from '../../src/relay/options.ts'

const postgres = postgresOfThisFile()
const token = 'a-token-of-an-administrator-32-chars'

/** A relay in front of an API of a model, and its metrics as the parser of another project reads them. */
async function setUp(options: Partial<RelayOptions> = {}) {
  vi.stubEnv('CLIENT_SECRET_ADMIN_TOKEN', token)
  onTestFinished(() => void vi.unstubAllEnvs())
  const usage = { prompt_tokens: 200, completion_tokens: 100 }
  const api = await startApi(({ path }, outgoing) => {
    if (path === '/stream') {
      outgoing.writeHead(200, { 'content-type': 'text/event-stream' })
      return void outgoing.end(`data: ${JSON.stringify({ choices: [], usage })}\n\n`)
    }
    json(outgoing, path === '/none' ? { text: 'no usage' } : { choices: [], usage })
  })
  const started = await startRelay({ keys: { api: keyFor(api.url) }, ...options })
  const request = {
    clientSecretName: 'api',
    url: `${api.url}/v1/chat/completions`,
    method: 'POST' as const,
    headers: { authorization: 'Bearer $CLIENT_SECRET' },
    data: { model: 'small', max_tokens: 100 },
  }
  const text = async () => {
    const answer = await fetch(`${started.url}/metrics`, { headers: { authorization: `Bearer ${token}` } })
    expect(answer.status).toBe(200)
    return answer.text()
  }
  /** The samples of a metric, by their labels. */
  const samples = async (name: string) =>
    Object.fromEntries(
      (
        parsePrometheusTextFormat(await text()).find((family) => family.name === `client_secret_relay_${name}`)
          ?.metrics ?? []
      ).map(({ labels = {}, value }) => [Object.values(labels).join(' '), Number(value)]),
    )
  return { ...started, api, request, text, samples }
}

test('tokens count by key and direction, with and without a budget; their cost by the prices', async () => {
  const prices = { small: { input: 1_000, output: 10_000 }, large: { input: 1e6, output: 1e6 } }
  for (const [options, cost] of [
    [{}, {}],
    [{ prices }, { api: 4 * 1.2 }],
    [{ prices, limits: { tokensPerDay: 10_000, costPerDay: 100 } }, { api: 4 * 1.2 }],
  ] as const) {
    const { client, api, request, samples } = await setUp(options)
    await client.send(request)
    await client.send({ ...request, queue: 'q', poll: 20 })
    const streamed = await client.fetchWith('api')(`${api.url}/stream`, {
      method: 'POST',
      headers: { ...request.headers, 'content-type': 'application/json' },
      body: JSON.stringify(request.data),
    })
    await streamed.text()
    // A repeat is no other use.
    const twice = { idempotencyKey: 'twice' }
    await Promise.all([client.send(request, twice), client.send(request, twice)])
    await client.send({ ...request, url: `${api.url}/none` })
    // An answer to a read reports on an earlier call.
    await client.send({ ...request, method: 'GET', data: undefined })
    await expect.poll(() => samples('requests_total')).toEqual({ 'api resolved ': 6 })
    expect(await samples('tokens_total')).toEqual({ 'api input': 800, 'api output': 400 })
    expect(await samples('cost_total')).toEqual(cost)
  }
})

test('a call of a model without a name costs as the most expensive one', async () => {
  const prices = { small: { input: 1_000, output: 10_000 }, large: { input: 1e6, output: 1e6 } }
  const { client, request, samples } = await setUp({ prices })
  await client.send({ ...request, data: { prompt: 'stored' } })
  await expect.poll(() => samples('cost_total')).toEqual({ api: 300 })
})

test('each limit that is met counts under its option', async () => {
  const { client, url, api, request, samples } = await setUp({
    limits: { requestsPerMinute: 4, requestBytes: 2_000, tokensPerDay: 400, responseBytes: 3_000 },
    queues: { images: { shared: true, maxConcurrency: 1 } },
  })
  const other = () => createClient({ relay: url, headers: { 'client-session': crypto.randomUUID() } })
  const sendAll = async (count: number, fields: object, one = other()) => {
    for (let index = 0; index < count; index++) await one.send({ ...request, ...fields }).catch(() => {})
  }
  await sendAll(5, { url: `${api.url}/none`, data: {} })
  await sendAll(1, { data: { text: 'x'.repeat(2_000) } })
  await sendAll(3, {})
  void client
  await expect
    .poll(() => samples('limit_total'))
    .toEqual({
      'limits.requestsPerMinute': 1,
      'limits.requestBytes': 1,
      'limits.tokensPerDay': 1,
    })
})

test('the limits of a key and of the unsettled requests have their own names; nothing a caller writes is one', async () => {
  const api = await startApi((_call, outgoing) => json(outgoing, { text: 'x'.repeat(5_000) }))
  const { client, samples } = await setUp({
    keys: {
      minute: { ...keyFor(api.url), limits: { requestsPerMinute: 1 } },
      'limits.bytesPerDay': { ...keyFor(api.url), limits: { unsettled: 1 } },
    },
    limits: { responseBytes: 3_000 },
  })
  const send = (fields: object) =>
    client
      .send({
        clientSecretName: 'minute',
        url: `${api.url}/`,
        method: 'POST',
        headers: { authorization: '$CLIENT_SECRET' },
        ...fields,
      })
      .catch(() => {})
  await send({})
  await send({})
  await send({ clientSecretName: '(limits.heldPolls)' })
  await send({ clientSecretName: 'limits.bytesPerDay', data: { model: '(limits.heldPolls)' } })
  await expect
    .poll(() => samples('limit_total'))
    .toEqual({ 'limits.responseBytes': 2, 'keys.limits.requestsPerMinute': 1 })
})

test('a scrape answers while the database is unavailable, and while it is silent', async () => {
  const proxy = await losingProxy(await postgres.database())
  const { client, request, relay, samples } = await setUp({ database: proxy.database })
  await relay.ready
  await client.send(request)
  expect(await samples('database_up')).toEqual({ '': 1 })
  proxy.swallow()
  const before = performance.now()
  expect(await samples('database_up')).toEqual({ '': 0 })
  // Prometheus gives up after 10 seconds.
  expect(performance.now() - before).toBeLessThan(9_000)
  expect(await samples('requests_total')).toEqual({ 'api resolved ': 1 })
  proxy.cut()
  expect(await samples('database_up')).toEqual({ '': 0 })
  proxy.mend()
  await expect.poll(() => samples('database_up')).toEqual({ '': 1 })
})

test('what callers write makes no series', async () => {
  const { client, url, api, request, text } = await setUp({ limits: { requestsPerMinute: 10_000 } })
  await client.send(request)
  await client.send({ ...request, clientSecretName: 'none' }).catch(() => {})
  const series = async () => (await text()).split('\n').filter((line) => line !== '' && !line.startsWith('#')).length
  await expect.poll(text).toContain('requests_total{key="api",outcome="resolved",code=""} 1')
  const before = await series()
  await Promise.all(
    Array.from({ length: 50 }, async (_, index) => {
      const one = createClient({
        relay: url,
        headers: { traceparent: `00-${'a'.repeat(30)}${index + 10}-${'b'.repeat(16)}-01` },
      })
      await one.send({ ...request, url: `${api.url}/v1/${index}`, data: { model: `model-${index}` } })
      await one.send({ ...request, clientSecretName: `key-${index}` }).catch(() => {})
    }),
  )
  await expect.poll(text).toContain('requests_total{key="api",outcome="resolved",code=""} 51')
  expect(await series()).toBe(before)
})
