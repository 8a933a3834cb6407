import { describe, expect, test } from 'vitest'
import type { ClientSecretRequestParams } from '../../src/client/request-params.ts'
import { startApi } from '../helpers/api.ts'
import { keyFor, startRelay } from '../helpers/relay.ts'

const headers = { Authorization: 'Bearer $CLIENT_SECRET' }

/** What is changed in a good request; the code; what the message must name: the field, and the remedy. */
const cases: [string, Record<string, unknown>, string, string, RegExp][] = [
  [
    'no key name',
    { clientSecretName: undefined },
    'INVALID_PARAMETER',
    'clientSecretName',
    /clientSecretName must be the name of a key that the relay knows.* missing/,
  ],
  [
    'an empty key name',
    { clientSecretName: '' },
    'INVALID_PARAMETER',
    'clientSecretName',
    /clientSecretName must be the name of a key/,
  ],
  ['no url', { url: undefined }, 'INVALID_PARAMETER', 'url', /url must be an absolute url such as "https:.*missing/],
  [
    'a relative url',
    { url: '/v1/items' },
    'INVALID_PARAMETER',
    'url',
    /url must be an absolute url such as.*"\/v1\/items"/,
  ],
  ['a malformed url', { url: 'https://a b/' }, 'INVALID_PARAMETER', 'url', /url must be an absolute url/],
  [
    'another scheme',
    { url: 'file:///etc/passwd' },
    'INVALID_PARAMETER',
    'url',
    /url must be a url that begins with https/,
  ],
  [
    'user info in the url',
    { url: 'https://user:$CLIENT_SECRET@api.test/' },
    'INVALID_PARAMETER',
    'url',
    /without user name and password; put the key into a header/,
  ],
  [
    'the placeholder in the host',
    { url: 'https://$CLIENT_SECRET.evil.test/' },
    'INVALID_PARAMETER',
    'url',
    /without \$CLIENT_SECRET in its host/,
  ],
  [
    'an unknown method',
    { method: 'FETCH' },
    'INVALID_PARAMETER',
    'method',
    /method must be one of GET, HEAD, POST, PUT, DELETE, PATCH; it is "FETCH"/,
  ],
  ['no method', { method: undefined }, 'INVALID_PARAMETER', 'method', /method must be one of GET.*missing/],
  [
    'data with GET',
    { method: 'GET', data: { a: 1 } },
    'INVALID_PARAMETER',
    'data',
    /data is not sent with GET. Put it into params/,
  ],
  [
    'data with HEAD',
    { method: 'head', data: '' },
    'INVALID_PARAMETER',
    'data',
    /data is not sent with HEAD. Put it into params/,
  ],
  ['a negative poll', { poll: -1 }, 'INVALID_PARAMETER', 'poll', /poll must be a number of milliseconds.*it is -1/],
  [
    'a poll that is no number',
    { poll: '1s' },
    'INVALID_PARAMETER',
    'poll',
    /poll must be a number of milliseconds.*it is "1s"/,
  ],
  ['an endless poll', { poll: Infinity }, 'INVALID_PARAMETER', 'poll', /poll cannot be sent as JSON: it is Infinity/],
  [
    'a number that JSON has not',
    { data: { n: [1, NaN] } },
    'INVALID_PARAMETER',
    'data.n.1',
    /data.n.1 cannot be sent as JSON: it is NaN/,
  ],
  [
    'expires of 0',
    { expires: 0 },
    'INVALID_PARAMETER',
    'expires',
    /expires must be a number of seconds above 0; it is 0/,
  ],
  [
    'expires over the relay’s limit',
    { expires: 31 * 86_400 },
    'INVALID_PARAMETER',
    'expires',
    /expires must be at most 2592000 seconds/,
  ],
  [
    'an empty queue name',
    { queue: '' },
    'INVALID_PARAMETER',
    'queue',
    /queue must be the name of a queue, such as "images"/,
  ],
  [
    'a queue that is no string',
    { queue: 7 },
    'INVALID_PARAMETER',
    'queue',
    /queue must be the name of a queue.*it is 7/,
  ],
  [
    'headers that are no object',
    { headers: 'Authorization' },
    'INVALID_PARAMETER',
    'headers',
    /headers must be an object of strings/,
  ],
  [
    'a header that is no string',
    { headers: { ...headers, 'x-n': 7 } },
    'INVALID_PARAMETER',
    'headers.x-n',
    /headers.x-n must be a string, or left out; it is 7/,
  ],
  [
    'a header with a line break',
    { headers: { ...headers, 'x-n': 'a\r\nhost: b' } },
    'INVALID_PARAMETER',
    'headers.x-n',
    /headers.x-n must be one line/,
  ],
  [
    'a header name with a line break',
    { headers: { ...headers, 'x\r\nn': 'a' } },
    'INVALID_PARAMETER',
    'headers.x\r\nn',
    /must be a header name/,
  ],
  [
    'a header that the relay owns',
    { headers: { ...headers, Cookie: 'a=b' } },
    'INVALID_PARAMETER',
    'headers.Cookie',
    /headers.Cookie must be left out/,
  ],
  [
    'a header twice',
    { headers: { ...headers, authorization: 'x' } },
    'INVALID_PARAMETER',
    'headers.authorization',
    /names authorization twice/,
  ],
  [
    'a body that is a number',
    { data: 5 },
    'INVALID_PARAMETER',
    'data',
    /data must be an object such as .*, a list, or a string, which is sent as it is; it is 5/,
  ],
  [
    'a list as a form',
    { data: [1], headers: { ...headers, 'Content-Type': 'application/x-www-form-urlencoded' } },
    'INVALID_PARAMETER',
    'data',
    /data is a list, which has no names for the fields of a form/,
  ],
  [
    'an object as XML',
    { data: {}, headers: { ...headers, 'Content-Type': 'text/xml' } },
    'INVALID_PARAMETER',
    'headers.content-type',
    /For any other type write the body yourself, as a string/,
  ],
  [
    'a wrong formArrays',
    { formArrays: 'indices' },
    'INVALID_PARAMETER',
    'formArrays',
    /formArrays must be one of brackets, repeat, comma; it is "indices"/,
  ],
  [
    'a body that is a Map',
    { data: new Map() },
    'INVALID_PARAMETER',
    'data',
    /data cannot be sent as JSON: it is a Map/,
  ],
  [
    'a file in the body',
    { data: { image: new Blob(['x']) } },
    'INVALID_PARAMETER',
    'data.image',
    /data.image cannot be sent as JSON: it is a Blob/,
  ],
  [
    'a body that is no JSON',
    { data: { n: [0, 1n] } },
    'INVALID_PARAMETER',
    'data.n.1',
    /data.n.1 cannot be sent as JSON/,
  ],
  [
    'a misspelt callback',
    { onRespone: () => {} },
    'INVALID_PARAMETER',
    'onRespone',
    /onRespone cannot be sent as JSON: it is a Function/,
  ],
  [
    'a param that is an object',
    { params: { a: {} } },
    'INVALID_PARAMETER',
    'params.a',
    /params.a must be a string, a finite number/,
  ],
  [
    'a url that is too long',
    { url: `https://api.test/?${'a&'.repeat(4_100)}` },
    'INVALID_PARAMETER',
    'url',
    /url must be at most 8192 characters long; put what is longer into data/,
  ],
  [
    'a query of too many values',
    { url: `https://api.test/?${'a&'.repeat(1_000)}` },
    'INVALID_PARAMETER',
    'url',
    /url must be a url with at most 1000 values in its query/,
  ],
  [
    'too many params',
    { params: Object.fromEntries(Array.from({ length: 1_001 }, (_, n) => [`p${n}`, n])) },
    'INVALID_PARAMETER',
    'params',
    /params must hold at most 1000 values, those in lists included. Send fewer, or put them into data/,
  ],
  [
    'too many params in lists',
    { params: { a: Array(500).fill(1), b: Array(501).fill(1) } },
    'INVALID_PARAMETER',
    'params',
    /params must hold at most 1000 values, those in lists included/,
  ],
  [
    'params that are too long',
    { params: { a: ['x'.repeat(40_000), 'x'.repeat(40_000)] } },
    'INVALID_PARAMETER',
    'params',
    /params must be at most 65536 characters long, names and values together. Put what is longer into data/,
  ],
  [
    'headers that are too long',
    { headers: { ...headers, a: 'x'.repeat(70_000) } },
    'INVALID_PARAMETER',
    'headers',
    /headers must be at most 65536 characters long/,
  ],
  [
    'a long name of a param',
    { params: { ['x'.repeat(1_001)]: 1 } },
    'INVALID_PARAMETER',
    `params.${'x'.repeat(60)}…`,
    /params must have names of at most 1000 characters; one begins with "x{60}…"/,
  ],
  [
    'a param called __proto__',
    { params: JSON.parse('{"__proto__":1}') as object },
    'INVALID_PARAMETER',
    'params.__proto__',
    /params must have names other than __proto__/,
  ],
  [
    'a long name of a queue',
    { queue: 'q'.repeat(8_193) },
    'INVALID_PARAMETER',
    'queue',
    /queue must be a name of at most 8192 characters/,
  ],
  [
    'too many placeholders',
    { headers: {}, data: { a: '$CLIENT_SECRET '.repeat(10), b: Array(11).fill('$CLIENT_SECRET') } },
    'INVALID_PARAMETER',
    'data#/a',
    /The request contains \$CLIENT_SECRET more than 20 times.*write at most 20/,
  ],
  [
    'a placeholder below long names',
    { data: { ['x'.repeat(600)]: { ['y'.repeat(600)]: '$CLIENT_SECRET' } } },
    'INVALID_PARAMETER',
    'data',
    /The path to \$CLIENT_SECRET in data has more than 1000 characters. Use shorter names, or fewer levels/,
  ],
  [
    'a misspelt parameter',
    { querry: 'x' },
    'INVALID_PARAMETER',
    'querry',
    /There is no parameter "querry". The parameters are clientSecretName, url/,
  ],
  [
    'no placeholder',
    { headers: {} },
    'PLACEHOLDER_MISSING',
    '',
    /no \$CLIENT_SECRET in url, headers, params or data. Write it where the key belongs/,
  ],
  [
    'no whole placeholder',
    { headers: { a: '$CLIENT_SECRETS', b: 'CLIENT_SECRET' } },
    'PLACEHOLDER_MISSING',
    '',
    /no \$CLIENT_SECRET/,
  ],
  [
    'a placeholder only as a name',
    { headers: {}, data: { $CLIENT_SECRET: 1 } },
    'PLACEHOLDER_MISSING',
    '',
    /no \$CLIENT_SECRET/,
  ],
  [
    'an unknown key',
    { clientSecretName: 'opnai' },
    'KEY_NOT_FOUND',
    'clientSecretName',
    /no key named "opnai". Register it under keys/,
  ],
  [
    'a key name from the prototype',
    { clientSecretName: 'constructor' },
    'KEY_NOT_FOUND',
    'clientSecretName',
    /no key named "constructor"/,
  ],
]

/** The address of what explains the code. */
const help = (code: string) => `https://www.npmjs.com/package/react-client-secret#${code.toLowerCase()}`

describe('bad input is an error that names the field and the remedy, and the API is not called', () => {
  test.each(cases)('%s', async (_name, change, code, path, message) => {
    const api = await startApi()
    const { client } = await startRelay({ keys: { api: keyFor(api.url) } })
    const good = { clientSecretName: 'api', url: `${api.url}/v1/items`, method: 'POST', headers }
    const onError: unknown[] = []
    const params = {
      ...good,
      ...change,
      onError: (error: unknown) => void onError.push(error),
    } as unknown as ClientSecretRequestParams
    const error = await client.clientSecretRequest(params).then(
      () => 'resolved',
      (thrown: unknown) => thrown,
    )
    expect(error).toMatchObject({ name: 'ClientSecretError', code, message: expect.stringMatching(message) })
    if (path) expect(error).toMatchObject({ path })
    expect(error).toMatchObject({ help: help(code), message: expect.not.stringContaining('https://www.npmjs') })
    expect(onError).toEqual([error])
    expect(api.calls).toEqual([])
  })

  test('no parameters at all', async () => {
    const { client } = await startRelay({ keys: { api: keyFor('http://127.0.0.1:1') } })
    await expect(client.clientSecretRequest(undefined as never)).rejects.toMatchObject({ code: 'INVALID_PARAMETER' })
    await expect(client.clientSecretRequest('x' as never)).rejects.toMatchObject({ code: 'INVALID_PARAMETER' })
  })

  test('data nested too deep', async () => {
    const api = await startApi()
    const { client } = await startRelay({ keys: { api: keyFor(api.url) } })
    let data: Record<string, unknown> = {}
    for (let depth = 0; depth < 150; depth++) data = { data }
    await expect(
      client.clientSecretRequest({ clientSecretName: 'api', url: `${api.url}/`, method: 'POST', headers, data }),
    ).rejects.toMatchObject({
      code: 'INVALID_PARAMETER',
      path: 'data',
      message: expect.stringMatching(/nested more than 100 levels/),
    })
    expect(api.calls).toEqual([])
  })
})
