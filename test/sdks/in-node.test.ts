import { createServer, request as forward } from 'node:http'
import Anthropic from '@anthropic-ai/sdk'
import { LLMock } from '@copilotkit/aimock'
import { InferenceClient } from '@huggingface/inference'
import { Octokit } from '@octokit/rest'
import OpenAI, { toFile } from 'openai'
import Replicate from 'replicate'
import Stripe from 'stripe'
import { describe, expect, onTestFinished, test } from 'vitest'
import { clientSecretErrorOf } from '../../src/client/client-secret-error-of.ts'
import { createClient } from '../../src/client/create-client.ts'
import { listen } from '../../stories/demo/openai.ts'
import { door, json, startApi, type Api, type ApiAnswer } from '../helpers/api.ts'
import { keyFor, startRelay } from '../helpers/relay.ts'

const secret = 'sk-proj-8hQ2mX4vB7nK1pR5tY9wZ3cF6gJ0lD'
const places = ['headers.authorization', 'headers.x-api-key'] as const

async function start(answer: ApiAnswer) {
  const api = await startApi(answer)
  const { client, url } = await startRelay({ keys: { api: { ...keyFor(api.url, { in: [...places] }), secret } } })
  return { api, client, url }
}

/** aimock, behind a door that writes down what comes. */
async function startAi() {
  const mock = new LLMock({ port: 0, chunkSize: 4 })
  mock.onMessage(/otter/, { content: 'An otter holds hands while it sleeps, so that nobody drifts away.' })
  mock.onEmbedding(/otter/, { embedding: [0.1, 0.2, 0.3] })
  mock.onTranscription({ transcription: { text: 'otter' } })
  mock.onSpeech(/otter/, { audio: Buffer.from('ID3\x03otter').toString('base64') })
  await mock.start()
  onTestFinished(() => mock.stop())
  return start((call, outgoing, incoming) => {
    const headers = { ...incoming.headers, host: new URL(mock.url).host }
    const onward = forward(`${mock.url}${call.path}`, { method: call.method, headers }, (upstream) => {
      outgoing.writeHead(upstream.statusCode!, upstream.headers)
      upstream.pipe(outgoing)
    })
    onward.end(call.body)
  })
}

type Ask = (options: { apiKey: string; baseURL: string; fetch: typeof fetch; maxRetries: number }) => Promise<unknown>

const content = 'Tell me of the otter.'
const messages = [{ role: 'user' as const, content }]
const ask =
  <Sdk>(Sdk: new (options: never) => Sdk, run: (sdk: Sdk) => Promise<unknown>, path = ''): Ask =>
  ({ baseURL, ...options }) =>
    run(new Sdk({ ...options, baseURL: baseURL + path, dangerouslyAllowBrowser: true } as never))
const openai = (run: (sdk: OpenAI) => Promise<unknown>) => ask(OpenAI, run, '/v1')
const anthropic = (run: (sdk: Anthropic) => Promise<unknown>) => ask(Anthropic, run)

async function all<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = []
  for await (const item of stream) items.push(item)
  return items
}

const tasks: [string, Ask][] = [
  ['openai: chat', openai((sdk) => sdk.chat.completions.create({ model: 'gpt-5', messages }))],
  [
    'openai: chat, streamed',
    openai(async (sdk) => all(await sdk.chat.completions.create({ model: 'gpt-5', messages, stream: true }))),
  ],
  ['openai: responses', openai((sdk) => sdk.responses.create({ model: 'gpt-5', input: content }))],
  [
    'openai: responses, streamed',
    openai(async (sdk) => all(await sdk.responses.create({ model: 'gpt-5', input: content, stream: true }))),
  ],
  ['openai: embeddings', openai((sdk) => sdk.embeddings.create({ model: 'text-embedding-3-small', input: content }))],
  ['openai: models', openai((sdk) => sdk.models.list())],
  [
    'openai: transcription, an upload',
    openai(async (sdk) =>
      sdk.audio.transcriptions.create({ model: 'whisper-1', file: await toFile(Buffer.from('otter'), 'otter.wav') }),
    ),
  ],
  [
    'openai: speech, bytes',
    openai(async (sdk) => {
      const speech = await sdk.audio.speech.create({ model: 'tts-1', voice: 'alloy', input: content })
      return Buffer.from(await speech.arrayBuffer()).toString('hex')
    }),
  ],
  [
    'anthropic: messages',
    anthropic((sdk) => sdk.messages.create({ model: 'claude-sonnet-5', max_tokens: 99, messages })),
  ],
  [
    'anthropic: messages, streamed',
    anthropic(async (sdk) => all(sdk.messages.stream({ model: 'claude-sonnet-5', max_tokens: 99, messages }))),
  ],
]

/** What aimock makes anew for each answer. */
const alike = (answer: unknown) =>
  JSON.stringify(answer, (name, value: unknown) =>
    /^(id|item_id|response_id|created|created_at|completed_at|_request_id|obfuscation)$/.test(name) ? undefined : value,
  )

/** Without what differs between any two calls, and what the SDK says of the machine it runs on. */
function arrived({ calls }: Api) {
  return calls.splice(0).map(({ method, path, headers, body }) => {
    const [, boundary = '?'] = /boundary=(.+)$/.exec(headers['content-type'] ?? '') ?? []
    const own = Object.entries(headers).filter(
      ([name]) =>
        !/^(user-agent|x-stainless.*|host|connection|content-length|transfer-encoding|accept-encoding|accept-language|sec-fetch-mode)$/.test(
          name,
        ),
    )
    return JSON.stringify([method, path, own.sort(), body]).replaceAll(boundary, 'boundary')
  })
}

describe('an SDK as it is, and the same without a relay: equal answers, equal calls', () => {
  test.each(tasks)('%s', async (_name, run) => {
    const { api, client } = await startAi()
    const options = { baseURL: api.url, maxRetries: 0 }
    const direct = await run({ ...options, apiKey: secret, fetch: globalThis.fetch })
    const withoutRelay = arrived(api)
    const through = await run({ ...options, apiKey: '$CLIENT_SECRET', fetch: client.fetchWith('api') })
    expect(alike(through)).toBe(alike(direct))
    expect(alike(direct).length).toBeGreaterThan(10)
    expect(arrived(api)).toEqual(withoutRelay)
    expect(withoutRelay).toHaveLength(1)
  })
})

function stripe({ url }: Api, apiKey: string, own: typeof fetch) {
  const { hostname, port } = new URL(url)
  const httpClient = Stripe.createFetchHttpClient(own)
  return new Stripe(apiKey, { host: hostname, port, protocol: 'http', httpClient, telemetry: false })
}

describe('stripe', () => {
  test('creates, lists, uploads', async () => {
    const { api, client } = await start((call, outgoing) => json(outgoing, { id: 'x', path: call.path, data: [] }))
    const results: string[] = []
    const calls: string[][] = []
    for (const sdk of [stripe(api, secret, fetch), stripe(api, '$CLIENT_SECRET', client.fetchWith('api'))]) {
      const idempotencyKey = 'k1'
      results.push(
        alike([
          await sdk.paymentIntents.create({ amount: 5, currency: 'eur', metadata: { a: 'ö' } }, { idempotencyKey }),
          await sdk.customers.list({ limit: 3 }),
        ]),
      )
      calls.push(arrived(api).map((call) => call.replace(/\["x-stripe-client-user-agent",.*?"\],/, '')))
    }
    expect(results[1]).toBe(results[0])
    expect(calls[1]).toEqual(calls[0])
    expect(calls[0]).toHaveLength(2)
  })
})

type Call = (api: Api, own: typeof fetch) => Promise<unknown>
/** And how often it calls where there is no answer. */
const sends: [string, number, Call][] = [
  [
    'openai',
    3,
    ({ url }, own) =>
      new OpenAI({ apiKey: '$CLIENT_SECRET', baseURL: url, fetch: own }).chat.completions.create({
        model: 'x',
        messages,
      }),
  ],
  [
    'openai, an upload',
    3,
    async ({ url }, own) =>
      new OpenAI({ apiKey: '$CLIENT_SECRET', baseURL: url, fetch: own }).files.create({
        purpose: 'assistants',
        file: await toFile(Buffer.from('otter'), 'otter.txt'),
      }),
  ],
  [
    'anthropic',
    3,
    ({ url }, own) =>
      new Anthropic({ apiKey: '$CLIENT_SECRET', baseURL: url, fetch: own }).messages.create({
        model: 'x',
        max_tokens: 9,
        messages,
      }),
  ],
  ['stripe', 3, (api, own) => stripe(api, '$CLIENT_SECRET', own).customers.create({ name: 'Otter' })],
  [
    'replicate',
    6,
    ({ url }, own) =>
      new Replicate({ auth: '$CLIENT_SECRET', baseUrl: url, fetch: own }).predictions.create({
        model: 'otter/otter',
        input: {},
      }),
  ],
  [
    'huggingface',
    1,
    ({ url }, own) =>
      new InferenceClient('$CLIENT_SECRET', { fetch: own, endpointUrl: url }).chatCompletion({ model: 'x', messages }),
  ],
]

describe.each(sends)('calls at the API for one call of %s', (_name, tries, send) => {
  test('refused by a rule: none, and the sentence is there', async () => {
    const { api, client } = await start((_call, outgoing) => json(outgoing, {}))
    const elsewhere = await startApi()
    const thrown: unknown = await send(elsewhere, client.fetchWith('api')).catch((error: unknown) => error)
    expect(clientSecretErrorOf(thrown)).toMatchObject({ code: 'NOT_ALLOWED' })
    expect(clientSecretErrorOf(thrown)!.message).toContain('The key "api" may not be used')
    expect([...api.calls, ...elsewhere.calls]).toEqual([])
  })

  test('the connection is lost once the API has it: one, and its answer', async () => {
    const { opened, open } = door()
    const { api, url } = await start(async (_call, outgoing) => {
      open()
      await again.opened
      json(outgoing, { id: 'x', content: [], choices: [] })
    })
    const again = door()
    let sent = 0
    const client = createClient({
      relay: url,
      async fetch(input, init) {
        if (++sent > 1) {
          again.open()
          return fetch(input, init)
        }
        const connection = new AbortController()
        void opened.then(() => connection.abort())
        return fetch(input, { ...init, signal: connection.signal }).catch(() => {
          throw new TypeError('Failed to fetch')
        })
      },
    })
    const ask = () => send(api, client.fetchWith('api'))
    // Of an SDK that makes no second call, the user does.
    expect(await (tries > 1 ? ask() : ask().catch(ask))).toMatchObject({ id: 'x' })
    expect(sent).toBe(2)
    expect(api.calls).toHaveLength(1)
  })

  test.each([429, 500])('the API answers %i: as many as without us', async (status) => {
    const { api, client } = await start((_call, outgoing) =>
      json(outgoing, { error: { message: 'Because.' } }, api.calls.length < 2 ? status : 200, {
        'retry-after': '0.01',
      }),
    )
    await send(api, client.fetchWith('api')).catch(() => {})
    const through = api.calls.splice(0).length
    await send(api, fetch).catch(() => {})
    expect(through).toBe(api.calls.length)
  })

  test.each([502, 503, 409, 429])(
    'a %i from before the relay: one call, of which no SDK makes a second',
    async (status) => {
      let sent = 0
      const before = await startApi((_call, outgoing) => (sent++, json(outgoing, { message: 'Not now.' }, status)))
      const api = await startApi()
      const own = createClient({ relay: before.url }).fetchWith('api')
      const thrown: unknown = await send(api, own).catch((error: unknown) => error)
      expect(clientSecretErrorOf(thrown)?.code).toBe('UNAVAILABLE')
      expect(sent).toBe(1)
      expect(api.calls).toEqual([])
    },
  )

  test('the relay is away: bounded', async () => {
    const nobody = createServer()
    const away = await listen(nobody)
    nobody.close()
    let sent = 0
    const client = createClient({ relay: away, fetch: (...given) => (sent++, fetch(...given)) })
    const api = await startApi()
    const thrown: unknown = await send(api, client.fetchWith('api')).catch((error: unknown) => error)
    expect(clientSecretErrorOf(thrown)?.code).toBe('NETWORK_ERROR')
    expect(sent).toBe(tries)
    expect(api.calls).toEqual([])
  })
})

test('octokit: a redirect to another host is the answer, with its address', async () => {
  const location = 'https://codeload.github.com/otter/sea/legacy.tar.gz/main?token=x'
  const { api, client } = await start((_call, outgoing) => void outgoing.writeHead(302, { location }).end())
  const sdk = new Octokit({
    auth: '$CLIENT_SECRET',
    baseUrl: api.url,
    request: { fetch: client.fetchWith('api') },
  })
  const answer = await sdk.rest.repos.downloadTarballArchive({ owner: 'otter', repo: 'sea', ref: 'main' })
  expect(answer).toMatchObject({ status: 302, headers: { location } })
})
