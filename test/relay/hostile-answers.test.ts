import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync, type InputType } from 'node:zlib'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { createRelayOn } from '../../src/relay/create-relay.ts'
import { createHeldSecrets } from '../../src/relay/keys/held-secrets.ts'
import type { KeyOptions } from '../../src/relay/keys/key.ts'
import { createSecretIndex } from '../../src/relay/keys/redaction/secret-index.ts'
import type { Network } from '../../src/relay/upstream/http-client.ts'
import { json, startApi, type ApiAnswer } from '../helpers/api.ts'
import { administratorOf, setMasterKey } from '../helpers/administrator.ts'
import { canary, keyFor, postTo, startRelay } from '../helpers/relay.ts'

// What an API shows, and what somebody who may write text into it learns from what the relay makes of that.

const bearer = { authorization: 'Bearer $CLIENT_SECRET' }
const prefix = 'sk-ant-api03-'
const unknown = 'Zx7Qm2LkP9wVt4RbNc8YsHd3FgJ6TeAu1Xy5'
const secret = prefix + unknown
const alphabet = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_']

/** A relay before an API, and a function that sends a request to it and gives all that comes back. */
async function setUp(answer: ApiAnswer, keys: (url: string) => Record<string, KeyOptions>) {
  const api = await startApi(answer)
  const started = await startRelay({
    keys: keys(api.url),
    authenticate: () => null,
    limits: { requestsPerMinute: 10_000 },
  })
  const ask = async (request: object = {}) => {
    const answered = await fetch(`${started.url}/requests`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'client-session': 's'.repeat(30) },
      body: JSON.stringify({
        clientSecretName: 'api',
        url: `${api.url}/x`,
        method: 'POST',
        headers: bearer,
        ...request,
      }),
    })
    return (await answered.json()) as {
      status?: string
      response?: { status: number; headers: Record<string, string>; body: string; encoding?: string }
      error?: { code: string; message: string; path?: string }
    }
  }
  return { ...started, api, ask }
}

/** What somebody who knows so many characters of the unknown part would try next, and what tells the right one apart. */
function guesses(known: number): string[] {
  return alphabet.map((next) => prefix + unknown.slice(0, known) + next)
}

/** Whether answers to guesses are the same but for the guess itself, in whatever form it was asked. */
function tellsNothing(answers: { asked: string; got: string }[]): void {
  const views = answers.map(({ asked, got }) => got.replaceAll(asked, '<guess>'))
  expect([...new Set(views)]).toHaveLength(1)
}

const forms: [string, (text: string) => string][] = [
  ['as it is', (text) => text],
  ['in HTML', (text) => text.replace(/./g, (one) => `&#${one.charCodeAt(0)};`)],
  ['in hex', (text) => Buffer.from(text).toString('hex')],
  ['percent-encoded', (text) => text.replace(/./g, (one) => `%${one.charCodeAt(0).toString(16)}`)],
]

describe('an API that shows what callers write tells no character of a key', () => {
  const echo: ApiAnswer = ({ body }, outgoing) => void outgoing.end(body)

  test.each(forms)('%s', async (_name, write) => {
    const { ask } = await setUp(echo, (url) => ({ api: { ...keyFor(url), secret } }))
    for (const known of [0, 1, 4]) {
      const asked = guesses(known).map(write)
      const { response } = await ask({ data: { asked } })
      const { asked: got } = JSON.parse(response!.body) as { asked: string[] }
      tellsNothing(got.map((one, index) => ({ asked: asked[index]!, got: one })))
    }
  })

  test('of a locked key neither, to a visitor who uses another key of the same API', async () => {
    const { ask } = await setUp(echo, (url) => ({
      api: keyFor(url),
      paid: { ...keyFor(url), locked: true, secret },
    }))
    const asked = guesses(4)
    const { response } = await ask({ data: { asked } })
    const { asked: got } = JSON.parse(response!.body) as { asked: string[] }
    tellsNothing(got.map((one, index) => ({ asked: asked[index]!, got: one })))
  })

  test('in the Location of a redirect', async () => {
    const { ask } = await setUp(
      ({ path }, outgoing) =>
        void outgoing.writeHead(302, { location: `https://other.test/?${path.split('?')[1]}` }).end(),
      (url) => ({ api: { ...keyFor(url), secret } }),
    )
    const answers = []
    for (const asked of guesses(4)) {
      const { response } = await ask({ method: 'GET', params: { next: asked } })
      answers.push({ asked, got: response!.headers['location']! })
    }
    tellsNothing(answers)
  })
})

test('the sentence of a host that cannot be reached tells no character of a key', async () => {
  const network: Network = {
    resolve: (_host, _options, callback) => callback(null, [{ address: '93.184.215.14', family: 4 }]),
    connector: () => (_options, callback) => callback(new Error('the line is dead'), null),
  }
  const secret = 'sk-ant-api03-zx7qm2lkp9wvt4rbnc8yshd3fgj6teau1xy5'
  const relay = createRelayOn(network, {
    keys: {
      api: { secret, locked: false, allow: [{ url: 'https://*.shops.example/**', methods: ['GET'] }] },
    },
  })
  onTestFinished(() => relay.close())
  const answers = []
  for (const next of 'abcxyz019') {
    const asked = `sk-ant-api03-${next}`
    const answered = await postTo(relay, {
      clientSecretName: 'api',
      url: `https://${asked}.shops.example/`,
      method: 'GET',
      headers: bearer,
    })
    const { error } = (await answered.json()) as { error: { code: string; message: string } }
    expect(error.code).toBe('UPSTREAM_UNREACHABLE')
    answers.push({ asked, got: error.message })
  }
  tellsNothing(answers)
})

test('of values that begin alike nothing stays, whichever is shown', async () => {
  const shared = 'acme_live_Zx7Qm2LkP9wVt4RbNc8Y'
  const values = ['00112233445566778899', 'sHd3FgJ6TeAu1Xy5Kq0W', 'sHd3FgJ6TeAu1Xy5Kq0WbbbbccccddddEEEE'].map(
    (rest) => shared + rest,
  )
  const { ask } = await setUp(
    (_call, outgoing) => json(outgoing, { values }),
    (url) => Object.fromEntries(values.map((secret, index) => [['api', 'b', 'c'][index]!, { ...keyFor(url), secret }])),
  )
  const { response } = await ask()
  expect(JSON.parse(response!.body)).toEqual({ values: values.map(() => '$CLIENT_SECRET') })
})

describe('a redirect', () => {
  const token = '123456:AA-telegram_token_of_a_bot_0123'
  const rule = (url: string) => ({
    api: {
      secret: token,
      locked: false,
      allow: [{ url: `${url}/bot$CLIENT_SECRET/*`, methods: ['GET' as const], allowPrivateNetwork: true }],
    },
  })
  const first = (api: { url: string }) => ({ url: `${api.url}/bot$CLIENT_SECRET/start`, method: 'GET', headers: {} })

  test.each([
    ['as it is', token],
    ['percent-encoded', token.replace(':', '%3a')],
    ['percent-encoded throughout', token.replace(/./g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`)],
  ])('is followed where the secret stands in it %s', async (_name, written) => {
    const { api, ask } = await setUp(
      ({ path }, outgoing) =>
        path.endsWith('/start')
          ? void outgoing.writeHead(302, { location: `/bot${written}/there` }).end()
          : json(outgoing, 'arrived'),
      rule,
    )
    expect(await ask(first(api))).toMatchObject({ response: { status: 200 } })
    expect(api.calls.at(-1)?.path).toBe(`/bot${token}/there`)
  })

  test.each([
    ['its beginning', token.slice(0, 18)],
    ['something that begins like it', '123456:AA-telegram_token_of_a_b'],
    ['it in another letter case', token.toUpperCase()],
  ])('does not have the secret filled in where it holds %s', async (_name, written) => {
    const { api, ask } = await setUp(
      (_call, outgoing) => void outgoing.writeHead(302, { location: `/bot${written}/there` }).end(),
      rule,
    )
    expect(await ask(first(api))).toMatchObject({ response: { status: 302 } })
    expect(api.calls).toHaveLength(1)
  })

  test('is not followed where the secret stands in it in a form that no rule can judge', async () => {
    const { api, ask } = await setUp(
      (_call, outgoing) =>
        void outgoing.writeHead(302, { location: `/there?key=${Buffer.from(secret).toString('hex')}` }).end(),
      (url) => ({ api: { ...keyFor(url), secret } }),
    )
    expect(await ask({ method: 'GET' })).toMatchObject({
      response: { status: 302, headers: { location: expect.not.stringContaining('736b2d') } },
    })
    expect(api.calls).toHaveLength(1)
  })
})

describe('parts of an answer, in which a secret falls apart', () => {
  test.each(['Range', 'If-Range', 'X-Ms-Range', 'x_ms_range', 'x-amz-copy-source-range'])(
    'are not asked for: %s is refused',
    async (name) => {
      const { api, ask } = await setUp(undefined!, (url) => ({ api: keyFor(url) }))
      const { error } = await ask({ headers: { ...bearer, [name]: 'bytes=0-6' } })
      expect(error).toMatchObject({ code: 'INVALID_PARAMETER', path: `headers.${name}` })
      expect(error!.message).toMatch(/in parts of an answer the relay could not find a secret/)
      expect(api.calls).toEqual([])
    },
  )

  test('of what a caller uploads may be said', async () => {
    const { ask } = await setUp(
      ({ headers }, outgoing) => json(outgoing, headers['content-range']),
      (url) => ({ api: keyFor(url) }),
    )
    const sent = { ...bearer, 'content-range': 'bytes 0-6/20' }
    expect(await ask({ method: 'PUT', headers: sent, data: {} })).toMatchObject({
      response: { body: '"bytes 0-6/20"' },
    })
  })

  test.each<[number, Record<string, string>]>([
    [206, {}],
    [206, { 'content-range': 'bytes 0-6/2000' }],
    [200, { 'content-range': 'bytes 0-6/2000' }],
  ])('that come unasked are not passed on: %i %o', async (status, headers) => {
    const { ask } = await setUp(
      (_call, outgoing) => void outgoing.writeHead(status, headers).end(canary.slice(0, 7)),
      (url) => ({ api: keyFor(url) }),
    )
    const { error, response } = await ask()
    expect(response).toBeUndefined()
    expect(error).toMatchObject({
      code: 'UPSTREAM_ERROR',
      message: expect.stringMatching(/a part of something larger/),
    })
  })

  test('that are refused by the API are an answer like any other', async () => {
    const { ask } = await setUp(
      (_call, outgoing) => void outgoing.writeHead(416, { 'content-range': 'bytes */20' }).end('no'),
      (url) => ({ api: keyFor(url) }),
    )
    expect(await ask()).toMatchObject({ response: { status: 416, headers: { 'content-range': 'bytes */20' } } })
  })
})

describe('an answer that is compressed and does not say so', () => {
  const text = `{"padding":"${'x'.repeat(500)}","key":"${secret}"}`
  const clean = text.replace(secret, 'nothing')
  const ways: [string, string, (text: InputType) => Buffer][] = [
    ['a gzip file', 'application/gzip', gzipSync],
    ['gzip as JSON', 'application/json', gzipSync],
    ['gzip as bytes', 'application/octet-stream', gzipSync],
    ['gzip as an image', 'image/png', gzipSync],
    ['gzip in gzip', 'application/gzip', (one) => gzipSync(gzipSync(one))],
    ['two members of gzip', 'application/gzip', (one) => Buffer.concat([gzipSync('first'), gzipSync(one)])],
    ['zlib', 'application/json', deflateSync],
    ['zlib, stored', 'application/octet-stream', (one) => deflateSync(one, { level: 0 })],
    ['zlib behind zlib', 'application/octet-stream', (one) => Buffer.concat([deflateSync('first'), deflateSync(one)])],
    ['zlib that is cut off', 'application/octet-stream', (one) => deflateSync(one).subarray(0, -6)],
    ['raw deflate', 'application/octet-stream', deflateRawSync],
    ['brotli', 'application/octet-stream', brotliCompressSync],
    ['brotli that is cut off', 'application/octet-stream', (one) => brotliCompressSync(one).subarray(0, -2)],
    ['zstd', 'application/octet-stream', zstdCompressSync],
    [
      'zstd of two frames',
      'application/zstd',
      (one) => Buffer.concat([zstdCompressSync('first'), zstdCompressSync(one)]),
    ],
    [
      'zstd behind a frame to skip',
      'application/zstd',
      (one) => Buffer.concat([Buffer.of(0x5a, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 1, 2), zstdCompressSync(one)]),
    ],
    ['gzip in zlib', 'application/octet-stream', (one) => deflateSync(gzipSync(one))],
  ]
  const send = (bytes: Buffer, type: string, keys?: (url: string) => Record<string, KeyOptions>) =>
    setUp(
      (_call, outgoing) => void outgoing.writeHead(200, { 'content-type': type }).end(bytes),
      keys ?? ((url) => ({ api: { ...keyFor(url), secret } })),
    )

  test.each(ways)('%s: is not passed on with a secret inside', async (_name, type, pack) => {
    const { ask } = await send(pack(text), type)
    const { error, response } = await ask()
    expect(response).toBeUndefined()
    expect(error).toMatchObject({
      code: 'UPSTREAM_ERROR',
      message: expect.stringMatching(/is compressed \(\w+\) without a Content-Encoding and contains a secret/),
    })
  })

  test.each(ways)('%s: is passed on byte for byte without one', async (_name, type, pack) => {
    const bytes = pack(clean)
    const { ask } = await send(bytes, type)
    const { response } = await ask()
    expect(Buffer.from(response!.body, 'base64').equals(bytes)).toBe(true)
  })

  test.each<[string, Buffer, string, string]>([
    ['gzip that is cut off', gzipSync(clean).subarray(0, -12), 'application/json', 'UPSTREAM_ERROR'],
    ['gzip with something behind it', Buffer.concat([gzipSync(clean), Buffer.from('more')]), '', 'UPSTREAM_ERROR'],
    [
      'zstd that is broken',
      Buffer.concat([zstdCompressSync(clean).subarray(0, 20), Buffer.alloc(9, 7)]),
      '',
      'UPSTREAM_ERROR',
    ],
    ['a gzip file that is none', Buffer.from('ff00fe01fd', 'hex'), 'application/x-gzip', 'UPSTREAM_ERROR'],
    ['gzip five times over', [1, 2, 3, 4, 5].reduce((one) => gzipSync(one), Buffer.from(clean)), '', 'UPSTREAM_ERROR'],
    ['a bomb', gzipSync(Buffer.alloc(20_000_000)), 'application/gzip', 'RESPONSE_TOO_LARGE'],
    ['a bomb in a bomb', gzipSync(gzipSync(Buffer.alloc(20_000_000))), 'application/gzip', 'RESPONSE_TOO_LARGE'],
  ])('%s is refused, with a sentence', async (_name, bytes, type, code) => {
    const { ask } = await send(bytes, type)
    const { error, response } = await ask()
    expect(response).toBeUndefined()
    expect(error).toMatchObject({ code, message: expect.stringMatching(/compressed/) })
  })

  test.each<[string, string, string]>([
    ['a formula', 'x^2 + y^2 = z^2', 'text/plain'],
    ['a sentence', 'x\u0001 is how zlib begins, too', 'text/plain'],
    ['an empty answer', '', 'application/gzip'],
    ['an error in the place of a file', 'no such file', 'application/gzip'],
  ])('%s, which only looks like it, is passed on', async (_name, body, type) => {
    const { ask } = await send(Buffer.from(body), type)
    expect((await ask()).response?.body ?? '').toBe(body && (type.startsWith('text') ? body : btoa(body)))
  })

  test('pictures and noise are passed on byte for byte', async () => {
    const { generateNoise } = createNoise()
    for (let n = 0; n < 40; n++) {
      const bytes = generateNoise(2_000)
      const { ask } = await send(bytes, 'application/octet-stream')
      expect(Buffer.from((await ask()).response!.body, 'base64').equals(bytes)).toBe(true)
    }
  })
})

/** Bytes that look random and are the same in every run. */
function createNoise() {
  let state = 2_463_534_242
  const next = () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state & 0xff
  }
  // What begins like gzip or zstd is another test's.
  return { generateNoise: (length: number) => Buffer.from(Array.from({ length }, next)) }
}

test('zstd that says so is decoded and looked through', async () => {
  const answer =
    (bytes: Buffer): ApiAnswer =>
    (_call, outgoing) =>
      void outgoing.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'zstd' }).end(bytes)
  const keys = (url: string) => ({ api: { ...keyFor(url), secret } })
  const whole = zstdCompressSync(JSON.stringify({ key: secret }))
  const { ask } = await setUp(answer(whole), keys)
  expect(await ask()).toMatchObject({ response: { body: '{"key":"$CLIENT_SECRET"}' } })
  // Node would decode the first part alone.
  const { ask: askForTwo } = await setUp(answer(Buffer.concat([zstdCompressSync('first'), whole])), keys)
  expect(await askForTwo()).toMatchObject({ error: { code: 'UPSTREAM_ERROR' } })
})

describe('a password that was registered as Basic', () => {
  const password = 'correct-horse-battery-staple-42'
  const basic = btoa(`acme-user:${password}`)
  const shown = (headers: Record<string, unknown>) =>
    Buffer.from(String(headers['authorization']).replace('Basic ', ''), 'base64').toString()

  test.each<[string, ApiAnswer]>([
    ['a body', ({ headers }, outgoing) => json(outgoing, { user: shown(headers) })],
    ['a body, alone', ({ headers }, outgoing) => json(outgoing, { password: shown(headers).split(':')[1] })],
    ['an error', ({ headers }, outgoing) => json(outgoing, { error: { message: `No ${shown(headers)}` } }, 401)],
    ['a header', ({ headers }, outgoing) => json(outgoing, 1, 200, { 'x-user': shown(headers) })],
    [
      'Location',
      ({ headers }, outgoing) => void outgoing.writeHead(302, { location: `https://${shown(headers)}@x.test/` }).end(),
    ],
  ])('does not come back decoded in %s', async (_name, answer) => {
    const { ask, api, log } = await setUp(answer, (url) => ({ api: { ...keyFor(url), secret: basic } }))
    const answered = await ask({ headers: { authorization: 'Basic $CLIENT_SECRET' } })
    expect(shown(api.calls[0]!.headers)).toBe(`acme-user:${password}`)
    for (const text of [JSON.stringify(answered), JSON.stringify(log)]) {
      expect(text).not.toContain(password)
      expect(text).not.toContain('horse-battery')
    }
  })
})

describe('a value that is no key’s any more', () => {
  test('is taken out of what an API shows later', async () => {
    setMasterKey()
    const api = await startApi((_call, outgoing) => json(outgoing, { lastKey: secret }))
    const { url, client } = await startRelay({ keys: { api: keyFor(api.url) } })
    const administrator = administratorOf(url)
    const { allow } = keyFor(api.url)
    await administrator.put('shop', { secret, locked: false, allow })
    await administrator.remove('shop')
    expect(
      await client.send({ clientSecretName: 'api', url: `${api.url}/`, method: 'GET', headers: bearer }),
    ).toMatchObject({ data: { lastKey: '$CLIENT_SECRET' } })
  })
})

test('a value that was let go of is looked for for a day, and as long as a key has it again', () => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const index = createSecretIndex()
  const held = createHeldSecrets(index)
  const isLookedFor = () => !index.text(`it is ${secret}`).includes(secret)
  held.set([{ secret }])
  held.set([])
  vi.advanceTimersByTime(23 * 60 * 60 * 1000)
  expect(isLookedFor()).toBe(true)
  held.set([{ secret }])
  vi.advanceTimersByTime(48 * 60 * 60 * 1000)
  expect(isLookedFor()).toBe(true)
  held.set([])
  vi.advanceTimersByTime(25 * 60 * 60 * 1000)
  expect(isLookedFor()).toBe(false)
})

// It goes out in pieces; with one character more or less before them, other characters are at the cuts.
test.each(['', 'x'])('a large answer arrives as it is, whatever characters it has: %j', async (first) => {
  const text = first + '🦦é"\n\\'.repeat(120_000)
  const { ask } = await setUp(
    (_call, outgoing) => json(outgoing, { text }),
    (url) => ({ api: keyFor(url) }),
  )
  const { response } = await ask()
  expect((JSON.parse(response!.body) as { text: string }).text === text).toBe(true)
})

describe('the log', () => {
  test('holds no secret that somebody else wrote into an error', async () => {
    const api = await startApi()
    const { url, log } = await startRelay({
      keys: { api: { ...keyFor(api.url), secret } },
      authenticate: () => {
        const cause = Object.assign(new TypeError(`bad header Bearer ${secret}`), { headers: { a: [secret] } })
        throw new Error(`the session server refused ${secret}`, { cause })
      },
    })
    expect((await fetch(`${url}/requests`)).status).toBe(500)
    const [line] = log.filter(({ level }) => level === 'error')
    const { err } = line!.details as { err: Error & { cause: TypeError & { headers: object } } }
    expect(err).toBeInstanceOf(Error)
    expect(err.message).toBe('the session server refused $CLIENT_SECRET')
    expect(err.stack).toContain('hostile-answers.test.ts')
    expect(err.cause).toBeInstanceOf(TypeError)
    expect(err.cause.headers).toEqual({ a: ['$CLIENT_SECRET'] })
    expect([err.message, err.stack, err.cause.message, err.cause.stack].join()).not.toContain(unknown)
  })
})

test.each([[{ id: {} }], [{ id: 5 }], [{ id: '' }], [{ id: null }], [{}], [true], [5], [['ada']], [() => 'ada']])(
  'authenticate that gives %o is refused, and said in the log: two users could be one',
  async (identity) => {
    const api = await startApi()
    const { url, log } = await startRelay({
      keys: { api: keyFor(api.url) },
      authenticate: () => identity as never,
    })
    const answered = await fetch(`${url}/requests`, { headers: { 'client-session': 's'.repeat(30) } })
    expect(answered.status).toBe(500)
    expect(await answered.json()).toMatchObject({ error: { code: 'INTERNAL' } })
    const details = log.map(({ details }) => (details as { err?: Error }).err?.message)
    expect(details).toContainEqual(
      expect.stringMatching(/^The option authenticate returned a value that is not a user/),
    )
  },
)
