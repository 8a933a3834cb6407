import { describe, expect, test } from 'vitest'
import { compileRule, findRule, type KeyRule } from '../../src/relay/keys/key-rules.ts'
import { widerReach } from '../../src/relay/keys/wider-reach.ts'
import { substitute } from '../../src/relay/upstream/substitute.ts'
import type { ClientSecretRequest } from '../../src/protocol/request.ts'

function allows(rule: Partial<KeyRule>, request: Partial<ClientSecretRequest>): boolean {
  const compiled = compileRule({ url: 'https://api.example.com/v1/**', methods: ['POST'], ...rule }, 'rule')
  try {
    findRule(
      { name: 'key', rules: [compiled] },
      {
        clientSecretName: 'key',
        url: 'https://api.example.com/v1/items',
        method: 'POST',
        headers: { Authorization: '$CLIENT_SECRET' },
        ...request,
      },
    )
    return true
  } catch {
    return false
  }
}

describe('the url of a rule', () => {
  const cases: [rule: string, url: string, allowed: boolean][] = [
    ['https://api.example.com/v1/**', 'https://api.example.com/v1/items', true],
    ['https://api.example.com/v1/**', 'https://api.example.com/v1/items/7/parts?x=1#y', true],
    ['https://api.example.com/v1/**', 'https://API.Example.com:443/v1/items', true],
    ['https://api.example.com/v1/**', 'https://api.example.com/v1/x/../items', true],
    ['https://api.example.com/v1/**', 'https://api.example.com/v1', false],
    ['https://api.example.com/v1/**', 'https://api.example.com/v10/items', false],
    ['https://api.example.com/v1/**', 'https://api.example.com/V1/items', false],
    ['https://api.example.com/v1/**', 'https://api.example.com/', false],
    ['https://api.example.com/v1/**', 'https://api.example.com/v1/%2e%2e/admin', false],
    ['https://api.example.com/v1/**', 'https://api.example.com/v1/%25%32%65%25%32%65%25%32%66admin', false],
    ['https://api.example.com/v1/**', 'https://api.example.com/v1/..%25252fadmin', false],
    ['https://api.example.com/v1/**', 'https://api.example.com/v1/%zz', false],
    ['https://api.example.com/v1/**', 'https://api.example.com/v1/a%20b.json', true],
    ['https://api.example.com/v1/**', 'https://api.example.com:8443/v1/items', false],
    ['https://api.example.com/v1/**', 'https://api.example.com.evil.com/v1/items', false],
    ['https://api.example.com/v1/**', 'https://api.example.com@evil.com/v1/items', false],
    ['https://api.example.com/v1/**', 'https://evil.com\\@api.example.com/v1/items', false],
    ['https://api.example.com/v1/**', 'https://api.example.com./v1/items', false],
    ['https://api.example.com/v1/**', 'https://xapi.example.com/v1/items', false],
    ['https://api.example.com/v1/**', 'https://example.com/v1/items', false],
    ['https://api.example.com/v1/**', 'https://a.api.example.com/v1/items', false],
    ['https://api.example.com/v1/*/parts', 'https://api.example.com/v1/7/parts', true],
    ['https://api.example.com/v1/*/parts', 'https://api.example.com/v1/7/8/parts', false],
    ['https://api.example.com/v1/*/parts', 'https://api.example.com/v1//parts', false],
    ['https://api.example.com/v1/items', 'https://api.example.com/v1/items/7', false],
    ['https://api.example.com/', 'https://api.example.com', true],
    ['https://api.example.com/v1/*:append', 'https://api.example.com/v1/A1:append', true],
    ['https://api.example.com/v1/*:append', "https://api.example.com/v1/'My%20Otters'!A1:B2:append", true],
    ['https://api.example.com/v1/*:append', 'https://api.example.com/v1/A1:clear', false],
    ['https://api.example.com/v1/*:append', 'https://api.example.com/v1/A1:Append', false],
    ['https://api.example.com/v1/*:append', 'https://api.example.com/v1/A1:appendAll', false],
    ['https://api.example.com/v1/*:append', 'https://api.example.com/v1/A1%3Aappend', false],
    ['https://api.example.com/v1/*:append', 'https://api.example.com/v1/:append', false],
    ['https://api.example.com/v1/*:append', 'https://api.example.com/v1/*:append', true],
    ['https://api.example.com/v1/*:append', 'https://api.example.com/v1/a/b:append', false],
    ['https://api.example.com/v1/*:append', 'https://api.example.com/v1/A1:clear?x=:append', false],
    ['https://api.example.com/v1/*:append', 'https://api.example.com/v1/A1:clear%3Fx:append', false],
    ['https://api.example.com/v1/*:append', 'https://api.example.com/v1/A1:clear%253Fx:append', false],
    ['https://api.example.com/v1/*:append', 'https://api.example.com/v1/A1:clear%23:append', false],
    ['https://api.example.com/v1/*:append', 'https://api.example.com/v1/A1:clear;x=:append', false],
    ['https://api.example.com/v1/*:append', 'https://api.example.com/v1/A1:clear？:append', false],
    ['https://api.example.com/*:get/x', 'https://api.example.com/a:get/x', true],
    ['https://*.example.com/**', 'https://eu.example.com/x', true],
    ['https://*.example.com/**', 'https://a.b.example.com/x', false],
    ['https://*.example.com/**', 'https://example.com/x', false],
    ['https://*.example.com/**', 'https://.example.com/x', false],
    ['https://api.example.com:8443/**', 'https://api.example.com:8443/x', true],
    ['https://api.example.com:8443/**', 'http://api.example.com:8443/x', false],
    ['https://api.example.com/bot$CLIENT_SECRET/*', 'https://api.example.com/bot$CLIENT_SECRET/send', true],
    ['https://api.example.com/bot$CLIENT_SECRET/*', 'https://api.example.com/botX/send', false],
    [
      'https://api.example.com/bot$CLIENT_SECRET/*',
      'https://api.example.com/bot$CLIENT_SECRET/say$CLIENT_SECRET',
      false,
    ],
    [
      'https://api.example.com/bot$CLIENT_SECRET/**',
      'https://api.example.com/bot$CLIENT_SECRET/a/$CLIENT_SECRET',
      false,
    ],
  ]
  test.each(cases)('%s, for %s: %s', (rule, url, allowed) => {
    expect(allows({ url: rule, in: ['url.path', 'headers.authorization'] }, { url })).toBe(allowed)
  })
})

test.each([
  ['*', '*:append', null],
  ['*', '**', 'url'],
  ['*:append', '*:append', null],
  ['*:append', 'A1:append', null],
  ['*:append', '*', 'url'],
  ['*:append', '*:clear', 'url'],
  ['*:append', '**', 'url'],
  ['*:append', 'A1%3F:append', 'url'],
  ['**', '*:append', null],
  ['a', '*:append', 'url'],
])('a rule for %s, then one for %s: further at %s', (before, after, field) => {
  const rulesFor = (path: string) => [compileRule({ url: `https://api.example.com/v1/${path}`, methods: ['GET'] }, 'a')]
  expect(widerReach(rulesFor(before), rulesFor(after))?.field ?? null).toBe(field)
})

test.each(['a*', '*a', '*:', '*:a*', '*:a-b', '*:1', '**:a', '*:*', 'a*:b'])('%s is no part of a rule', (part) => {
  expect(() => compileRule({ url: `https://api.example.com/${part}`, methods: ['GET'] }, 'rule')).toThrow(
    '* matches a whole segment of the path, such as /v1/*/items, or what is before a verb, such as /v1/*:generate.',
  )
})

describe('a path that another server may read as another one is refused', () => {
  const encodings = (text: string) => [text, encodeURIComponent(text), encodeURIComponent(encodeURIComponent(text))]
  test.each([
    // Decoded once more they are a step with something behind it.
    ...['..%3fx', '..%23x', '..%3bx', '.%3fx', '.%09.', '.%0a.', '..%0d%0a', '..%0d%0ax', 'a%0d%0ab', 'a%7fb'],
    // Trimmed, or with what is not seen left out.
    ...['..%20', '%20..', '.%20.', '..%C2%A0', '..%E2%80%8B', '.%C2%AD.', '%E2%81%A0', '%20', '...', '. . .'],
    // Mapped to what they look like.
    ...['．．', '．．／x', 'a／b', 'a＼b', '‥', '․․', '．', '﹒﹒', '％2e％2e', '℀', '‥；x'],
    ...['a⁄b', 'a∕b', 'a∖b', 'a⧵b', 'a⧸b', 'a⧹b'],
    // Not UTF-8, or encoded without end.
    ...['%c0%ae%c0%ae', '%c0%af', '%e0%80%ae', '%ff', `%${'25'.repeat(1000)}2e`],
    ...['..;', '..;x=y', '.;', ';', ';x', '..%3b'],
    ...['a%3fb', 'a%23b'],
  ])('%s', (segment) => {
    for (const one of encodings(segment)) {
      for (const rule of ['https://api.example.com/v1/**', 'https://api.example.com/v1/*/items']) {
        const url = `https://api.example.com/v1/${one}/items`
        // What a parser takes as a step itself is another path afterwards.
        if (new URL(url).pathname.split('/').length < 4) continue
        expect([one, allows({ url: rule }, { url })]).toEqual([one, false])
      }
    }
  })

  test.each([
    ...['items', 'v1.2', '.well-known', 'a..b', 'a.', 'file.tar.gz', '..a', 'models', '-', '~user', '_'],
    ...[
      'gpt-4:generate',
      '@me',
      'a,b',
      "it's",
      '(a)',
      'a=b',
      'a+b',
      'a&b',
      'a;b',
      'a;v=1',
      '$metadata',
      'Sheet1!A1:B2',
    ],
    ...['a%20b.json', 'ä', 'é.txt', '日本語', '👩‍👩‍👧', '½', 'ﬁ', 'Ａ', 'a%3Ab', '%40me', 'a%2Cb'],
  ])('%s is an ordinary one', (segment) => {
    for (const rest of ['', '/items'])
      expect(allows({}, { url: `https://api.example.com/v1/${segment}${rest}` })).toBe(true)
  })

  test.each(['What%3F', '%23general', 'items/'])('%s is an ordinary last one', (segment) => {
    expect(allows({}, { url: `https://api.example.com/v1/${segment}` })).toBe(true)
  })
})

describe('the places of a rule', () => {
  const cases: [rule: KeyRule['in'], request: Partial<ClientSecretRequest>, allowed: boolean][] = [
    [undefined, { headers: { AUTHORIZATION: '$CLIENT_SECRET' } }, true],
    [undefined, { headers: { Authorization: '$CLIENT_SECRET', 'x-api-key': '$CLIENT_SECRET' } }, false],
    [['headers.X-Api-Key'], { headers: { 'x-api-key': '$CLIENT_SECRET' } }, true],
    [['params.key'], { headers: {}, params: { key: ['a', '$CLIENT_SECRET'] } }, true],
    [['params.key'], { headers: {}, params: { Key: '$CLIENT_SECRET' } }, false],
    [['params.key'], { headers: {}, url: 'https://api.example.com/v1/x?key=$CLIENT_SECRET&q=$CLIENT_SECRET' }, false],
    [['data#/auth/key'], { headers: {}, data: { auth: { key: '$CLIENT_SECRET' } } }, true],
    [['data#/auth/key'], { headers: {}, data: { auth: { key: ['$CLIENT_SECRET'] } } }, false],
    [['data#/auth/key'], { headers: {}, data: { 'auth/key': '$CLIENT_SECRET' } }, false],
    [['data#/a~1b/m~0n'], { headers: {}, data: { 'a/b': { 'm~n': '$CLIENT_SECRET' } } }, true],
  ]
  test.each(cases)('%o, for %o: %s', (places, request, allowed) => {
    expect(allows({ in: places }, request)).toBe(allowed)
  })
})

test('a rule whose url holds the placeholder means that place', () => {
  expect(
    allows(
      { url: 'https://api.example.com/bot$CLIENT_SECRET/*' },
      { url: 'https://api.example.com/bot$CLIENT_SECRET/send', headers: {} },
    ),
  ).toBe(true)
})

test('a placeholder in a place that is not named stays the text it is, also if no rule had looked', () => {
  const call = substitute(
    {
      clientSecretName: 'key',
      url: 'https://api.example.com/$CLIENT_SECRET?q=$CLIENT_SECRET',
      method: 'POST',
      headers: { a: '$CLIENT_SECRET', b: '$CLIENT_SECRET' },
      params: { p: '$CLIENT_SECRET' },
      data: { d: '$CLIENT_SECRET' },
    },
    { secret: 'the-secret' },
    { places: ['headers.b'] },
  )
  expect(call).toEqual({
    method: 'POST',
    url: new URL('https://api.example.com/$CLIENT_SECRET?q=%24CLIENT_SECRET&p=%24CLIENT_SECRET'),
    headers: { a: '$CLIENT_SECRET', b: 'the-secret', 'content-type': 'application/json' },
    body: '{"d":"$CLIENT_SECRET"}',
  })
})

test('a refusal shows the beginning of a long url, once', () => {
  const rules = [compileRule({ url: 'https://api.example.com/v1/**', methods: ['GET'] }, 'rule')]
  const request = {
    clientSecretName: 'key',
    url: `https://api.example.com/${'日'.repeat(8_000)}`,
    method: 'GET' as const,
    headers: { authorization: '$CLIENT_SECRET' },
  }
  let message = ''
  try {
    findRule({ name: 'key', rules }, request)
  } catch (error) {
    message = (error as Error).message
  }
  expect(message).toMatch(
    /^The key "key" may not be used at https:\/\/api\.example\.com\/%E6.*…\. If it should, add a rule/,
  )
  expect(message.length).toBeLessThan(1_000)
})
