import { join, resolve } from 'node:path'
import { runInNewContext } from 'node:vm'
import { build } from 'esbuild'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import type { ClientSecretRequestParams } from '../../src/client/request-params.ts'
import { check } from '../../src/command/check.ts'
import * as presets from '../../src/exports/presets.ts'
import type { KeyOptions } from '../../src/relay/keys/key.ts'
import type { KeyRule } from '../../src/relay/keys/key-rules.ts'
import { canary, startRelay } from '../helpers/relay.ts'
import { startApi } from '../helpers/api.ts'

const { airtable, datadog, gemini, googleMaps, openai, s3, shopify, stripe, twilio } = presets

/** Any preset, with all that it needs. */
type Any = ((options: Record<string, unknown>) => KeyOptions) &
  Pick<typeof twilio, 'defaults' | 'endpoints' | 'settings' | 'variables'>
const all = Object.entries(presets as unknown as Record<string, Any>)
/** Its settings, and endpoints if it has no defaults. */
const settingsOf = ({ settings, defaults, endpoints }: Any) => ({
  ...Object.fromEntries(settings.required.map((name) => [name, 'otters'])),
  ...(defaults.length === 0 && { endpoints: Object.keys(endpoints) }),
})

test('there are enough of them', () => expect(all.length).toBeGreaterThanOrEqual(30))

describe.each(all)('%s', (name, preset) => {
  test.each([true, false])('check has no warning for its defaults, with locked: %s', (locked) => {
    const key = preset({ ...settingsOf(preset), locked })
    expect(key.allow.length).toBeGreaterThan(0)
    expect(check({ keys: { [name]: key }, authenticate: () => null })).toContain('No rule is wide.')
  })

  test('its secret is in the environment', () => {
    const { variables } = preset
    const names = typeof variables === 'string' ? [variables] : Object.values(variables)
    for (const one of names) vi.stubEnv(one, `value of ${one}`)
    onTestFinished(() => void vi.unstubAllEnvs())
    const { secret } = preset(settingsOf(preset))
    expect(Object.values(typeof secret === 'string' ? [secret] : secret!)).toEqual(
      names.map((one) => `value of ${one}`),
    )
  })

  test('a setting widens no rule', () => {
    const { required, optional } = preset.settings
    for (const setting of [...required, ...Object.keys(optional)]) {
      for (const value of [
        '*',
        '**',
        '',
        'a/b',
        '../a',
        '..',
        'a?b',
        'a#b',
        'a@b',
        'a:1',
        '%2e%2e',
        'a b',
        '$CLIENT_SECRET',
        'evil.com/',
      ])
        try {
          const urls = preset({ ...settingsOf(preset), [setting]: value }).allow.map(({ url }) => url)
          // A setting that is no part of an url may be any text.
          expect([setting, urls]).toEqual([setting, preset(settingsOf(preset)).allow.map(({ url }) => url)])
        } catch (error) {
          expect((error as Error).message).toMatch(/^The (preset needs the )?setting /)
        }
    }
  })
})

test('a rule for each endpoint', () => {
  expect(openai({ endpoints: ['chat', 'images'] }).allow).toEqual([
    { url: 'https://api.openai.com/v1/chat/completions', methods: ['POST'] },
    { url: 'https://api.openai.com/v1/images/generations', methods: ['POST'] },
    { url: 'https://api.openai.com/v1/images/edits', methods: ['POST'] },
  ])
  expect(airtable({ base: 'app1', endpoints: ['list', 'delete'] }).allow).toEqual([
    { url: 'https://api.airtable.com/v0/app1/*', methods: ['GET', 'DELETE'] },
  ])
  expect(datadog({ endpoints: ['metrics'] }).allow[0]!.inEach).toEqual({
    api: ['headers.dd-api-key'],
    app: ['headers.dd-application-key'],
  })
  // Both versions: the documentation has v1beta, and the SDK calls v1.
  expect(gemini({ endpoints: ['generate'] }).allow).toEqual(
    ['v1beta', 'v1'].flatMap((version) =>
      ['generateContent', 'streamGenerateContent'].map((method) => ({
        url: `https://generativelanguage.googleapis.com/${version}/models/*:${method}`,
        methods: ['POST'],
        in: ['headers.x-goog-api-key'],
      })),
    ),
  )
  expect(googleMaps({ endpoints: ['geocode'] }).allow[0]!.in).toEqual(['params.key'])
})

test('its own secret, limits and rules', () => {
  const rule: KeyRule = { url: 'https://api.stripe.com/v1/coupons', methods: ['GET'] }
  const key = stripe({ secret: 'sk_test', endpoints: [], allow: [rule], locked: false, limits: { unsettled: 3 } })
  expect(key).toEqual({ secret: 'sk_test', allow: [rule], locked: false, limits: { unsettled: 3 } })
  expect(stripe({ locked: false }).limits).toEqual({ requestsPerMinute: 60 })
  expect(stripe()).not.toHaveProperty('limits')
})

test.each([
  [
    () => openai({ endpoints: ['chats' as never] }),
    /^There is no endpoint "chats"\. The endpoints are chat, responses, /,
  ],
  [() => openai({ endpoints: ['constructor' as never] }), /^There is no endpoint "constructor"/],
  [() => shopify({ shop: 'otters' }), /^The preset needs "endpoints"\. Choose from graphql\.$/],
  [() => twilio({} as never), /^The preset needs the setting "accountSid", a text\.$/],
  [() => (twilio as unknown as () => void)(), /^The preset needs the setting "accountSid"/],
  [
    () => shopify({ shop: 'evil.com/x', endpoints: ['graphql'] }),
    /^The setting "shop" is part of an url\. Write letters, digits, dots and dashes\.$/,
  ],
  [() => s3({ bucket: 'b', region: 'r', folder: '**', accessKeyId: 'a' }), /^The setting "folder" is part of an url/],
])('%s is refused', (call, message) => {
  expect(call).toThrow(message)
})

test('a bundle contains the presets that it imports, and no others', async () => {
  const { outputFiles } = await build({
    stdin: {
      contents: `import { openai } from './presets.ts'\nconsole.log(openai)`,
      resolveDir: resolve(import.meta.dirname, '../../src/exports'),
    },
    bundle: true,
    format: 'esm',
    platform: 'node',
    write: false,
    ignoreAnnotations: false,
    absWorkingDir: join(import.meta.dirname, '../..'),
  })
  const text = outputFiles[0]!.text
  expect(text).toContain('api.openai.com')
  expect(text.match(/https:\/\/[\w.{}-]+/g)).toEqual(['https://api.openai.com'])
})

describe('NOT_ALLOWED prints the rule to add', () => {
  test.each<[string, Partial<ClientSecretRequestParams>]>([
    ['another path', { url: '/v1/files', headers: { Authorization: 'Bearer $CLIENT_SECRET' } }],
    ['another method', { method: 'PUT', headers: { Authorization: 'Bearer $CLIENT_SECRET' } }],
    ['another place', { headers: { 'X-Api-Key': '$CLIENT_SECRET' } }],
    ['two places', { headers: { Authorization: '$CLIENT_SECRET' }, params: { key: '$CLIENT_SECRET' } }],
    ['a query', { url: "/v1/fi'les?a=1", params: { key: '$CLIENT_SECRET' } }],
    ['a part of the path', { url: '/bot$CLIENT_SECRET/send' }],
    ['a field', { data: { auth: { 'a/b': '$CLIENT_SECRET' } } }],
  ])('%s', async (_what, request) => {
    const api = await startApi()
    const start = async (allow: KeyRule[]) => {
      const { client } = await startRelay({ keys: { api: { secret: canary, locked: false, allow } } })
      const sent = {
        clientSecretName: 'api',
        method: 'POST' as const,
        ...request,
        url: api.url + (request.url ?? '/v1'),
      }
      return client.send(sent)
    }
    const rules: KeyRule[] = [{ url: `${api.url}/v1`, methods: ['POST'], allowPrivateNetwork: true }]
    const message = await start(rules).then(
      () => '',
      (error: Error) => error.message,
    )
    const printed = /If it should, add the rule (\{.*\}) to keys\.api\.allow\.$/.exec(message)?.[1]
    expect(printed, message).toBeDefined()
    const rule = structuredClone(runInNewContext(`(${printed})`)) as KeyRule
    expect(await start([...rules, rule])).toMatchObject({ record: { status: 'resolved' } })
  })
})
