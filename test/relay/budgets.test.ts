import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { clientSecretErrorOf } from '../../src/client/client-secret-error-of.ts'
import { createClient } from '../../src/client/create-client.ts'
import { createUsageReader } from '../../src/relay/upstream/token-usage.ts'
import { startApi, type ApiAnswer } from '../helpers/api.ts'
import { postgresOfThisFile } from '../helpers/postgres.ts'
import { keyFor, startRelay } from '../helpers/relay.ts'
import type { RelayOptions } from '../../src/relay/options.ts'

const postgres = postgresOfThisFile()

interface Shape {
  path: string
  data: object
  /** The whole answer. */
  whole: object
  /** The events of its stream. */
  events: object[]
}

const text = 'I report {"usage":{"total_tokens":0}}, and "usageMetadata": {'
/** How APIs report 200 tokens of input and 100 of output. */
const shapes: Record<string, Shape> = {
  'OpenAI, chat': {
    path: '/v1/chat/completions',
    data: { model: 'gpt', max_tokens: 100 },
    whole: {
      choices: [{ message: { content: text } }],
      usage: {
        prompt_tokens: 200,
        completion_tokens: 100,
        total_tokens: 300,
        prompt_tokens_details: { cached_tokens: 50 },
      },
    },
    events: [
      { choices: [{ delta: { content: text } }], usage: null },
      { choices: [], usage: { prompt_tokens: 200, completion_tokens: 100, total_tokens: 300 } },
    ],
  },
  'OpenAI, responses': {
    path: '/v1/responses',
    data: { model: 'gpt', max_output_tokens: 100 },
    whole: {
      output: [{ content: [{ text }] }],
      usage: { input_tokens: 200, input_tokens_details: { cached_tokens: 50 }, output_tokens: 100, total_tokens: 300 },
    },
    events: [
      { type: 'response.created', response: { usage: null } },
      { type: 'response.output_text.delta', delta: text },
      {
        type: 'response.completed',
        response: { usage: { input_tokens: 200, output_tokens: 100, total_tokens: 300 } },
      },
    ],
  },
  Anthropic: {
    path: '/v1/messages',
    data: { model: 'claude', max_tokens: 100 },
    whole: {
      content: [{ text }, { type: 'tool_use', input: { usage: { input_tokens: 1, output_tokens: 1 } } }],
      usage: {
        input_tokens: 120,
        cache_creation_input_tokens: 50,
        cache_read_input_tokens: 30,
        output_tokens: 100,
        server_tool_use: { web_search_requests: 1 },
      },
    },
    events: [
      {
        type: 'message_start',
        message: { usage: { input_tokens: 120, cache_creation_input_tokens: 50, cache_read_input_tokens: 30 } },
      },
      { type: 'content_block_delta', delta: { text } },
      { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 100 } },
    ],
  },
  Gemini: {
    path: '/v1beta/models/gemini:generateContent',
    data: { contents: [], generationConfig: { maxOutputTokens: 100 } },
    whole: {
      candidates: [{ content: { parts: [{ text }] } }],
      usageMetadata: { promptTokenCount: 200, candidatesTokenCount: 60, thoughtsTokenCount: 40, totalTokenCount: 300 },
    },
    events: [
      { candidates: [{ content: { parts: [{ text }] } }], usageMetadata: { promptTokenCount: 200 } },
      {
        candidates: [],
        usageMetadata: {
          promptTokenCount: 200,
          candidatesTokenCount: 60,
          thoughtsTokenCount: 40,
          totalTokenCount: 300,
        },
      },
    ],
  },
}
const [{ path, data, whole }] = Object.values(shapes) as [Shape]

const asEvents = ({ events }: Shape) => events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('')

/** Answers in the shape of the path; as a stream, in pieces of a few bytes, if the body asks for it. */
const answerOfModel: ApiAnswer = async ({ path, body }, outgoing) => {
  const shape = Object.values(shapes).find((one) => one.path === path)!
  const { stream, slow } = JSON.parse(body || '{}') as { stream?: boolean; slow?: number }
  await sleep(slow ?? 0)
  outgoing.writeHead(200, { 'content-type': stream ? 'text/event-stream' : 'application/json' })
  if (!stream) return void outgoing.end(JSON.stringify(shape.whole))
  for (const [piece] of asEvents(shape).matchAll(/[^]{1,40}/g)) {
    outgoing.write(piece)
    await sleep(1)
  }
  outgoing.end()
}

async function setUp(relayCount: number, options: Partial<RelayOptions>, answer: ApiAnswer = answerOfModel) {
  const api = await startApi(answer)
  const database = options.database ?? (relayCount > 1 ? await postgres.database() : undefined)
  const key = keyFor(api.url, { stream: true })
  key.allow.push({ url: 'http://127.0.0.1:1/**', methods: ['POST'], allowPrivateNetwork: true })
  const started = () => startRelay({ keys: { api: key }, authenticate: () => 'ada', ...options, database })
  const relays = await Promise.all(Array.from({ length: relayCount }, started))
  await Promise.all(relays.map(({ relay }) => relay.ready))
  const headers = { authorization: 'Bearer $CLIENT_SECRET', 'content-type': 'application/json' }
  /** Sends to one of the relays; gives the status, the code and the sentence of a refusal. */
  async function send(n = 0, shape: Pick<Shape, 'path' | 'data'> = shapes['OpenAI, chat']!, fields: object = {}) {
    const response = await fetch(`${relays[n % relayCount]!.url}/requests`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        clientSecretName: 'api',
        url: api.url + shape.path,
        method: 'POST',
        headers,
        data: shape.data,
        ...fields,
      }),
    })
    const { error, id } = (await response.json()) as { error?: { code: string; message: string }; id?: string }
    return { http: response.status, retryAfter: Number(response.headers.get('retry-after')), id, ...error }
  }
  /** The same as a fetch, whose answer streams. */
  async function stream(n: number, shape: Shape, fields: object = {}) {
    const response = await createClient({ relay: relays[n % relayCount]!.url }).fetchWith('api')(api.url + shape.path, {
      method: 'POST',
      headers,
      body: JSON.stringify({ ...shape.data, stream: true, ...fields }),
    })
    const code = clientSecretErrorOf(response)?.code
    return { http: response.status, code, text: await response.text() }
  }
  return { api, relays, send, stream }
}

const upTo = (count: number) => Array.from({ length: count }, (_, n) => n)
const spentAll = {
  http: 429,
  code: 'RATE_LIMITED',
  message:
    "This caller has used its 1000 tokens of a day, the relay's limit (limits.tokensPerDay). Send the request again later, or ask the operator for a higher limit.",
}

describe.each([
  ['one relay in memory', 1],
  ['three relays on Postgres', 3],
])('%s', (_, relayCount) => {
  test.each(Object.keys(shapes))('count the tokens that %s reports, in whole answers and in streams', async (name) => {
    const shape = shapes[name]!
    const { api, send, stream } = await setUp(relayCount, { limits: { tokensPerDay: 1_000 } })
    // 300 each; the fourth begins with 900.
    expect(await send(0, shape)).toMatchObject({ http: 200 })
    expect(await stream(1, shape)).toMatchObject({ http: 200, text: asEvents(shape) })
    expect(await send(2, { ...shape, data: { ...shape.data, stream: true } })).toMatchObject({ http: 200 })
    expect(await stream(3, shape)).toMatchObject({ http: 200 })
    const refused = await send(4, shape)
    expect(refused).toMatchObject(spentAll)
    expect(refused.retryAfter).toBeGreaterThan(86_000)
    expect(await stream(5, shape)).toMatchObject({ http: 429, code: 'RATE_LIMITED' })
    expect(await send(6, shape, { queue: 'q' })).toMatchObject(spentAll)
    expect(api.calls).toHaveLength(4)
  })

  test('exceed a budget by one call at most, however many are sent at once', async () => {
    const { api, send, stream } = await setUp(relayCount, { limits: { tokensPerDay: 1_000 } })
    for (let count = -1; count < api.calls.length;) {
      count = api.calls.length
      const answers = await Promise.all(
        upTo(30).map((n) => (n % 2 ? send(n, { path, data: { ...data, slow: 50 } }) : stream(n, shapes['Anthropic']!))),
      )
      for (const { http, code } of answers)
        expect([http, code]).toEqual(http === 200 ? [200, undefined] : [429, 'RATE_LIMITED'])
      expect(api.calls.length).toBeLessThanOrEqual(4)
    }
    // 900 of 1,000 allow one more.
    expect(api.calls).toHaveLength(4)
  })

  test('let calls run at once whose most fits into the budget', async () => {
    let open!: () => void
    const gate = new Promise<void>((resolve) => (open = resolve))
    let arrived = 0
    const { send } = await setUp(relayCount, { limits: { tokensPerDay: 50_000 } }, async (call, outgoing, incoming) => {
      arrived += 1
      // No answer before the last call.
      if (arrived === 20) open()
      await gate
      return answerOfModel(call, outgoing, incoming)
    })
    const answers = upTo(20).map(async (n) => {
      const { http } = await send(n, { path, data })
      open()
      return http
    })
    expect(await Promise.all(answers)).toEqual(Array(20).fill(200))
    expect(arrived).toBe(20)
  })

  test('let queued requests wait for what others have reserved, and fail what finds nothing left', async () => {
    const { api, relays, send } = await setUp(relayCount, { limits: { tokensPerDay: 1_000 } })
    const data = { model: 'gpt', slow: 50 }
    const sent = await Promise.all(upTo(6).map((n) => send(n, { path, data }, { queue: `q${n}` })))
    expect(sent.map(({ http }) => http)).toEqual(Array(6).fill(202))
    const settled = await Promise.all(
      sent.map(({ id }) =>
        relays[0]!.client.follow({ id: id!, version: '' }, {}).then(
          () => 'resolved',
          (error: { code: string }) => error.code,
        ),
      ),
    )
    expect(settled.sort()).toEqual(['RATE_LIMITED', 'RATE_LIMITED', ...Array<string>(4).fill('resolved')])
    expect(api.calls).toHaveLength(4)
  })

  test('count costs by the prices of the operator, and refuse a model without one', async () => {
    const prices = { gpt: { input: 2_000, output: 6_000 } }
    // 200 × 0.002 + 100 × 0.006 = 1 for each call.
    const { api, send } = await setUp(relayCount, { limits: { costPerDay: 2.5 }, prices })
    for (const n of upTo(3)) expect(await send(n)).toMatchObject({ http: 200 })
    expect(await send(3)).toMatchObject({
      http: 429,
      code: 'RATE_LIMITED',
      message: expect.stringMatching(
        /^This caller has spent 2\.5 within a day, the relay's limit \(limits\.costPerDay\)\./,
      ) as string,
    })
    expect(await send(4, { path, data: { model: 'other' } })).toMatchObject({
      http: 403,
      code: 'NOT_ALLOWED',
      message: expect.stringMatching(/knows no price of the model "other".* prices/) as string,
    })
    expect(api.calls).toHaveLength(3)
  })
})

test('a stream that ends without a report counts as the most that it may use', async () => {
  const { api, send, stream } = await setUp(1, { limits: { tokensPerDay: 1_000 } }, (_call, outgoing) => {
    outgoing.writeHead(200, { 'content-type': 'text/event-stream' })
    outgoing.end('data: {"choices":[]}\n\ndata: [DONE]\n\n')
  })
  expect(await stream(0, shapes['OpenAI, chat']!, { max_tokens: 1_000 })).toMatchObject({ http: 200 })
  expect(await send(0)).toMatchObject({ http: 429, code: 'RATE_LIMITED' })
  expect(api.calls).toHaveLength(1)
})

test('a stream that its caller leaves counts as the most that it may use', async () => {
  const options = { limits: { tokensPerDay: 1_000, disconnectGracePeriod: 1 } }
  const { api, relays, send } = await setUp(1, options, (_call, outgoing) => {
    outgoing.writeHead(200, { 'content-type': 'text/event-stream' })
    outgoing.write('data: {"type":"message_start","message":{"usage":{"input_tokens":5,"output_tokens":1}}}\n\n')
  })
  const left = new AbortController()
  const response = await createClient({ relay: relays[0]!.url }).fetchWith('api')(api.url + path, {
    method: 'POST',
    headers: { authorization: 'Bearer $CLIENT_SECRET', 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'gpt', max_tokens: 1_000 }),
    signal: left.signal,
  })
  await response.body!.getReader().read()
  // As long as it runs, the rest is only reserved.
  expect(await send(0)).toMatchObject({ http: 429, retryAfter: 1 })
  left.abort()
  while ((await send(0)).retryAfter === 1) await sleep(10)
  expect(await send(0)).toMatchObject(spentAll)
  expect(api.calls).toHaveLength(1)
})

test('an answer that breaks off after a part of its report counts as the most that it may use', async () => {
  const { api, send } = await setUp(1, { limits: { tokensPerDay: 1_000 } }, (_call, outgoing) => {
    outgoing.writeHead(200, { 'content-type': 'text/event-stream' })
    outgoing.write('data: {"type":"message_start","message":{"usage":{"input_tokens":5,"output_tokens":1}}}\n\n')
    setTimeout(() => outgoing.destroy(), 20)
  })
  await send(0, { path, data: { model: 'gpt', max_tokens: 1_000 } })
  expect(await send(0)).toMatchObject({ http: 429, code: 'RATE_LIMITED' })
  expect(api.calls).toHaveLength(1)
})

test('reads, failures, calls without a connection and calls of other APIs cost nothing; a repeat gets its answer also when nothing is left', async () => {
  const { api, relays, send } = await setUp(1, { limits: { tokensPerDay: 300 } }, ({ method, body }, outgoing) => {
    const isFailure = body.includes('fail')
    outgoing.writeHead(isFailure ? 500 : 200, { 'content-type': 'application/json' })
    outgoing.end(JSON.stringify(isFailure ? {} : method === 'GET' || body.includes('model') ? whole : { ok: true }))
  })
  const post = (key: string) =>
    fetch(`${relays[0]!.url}/requests`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': key },
      body: JSON.stringify({
        clientSecretName: 'api',
        url: `${api.url}/`,
        method: 'POST',
        headers: { authorization: '$CLIENT_SECRET' },
        data: { model: 'gpt' },
      }),
    }).then(({ status }) => status)
  for (const _ of upTo(3)) {
    await send(0, { path, data: {} }, { method: 'GET', data: undefined })
    await send(0, { path, data: { model: 'gpt', fail: true } })
    await send(0, { path, data: { model: 'gpt' } }, { url: 'http://127.0.0.1:1/' })
  }
  expect(await post('one')).toBe(200)
  expect(await post('two')).toBe(429)
  expect(await post('one')).toBe(200)
  expect(await send(0, { path: '/charges', data: { amount: 1 } })).toMatchObject({ http: 200 })
  expect(api.calls).toHaveLength(8)
})

describe('a caller cannot get around a budget', () => {
  const bodyOf = (text: string, type: string) => new Blob([text], { type })
  const formOf = (...parts: string[]) =>
    bodyOf([...parts.map((part) => `--b\r\n${part}\r\n`), '--b--\r\n'].join(''), 'multipart/form-data; boundary=b')
  const json = JSON.stringify({ model: 'gpt', max_tokens: 10 })

  async function setUpOne(answer: object, limits: RelayOptions['limits']) {
    const api = await startApi((_call, outgoing) => {
      outgoing.writeHead(200, { 'content-type': 'application/json' })
      outgoing.end(JSON.stringify(answer))
    })
    let user = 'a user'
    const { url } = await startRelay({
      keys: { api: { ...keyFor(api.url), locked: true } },
      limits,
      prices: { cheap: { input: 1, output: 1 }, dear: { input: 1_000, output: 1_000 } },
      authenticate: () => user,
    })
    const client = createClient({ relay: url })
    const send = (data: string | object, headers?: Record<string, string>, to = path) =>
      client
        .send({
          clientSecretName: 'api',
          url: `${api.url}${to}`,
          method: 'POST',
          headers: { authorization: '$CLIENT_SECRET', ...headers },
          data: data,
        })
        .then(
          () => 200,
          (error: { code: string }) => error.code,
        )
    return { api, send, become: (other: string) => (user = other) }
  }

  test.each<[string, string | object, Record<string, string>?]>([
    ['a text of JSON', json, { 'content-type': 'application/json' }],
    ['a text of JSON that calls itself text', json],
    ['bytes with a mark at their beginning', bodyOf(`\uFEFF${json}`, 'application/json')],
    ['compressed bytes', bodyOf(json, 'application/json'), { 'content-encoding': 'gzip' }],
    ['a name in capitals', { Model: 'gpt' }],
    ['a written form', new URLSearchParams({ model: 'gpt' })],
    ['a form without quotes', formOf('Content-Disposition: form-data; name=model\r\n\r\ngpt')],
    ['a form with a type', formOf('Content-Disposition: form-data; name="model"\r\nContent-Type: a/b\r\n\r\ngpt')],
    ['a request without a model', { prompt: { id: 'p_1' } }],
  ])('by hiding the model: %s', async (_what, data, headers) => {
    const { api, send } = await setUpOne(whole, { tokensPerDay: 300 })
    expect(await send(data, headers)).toBe(200)
    expect(await send(data, headers)).toBe('RATE_LIMITED')
    expect(await send({ amount: 1 }, undefined, '/charges')).toBe(200)
    expect(api.calls).toHaveLength(2)
  })

  test('by a field of a form beside files, or by two models', async () => {
    const file = 'Content-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\nname="model"\r\n\r\ncheap'
    const field = (model: string) => `Content-Disposition: form-data; name="model"\r\n\r\n${model}`
    for (const data of [
      formOf(field('cheap'), field('dear')),
      formOf(file, field('dear')),
      { model: 'cheap', MODEL: 'dear' },
    ]) {
      const { send } = await setUpOne({ usage: { prompt_tokens: 1_000 } }, { costPerDay: 1 })
      expect(await send(data)).toBe(200)
      expect(await send({ model: 'cheap' })).toBe('RATE_LIMITED')
    }
  })

  test.each([0.5, 3e15, 1e19, 1e308])('by the number of tokens %s, which also stops no call', async (most) => {
    const { send, become } = await setUpOne({ usage: { total_tokens: 1 } }, { tokensPerDay: 1_000, costPerDay: 1 })
    for (const data of [{ max_tokens: most }, { max_tokens: most, n: 1e300 }, { max_output_tokens: 1 }])
      expect(await send({ model: 'cheap', ...data })).toBe(200)
    become('another one')
    expect(await send({ model: 'cheap' })).toBe(200)
  })

  test('by an API that reports too much, or parts of a token', async () => {
    for (const total_tokens of [1e15, 1e308, 999.5]) {
      const { send } = await setUpOne({ usage: { total_tokens } }, { tokensPerDay: 1_000, costPerDay: 1 })
      expect(await send({ model: 'cheap' })).toBe(200)
      expect(await send({ model: 'cheap' })).toBe('RATE_LIMITED')
    }
  })

  test('by a call that goes on after its answer', async () => {
    const { send } = await setUpOne({ status: 'queued', usage: null }, { tokensPerDay: 1_000 })
    expect(await send({ model: 'cheap', max_tokens: 2_000 })).toBe(200)
    expect(await send({ model: 'cheap' })).toBe('RATE_LIMITED')
  })
})

test('on a SQLite file, what was spent counts after a restart', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'budgets-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const options = { limits: { tokensPerDay: 300 }, database: join(folder, 'relay.db') }
  const first = await setUp(1, options)
  expect(await first.send()).toMatchObject({ http: 200 })
  await first.relays[0]!.relay.close()
  expect(await (await setUp(1, options)).send()).toMatchObject({ http: 429 })
})

test('the reports of an answer are found in pieces of any size, and never in a text', () => {
  for (const shape of Object.values(shapes))
    for (const answer of [JSON.stringify(shape.whole), JSON.stringify([shape.whole], null, 2), asEvents(shape)])
      for (const size of [1, 7, 100, 100_000]) {
        const reader = createUsageReader()
        const bytes = Buffer.from(answer)
        for (let at = 0; at < bytes.length; at += size) reader.read(bytes.subarray(at, at + size))
        expect(reader.usage()).toEqual({ input: 200, output: 100 })
      }
  const reader = createUsageReader()
  reader.read(Buffer.from(JSON.stringify({ content: '{"usage":{"total_tokens":9}}' })))
  expect(reader.usage()).toBeNull()
  // An answer that only begins reports costs little time.
  const before = process.cpuUsage()
  for (const _ of upTo(100)) reader.read(Buffer.from('{"usage":'.repeat(10_000)))
  expect(process.cpuUsage(before).user / 1_000).toBeLessThan(2_000)
})
