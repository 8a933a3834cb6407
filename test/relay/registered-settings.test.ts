import { createHmac, generateKeyPairSync } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { jwtVerify } from 'jose'
import { expect, onTestFinished, test } from 'vitest'
import { findSecret } from '../../src/attack/find-secret.ts'
import type { KeyChange } from '../../src/protocol/keys.ts'
import { administratorOf, setMasterKey } from '../helpers/administrator.ts'
import { json, startApi, type ApiAnswer } from '../helpers/api.ts'
import { startRelay } from '../helpers/relay.ts'

const secret = 'Vq7TfC1dXk29fLmQ8vRt3Wz7BnHs5JdG'
const other = 'Zz9Mw3Qp7Lk1Jh5Gf8Ds2Aa6Xc4Vb0Nn'
const newer = 'Hh2Jk8Lm4Np6Qr1St3Uv5Wx7Yz9Ab0Cd'
const token = 'ya29.Kp2Lm8Qr5Tv1Wx7Yz3Bc9Df4Gh6Jk0'
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const pem = String(rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }))

/** A relay with a SQLite file, whose administrator registers the key `shop`; and an API that echoes. */
async function setUp(answer?: ApiAnswer) {
  setMasterKey()
  const echo: ApiAnswer = ({ path, headers, body }, outgoing) => json(outgoing, { echo: [path, headers, body] })
  const api = await startApi(async (call, outgoing, incoming) =>
    call.path === '/token'
      ? json(outgoing, { access_token: token, expires_in: 3600 })
      : (answer ?? echo)(call, outgoing, incoming),
  )
  const folder = await mkdtemp(join(tmpdir(), 'relay-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const database = join(folder, 'relay.db')
  const started = await startRelay({ database })
  await started.relay.ready
  const rule = { url: `${api.url}/v1/**`, methods: ['GET', 'POST'], allowPrivateNetwork: true }
  const change: KeyChange = { locked: false, allow: [rule], isNew: true }
  const mint = { grant: 'client_credentials', clientId: 'otters', url: `${api.url}/token`, allowPrivateNetwork: true }
  const administrator = administratorOf(started.url)
  const send = (fields: object, { client } = started) =>
    client.clientSecretRequest({ clientSecretName: 'shop', url: `${api.url}/v1/me`, method: 'POST', ...fields })
  return { api, folder, database, ...started, rule, change, mint, administrator, send }
}

const bearer = { headers: { authorization: 'Bearer $CLIENT_SECRET' } }
const pair = { headers: { 'x-id': '$CLIENT_SECRET.id', 'x-key': '$CLIENT_SECRET.key' } }
const each = { id: ['headers.x-id'], key: ['headers.x-key'] }

test('a token: the relay exchanges the registered secret, and sends the token', async () => {
  const { administrator, change, mint, send, api } = await setUp()
  expect(await administrator.put('shop', { ...change, secret, token: mint })).toMatchObject({ status: 200 })
  const answer = JSON.stringify(await send(bearer))
  expect(api.calls.map(({ path, headers }) => [path, headers.authorization])).toEqual([
    ['/token', `Basic ${btoa(`otters:${secret}`)}`],
    ['/v1/me', `Bearer ${token}`],
  ])
  const { words, ...entry } = (await administrator.entry('shop'))!
  expect(entry.token).toEqual(mint)
  expect(words.secret).toBe(`The key is exchanged at ${api.url}/token for a token (client_credentials).`)
  expect(words.warnings).toContain('Its token comes from an address of your own network.')
  for (const text of [secret, token]) expect([answer, ...administrator.answers].join()).not.toContain(text)
})

test.each([
  ['as it is', pem],
  ['with \\n as two characters', pem.replaceAll('\n', '\\n')],
])('a private key in PEM, %s', async (_how, given) => {
  const { administrator, change, mint, send, api } = await setUp()
  const jwt = { ...mint, grant: 'jwt-bearer', clientId: 'a@b.iam' }
  expect(await administrator.put('shop', { ...change, secret: given, token: jwt })).toMatchObject({ status: 200 })
  await send(bearer)
  const assertion = new URLSearchParams(api.calls[0]!.body).get('assertion')
  await jwtVerify(assertion!, rsa.publicKey, { issuer: 'a@b.iam', algorithms: ['RS256'] })
  expect((await administrator.entry('shop'))?.ending).toBeUndefined()
})

test('a signature: the secret stays in the relay', async () => {
  const { administrator, change, rule, send, api } = await setUp()
  const sign = { hmac: 'sha256', over: ['body'] }
  await administrator.put('shop', { ...change, secret, sign, allow: [{ ...rule, in: ['headers.x-signature'] }] })
  await send({ headers: { 'x-signature': '$CLIENT_SECRET' }, data: { n: 1 } })
  expect(api.calls[0]!.headers['x-signature']).toBe(createHmac('sha256', secret).update('{"n":1}').digest('hex'))
  expect(await administrator.entry('shop')).toMatchObject({
    sign,
    words: { secret: 'The key signs calls with its secret, which stays in the relay.' },
  })
})

test('several values: each in its places only, redacted, encrypted, and after a restart', async () => {
  const { administrator, change, rule, send, api, relay, database, folder, log } = await setUp()
  const several = { ...change, secret: { key: secret, id: other }, allow: [{ ...rule, inEach: each }] }
  expect(await administrator.put('shop', several)).toMatchObject({ status: 200 })
  const answer = await send(pair)
  await expect(send({ headers: { 'x-id': '$CLIENT_SECRET.key' } })).rejects.toMatchObject({ code: 'NOT_ALLOWED' })
  await expect(send({ headers: { 'x-id': '$CLIENT_SECRET' } })).rejects.toMatchObject({ code: 'INVALID_PARAMETER' })
  expect(await administrator.entry('shop')).toMatchObject({ values: ['id', 'key'], allow: [{ inEach: each }] })
  await relay.close()
  const again = await startRelay({ database })
  await send(pair, again)
  expect(api.calls.map(({ headers }) => [headers['x-id'], headers['x-key']])).toEqual([
    [other, secret],
    [other, secret],
  ])
  const files = await Promise.all(
    ['relay.db', 'relay.db-wal'].map((file) => readFile(join(folder, file)).catch(() => '')),
  )
  const left = [...files, JSON.stringify([answer, log, again.log]), administrator.answers.join('\n')]
  for (const bytes of left) for (const one of [secret, other]) expect(findSecret(Buffer.from(bytes), one)).toBeNull()
})

test('several values rotate together: the relay tries the others after a 401', async () => {
  let valid = secret
  const { administrator, change, rule, send, api } = await setUp(({ headers }, outgoing) =>
    json(outgoing, {}, headers['x-key'] === valid ? 200 : 401),
  )
  const several = { ...change, allow: [{ ...rule, inEach: each }] }
  await administrator.put('shop', { ...several, secret: { id: other, key: secret } })
  await administrator.put('shop', { ...several, secret: { id: other, key: newer }, isNew: false })
  await send(pair)
  expect(api.calls.map(({ headers }) => headers['x-key'])).toEqual([newer, secret])
  valid = newer
  await send(pair)
  expect(await administrator.entry('shop')).toMatchObject({ version: 2 })
})

test('an administrator who does not know the value cannot send it further by a token, a signature or a name', async () => {
  const { administrator, change, rule, mint } = await setUp()
  const put = (name: string, more: object) =>
    administrator.ask('PUT', `/keys/${name}`, { ...change, isNew: false, ...more })
  const several = { allow: [{ ...rule, inEach: each }], values: ['id', 'key'] }
  await administrator.put('one', { ...change, secret })
  await administrator.put('minted', { ...change, secret, token: mint })
  await administrator.put('signed', { ...change, secret, sign: { hmac: 'sha256', over: ['body'] } })
  expect((await administrator.put('two', { ...change, ...several, secret: { id: other, key: secret } })).status).toBe(
    200,
  )
  const wider: [string, object, string][] = [
    ['one', { token: mint }, 'token'],
    ['minted', { token: { ...mint, url: 'https://evil.test/token' } }, 'token'],
    ['minted', {}, 'values'],
    ['signed', {}, 'values'],
    ['signed', { sign: { hmac: 'sha256', over: ['path'] } }, 'sign'],
    ['two', { values: ['id'], allow: [{ ...rule, inEach: { id: ['headers.x-id'] } }] }, 'values'],
    ['two', { ...several, allow: [{ ...rule, inEach: { ...each, id: ['headers.x-key'] } }] }, 'allow[0].inEach'],
  ]
  for (const [name, more, path] of wider) {
    const { status, body } = await put(name, more)
    expect([status, body.error?.path], JSON.stringify([name, more])).toEqual([400, path])
    expect(body.error?.message).toContain('Give the value again')
    const draft = { ...change, name, isNew: false, ...more }
    expect((await administrator.ask('POST', '/keys/check', draft)).body).toMatchObject({
      valueNeeded: expect.stringContaining('Give the value again') as string,
    })
  }
  // With the value, only this one remains: the other one would go along after a 401.
  expect((await put('minted', { secret: newer, token: { ...mint, clientId: 'seals' } })).status).toBe(200)
  expect((await put('two', several)).status).toBe(200)
})

test.each<[string, object, RegExp]>([
  ['a token and several values', { secret: { id: other, key: secret }, token: {} }, /a token and several values/],
  ['a token and a signature', { token: {}, sign: {} }, /both token and sign/],
  ['a token of an unknown kind', { token: { grant: 'password' } }, /token\.grant must be one of/],
  ['a private key that is none', { token: { grant: 'jwt-bearer', url: 'https://a.test' } }, /not a private key in PEM/],
  ['a name that is none', { secret: { 'a b': secret } }, /a value named "a b"/],
  ['no values', { secret: {} }, /without values/],
  [
    '21 values',
    { secret: Object.fromEntries(Array.from({ length: 21 }, (_, n) => [`v${n}`, secret])) },
    /more than 20 values/,
  ],
  ['a value that is short', { secret: { id: 'short', key: secret } }, /fewer than 8 characters/],
  ['other names than values', { secret: { id: other }, values: ['key'] }, /other values in secret than in values/],
  ['names without values', { values: ['key'] }, /other values in secret than in values/],
  [
    'the secret in the token',
    { token: { grant: 'login', url: `https://a.test/${secret}`, body: { p: '$CLIENT_SECRET' } } },
    /its secret value in the field token/,
  ],
  ['the secret as a grant', { token: { grant: secret } }, /token\.grant must be one of/],
  [
    'a token without protection',
    { token: { grant: 'client_credentials', clientId: 'a', url: 'http://a.test' } },
    /unencrypted/,
  ],
])('%s is refused, without the secret in the message', async (_what, more, sentence) => {
  const { administrator, change } = await setUp()
  const { status, body } = await administrator.ask('PUT', '/keys/shop', { secret, ...change, ...more })
  expect(status).toBe(400)
  expect(body.error?.message).toMatch(sentence)
  for (const text of [secret, other]) expect(JSON.stringify(body)).not.toContain(text)
})

test('settings that something else changed in the database make the key unusable', async () => {
  const { administrator, change, mint, send, database, relay, api } = await setUp()
  await administrator.put('shop', { ...change, secret, token: mint })
  await administrator.put('plain', { ...change, secret: other })
  await relay.close()
  const beside = new DatabaseSync(database)
  beside.exec(`UPDATE stored_keys SET settings = '{}' WHERE name = 'shop'`)
  beside.exec(`UPDATE stored_keys SET settings = '{"values":["id"]}' WHERE name = 'plain'`)
  beside.close()
  const again = await startRelay({ database })
  await expect(send(bearer, again)).rejects.toMatchObject({ code: 'KEY_NOT_FOUND' })
  const named = { clientSecretName: 'plain', headers: { authorization: '$CLIENT_SECRET.id' } }
  await expect(send(named, again)).rejects.toMatchObject({ code: 'KEY_NOT_FOUND' })
  expect(api.calls).toEqual([])
})

test('settings of a wrong form are refused, and never become a header or another type', async () => {
  const { administrator, change, mint } = await setUp()
  const login = { grant: 'login', url: mint.url, allowPrivateNetwork: true }
  const put = async (settings: object) => {
    const { status, body } = await administrator.put('shop', { ...change, secret, ...settings })
    return [status, (body as { error?: { path?: string } }).error?.path]
  }
  expect(await put({ token: { ...login, body: { user: 5 } } })).toEqual([400, 'token.body'])
  expect(await put({ token: { ...login, body: { password: '$CLIENT_SECRET', more: {} } } })).toEqual([
    400,
    'token.body',
  ])
  expect(await put({ token: { ...login, body: ['$CLIENT_SECRET'] } })).toEqual([400, 'token.body'])
  expect(await put({ token: { ...mint, allowPrivateNetwork: 'no' } })).toEqual([400, 'token.allowPrivateNetwork'])
  expect(await put({ sign: { aws: 'sigv4', accessKeyId: 'AKIA\r\nx-more: 1' } })).toEqual([400, 'sign'])
  expect(await put({ sign: { aws: 'sigv4', accessKeyId: 'AKIA', region: 5 } })).toEqual([400, 'sign.region'])
})
