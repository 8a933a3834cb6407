import { runInThisContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import * as presets from '../../src/exports/presets.ts'
import type { Preset } from '../../src/exports/presets.ts'
import { parseRequest } from '../../src/protocol/parse-request.ts'
import { compileRule, findRule } from '../../src/relay/keys/key-rules.ts'

const all = presets as unknown as Record<string, Preset>
const withSdk = Object.entries(all).filter(([, { sdk }]) => sdk)
const messages = [{ role: 'user', content: 'otter' }]
const chat = { model: 'otter', messages }
type Sdk = Record<string, never>

/** A harmless call of each SDK. */
const calls: Record<string, (sdk: never) => unknown> = {
  openai: (sdk: { chat: { completions: { create: (body: object) => unknown } } }) => sdk.chat.completions.create(chat),
  anthropic: (sdk: { messages: { create: (body: object) => unknown } }) =>
    sdk.messages.create({ ...chat, max_tokens: 9 }),
  gemini: (sdk: { models: { generateContent: (body: object) => unknown } }) =>
    sdk.models.generateContent({ model: 'otter', contents: 'otter' }),
  mistral: (sdk: { chat: { complete: (body: object) => unknown } }) => sdk.chat.complete(chat),
  cohere: (sdk: { v2: { chat: (body: object) => unknown } }) => sdk.v2.chat(chat),
  openrouter: (sdk: { chat: { send: (body: object) => unknown } }) => sdk.chat.send({ chatRequest: chat }),
  elevenlabs: (sdk: { textToSpeech: { convert: (voice: string, body: object) => unknown } }) =>
    sdk.textToSpeech.convert('otter', { text: 'otter' }),
  deepgram: (sdk: { listen: { v1: { media: { transcribeUrl: (body: object) => unknown } } } }) =>
    sdk.listen.v1.media.transcribeUrl({ url: 'https://example.com/otter.wav' }),
  replicate: (sdk: { predictions: { create: (body: object) => unknown } }) =>
    sdk.predictions.create({ model: 'otter/chat', input: {} }),
  fal: (sdk: { run: (name: string, body: object) => unknown }) => sdk.run('fal-ai/otter', { input: {} }),
  stripe: (sdk: { products: { list: () => unknown } }) => sdk.products.list(),
  notion: (sdk: { pages: { retrieve: (body: object) => unknown } }) => sdk.pages.retrieve({ page_id: 'otter' }),
  github: (sdk: { issues: { listForRepo: (body: object) => unknown } }) =>
    sdk.issues.listForRepo({ owner: 'otter', repo: 'otter' }),
}
for (const name of ['groq', 'deepseek', 'together', 'xai']) calls[name] = calls['openai']!

/** Makes the SDK as the line says, with a client that keeps what its fetch gets, and calls. */
async function callAsPrinted(name: string): Promise<{ keys: string[]; request: Request }> {
  const { names, module, create } = all[name]!.sdk!
  const loaded = (await import(module)) as Record<string, unknown>
  const values = names.startsWith('{')
    ? names
        .slice(1, -1)
        .split(',')
        .map((one) => [one.trim(), loaded[one.trim()]] as const)
    : [[names, loaded['default']] as const]
  const keys: string[] = []
  let request: Request | undefined
  const client = {
    fetchWith: (key: string) => {
      keys.push(key)
      return async (...given: Parameters<typeof fetch>) => {
        request ??= new Request(...given)
        return Response.json({ error: { message: 'no otters' } }, { status: 400 })
      }
    },
  }
  const make = runInThisContext(`(${['client', ...values.map(([one]) => one)].join()}) => (${create})`) as (
    ...given: unknown[]
  ) => Sdk
  const sdk = make(client, ...values.map(([, value]) => value))
  await Promise.resolve(calls[name]!(sdk as never)).catch(() => {})
  return { keys, request: request! }
}

describe('the line of a preset makes an SDK whose call the preset allows', () => {
  test.each(withSdk.map(([name]) => name))('%s', async (name) => {
    const { keys, request } = await callAsPrinted(name)
    expect(keys).toEqual([name])
    const preset = all[name]!
    const settings = Object.fromEntries(preset.settings.required.map((setting) => [setting, 'otter']))
    const options = preset({ ...settings, endpoints: Object.keys(preset.endpoints) } as never)
    const rules = options.allow.map((rule, index) => compileRule(rule, `allow[${index}]`, undefined, undefined))
    // A page cannot set it. In Node, some SDKs set an empty one.
    request.headers.delete('cookie')
    const { searchParams, origin, pathname } = new URL(request.url)
    const sent = parseRequest({
      clientSecretName: name,
      url: origin + pathname,
      method: request.method,
      headers: Object.fromEntries(request.headers),
      params: Object.fromEntries(searchParams),
    })
    expect(findRule({ name, rules }, sent), `${request.method} ${request.url}`).toBeDefined()
  })

  test('at least 16 of them', () => expect(withSdk.length).toBeGreaterThanOrEqual(16))
})
