import { expect, test } from 'vitest'
import { json, startApi } from '../helpers/api.ts'
import { canary, keyFor, startRelay } from '../helpers/relay.ts'

const user = 'AC1'
const sent = `Basic ${btoa(`${user}:${canary}`)}`

/** An API that lets in whoever Basic says is the user, as RFC 7617 has it, and shows what it has read. */
function startBasicApi(show: (credentials: string, header: string) => string = () => 'in') {
  return startApi((call, outgoing) => {
    const header = call.headers.authorization ?? ''
    const [, base64 = ''] = /^Basic ([A-Za-z0-9+/]+={0,2})$/i.exec(header) ?? []
    const credentials = Buffer.from(base64, 'base64').toString()
    const isIn = /^[^:]*:/.test(credentials)
    json(outgoing, { said: show(credentials, header) }, isIn ? 200 : 401)
  })
}

const ask = (url: string, authorization: string) => ({
  clientSecretName: 'api',
  url: `${url}/`,
  method: 'GET' as const,
  headers: { Authorization: authorization },
})

test.each([
  ['written out', `Basic ${user}:$CLIENT_SECRET`],
  ['in base64', `Basic ${btoa(`${user}:$CLIENT_SECRET`)}`],
  ['in small letters', `basic ${user}:$CLIENT_SECRET`],
])('a user and the placeholder, %s, become base64 of user and password', async (_how, authorization) => {
  const api = await startBasicApi()
  const { client } = await startRelay({ keys: { api: keyFor(api.url) } })
  await client.clientSecretRequest(ask(api.url, authorization))
  expect(api.calls.map(({ headers }) => headers.authorization?.toLowerCase())).toEqual([sent.toLowerCase()])
})

test.each([
  ['the secret is the user', 'Basic $CLIENT_SECRET:', canary, `${canary}:`],
  ['a user in UTF-8', 'Basic Jürgen:$CLIENT_SECRET', canary, `Jürgen:${canary}`],
  ['a value with user and password in it', 'Basic $CLIENT_SECRET', 'shop-4711:0123456789', 'shop-4711:0123456789'],
  ['a value that is base64 already', 'Basic $CLIENT_SECRET', btoa('shop-4711:0123456789'), 'shop-4711:0123456789'],
])('%s', async (_how, authorization, secret, read) => {
  const api = await startBasicApi()
  const { client } = await startRelay({ keys: { api: { ...keyFor(api.url), secret } } })
  await client.clientSecretRequest(ask(api.url, authorization))
  expect(api.calls.map(({ headers }) => Buffer.from(headers.authorization!.slice(6), 'base64').toString())).toEqual([
    read,
  ])
})

test('the places of a rule count in base64 too, and what no rule allows stays where it is', async () => {
  const api = await startBasicApi()
  const { client } = await startRelay({ keys: { api: keyFor(api.url, { in: ['headers.x-api-key'] }) } })
  await expect(client.clientSecretRequest(ask(api.url, `Basic ${btoa('u:$CLIENT_SECRET')}`))).rejects.toMatchObject({
    code: 'NOT_ALLOWED',
    path: 'headers.authorization',
  })
  expect(api.calls).toEqual([])
})

test.each([
  ['no placeholder', btoa('AC1:password')],
  ['another word', btoa('AC1:$CLIENT_SECRET_2')],
  ['base64 twice', btoa(btoa('AC1:$CLIENT_SECRET'))],
])('Basic with %s has no placeholder', async (_how, base64) => {
  const api = await startBasicApi()
  const { client } = await startRelay({ keys: { api: keyFor(api.url) } })
  await expect(client.clientSecretRequest(ask(api.url, `Basic ${base64}`))).rejects.toMatchObject({
    code: 'PLACEHOLDER_MISSING',
  })
  expect(api.calls).toEqual([])
})

/** The forms in which an API shows the credentials that it got. */
const shows: [how: string, show: (credentials: string, header: string) => string][] = [
  ['as it was sent', (_, header) => header],
  ['decoded', (credentials) => credentials],
  ['the password alone', (credentials) => credentials.slice(credentials.indexOf(':') + 1)],
  ['decoded, in hex', (credentials) => Buffer.from(credentials).toString('hex')],
  ['as it was sent, in base64', (_, header) => btoa(header)],
]
const password = 'Xk29fLmQ8vRt3Wz7BnHs5JdGyC4pTe6a'

test.each(
  shows.flatMap(([how, show]) => [
    [how, 'of a password', password, 'Basic shop-4711:$CLIENT_SECRET', show] as const,
    [how, 'of a short password', 'Xk29fLmQ', 'Basic shop-4711:$CLIENT_SECRET', show] as const,
    [how, 'of a value in base64', btoa(`shop-4711:${password}`), 'Basic $CLIENT_SECRET', show] as const,
  ]),
)('what an API shows %s is redacted, %s', async (_how, _of, secret, authorization, show) => {
  const api = await startBasicApi(show)
  const { client } = await startRelay({ keys: { api: { ...keyFor(api.url), secret } } })
  const answer = JSON.stringify(await client.clientSecretRequest(ask(api.url, authorization)))
  expect(answer).toMatch(/\$CLIENT_SECRET/)
  const part = secret.length < 20 ? secret : password.slice(4, 12)
  for (const text of [answer, atob(/[A-Za-z0-9+/]{12,}/.exec(answer)?.[0].slice(0, 12) ?? '')])
    expect(text).not.toContain(part)
})
