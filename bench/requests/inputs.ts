import type { ClientSecretRequest } from '../../src/protocol/request.ts'

/** Bytes of a body, a little below the relay's limit by default. */
const size = 1_000_000
/** Characters of the relay's longest url, for what stands in it. */
const urlSize = 16_000

/** A call of the relay that is made to be expensive. */
export interface Input {
  name: string
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** Below the relay's mount. `IDS` in it stands for the ids of the newest records. */
  path: string
  headers?: Record<string, string>
  body?: string
  /** Sent before, so that there is something to find: answers of so many bytes, or requests that wait in a queue. */
  records?: { count: number } & ({ answerBytes: number } | { queue: string })
}

const times = (text: string, bytes = size) => text.repeat(Math.floor(bytes / Buffer.byteLength(text)))
const list = <Item>(count: number, item: (index: number) => Item) => Array.from({ length: count }, (_, n) => item(n))
const members = (count: number, value: unknown) => Object.fromEntries(list(count, (n) => [`m${n}`, value]))
const nested = (depth: number, inside: unknown) => {
  let value = inside
  for (let level = 0; level < depth; level++) value = { n: value }
  return value
}
const form = { authorization: '$CLIENT_SECRET', 'content-type': 'application/x-www-form-urlencoded' }

/** Whoever learns a more expensive one adds it here. The key `open` may be used by everybody, at `api`. */
export function inputs(api: string): Input[] {
  const url = `${api}/v1/items`
  const honest = { clientSecretName: 'open', url, method: 'POST', headers: { authorization: '$CLIENT_SECRET' } }
  const post = (name: string, change: Partial<Record<keyof ClientSecretRequest, unknown>> | string): Input => ({
    name: `POST /requests, ${name}`,
    method: 'POST',
    path: '/requests',
    body: typeof change === 'string' ? change : JSON.stringify({ ...honest, ...change }),
  })
  const get = (name: string, path: string, more: Partial<Input> = {}): Input => ({ name, path, ...more })
  const administrator = { authorization: `Bearer ${administratorToken}` }
  const key = { isNew: true, secret: 'sk-of-a-key-that-is-checked', locked: false }
  return [
    post('a small one', {}),
    post('an honest prompt', { data: { prompt: times('the quick brown fox ') } }),
    post('honest records', { data: { items: list(9_000, (n) => ({ id: n, text: times('word ', 80) })) } }),
    post('honest numbers', { data: { input: list(180_000, (n) => n % 50_000) } }),

    post('45,000 placeholders under a long name, no such key', {
      clientSecretName: 'none',
      data: { ['~'.repeat(250_000)]: times('$CLIENT_SECRET ', size * 0.7) },
    }),
    post('45,000 placeholders under a long name', {
      data: { ['~'.repeat(250_000)]: times('$CLIENT_SECRET ', size * 0.7) },
    }),
    post('20 placeholders under a long name', {
      data: { ['~'.repeat(size)]: list(20, () => '$CLIENT_SECRET') },
    }),
    post('what is nearly a placeholder', { data: { a: times('$CLIENT_SECRETS') } }),
    post('a placeholder in each of 50,000 values', { data: { a: list(50_000, () => '$CLIENT_SECRET') } }),
    post('names that are placeholders', { data: Object.fromEntries(list(35_000, (n) => [`$CLIENT_SECRET ${n}`, 1])) }),

    post('a form that repeats a long name', {
      headers: form,
      data: { ['~'.repeat(size / 2)]: list(100_000, () => 1) },
    }),
    post('a form of 400,000 numbers', { headers: form, data: { a: list(400_000, () => 1) } }),
    post('a form of 90,000 pairs', { headers: form, data: members(90_000, 1) }),
    post('a form of one text to encode', { headers: form, data: { a: times('é') } }),
    post('a form, 95 levels deep', {
      headers: form,
      data: {
        a: nested(
          95,
          list(100_000, () => 1),
        ),
      },
    }),

    post('a path of %2525… of 80 kB', { url: `${api}/v1/%${'25'.repeat(40_000)}` }),
    post('a path of %2525… of 8 kB', { url: `${api}/v1/%${'25'.repeat(4_000)}` }),
    post('a path of 4,000 segments', { url: `${api}/v1${'/a'.repeat(4_000)}` }),
    post('a path of ligatures', { url: `${api}/v1/${'ﷺ'.repeat(1_300)}` }),
    post('a query of a&a&…', { url: `${url}?${times('a&')}` }),
    post('a query of a&a&… of 8 kB', { url: `${url}?${times('a&', 8_000)}` }),
    post('a query with the placeholder, of 8 kB', { url: `${url}?a=$CLIENT_SECRET&${times('a&', 8_000)}` }),
    post('a host of 8 kB', { url: `https://${times('ü.', 8_000)}` }),

    post('wrong params', { params: members(70_000, {}) }),
    post('90,000 params', { params: members(90_000, 1) }),
    post('a list of 180,000 wrong params', { params: { a: list(180_000, () => null) } }),
    post('a list of 400,000 params', { params: { a: list(400_000, () => 1) } }),
    post('1,000 long params', { params: Object.fromEntries(list(1_000, (n) => [`p${n}`, times('~', size / 1_100)])) }),
    post('wrong headers', { headers: members(70_000, 1) }),
    post('a long header', { headers: { authorization: '$CLIENT_SECRET', a: times('a') } }),
    post('a long name of a header', { headers: { [times('a')]: '$CLIENT_SECRET' } }),
    post('90,000 unknown parameters', members(90_000, 1)),
    post('a long name of a key', { clientSecretName: times('a') }),
    post('a long name of a queue', { queue: times('q') }),
    post('a long method', { method: times('ı') }),

    post('500,000 brackets', times('[')),
    post(
      'data, 150,000 levels deep',
      `{"clientSecretName":"open","data":${'{"a":'.repeat(150_000)}1${'}'.repeat(150_000)}}`,
    ),
    post('data, 95 levels deep', {
      data: nested(
        95,
        list(400_000, () => 1),
      ),
    }),
    post('140,000 empty objects', { data: { a: list(300_000, () => ({})) } }),
    post('one member 100,000 times', `{"clientSecretName":"open"${',"url":1'.repeat(100_000)}}`),
    post('escapes', `{"clientSecretName":"open","url":"${times('\\u0041')}"}`),
    post('no JSON at its end', `${JSON.stringify({ ...honest, data: { a: list(400_000, () => 1) } })}x`),
    post('no JSON', times('x')),
    { ...post('another content type', times('x')), headers: { 'content-type': 'text/plain' } },
    { ...post('a long idempotency key', {}), headers: { 'idempotency-key': times('k', urlSize) } },
    { ...post('a long session', {}), headers: { 'client-session': times('s', urlSize) } },
    { ...post('a long origin', {}), headers: { origin: `https://${times('o', urlSize)}` } },

    get('GET /requests?ids, 200 unknown ones', `/requests?ids=${list(200, (n) => `id-${n}`).join()}`),
    get('GET /requests?ids, 200 of a queue of 1,000', '/requests?ids=IDS', { records: { count: 999, queue: 'q' } }),
    get('GET /requests?ids, commas', `/requests?ids=${times(',', urlSize)}`),
    get('GET /requests?ids, a long one', `/requests?ids=${times('i', urlSize)}`),
    get('GET /requests, a&a&…', `/requests?${times('a&', urlSize)}`),
    get('GET /requests, a long filter', `/requests?url=${times('%2525', urlSize)}`),
    get('GET /requests, by url', `/requests?url=${encodeURIComponent(url)}`, {
      records: { count: 100, answerBytes: 1_000 },
    }),
    get('GET /requests, 100 large answers', '/requests?limit=100', {
      records: { count: 100, answerBytes: size },
    }),
    get('GET /requests, 100 large answers, compact', '/requests?limit=100&compact=true', {
      records: { count: 100, answerBytes: size },
    }),
    get('DELETE /requests/:id, a long one', `/requests/${times('i', urlSize)}`, { method: 'DELETE' }),
    get('GET /queues/:name, a long one', `/queues/${times('%2525', urlSize)}`),
    get('GET /health', '/health'),
    get('GET /metrics, a long token', '/metrics', { headers: { authorization: `Bearer ${times('t', urlSize)}` } }),
    get('GET /metrics', '/metrics', { headers: administrator }),
    get('a path that leads nowhere', `/requests${times('/requests', urlSize)}`),
    get('GET /keys', '/keys', { headers: administrator }),
    get('GET /keys/:name/requests, a long one', `/keys/${times('k', urlSize)}/requests`, { headers: administrator }),
    get('GET /audit', '/audit', { headers: administrator }),
    get('PUT /keys/:name, by nobody', '/keys/k', { method: 'PUT', body: JSON.stringify(times('x')) }),
    ...[
      ['15,000 rules', { allow: list(15_000, (n) => ({ url: `https://a${n}.test/**`, methods: ['GET'] })) }],
      [
        'a rule of 60,000 places',
        { allow: [{ url: `${url}/**`, methods: ['GET'], in: list(60_000, (n) => `params.${n}`) }] },
      ],
      ['a long url', { allow: [{ url: `https://a.test/${times('a/')}`, methods: ['GET'] }] }],
      ['wrong limits', { allow: [], limits: members(70_000, 'x') }],
    ].map(([name, change]) =>
      get(`POST /keys/check, ${name as string}`, '/keys/check', {
        method: 'POST',
        headers: administrator,
        body: JSON.stringify({ name: 'k', ...key, ...(change as object) }),
      }),
    ),
  ]
}

export const administratorToken = 'an-administrator-of-the-bench-of-requests'
