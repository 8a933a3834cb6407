import { describe, expect, test, vi } from 'vitest'
import { findSecret } from '../../src/attack/find-secret.ts'
import type { KeyEntry } from '../../src/protocol/keys.ts'
import {
  auditSchema,
  keyAnswerSchema,
  keyCheckAnswerSchema,
  keyListSchema,
  keyUsesSchema,
} from '../../src/protocol/keys.ts'
import type { RelayOptions } from '../../src/relay/options.ts'
import { administratorOf, token, setMasterKey } from '../helpers/administrator.ts'
import { json, startApi } from '../helpers/api.ts'
import { keyFor, startRelay } from '../helpers/relay.ts'

const secret = 'sk-"&+/=\\_0123456789-ends-with-WXYZ'
const rule = { url: 'https://api.example.com/v1/**', methods: ['POST'] }
const change = { secret, locked: false, allow: [rule], isNew: true }

async function setUp(options: Partial<RelayOptions> = {}) {
  setMasterKey()
  const status = (path: string) => (path.includes('fail') ? 402 : path.includes('refuse') ? 401 : 200)
  const api = await startApi(({ path }, outgoing) => json(outgoing, { path }, status(path)))
  const started = await startRelay({
    keys: { option: keyFor(api.url) },
    authenticate: (request) => request.headers.get('x-user'),
    ...options,
  })
  return { ...started, api, administrator: administratorOf(started.url) }
}

test('a page of another site may use keys where the options say so, and never look after them', async () => {
  const { administrator, url } = await setUp({ origins: ['https://app.example.com'] })
  const headers = { origin: 'https://app.example.com', 'sec-fetch-site': 'cross-site' }
  for (const [method, path] of [
    ['GET', '/keys'],
    ['DELETE', '/keys/option'],
    ['GET', '/audit'],
  ] as const)
    expect((await administrator.ask(method, path, undefined, headers)).status).toBe(403)
  expect((await administrator.ask('PUT', '/keys/shop', change, headers)).status).toBe(403)
  expect((await fetch(`${url}/requests`, { headers: { ...headers, 'x-user': 'ada' } })).status).toBe(200)
})

test('a stored value goes further than before only with somebody who knows it', async () => {
  const { administrator } = await setUp()
  const before = { url: 'https://api.example.com/v1/*', methods: ['GET', 'POST'], in: ['headers.a', 'params.b'] }
  expect((await administrator.put('shop', { ...change, allow: [before] })).status).toBe(200)
  const put = (allow: object, more: object = {}) =>
    administrator.ask('PUT', '/keys/shop', { locked: false, isNew: false, allow: [allow].flat(), ...more })
  const wider: [object, string][] = [
    [{ url: 'https://evil.test/v1/*' }, 'url'],
    [{ url: 'https://api.example.com:444/v1/*' }, 'url'],
    [{ url: 'https://*.example.com/v1/*' }, 'url'],
    [{ url: 'https://api.example.com/v1/**' }, 'url'],
    [{ url: 'https://api.example.com/v2/*' }, 'url'],
    [{ url: 'https://api.example.com/v1/' }, 'url'],
    [{ url: 'https://api.example.com/*/*' }, 'url'],
    [{ allowPrivateNetwork: true }, 'url'],
    [{ methods: ['GET', 'PUT'] }, 'methods'],
    [{ in: ['headers.a', 'data#/prompt'] }, 'in'],
    [{ in: ['headers.authorization'] }, 'in'],
  ]
  for (const [part, field] of wider) {
    const rules = [before, { ...before, ...part }]
    const { status, body } = await put(rules)
    expect([status, body.error?.path], JSON.stringify(part)).toEqual([400, `allow[1].${field}`])
    expect(body.error?.message).toMatch(/which the key did not allow before. Give the value again/)
    // The page asks first, and shows the words beside the field for the value.
    const draft = { name: 'shop', locked: false, isNew: false, allow: rules }
    const checked = keyCheckAnswerSchema.parse((await administrator.ask('POST', '/keys/check', draft)).body)
    expect(checked).toMatchObject({ valueNeeded: expect.stringMatching(/^Rule 2 lets the value go /) })
    expect(checked.words.rules).toHaveLength(2)
  }
  // Nothing of it was saved, and narrower never needs it.
  expect((await administrator.entry('shop'))?.allow).toMatchObject([before])
  for (const allow of [
    before,
    [
      { ...before, methods: ['GET'] },
      { ...before, in: ['params.b'] },
    ],
    { ...before, methods: ['GET'], url: 'https://api.example.com/v1/items', in: ['headers.A'] },
  ]) {
    const draft = { name: 'shop', locked: false, isNew: false, allow: [allow].flat() }
    expect((await administrator.ask('POST', '/keys/check', draft)).body).not.toHaveProperty('valueNeeded')
    expect((await put(allow)).status).toBe(200)
  }
  expect((await put({ ...before, url: 'https://other.example.com/**' }, { secret })).status).toBe(200)
  expect(await administrator.entry('shop')).toMatchObject({ version: 1 })
})

test('a rule that lets a value go further takes along the value that was given, and none that was there before', async () => {
  const { administrator, client, api } = await setUp()
  const usual = { ...keyFor(api.url).allow[0]!, url: `${api.url}/v1/*` }
  await administrator.put('shop', { ...change, allow: [usual] })
  const guess = 'not-the-value-but-of-one-length-0001'
  const wider = { ...usual, in: ['data#/prompt'] }
  const { status } = await administrator.ask('PUT', '/keys/shop', {
    locked: false,
    isNew: false,
    allow: [usual, wider],
    secret: guess,
  })
  expect(status).toBe(200)
  // An API that refuses it with 401 is asked with nothing else.
  const request = { clientSecretName: 'shop', url: `${api.url}/v1/refuse`, method: 'POST' as const }
  await expect(client.send({ ...request, data: { prompt: '$CLIENT_SECRET' } })).rejects.toThrow()
  expect(api.calls.map(({ body }) => body)).toEqual([JSON.stringify({ prompt: guess })])
})

describe('only an administrator', () => {
  const routes = [
    ['GET', '/keys'],
    ['PUT', '/keys/shop'],
    ['DELETE', '/keys/shop'],
    ['POST', '/keys/check'],
    ['GET', '/keys/shop/requests'],
    ['GET', '/audit'],
  ] as const
  const body = (method: string) => (['PUT', 'POST'].includes(method) ? { name: 'shop', ...change } : undefined)

  test.each(routes)('%s %s', async (method, path) => {
    const { administrator, log } = await setUp()
    for (const authorization of ['', 'Bearer', `Bearer ${token}x`, `Bearer ${token.slice(1)}`, `Basic ${token}`]) {
      const { status, body: answer } = await administrator.ask(method, path, body(method), { authorization })
      expect([status, answer.error?.code]).toEqual([401, 'SIGN_IN_REQUIRED'])
    }
    // Nor a page of another site, with the administrator's own browser.
    for (const headers of [{ origin: 'https://evil.test' }, { 'sec-fetch-site': 'cross-site' }]) {
      const { status, body: answer } = await administrator.ask(method, path, body(method), headers)
      expect([status, answer.error?.code]).toEqual([403, 'ORIGIN_NOT_ALLOWED'])
    }
    if (body(method)) {
      const { status, body: answer } = await administrator.ask(method, path, body(method), {
        'content-type': 'text/plain',
      })
      expect([status, answer.error?.path]).toEqual([400, 'headers.content-type'])
    }
    expect((await administrator.list()).map(({ name }) => name)).toEqual(['option'])
    expect((await administrator.ask('GET', '/audit')).body).toEqual({ entries: [] })
    expect(JSON.stringify([log, administrator.answers])).not.toContain('WXYZ')
  })

  test.each(routes)('%s %s, under another name than the relay has', async (method, path) => {
    const { administrator } = await setUp({ hosts: ['relay.example.com'] })
    const { status, body: answer } = await administrator.ask(method, path, body(method))
    expect([status, answer.error?.code]).toEqual([403, 'ORIGIN_NOT_ALLOWED'])
  })

  test.each(routes)('%s %s, where there is none', async (method, path) => {
    setMasterKey()
    vi.stubEnv('CLIENT_SECRET_ADMIN_TOKEN', undefined)
    const { url } = await startRelay({ keys: { option: keyFor('http://127.0.0.1:1') } })
    const { status, body: answer } = await administratorOf(url).ask(method, path, body(method))
    expect(status).toBe(404)
    expect(answer.error?.message).toMatch(/no administrator.*CLIENT_SECRET_ADMIN_TOKEN.*option administrator/)
  })

  test('known by a function: by name, or just so; what is neither is nobody', async () => {
    const found: Record<string, unknown> = {
      ada: 'ada@example.com',
      yes: true,
      user: { id: 'bob' },
      one: 1,
      none: null,
    }
    const { administrator } = await setUp({
      administrator: (request) => found[request.headers.get('x-who') ?? ''] as string,
    })
    for (const [who, status] of Object.entries({ ada: 200, yes: 200, user: 401, one: 401, none: 401 })) {
      const answer = await administrator.ask('PUT', `/keys/${who}`, change, { 'x-who': who })
      expect([who, answer.status]).toEqual([who, status])
    }
    const { body: answer } = await administrator.ask('GET', '/audit', undefined, { 'x-who': 'yes' })
    expect(answer['entries']).toMatchObject([
      { who: 'administrator', key: 'yes' },
      { who: 'ada@example.com', key: 'ada' },
    ])
  })
})

describe('the administrator is a caller of its own', () => {
  const request = (url: string) => ({
    clientSecretName: 'option',
    url: `${url}/v1`,
    method: 'GET',
    headers: { authorization: '$CLIENT_SECRET' },
  })
  const locked = (url: string) => ({ keys: { option: { ...keyFor(url), locked: true } } })

  test('known by the token: may use a locked key, and reads what no user does', async () => {
    const api = await startApi()
    const asked: (string | null)[] = []
    const { administrator } = await setUp({
      ...locked(api.url),
      authenticate: (asking) => {
        asked.push(asking.headers.get('authorization'))
        return asking.headers.get('x-user')
      },
    })
    expect((await administrator.ask('POST', '/requests', request(api.url))).status).toBe(200)
    expect((await administrator.ask('GET', '/requests')).body['records']).toHaveLength(1)
    // A bearer of an administrator is nothing for whatever the site asks about users.
    expect(asked).toEqual([])
    expect((await administrator.ask('GET', '/keys/option/requests')).body['requests']).toMatchObject([
      { caller: 'administrator (token)' },
    ])
    const user = { authorization: '', 'x-user': 'administrator (token)' }
    expect((await administrator.ask('GET', '/requests', undefined, user)).body['records']).toEqual([])

    const wrong = { authorization: `Bearer ${token}x`, 'client-session': 'a'.repeat(30) }
    const { status, body } = await administrator.ask('POST', '/requests', request(api.url), wrong)
    expect([status, body.error?.code]).toEqual([401, 'SIGN_IN_REQUIRED'])
    // From a page of another site it is refused as everything else is.
    const { body: refused } = await administrator.ask('POST', '/requests', request(api.url), {
      'sec-fetch-site': 'cross-site',
    })
    expect(refused.error?.code).toBe('ORIGIN_NOT_ALLOWED')
  })

  test('not by the token where the option administrator says who is one', async () => {
    const api = await startApi()
    const { administrator } = await setUp({ ...locked(api.url), administrator: () => false })
    const session = { 'client-session': 'a'.repeat(30) }
    const { body } = await administrator.ask('POST', '/requests', request(api.url), session)
    expect(body.error?.code).toBe('SIGN_IN_REQUIRED')
  })
})

describe('bad input is told at its field, and the value stands in no answer and no log', () => {
  const allow = (other: object) => ({ allow: [{ ...rule, ...other }] })
  const rows: [string, { name?: string; change?: object | string }, string | undefined, RegExp][] = [
    ['a name with a space', { name: 'my%20key' }, 'name', /is not a valid name for a key. Use letters, digits/],
    ['__proto__', { name: '__proto__' }, 'name', /is not a valid name/],
    ['a name that is too long', { name: 'a'.repeat(101) }, 'name', /100 at most/],
    ['a name of the relay’s own', { name: 'master-key' }, 'name', /a name that the relay uses itself/],
    ['another name of its own', { name: 'Admin.Token' }, 'name', /the relay uses itself/],
    ['a name that an option has', { name: 'option' }, 'name', /taken by another key in the relay's options/],
    [
      'a name that is taken',
      { name: 'taken' },
      'name',
      /taken by another key\. Choose another name, or change that key/,
    ],
    ['a change of what is not there', { change: { isNew: false } }, 'name', /no key of this name to change/],
    ['a change of an option', { name: 'option', change: { isNew: false } }, 'name', /is in the relay's options/],
    ['no value', { change: { secret: undefined } }, 'secret', /has no secret. Give the value/],
    ['an empty value', { change: { secret: '' } }, 'secret', /has no secret/],
    ['a value that is short', { change: { secret: 'WXYZ567' } }, 'secret', /fewer than 8 characters/],
    ['a value that is long', { change: { secret: 'WXYZ'.repeat(1025) } }, 'secret', /more than 4096 characters/],
    [
      'a value and a line break',
      { change: { secret: `${secret}\n` } },
      'secret',
      /ends with a line break.*Leave the line break out/,
    ],
    ['a line break within', { change: { secret: `WXYZ\n${secret}` } }, 'secret', /with a line break or/],
    ['a value that is not ASCII', { change: { secret: `${secret}é` } }, 'secret', /not ASCII/],
    ['a value that is a number', { change: { secret: 1234567890 } }, 'secret', /not a string/],
    [
      'a rule for every host',
      { change: allow({ url: 'https://*/**' }) },
      'allow[0].url',
      /go to hosts of other people/,
    ],
    ['a rule for all of .com', { change: allow({ url: 'https://*.com/**' }) }, 'allow[0].url', /hosts of other people/],
    [
      'an unencrypted rule',
      { change: allow({ url: 'http://a.test/' }) },
      'allow[0].url',
      /Rule 1 has the url.*unencrypted/,
    ],
    ['a url that is a list', { change: allow({ url: ['https://a.test/'] }) }, 'allow[0].url', /which is not a url/],
    ['a url that is none', { change: allow({ url: 'a.test' }) }, 'allow[0].url', /which is not a url/],
    ['no method', { change: allow({ methods: [] }) }, 'allow[0].methods', /has no methods/],
    ['a method there is not', { change: allow({ methods: ['JUMP'] }) }, 'allow[0].methods', /"JUMP"/],
    ['a place there is not', { change: allow({ in: ['body'] }) }, 'allow[0].in', /the place "body"/],
    ['a place that is a list', { change: allow({ in: [['headers.x']] }) }, 'allow[0].in', /the place/],
    [
      'a flag that is a word',
      { change: allow({ retryable: 'no' }) },
      'allow[0].retryable',
      /must be true or false; it is "no"/,
    ],
    ['a field of no rule', { change: allow({ host: 'a' }) }, 'allow[0]', /has an unknown field "host"/],
    ['the second rule', { change: { allow: [rule, { ...rule, url: 'x' }] } }, 'allow[1].url', /Rule 2 has the url "x"/],
    ['no rules', { change: { allow: [] } }, 'allow', /has no rules, so callers cannot use it/],
    ['rules that are none', { change: { allow: 'all' } }, 'allow', /has no rules/],
    ['a limit of nothing', { change: { limits: { requestsPerMinute: 0 } } }, 'limits.requestsPerMinute', /above 0/],
    [
      'a limit there is not',
      { change: { limits: { perHour: 5 } } },
      'limits.perHour',
      /must be left out: the limits are/,
    ],
    [
      'the value as a limit',
      { change: { limits: { [secret]: 5 } } },
      expect.stringMatching(/\$CLIENT_SECRET$/),
      /must be left out: the limits are/,
    ],
    ['locked that is a word', { change: { locked: 'no' } }, 'locked', /must be true or false; it is "no"/],
    ['isNew left out', { change: { isNew: undefined } }, 'isNew', /has no isNew/],
    ['a field of no key', { change: { lock: true } }, undefined, /has an unknown field "lock"/],
    [
      'the value in a rule',
      { change: allow({ url: `https://a.test/${encodeURIComponent(secret)}` }) },
      'allow[0].url',
      /secret value in the field.*Write \$CLIENT_SECRET/,
    ],
    [
      'the value in a wrong rule',
      { change: allow({ url: `ftp://a.test/${encodeURIComponent(secret)}` }) },
      'allow[0].url',
      /Begin it with https/,
    ],
    [
      'the value as a place',
      { change: allow({ in: [`params.${secret}`] }) },
      'allow[0].in',
      /secret value in the field/,
    ],
    ['the value as a method', { change: allow({ methods: [secret] }) }, 'allow[0].methods', /The methods are/],
    ['the value as a field', { change: { [secret]: 1 } }, undefined, /has an unknown field/],
    [
      'the value as the name',
      { name: 'WXYZ-0123456789', change: { secret: 'WXYZ-0123456789' } },
      'name',
      /Choose another name/,
    ],
    ['no JSON', { change: `{"secret": "${'WXYZ'.repeat(9)}", ` }, undefined, /is not a JSON object/],
    ['no object', { change: '[]' }, undefined, /is not a JSON object/],
  ]

  test.each(rows)('%s', async (_name, { name = 'shop', change: other = {} }, path, sentence) => {
    const { administrator, log } = await setUp()
    await administrator.put('taken', { ...change, secret: 'another-value-0123456789' })
    const body = typeof other === 'string' ? other : { ...change, ...other }
    const answer = await administrator.ask('PUT', `/keys/${name}`, body)
    expect(answer.status).toBeGreaterThanOrEqual(400)
    expect(answer.status).toBeLessThan(500)
    expect(answer.body.error?.path).toEqual(path)
    expect(answer.body.error?.message).toMatch(sentence)
    expect((await administrator.list()).map((key) => key.name)).toEqual(['option', 'taken'])
    for (const text of [...administrator.answers, JSON.stringify(log)]) {
      expect(text).not.toContain('WXYZ')
      expect(findSecret(Buffer.from(text), secret)).toBeNull()
    }
    // Asked before saving, the same is said: but the value may come later.
    if (typeof other === 'string' || ('secret' in other && other.secret === undefined)) return
    const checked = await administrator.ask('POST', '/keys/check', {
      ...(body as object),
      name: decodeURIComponent(name),
    })
    expect(checked.body).toEqual(answer.body)
  })

  test('a locked key, where nobody can sign in', async () => {
    const { administrator } = await setUp({ authenticate: undefined })
    const { body } = await administrator.put('shop', { ...change, locked: true })
    expect(body.error).toMatchObject({
      path: 'locked',
      message: expect.stringMatching(/no authenticate.*Unlock it/) as string,
    })
  })

  test('names that objects have are names like others', async () => {
    const { administrator } = await setUp()
    for (const name of ['constructor', 'toString', 'check', 'keys', 'requests', 'a'.repeat(100)]) {
      expect((await administrator.put(name, change)).status).toBe(200)
      expect(await administrator.entry(name)).toMatchObject({ name, version: 1, source: 'store' })
      expect((await administrator.remove(name)).body).toEqual({ removed: true })
    }
    expect((await administrator.remove('hasOwnProperty')).body).toEqual({ removed: false })
    expect((await administrator.remove('__proto__')).body).toEqual({ removed: false })
    expect((await administrator.remove('option')).body.error).toMatchObject({ path: 'name' })
  })
})

test('what is told of a key: words, rules, limits, times, and four characters of a long value', async () => {
  const { administrator } = await setUp()
  const began = Date.now()
  const limits = { requestsPerMinute: 60 }
  const { body } = await administrator.put('shop', {
    ...change,
    locked: true,
    limits,
    allow: [{ ...rule, methods: ['post'], in: ['headers.x-key'], retryable: true }],
  })
  const key: KeyEntry = keyAnswerSchema.parse(body).key
  expect(key).toEqual({
    name: 'shop',
    source: 'store',
    locked: true,
    allow: [{ url: rule.url, methods: ['POST'], in: ['headers.x-key'], retryable: true }],
    limits,
    words: {
      callers: 'Signed-in users only, together at most 60 requests a minute.',
      rules: [
        {
          sentence: 'By POST to https://api.example.com, to any path below /v1/, in the header x-key.',
          warnings: [expect.stringMatching(/repeats an interrupted POST or PATCH/)],
        },
      ],
      warnings: [],
    },
    version: 1,
    createdAt: key.createdAt,
    updatedAt: key.createdAt,
    lastUsedAt: null,
    uses: 0,
    ending: 'WXYZ',
  })
  expect(key.createdAt).toBeGreaterThanOrEqual(began)
  // A short one would be given away by its last four.
  await administrator.put('short', { ...change, secret: 'nineteen-characters' })
  await administrator.put('long', { ...change, secret: 'twenty-characters-it' })
  const { keys } = keyListSchema.parse({ keys: await administrator.list() })
  expect(keys.map(({ name, ending }) => [name, ending])).toEqual([
    ['long', 's-it'],
    ['option', '7c1d'],
    ['shop', 'WXYZ'],
    ['short', undefined],
  ])
})

test('a check says where the secret could go, and saves nothing', async () => {
  const { administrator } = await setUp()
  const draft = { name: 'shop', locked: false, allow: [{ ...rule, url: 'https://api.example.com/**' }], isNew: true }
  const { words } = keyCheckAnswerSchema.parse((await administrator.ask('POST', '/keys/check', draft)).body)
  expect(words).toMatchObject({
    callers: 'Every visitor, signed in or not.',
    rules: [
      {
        sentence: 'By POST to https://api.example.com, to any path, in the header authorization.',
        warnings: [expect.stringMatching(/Every path of https:\/\/api.example.com is allowed/)],
      },
    ],
    warnings: [expect.stringMatching(/Every visitor may use the key as often/)],
  })
  expect((await administrator.list()).map(({ name }) => name)).toEqual(['option'])
})

test('the audit list says who did what, and when, the newest first', async () => {
  const { administrator } = await setUp()
  await administrator.put('shop', change)
  await administrator.put('shop', { ...change, isNew: false })
  await administrator.put('shop', { ...change, secret: undefined, allow: [rule, rule], isNew: false })
  await administrator.put('shop', { ...change, secret: `${secret}2`, isNew: false })
  await administrator.put('shop', { ...change, secret: `${secret}3`, allow: [rule, rule], isNew: false })
  await administrator.put('shop', { ...change, secret: '', isNew: false })
  await administrator.remove('shop')
  await administrator.remove('shop')
  const { entries } = auditSchema.parse((await administrator.ask('GET', '/audit')).body)
  expect(entries.map(({ what, version }) => [what, version])).toEqual([
    ['removed', 3],
    ['rotated', 3],
    ['changed', 3],
    ['rotated', 2],
    // Two rules, and then one again together with a new value.
    ['changed', 2],
    ['changed', 1],
    ['added', 1],
  ])
  expect(new Set(entries.map(({ who, key }) => `${who} ${key}`))).toEqual(new Set(['administrator (token) shop']))
  expect(Math.abs(entries[0]!.at - Date.now())).toBeLessThan(10_000)
})

test('the audit list says locked and unlocked, beside what else was changed', async () => {
  const { administrator } = await setUp()
  const { secret: _, ...kept } = { ...change, isNew: false }
  await administrator.put('shop', { ...change, locked: true })
  await administrator.put('shop', { ...kept, locked: false })
  await administrator.put('shop', { ...kept, locked: true, limits: { requestsPerMinute: 60 } })
  const { entries } = auditSchema.parse((await administrator.ask('GET', '/audit')).body)
  expect(entries.map(({ what }) => what)).toEqual(['locked', 'changed', 'unlocked', 'added'])
})

test('who used a key: no path, no query, no header, no body', async () => {
  const { administrator, url, api } = await setUp()
  await administrator.put('shop', {
    ...change,
    allow: [{ url: `${api.url}/**`, methods: ['POST', 'GET'], allowPrivateNetwork: true }],
  })
  const use = (path: string, headers: Record<string, string>, more: object = {}) =>
    fetch(`${url}/requests`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({
        clientSecretName: 'shop',
        url: `${api.url}/${path}?q=private-query`,
        method: 'POST',
        headers: { authorization: '$CLIENT_SECRET', 'x-private': 'private-header' },
        data: { text: 'private-body' },
        ...more,
      }),
    })
  const never = 'client-session'
  await use('private-path', { 'x-user': 'ada' })
  await use('fail', { [never]: 'a'.repeat(30) })
  await use('fail', { [never]: 'b'.repeat(30) }, { url: 'https://elsewhere.test/' })
  await use('x', { 'x-user': 'bob' }, { clientSecretName: 'option' })
  await administrator.remove('shop')
  const { requests } = keyUsesSchema.parse((await administrator.ask('GET', '/keys/shop/requests')).body)
  const common = {
    method: 'POST',
    host: new URL(api.url).host,
    createdAt: expect.any(Number) as number,
    updatedAt: expect.any(Number) as number,
    id: expect.any(String) as string,
  }
  expect(requests).toEqual([
    {
      ...common,
      status: 'failed',
      upstreamStatus: 402,
      code: 'UPSTREAM_ERROR',
      caller: expect.stringMatching(/^visitor [\w-]{6}$/) as string,
    },
    { ...common, status: 'resolved', upstreamStatus: 200, caller: 'ada' },
  ])
  expect(administrator.answers.join('\n')).not.toMatch(/private-/)
})

test('answers are for nobody to keep, and the relay may stand below any path', async () => {
  const { url } = await setUp()
  const answer = await fetch(`${url.replace('/api/relay', '/some/other/place')}/keys/`, {
    headers: { authorization: `Bearer ${token}` },
  })
  expect(answer.status).toBe(200)
  expect(answer.headers.get('cache-control')).toBe('no-store')
})
