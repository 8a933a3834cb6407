import fc from 'fast-check'
import { withValueAt } from '../../src/attack/target.ts'
import type { KeyRule, Place } from '../../src/relay/keys/key-rules.ts'

export const placeholder = '$CLIENT_SECRET'
const pick = fc.constantFrom

/** Printable ASCII, as a key may be, with much of what breaks careless code. */
export const secret = fc
  .array(
    fc.oneof(fc.string({ minLength: 1, maxLength: 1 }), pick('$', '&', '"', '\\', '%', '+', '/', '=', ';', '<', "'")),
    {
      minLength: 8,
      maxLength: 40,
    },
  )
  .map((characters) => characters.join('').replace(/[^!-~]/g, 'x'))

const name = fc.oneof(
  pick(
    'a',
    'key',
    'x-api-key',
    'authorization',
    'Authorization',
    '__proto__',
    'constructor',
    'a~b',
    'a/b',
    '',
    '0',
    '$',
  ),
  fc.string({ maxLength: 8 }),
)
const headerName = pick(
  'authorization',
  'Authorization',
  'x-api-key',
  'X-Api-Key',
  'accept',
  'x-a',
  'content-type',
  'host',
  '__proto__',
  'x a',
  '',
)

const text = fc.oneof(
  pick(
    placeholder,
    `Bearer ${placeholder}`,
    `${placeholder}${placeholder}`,
    `${placeholder}_2`,
    '$CLIENT_',
    '%24CLIENT_SECRET',
    '$&',
    'plain',
    '',
    '\r\nx: y',
    'é',
    '日本',
  ),
  fc.string({ maxLength: 12 }),
  fc
    .tuple(fc.string({ maxLength: 6 }), fc.string({ maxLength: 6 }))
    .map(([before, behind]) => `${before}${placeholder}${behind}`),
)

const host = pick(
  'api.example.com',
  'a.example.com',
  'b.a.example.com',
  'evil.example',
  'api.example.com.evil.example',
  '10.0.0.1',
  '[::1]',
  'API.EXAMPLE.COM',
)
const segment = fc.oneof(
  pick('v1', 'items', 'one', placeholder, `bot${placeholder}`, '..', '%2e%2e', '%2f', '', ';', '%', 'é'),
  fc.webSegment(),
)
const path = fc.array(segment, { maxLength: 4 }).map((segments) => `/${segments.join('/')}`)
const query = fc.array(
  fc.tuple(fc.oneof(pick('key', 'q', 'a[b]', '%6bey'), fc.webSegment()), fc.oneof(text, fc.webQueryParameters())),
  { maxLength: 3 },
)

const url = fc
  .record({
    scheme: pick('https:', 'https:', 'https:', 'http:', 'ftp:'),
    userinfo: fc.oneof({ weight: 12, arbitrary: fc.constant('') }, pick('u@', 'api.example.com@', `${placeholder}@`)),
    host: fc.oneof({ weight: 8, arbitrary: host }, fc.domain(), pick(`${placeholder}.example.com`)),
    port: pick('', '', '', ':443', ':8443', ':80'),
    path,
    query,
    fragment: pick('', '', '#x', `#${placeholder}`),
  })
  .map(({ scheme, userinfo, host, port, path, query, fragment }) => {
    const search = query.map((pair) => pair.join('=')).join('&')
    return `${scheme}//${userinfo}${host}${port}${path}${search && `?${search}`}${fragment}`
  })

const { json } = fc.letrec((tie) => ({
  json: fc.oneof({ maxDepth: 4 }, text, fc.integer(), fc.boolean(), fc.constant(null), tie('list'), tie('object')),
  list: fc.array(tie('json'), { maxLength: 3 }),
  object: fc.dictionary(name, tie('json'), { maxKeys: 3 }),
}))

const request = fc.record(
  {
    clientSecretName: pick('key'),
    url,
    method: pick('GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'post'),
    headers: fc.oneof(
      {
        weight: 4,
        arbitrary: fc.dictionary(pick('authorization', 'x-api-key', 'accept', 'x-a'), text, { maxKeys: 3 }),
      },
      {
        weight: 2,
        arbitrary: fc.record({
          'content-type': pick('application/x-www-form-urlencoded', 'application/json'),
          authorization: text,
        }),
      },
      fc.dictionary(headerName, text, { maxKeys: 3 }),
    ),
    params: fc.dictionary(name, fc.oneof(text, fc.integer(), fc.boolean(), fc.array(text, { maxLength: 3 })), {
      maxKeys: 3,
    }),
    data: fc.dictionary(name, json, { maxKeys: 4 }),
  },
  { requiredKeys: ['clientSecretName', 'url', 'method'] },
)

/** Anything at all that JSON can say, now and then in place of a request. */
export const anything = fc.oneof({ weight: 3, arbitrary: request }, fc.jsonValue() as fc.Arbitrary<unknown>)

const place: fc.Arbitrary<Place> = fc.oneof(
  pick(
    'headers.authorization',
    'headers.x-api-key',
    'params.key',
    'params.a[b]',
    'url.path',
    'data#/key',
    'data#/a/key',
    'data#/0',
    'data#/a~1b',
    'data#/',
  ),
  name.map((one): Place => `data#/${one.replaceAll('~', '~0').replaceAll('/', '~1')}`),
)

export const rule: fc.Arbitrary<KeyRule> = fc.record({
  url: pick(
    'https://api.example.com/**',
    'https://api.example.com/v1/*',
    'https://*.example.com/**',
    `https://api.example.com/bot${placeholder}/**`,
    'https://api.example.com:8443/**',
    'http://10.0.0.1/**',
  ),
  methods: pick<KeyRule['methods'][]>(['POST'], ['GET', 'POST', 'PUT'], ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']),
  in: fc.uniqueArray(place, { minLength: 1, maxLength: 6 }),
  allowPrivateNetwork: fc.constant(true),
})

function mapped(value: unknown, change: (text: string, pointer: string) => string, pointer = ''): unknown {
  if (typeof value === 'string') return change(value, pointer)
  if (Array.isArray(value)) return value.map((item, index) => mapped(item, change, `${pointer}/${index}`))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [
      name,
      mapped(item, change, `${pointer}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`),
    ]),
  )
}

/** A request that fits the rule, so that not all of the runs end at the door: placeholders in undeclared places are made harmless. */
export const fitting = fc.tuple(rule, request, secret).map(([one, wish, value]) => {
  const places = one.url.includes(placeholder) ? [...one.in!, 'url.path' as const] : one.in!
  const keep = (place: string, text: string) =>
    places.includes(place as Place) ? text : text.replaceAll(placeholder, '$CLIENT-SECRET')
  const url = one.url.replace('**', 'items/1').replace('*.', 'a.').replace('*', 'one')
  const hasBody = one.methods[0] === 'POST'
  let fit: Record<string, unknown> = {
    clientSecretName: 'key',
    method: one.methods[0],
    url: places.includes('url.path') && !url.includes(placeholder) ? url.replace(/[^/]*$/, placeholder) : url,
    headers: Object.fromEntries(
      Object.entries(wish.headers ?? {})
        .filter(([header, text]) => /^(x-|auth|acc|content-t)/.test(header) && /^[\x20-\x7e]*$/.test(text))
        .map(([header, text]) => [header, keep(`headers.${header}`, text)]),
    ),
    params: Object.fromEntries(
      Object.entries(wish.params ?? {}).map(([param, item]) => [
        param,
        Array.isArray(item)
          ? item.map((text) => keep(`params.${param}`, text))
          : typeof item === 'string'
            ? keep(`params.${param}`, item)
            : item,
      ]),
    ),
    ...(hasBody && { data: mapped(wish.data ?? {}, (text, pointer) => keep(`data#${pointer}`, text)) }),
  }
  for (const place of places) {
    const [, kind = '', name = ''] = /^(headers|params|data)[.#]\/?(.*)$/s.exec(place) ?? []
    if (kind === 'data' ? hasBody : kind)
      fit = {
        ...fit,
        [kind]: withValueAt(
          fit[kind] ?? {},
          kind === 'data' ? name.split('/') : [name.replaceAll('~', '~0').replaceAll('/', '~1')],
          placeholder,
        ),
      }
  }
  return { rule: { ...one, in: places }, secret: value, request: fit }
})
