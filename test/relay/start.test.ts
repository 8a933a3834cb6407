import { describe, expect, test } from 'vitest'
import { createRelay } from '../../src/relay/create-relay.ts'
import type { RelayOptions } from '../../src/relay/options.ts'

const rule = { url: 'https://api.example.com/v1/**', methods: ['POST' as const] }
const key = { secret: 'sk-0123456789', locked: false, allow: [rule] }

/** Options that would run unsafely, and what the sentence must say: the place, and the remedy. */
const refused: [string, unknown, RegExp][] = [
  ['no keys', { keys: {} }, /keys is empty. Add a key, such as keys:/],
  ['keys that are no object', { keys: null }, /keys must be an object of keys such as/],
  [
    'a key without rules',
    { keys: { openai: { ...key, allow: [] } } },
    /keys.openai has no rules.*Say where its secret may go: allow:/,
  ],
  [
    'a key whose rules are missing',
    { keys: { openai: { secret: key.secret, locked: false } } },
    /keys.openai has no rules/,
  ],
  [
    'a missing secret',
    { keys: { openai: { ...key, secret: undefined } } },
    /keys.openai has no secret. Give it in keys.openai.secret or in the environment variable CLIENT_SECRET_OPENAI. Now keys.openai.secret is undefined: set the environment variable that it reads.$/,
  ],
  [
    'no field for the secret',
    { keys: { openai: { locked: false, allow: [rule] } } },
    /keys.openai has no secret. Give it in keys.openai.secret or in the environment variable CLIENT_SECRET_OPENAI.$/,
  ],
  [
    'a short secret',
    { keys: { openai: { ...key, secret: 'sk-0123' } } },
    /keys.openai has a secret of fewer than 8 characters/,
  ],
  [
    'a secret with a line break',
    { keys: { openai: { ...key, secret: 'sk-0123456789\n' } } },
    /line break, probably from copying/,
  ],
  [
    'a publicPrefix of two letters',
    { keys: { openai: { ...key, publicPrefix: 'sk' } } },
    /keys.openai has a publicPrefix that is not a text of 3 characters or more. Write the beginning of every value/,
  ],
  [
    'a publicPrefix that is none of its secret',
    { keys: { openai: { ...key, publicPrefix: 'pk-' } } },
    /keys.openai has a publicPrefix that its secret does not begin with/,
  ],
  [
    'a publicPrefix that is nearly all of it',
    { keys: { openai: { ...key, secret: 'acme_live_0123456789abcde', publicPrefix: 'acme_live_' } } },
    /keys.openai has a publicPrefix that leaves fewer than 16 characters of its secret, which is easy to guess/,
  ],
  [
    'a locked key without authenticate',
    { keys: { openai: { ...key, locked: true } } },
    /keys.openai is locked, but there is no authenticate.*Give authenticate:.*or.*locked: false/,
  ],
  [
    'a key that says nothing of locked',
    { keys: { openai: { secret: key.secret, allow: [rule] } } },
    /keys.openai is locked/,
  ],
  [
    '* as host',
    { keys: { openai: { ...key, allow: [{ ...rule, url: 'https://*/**' }] } } },
    /keys.openai.allow\[0\] has the url "https:\/\/\*\/\*\*", which would let the secret go to hosts of other people. Name the host/,
  ],
  [
    '* before a top-level domain',
    { keys: { openai: { ...key, allow: [{ ...rule, url: 'https://*.com/**' }] } } },
    /hosts of other people/,
  ],
  [
    '* within a label',
    { keys: { openai: { ...key, allow: [{ ...rule, url: 'https://api*.example.com/' }] } } },
    /\* replaces only the whole first label/,
  ],
  [
    '* in the middle of a host',
    { keys: { openai: { ...key, allow: [{ ...rule, url: 'https://a.*.example.com/' }] } } },
    /\* replaces only the whole first label/,
  ],
  [
    '** in the middle of a path',
    { keys: { openai: { ...key, allow: [{ ...rule, url: 'https://a.example.com/**/x' }] } } },
    /\*\* matches the rest of the path, so it must come last/,
  ],
  [
    '* within a segment',
    { keys: { openai: { ...key, allow: [{ ...rule, url: 'https://a.example.com/v*' }] } } },
    /\* matches a whole segment/,
  ],
  [
    'http to the internet',
    { keys: { openai: { ...key, allow: [{ ...rule, url: 'http://api.example.com/' }] } } },
    /unencrypted. Use https:/,
  ],
  [
    'a rule that is no url',
    { keys: { openai: { ...key, allow: [{ ...rule, url: 'api.example.com' }] } } },
    /which is not a url. Write one such as/,
  ],
  [
    'a rule with a query',
    { keys: { openai: { ...key, allow: [{ ...rule, url: 'https://a.example.com/?a=1' }] } } },
    /without user name, query and fragment/,
  ],
  ['a rule without methods', { keys: { openai: { ...key, allow: [{ url: rule.url }] } } }, /has no methods. Name them/],
  [
    'a rule with an unknown method',
    { keys: { openai: { ...key, allow: [{ ...rule, methods: ['FETCH'] }] } } },
    /has the method "FETCH". The methods are/,
  ],
  [
    'a rule with an unknown place',
    { keys: { openai: { ...key, allow: [{ ...rule, in: ['body'] }] } } },
    /names the place "body" in "in". Places are/,
  ],
  ['a rule without places', { keys: { openai: { ...key, allow: [{ ...rule, in: [] }] } } }, /names no place/],
  ['a key with a strange name', { keys: { 'my key': key } }, /keys.my key is not a valid name for a key/],
  [
    'a flag that is no boolean',
    { keys: { openai: { ...key, allow: [{ ...rule, allowPrivateNetwork: 'false' }] } } },
    /allowPrivateNetwork must be true or false; it is "false"/,
  ],
  [
    'locked that is no boolean',
    { keys: { openai: { ...key, locked: 0 } } },
    /keys.openai.locked must be true or false; it is 0/,
  ],
  [
    'a secret that is no string',
    { keys: { openai: { ...key, secret: 1234567890 } } },
    /has a secret that is not a string/,
  ],
  ['a secret that is not ASCII', { keys: { openai: { ...key, secret: 'clé-secrète-0123' } } }, /not ASCII/],
  ['a rule that is none', { keys: { openai: { ...key, allow: [null] } } }, /keys.openai.allow\[0\] is not a rule/],
  [
    'places that are no list',
    { keys: { openai: { ...key, allow: [{ ...rule, in: 'headers.x' }] } } },
    /has an "in" that is not a list/,
  ],
  [
    'a host with a dot at its end',
    { keys: { openai: { ...key, allow: [{ ...rule, url: 'https://*.com./**' }] } } },
    /without the dot at its end/,
  ],
  [
    'a timeout that no timer takes',
    { keys: { openai: key }, limits: { upstreamTimeout: 3e9 } },
    /limits.upstreamTimeout must be a whole number from 1 to 2147483647/,
  ],
  [
    'a limit of costs without prices',
    { keys: { openai: key }, limits: { costPerDay: 5 } },
    /limits\.costPerDay needs the prices of your models, and the option prices has none\. Give prices/,
  ],
  [
    'a price that is none',
    { keys: { openai: key }, prices: { 'gpt-5': { input: -1, output: 2 } } },
    /prices\.gpt-5\.input must be a number of 0 or more, for a million tokens/,
  ],
  [
    'a price with a field that it does not have',
    { keys: { openai: key }, prices: { gpt: { input: 1, output: 2, cached: 1 } as never } },
    /there is no option "prices\.gpt\.cached"\. The options of prices\.gpt are input, output\./,
  ],
  [
    'less room for a caller than the largest request and its answer take',
    { keys: { openai: key }, limits: { responseBytes: 2 ** 24, bytesInFlightPerCaller: 2 ** 24 } },
    /limits.bytesInFlightPerCaller must be at least 17891328, requestBytes, responseBytes and 64 KiB/,
  ],
  [
    'less room for visitors than the largest request and its answer take',
    { keys: { openai: key }, limits: { bytesInFlight: 2 ** 24 } },
    /limits.bytesInFlight must be at least 23199744, twice/,
  ],
  [
    'a timeout with a fraction',
    { keys: { openai: key }, shutdownTimeout: 1.5 },
    /shutdownTimeout must be a whole number/,
  ],
  [
    'a misspelt field of a key',
    { keys: { openai: { ...key, lock: true } } },
    /keys.openai has an unknown field "lock". The fields are secret, publicPrefix, token, sign, locked, allow/,
  ],
  [
    'a field of a rule that stands at the key',
    { keys: { openai: { ...key, allowPrivateNetwork: true } } },
    /the fields of a rule belong in allow/,
  ],
  [
    'a misspelt field of a rule',
    { keys: { openai: { ...key, allow: [{ ...rule, retriable: true }] } } },
    /keys.openai.allow\[0\] has an unknown field "retriable"/,
  ],
  [
    'a misspelt limit',
    { keys: { openai: key }, limits: { reqBytes: 1 } },
    /there is no option "limits.reqBytes". The options of limits are requestBytes/,
  ],
  [
    'a misspelt option',
    { keys: { openai: key }, authentcate: () => null },
    /there is no option "authentcate". The options are keys, authenticate/,
  ],
  [
    'a queue that is not shared',
    { keys: { openai: key }, queues: { images: { maxConcurrency: 3 } } },
    /queues.images.shared must be true: a queue without an entry belongs to each caller; it is missing/,
  ],
  [
    'a shared queue without a limit',
    { keys: { openai: key }, queues: { images: { shared: true } } },
    /queues.images must be an object with maxConcurrency or perMinute, or both; it is /,
  ],
  [
    'a shared queue that no call can leave',
    { keys: { openai: key }, queues: { images: { shared: true, perMinute: 0 } } },
    /queues.images.perMinute must be a whole number from 1/,
  ],
  [
    'a misspelt option of a queue',
    { keys: { openai: key }, queues: { images: { shared: true, perMinutes: 60 } } },
    /there is no option "queues.images.perMinutes". The options of queues.images are shared, maxConcurrency, perMinute, fair/,
  ],
  [
    'an unknown key of a shared queue',
    { keys: { openai: key }, queues: { images: { shared: true, perMinute: 60, keys: ['opnai'] } } },
    /queues.images.keys names the key "opnai", which the relay does not have. The keys are openai\./,
  ],
  [
    'a shared queue for no key',
    { keys: { openai: key }, queues: { images: { shared: true, perMinute: 60, keys: [] } } },
    /queues.images.keys must be a list with one name or more; without it, all keys may use the queue; it is a list/,
  ],
  [
    'an origin with a path',
    { keys: { openai: key }, origins: ['https://app.example.com/'] },
    /origins.0 must be an origin such as/,
  ],
  ['a wildcard origin', { keys: { openai: key }, origins: ['*'] }, /origins.0 must be an origin such as/],
]

describe('the relay refuses to start, and says what to do', () => {
  test.each(refused)('%s', (_name, options, sentence) => {
    expect(() => createRelay(options as RelayOptions)).toThrow(
      expect.objectContaining({
        name: 'ClientSecretError',
        code: 'INVALID_PARAMETER',
        message: expect.stringMatching(sentence),
      }),
    )
  })

  test('and no sentence holds a secret', () => {
    for (const [, options] of refused) {
      try {
        createRelay(options as RelayOptions)
      } catch (error) {
        expect(String(error)).not.toMatch(/sk-0123/)
      }
    }
  })
})

test('a secret may come from the environment', async ({ onTestFinished }) => {
  process.env['CLIENT_SECRET_MY_API'] = 'sk-from-the-environment'
  onTestFinished(() => void delete process.env['CLIENT_SECRET_MY_API'])
  const relay = createRelay({ keys: { 'my-api': { locked: false, allow: [rule] } } })
  await relay.close()
})

test('a database that cannot be opened: ready says so, and so does every call', async () => {
  const relay = createRelay({ keys: { openai: key }, database: '/no/such/folder/relay.db' })
  await expect(relay.ready).rejects.toThrow(
    /The relay does not start: the database "\/no\/such\/folder\/relay.db" could not be opened: .* Check that its folder exists/,
  )
  const response = await relay.fetch(new Request('http://relay.test/health'))
  expect(response.status).toBe(503)
  expect(await response.json()).toMatchObject({
    error: {
      code: 'UNAVAILABLE',
      message: expect.stringMatching(/^The relay could not start\. Its log says why\./) as string,
    },
  })
  await relay.close()
})
