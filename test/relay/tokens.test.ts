import { generateKeyPairSync } from 'node:crypto'
import { decodeProtectedHeader, jwtVerify } from 'jose'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { check } from '../../src/command/check.ts'
import { createRelay } from '../../src/relay/create-relay.ts'
import type { KeyOptions } from '../../src/relay/keys/key.ts'
import { json, startApi, type ApiAnswer, type ApiCall } from '../helpers/api.ts'
import { startRelay } from '../helpers/relay.ts'

const secret = 'client_secret_Vq7TfC1dXk29fLmQ8v'
const pem = { type: 'pkcs8', format: 'pem' } as const
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })

/** An API whose calls need a token that `/token` has given, and that names it in its answers. */
async function setUp(
  token: KeyOptions['token'] | ((url: string) => Partial<NonNullable<KeyOptions['token']>>),
  exchange: (call: ApiCall, count: number) => { status?: number; body: Record<string, unknown> } | undefined,
  { isGood, key = {} }: { isGood?: (token: string) => boolean; key?: Partial<KeyOptions> } = {},
) {
  let count = 0
  const given: string[] = []
  const answer: ApiAnswer = (call, outgoing) => {
    if (call.path.startsWith('/token')) {
      const { status = 200, body } = exchange(call, ++count) ?? { status: 400, body: { error: 'invalid_client' } }
      if (typeof body['access_token'] === 'string') given.push(body['access_token'])
      return json(outgoing, body, status)
    }
    const sent = call.headers.authorization?.replace('Bearer ', '') ?? ''
    const isIn = isGood ? isGood(sent) : given.at(-1) === sent
    json(outgoing, { me: 'ada', token: sent }, isIn ? 200 : 401)
  }
  const api = await startApi(answer)
  const base = { url: `${api.url}/token`, allowPrivateNetwork: true }
  const options = typeof token === 'function' ? token(api.url) : token
  const { client, log } = await startRelay({
    keys: {
      api: {
        secret,
        locked: false,
        allow: [{ url: `${api.url}/v1/**`, methods: ['GET', 'POST'], allowPrivateNetwork: true }],
        token: { ...base, ...options } as KeyOptions['token'],
        ...key,
      },
    },
  })
  const ask = () =>
    client.clientSecretRequest({
      clientSecretName: 'api',
      url: `${api.url}/v1/me`,
      method: 'GET',
      headers: { authorization: 'Bearer $CLIENT_SECRET' },
    })
  const exchanges = () => api.calls.filter(({ path }) => path.startsWith('/token'))
  return { api, client, log, ask, exchanges }
}

const tokenOf = (count: number) => `ya29.${String(count).padStart(4, '0')}Xk29fLmQ8vRt3Wz7BnHs5JdGyC4pTe6a`
const credentials = { grant: 'client_credentials', clientId: 'otters', scope: 'read write' } as const
const good = (_call: ApiCall, count: number) => ({ body: { access_token: tokenOf(count), expires_in: 3600 } })

describe('client_credentials', () => {
  test('exchanges once, as Basic and a form, and puts the token where the placeholder stands', async () => {
    const { ask, api, exchanges } = await setUp(credentials, good)
    expect(await ask()).toEqual({ me: 'ada', token: '$CLIENT_SECRET' })
    await ask()
    expect(exchanges()).toHaveLength(1)
    expect(exchanges()[0]).toMatchObject({
      method: 'POST',
      headers: {
        authorization: `Basic ${btoa(`otters:${secret}`)}`,
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: 'grant_type=client_credentials&scope=read+write',
    })
    expect(api.calls.filter(({ path }) => path === '/v1/me').map(({ headers }) => headers.authorization)).toEqual([
      `Bearer ${tokenOf(1)}`,
      `Bearer ${tokenOf(1)}`,
    ])
  })

  test('in the body, where the API wants it there', async () => {
    const { ask, exchanges } = await setUp({ ...credentials, auth: 'body', audience: 'https://api' }, good)
    await ask()
    expect(Object.fromEntries(new URLSearchParams(exchanges()[0]!.body))).toEqual({
      grant_type: 'client_credentials',
      scope: 'read write',
      audience: 'https://api',
      client_id: 'otters',
      client_secret: secret,
    })
  })

  test('100 calls at once are one exchange, also when the token has ended', async () => {
    const { ask, exchanges } = await setUp(
      credentials,
      (_call, count) => ({
        // The first is said to be good for longer than it is.
        body: { access_token: tokenOf(count), expires_in: 3600 },
      }),
      { isGood: (token) => token !== tokenOf(1) },
    )
    await Promise.all(Array.from({ length: 100 }, ask))
    // One that was refused, and one in its place for all.
    expect(exchanges()).toHaveLength(2)
  })

  test('a token that is about to end is not used again', async () => {
    const { ask, exchanges } = await setUp(credentials, (_call, count) => ({
      body: { access_token: tokenOf(count), expires_in: count === 1 ? 0.001 : 3600 },
    }))
    await ask()
    await expect.poll(async () => (await ask(), exchanges().length)).toBe(2)
  })

  test('after a second 401 the answer is the API’s', async () => {
    const { ask, exchanges } = await setUp(credentials, good, { isGood: () => false })
    await expect(ask()).rejects.toMatchObject({ code: 'UPSTREAM_ERROR', status: 401 })
    expect(exchanges()).toHaveLength(2)
  })

  test('a caller who makes the API refuse good tokens causes one exchange in ten seconds', async () => {
    const { ask, exchanges, api } = await setUp(credentials, good, { isGood: () => false })
    for (let count = 0; count < 20; count++) await expect(ask()).rejects.toMatchObject({ status: 401 })
    expect(exchanges()).toHaveLength(2)
    // Nor is the call repeated with the token that was refused.
    expect(api.calls.filter(({ path }) => path === '/v1/me')).toHaveLength(21)
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 11_000 })
    onTestFinished(() => void vi.useRealTimers())
    await expect(ask()).rejects.toMatchObject({ status: 401 })
    expect(exchanges()).toHaveLength(3)
  })
})

describe('a failing exchange', () => {
  const failures: [string, { status?: number; body: Record<string, unknown> } | undefined, RegExp][] = [
    ['refused', undefined, /could not get a token for the key "api": 127\.0\.0\.1:\d+ answered 400 \(invalid_client\)/],
    [
      'refused with what was sent',
      { status: 401, body: { error: secret, error_description: secret } },
      /answered 401\. Check/,
    ],
    [
      'without a token',
      { body: { token_type: 'bearer' } },
      /contains no token\. Name its field in keys\.api\.token\.field/,
    ],
    ['that redirects', { status: 307, body: {} }, /answered 307/],
  ]
  test.each(failures)('%s, is an error of its own', async (_how, answer, message) => {
    const { ask, api, log } = await setUp(credentials, () => answer)
    const error = (await ask().catch((thrown: unknown) => thrown)) as Error & { status: number }
    expect(error).toMatchObject({ code: 'TOKEN_FAILED', status: 502 })
    expect(error.message).toMatch(message)
    expect(JSON.stringify([error, error.message, log])).not.toContain(secret.slice(0, 20))
    expect(api.calls.filter(({ path }) => path.startsWith('/v1'))).toEqual([])
  })

  test('does not repeat a secret that looks like the name of an error', async () => {
    const words = 'correct_horse_battery_staple'
    const { ask } = await setUp(credentials, () => ({ status: 400, body: { error: words } }), {
      key: { secret: words },
    })
    const error = (await ask().catch((thrown: unknown) => thrown)) as Error
    expect(error.message).toMatch(/answered 400\. Check/)
    expect(JSON.stringify([error, error.message])).not.toContain('horse')
  })

  test('is shared by all who ask within a moment, and tried again later', async () => {
    const { ask, exchanges } = await setUp(credentials, (call, count) => (count === 1 ? undefined : good(call, count)))
    const answers = await Promise.allSettled(Array.from({ length: 20 }, ask))
    expect(answers.every(({ status }) => status === 'rejected')).toBe(true)
    expect(exchanges()).toHaveLength(1)
    await expect
      .poll(() =>
        ask().then(
          () => 'in',
          () => 'out',
        ),
      )
      .toBe('in')
  })

  test('the token’s address passes the same checks', async () => {
    const { ask, exchanges } = await setUp(
      (url) => ({ ...credentials, url: url.replace('http:', 'https:'), allowPrivateNetwork: false }),
      good,
    )
    await expect(ask()).rejects.toMatchObject({ code: 'TOKEN_FAILED' })
    expect(exchanges()).toEqual([])
  })
})

describe('jwt-bearer', () => {
  const google = {
    grant: 'jwt-bearer',
    clientId: 'otter@otters.iam.gserviceaccount.com',
    scope: 'https://scope',
  } as const
  const privateKey = String(rsa.privateKey.export(pem))

  test('Google: RS256, exchanged in a form', async () => {
    const { ask, exchanges, api } = await setUp(google, good, { key: { secret: privateKey } })
    await ask()
    const form = new URLSearchParams(exchanges()[0]!.body)
    expect(form.get('grant_type')).toBe('urn:ietf:params:oauth:grant-type:jwt-bearer')
    const { payload } = await jwtVerify(form.get('assertion')!, rsa.publicKey, {
      issuer: google.clientId,
      audience: `${api.url}/token`,
      algorithms: ['RS256'],
    })
    expect(payload['scope']).toBe('https://scope')
    expect(payload.exp! - payload.iat!).toBeLessThanOrEqual(3600)
  })

  test('a GitHub App: exchanged as Bearer, with the date of its end', async () => {
    const pkcs1 = String(rsa.privateKey.export({ type: 'pkcs1', format: 'pem' })).replaceAll('\n', '\\n')
    const token = (url: string) =>
      ({ grant: 'jwt-bearer', clientId: '12345', auth: 'bearer', url: `${url}/token/app` }) as const
    const installation = 'ghs_Vq7TfC1dXk29fLmQ8vRt3Wz7BnHs5JdGyC4p'
    const exchange = () => ({
      status: 201,
      body: { token: installation, expires_at: new Date(Date.now() + 3_600_000).toISOString() },
    })
    const { ask, exchanges } = await setUp(token, exchange, {
      key: { secret: pkcs1 },
      isGood: (sent) => sent === installation,
    })
    await ask()
    await ask()
    expect(exchanges()).toHaveLength(1)
    const jwt = exchanges()[0]!.headers.authorization!.replace('Bearer ', '')
    const { payload } = await jwtVerify(jwt, rsa.publicKey, { issuer: '12345', algorithms: ['RS256'] })
    expect(payload.exp! - Date.now() / 1000).toBeLessThanOrEqual(600)
  })

  test('Apple: ES256 with a kid, and no exchange', async () => {
    const token = {
      grant: 'jwt-bearer',
      clientId: 'issuer-1',
      audience: 'appstoreconnect-v1',
      algorithm: 'ES256',
      keyId: 'KID1',
      url: undefined,
    } as const
    const seen: string[] = []
    const { ask, exchanges } = await setUp(token, good, {
      key: { secret: String(ec.privateKey.export(pem)) },
      isGood: (sent) => seen.push(sent) > 0,
    })
    expect(await ask()).toEqual({ me: 'ada', token: '$CLIENT_SECRET' })
    await ask()
    expect([exchanges(), new Set(seen).size]).toEqual([[], 1])
    await jwtVerify(seen[0]!, ec.publicKey, {
      issuer: 'issuer-1',
      audience: 'appstoreconnect-v1',
      algorithms: ['ES256'],
    })
    expect(decodeProtectedHeader(seen[0]!)).toEqual({ alg: 'ES256', typ: 'JWT', kid: 'KID1' })
  })
})

test('login: JSON with the secret in it, and a field that is named', async () => {
  const token = { grant: 'login', body: { email: 'ada@b.c', password: '$CLIENT_SECRET' }, field: 'jwt' } as const
  const { ask, exchanges } = await setUp(token, () => ({ body: { jwt: tokenOf(7) } }), {
    isGood: (sent) => sent === tokenOf(7),
  })
  expect(await ask()).toEqual({ me: 'ada', token: '$CLIENT_SECRET' })
  expect(JSON.parse(exchanges()[0]!.body)).toEqual({ email: 'ada@b.c', password: secret })
})

const rule = { url: 'https://api.example.com/v1', methods: ['GET' as const] }
const url = 'https://api.example.com/token'
test.each<[object, RegExp]>([
  [{ token: {} }, /keys\.api\.token\.grant must be one of .*; it is missing or undefined/],
  [
    { token: { grant: 'password', url } },
    /token\.grant must be one of client_credentials, jwt-bearer, login; it is "password"/,
  ],
  [{ token: { ...credentials } }, /token without url/],
  [{ token: { ...credentials, url: 'http://api.example.com/token' } }, /unencrypted/],
  [{ token: { ...credentials, url, clientId: undefined } }, /without clientId/],
  [{ token: { ...credentials, url, scop: 'a' } }, /with a field "scop"/],
  [
    { token: { ...credentials, url, expiresIn: 1 } },
    /token\.expiresIn must be a whole number of seconds, 10 or more; it is 1/,
  ],
  [{ token: { grant: 'login', url, body: {} } }, /without a body that holds \$CLIENT_SECRET/],
  [{ token: { grant: 'jwt-bearer', url } }, /not a private key in PEM/],
  [{ token: { ...credentials, url }, secret: { id: secret, key: secret } }, /a token and several values/],
])('%j does not start', (change, sentence) => {
  expect(() => createRelay({ keys: { api: { secret, locked: false, allow: [rule], ...change } } })).toThrow(sentence)
})

test('check says where the secret is exchanged, without having it', () => {
  const text = check({ keys: { api: { locked: false, allow: [rule], token: { ...credentials, url } } } })
  expect(text).toContain(`is exchanged at ${url} for a token (client_credentials); the token`)
  const signed = { grant: 'jwt-bearer' as const, url: undefined }
  expect(check({ keys: { api: { locked: false, allow: [rule], token: signed } } })).toContain('signs a token')
})
