import { createRequire } from 'node:module'
import { createHash, createHmac, generateKeyPairSync } from 'node:crypto'
import { jwtVerify } from 'jose'
import { createElement, useEffect } from 'react'
import { createRoot } from 'react-dom/client'
import { expect, onTestFinished, test, vi } from 'vitest'
import type { Client } from '../../src/client/create-client.ts'
import type { ClientSecretRequestParams } from '../../src/client/request-params.ts'
import type { PresetAuth } from '../../src/presets/preset.ts'
import type { KeyOptions } from '../../src/relay/keys/key.ts'
import { ClientSecretProvider, useClientSecretRequest } from '../../src/exports/index.ts'
import type { RequestState, UseClientSecretRequestOptions } from '../../src/exports/index.ts'
import * as presets from '../../src/exports/presets.ts'
import { json, startApi, type ApiCall } from '../helpers/api.ts'
import { startRelay } from '../helpers/relay.ts'

const { JSDOM } = createRequire(import.meta.url)('jsdom') as {
  JSDOM: new (html: string) => { window: Window & typeof globalThis }
}

declare module 'vitest' {
  interface TaskMeta {
    /** A row of the table that npm run apis prints. */
    api?: { name: string; call: string; body: string; through: string }
  }
}

/** One API: its preset, a request as the docs print it, and what its own documentation says that it must get. */
interface WellKnown {
  /** The preset, with the endpoints that the request needs. */
  key: KeyOptions
  /** What the request writes, besides its own headers and params. */
  auth: PresetAuth
  /** Default: a rule of the row. */
  rule?: 'preset'
  /** Instead of one secret. */
  secret?: KeyOptions['secret']
  request: Partial<Omit<ClientSecretRequestParams, 'url'>> & { to: string }
  accepts: (call: ApiCall) => boolean | Promise<boolean>
  /** Whether the exchange for a token got what it wants. */
  token?: (call: ApiCall) => boolean | Promise<boolean>
}

/** The preset, with a stand-in in place of its API. */
function atStandIn({ allow, token, ...key }: KeyOptions, url: string): KeyOptions {
  const moved = (address: string) => address.replace(/^https:\/\/[^/]+/, url)
  return {
    ...key,
    allow: allow.map((rule) => ({ ...rule, url: moved(rule.url), allowPrivateNetwork: true })),
    ...(token && { token: { ...token, url: moved(token.url!), allowPrivateNetwork: true } }),
  }
}

const {
  airtable,
  algolia,
  anthropic,
  assemblyai,
  binance,
  cohere,
  datadog,
  deepgram,
  deepl,
  deepseek,
  discord,
  elevenlabs,
  fal,
  gemini,
  github,
  githubApp,
  googleMaps,
  googleServiceAccount,
  groq,
  hubspot,
  huggingface,
  jira,
  linear,
  mailgun,
  mistral,
  notion,
  openai,
  openrouter,
  perplexity,
  postmark,
  replicate,
  resend,
  s3,
  sendgrid,
  shopify,
  slack,
  spotify,
  stripe,
  telegram,
  together,
  twilio,
  xai,
  zendesk,
} = presets
const secret = 'Vq7TfC1dXk29fLmQ8vRt3Wz7BnHs5JdGyC4pTe6a'
const other = 'Zz9Mw3Qp7Lk1Jh5Gf8Ds2Aa6Xc4Vb0Nn'
const token = 'ya29.Kp2Lm8Qr5Tv1Wx7Yz3Bc9Df4Gh6Jk0'
const form = { 'Content-Type': 'application/x-www-form-urlencoded' }
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })

const isBearer = ({ headers }: ApiCall, value = secret) => headers.authorization === `Bearer ${value}`
const isBasic = ({ headers }: ApiCall, user: string, password: string) =>
  headers.authorization === `Basic ${btoa(`${user}:${password}`)}`
const hasHeader =
  (name: string, value = secret) =>
  (call: ApiCall) =>
    call.headers[name] === value
const body = ({ body }: ApiCall) => JSON.parse(body) as Record<string, unknown>
const fields = ({ body }: ApiCall) => [...new URLSearchParams(body)].map((pair) => pair.join('='))
const query = ({ path }: ApiCall) => new URLSearchParams(path.split('?')[1])
const formOf = (parts: Record<string, string | File>) => {
  const data = new FormData()
  for (const [name, part] of Object.entries(parts)) data.append(name, part)
  return data
}
const otter = (name: string) => new File(['waves'], name)
const hasPart = ({ body }: ApiCall, name: string, text: string) => body.includes(`name="${name}"\r\n\r\n${text}\r\n`)
const hasFile = ({ headers, body }: ApiCall, name: string, file: string) =>
  /^multipart\/form-data; boundary=/.test(headers['content-type'] ?? '') &&
  new RegExp(`name="${name}"; filename="${file}"\r\n[^]*\r\n\r\nwaves\r\n`).test(body)
const chat = { model: 'm', messages: [{ role: 'user', content: 'An otter' }] }

/** The presets that the table shows. */
const shown = new Set<unknown>()

/** A preset, and what a request writes, with its settings. */
function of<Options extends unknown[]>(
  preset: ((...options: Options) => KeyOptions) & { auth: PresetAuth },
  ...options: Options
): Pick<WellKnown, 'key' | 'auth' | 'rule'> {
  shown.add(preset)
  const settings = Object(options[0]) as Record<string, string>
  const auth = JSON.stringify(preset.auth).replace(/\{(\w+)\}/g, (_found, name: string) => settings[name]!)
  return { rule: 'preset', key: preset(...options), auth: JSON.parse(auth) as PresetAuth }
}

function atS3(data: string | Blob): WellKnown {
  const options = { bucket: 'otters', region: 'eu-central-1', folder: 'pictures', accessKeyId: 'AKIA' }
  return {
    ...of(s3, { ...options, endpoints: ['write'] }),
    request: { to: '/pictures/otter.svg', method: 'PUT', headers: { 'Content-Type': 'image/svg+xml' }, data },
    accepts: ({ headers, body }) =>
      /^AWS4-HMAC-SHA256 Credential=AKIA\/\d{8}\/eu-central-1\/s3\/aws4_request,/.test(headers.authorization ?? '') &&
      headers['x-amz-content-sha256'] === createHash('sha256').update('<svg/>').digest('hex') &&
      body === '<svg/>',
  }
}

const apis: Record<string, WellKnown> = {
  'OpenAI, chat': {
    ...of(openai, { endpoints: ['chat'] }),
    request: { to: '/v1/chat/completions', data: chat },
    accepts: (call) => isBearer(call) && body(call)['model'] === 'm',
  },
  'OpenAI, speech': {
    ...of(openai, { endpoints: ['speech'] }),
    request: { to: '/v1/audio/speech', data: { model: 'tts', voice: 'alloy', input: 'waves' }, responseType: 'blob' },
    accepts: (call) => isBearer(call) && body(call)['voice'] === 'alloy',
  },
  'OpenAI, images': {
    ...of(openai, { endpoints: ['images'] }),
    request: { to: '/v1/images/generations', data: { model: 'gpt-image-1', prompt: 'An otter' } },
    accepts: (call) => isBearer(call) && body(call)['prompt'] === 'An otter',
  },
  'OpenAI, transcription': {
    ...of(openai, { endpoints: ['transcriptions'] }),
    request: { to: '/v1/audio/transcriptions', data: formOf({ model: 'whisper-1', file: otter('otter.mp3') }) },
    accepts: (call) => isBearer(call) && hasPart(call, 'model', 'whisper-1') && hasFile(call, 'file', 'otter.mp3'),
  },
  'OpenAI, files': {
    // No preset names it: files of all pages would share one account.
    key: { allow: [{ url: 'https://api.openai.com/v1/files', methods: ['POST'] }] },
    auth: openai.auth,
    request: { to: '/v1/files', data: formOf({ purpose: 'user_data', file: otter('otter.pdf') }) },
    accepts: (call) => isBearer(call) && hasPart(call, 'purpose', 'user_data') && hasFile(call, 'file', 'otter.pdf'),
  },
  Anthropic: {
    ...of(anthropic, { endpoints: ['messages'] }),
    request: { to: '/v1/messages', data: chat },
    accepts: (call) => hasHeader('x-api-key')(call) && call.headers['anthropic-version'] === '2023-06-01',
  },
  Gemini: {
    ...of(gemini, { endpoints: ['generate'] }),
    request: { to: '/v1beta/models/gemini:generateContent', data: { contents: [] } },
    accepts: hasHeader('x-goog-api-key'),
  },
  Mistral: { ...of(mistral), request: { to: '/v1/chat/completions', data: chat }, accepts: (call) => isBearer(call) },
  Groq: { ...of(groq), request: { to: '/openai/v1/chat/completions', data: chat }, accepts: (call) => isBearer(call) },
  Cohere: { ...of(cohere), request: { to: '/v2/rerank', data: { query: 'q' } }, accepts: (call) => isBearer(call) },
  DeepSeek: { ...of(deepseek), request: { to: '/chat/completions', data: chat }, accepts: (call) => isBearer(call) },
  OpenRouter: {
    ...of(openrouter),
    request: { to: '/api/v1/chat/completions', data: chat },
    accepts: (call) => isBearer(call),
  },
  'Together AI': {
    ...of(together),
    request: { to: '/v1/embeddings', data: { input: 'otter' } },
    accepts: (call) => isBearer(call),
  },
  Perplexity: {
    ...of(perplexity),
    request: { to: '/chat/completions', data: chat },
    accepts: (call) => isBearer(call),
  },
  xAI: { ...of(xai), request: { to: '/v1/chat/completions', data: chat }, accepts: (call) => isBearer(call) },
  ElevenLabs: {
    ...of(elevenlabs, { endpoints: ['speech'] }),
    request: { to: '/v1/text-to-speech/voice', data: { text: 'waves' }, responseType: 'arrayBuffer' },
    accepts: hasHeader('xi-api-key'),
  },
  'Deepgram, a url': {
    ...of(deepgram, { endpoints: ['listen'] }),
    request: { to: '/v1/listen', data: { url: 'https://a.b/c.wav' } },
    accepts: hasHeader('authorization', `Token ${secret}`),
  },
  'Deepgram, a file': {
    ...of(deepgram, { endpoints: ['listen'] }),
    request: { to: '/v1/listen', data: otter('otter.wav') },
    accepts: (call) => hasHeader('authorization', `Token ${secret}`)(call) && call.body === 'waves',
  },
  AssemblyAI: {
    ...of(assemblyai),
    request: { to: '/v2/transcript', data: { audio_url: 'https://a.b/c.wav' } },
    accepts: hasHeader('authorization'),
  },
  Replicate: {
    ...of(replicate),
    request: { to: '/v1/predictions', headers: { Prefer: 'wait' }, data: { version: 'v', input: {} } },
    accepts: (call) => isBearer(call) && call.headers['prefer'] === 'wait',
  },
  fal: {
    ...of(fal, { endpoints: ['run'] }),
    request: { to: '/fal-ai/flux', data: { prompt: 'otter' } },
    accepts: hasHeader('authorization', `Key ${secret}`),
  },
  'Hugging Face': {
    ...of(huggingface, { endpoints: ['chat'] }),
    request: { to: '/v1/chat/completions', data: chat },
    accepts: (call) => isBearer(call),
  },
  'Stripe, form and Bearer': {
    ...of(stripe, { endpoints: ['paymentIntents'] }),
    request: {
      to: '/v1/payment_intents',
      headers: form,
      data: { amount: 1099, currency: 'eur', payment_method_types: ['card'] },
    },
    accepts: (call) =>
      isBearer(call) && fields(call).join() === 'amount=1099,currency=eur,payment_method_types[0]=card',
  },
  'Stripe, Basic': {
    ...of(stripe, { endpoints: ['products'] }),
    request: { to: '/v1/products', method: 'GET', headers: { Authorization: 'Basic $CLIENT_SECRET:' } },
    accepts: (call) => isBasic(call, secret, ''),
  },
  Twilio: {
    ...of(twilio, { accountSid: 'AC1', endpoints: ['messages'] }),
    request: {
      to: '/2010-04-01/Accounts/AC1/Messages.json',
      headers: form,
      data: { To: '+1', MediaUrl: ['https://a', 'https://b'] },
      formArrays: 'repeat',
    },
    accepts: (call) =>
      isBasic(call, 'AC1', secret) && fields(call).join() === 'To=+1,MediaUrl=https://a,MediaUrl=https://b',
  },
  'Mailgun, without files': {
    ...of(mailgun, { domain: 'otters.org' }),
    request: {
      to: '/v3/otters.org/messages',
      headers: { Authorization: `Basic ${btoa('api:$CLIENT_SECRET')}`, ...form },
      data: { from: 'a@b', to: ['c@d', 'e@f'] },
      formArrays: 'repeat',
    },
    accepts: (call) => isBasic(call, 'api', secret) && fields(call).join() === 'from=a@b,to=c@d,to=e@f',
  },
  'Mailgun, an attachment': {
    ...of(mailgun, { domain: 'otters.org' }),
    request: {
      to: '/v3/otters.org/messages',
      headers: { Authorization: 'Basic api:$CLIENT_SECRET' },
      data: formOf({ from: 'a@b', to: 'c@d', attachment: otter('otter.pdf') }),
    },
    accepts: (call) => isBasic(call, 'api', secret) && hasFile(call, 'attachment', 'otter.pdf'),
  },
  SendGrid: {
    ...of(sendgrid),
    request: { to: '/v3/mail/send', data: { personalizations: [] } },
    accepts: (call) => isBearer(call),
  },
  Resend: {
    ...of(resend),
    request: { to: '/emails/batch', data: [{ from: 'a@b' }] },
    accepts: (call) => isBearer(call) && call.body === '[{"from":"a@b"}]',
  },
  Postmark: {
    ...of(postmark),
    request: { to: '/email', data: { From: 'a@b' } },
    accepts: hasHeader('x-postmark-server-token'),
  },
  Slack: {
    ...of(slack),
    request: { to: '/api/chat.postMessage', data: { channel: 'c', text: 't' } },
    accepts: (call) => isBearer(call),
  },
  Discord: {
    ...of(discord),
    request: { to: '/api/v10/channels/1/messages', data: { content: 't' } },
    accepts: hasHeader('authorization', `Bot ${secret}`),
  },
  Notion: {
    ...of(notion, { endpoints: ['pages'] }),
    request: { to: '/v1/pages', data: { parent: {} } },
    accepts: (call) => isBearer(call) && call.headers['notion-version'] === '2022-06-28',
  },
  Airtable: {
    ...of(airtable, { base: 'app1', endpoints: ['delete'] }),
    request: { method: 'DELETE', to: '/v0/app1/Otters', params: { 'records[]': ['a', 'b'] } },
    accepts: (call) => isBearer(call) && query(call).getAll('records[]').join() === 'a,b',
  },
  'GitHub, a token': {
    ...of(github, { owner: 'a', repo: 'b', endpoints: ['readIssues'] }),
    request: { method: 'GET', to: '/repos/a/b/issues' },
    accepts: (call) => isBearer(call) && Boolean(call.headers['user-agent']),
  },
  'GitHub, an App': {
    ...of(githubApp, { appId: '1', installationId: '2', owner: 'a', repo: 'b', endpoints: ['readIssues'] }),
    secret: String(rsa.privateKey.export({ type: 'pkcs1', format: 'pem' })),
    request: { method: 'GET', to: '/repos/a/b/issues' },
    token: (call) =>
      call.path === '/app/installations/2/access_tokens' &&
      isJwt(call.headers.authorization?.slice('Bearer '.length), '1'),
    accepts: (call) => isBearer(call, token),
  },
  Jira: {
    ...of(jira, { site: 'otters', email: 'ada@b.c' }),
    request: { to: '/rest/api/3/issue', data: { fields: {} } },
    accepts: (call) => isBasic(call, 'ada@b.c', secret),
  },
  Zendesk: {
    ...of(zendesk, { subdomain: 'otters', email: 'ada@b.c' }),
    request: { to: '/api/v2/tickets.json', data: { ticket: {} } },
    accepts: (call) => isBasic(call, 'ada@b.c/token', secret),
  },
  Shopify: {
    ...of(shopify, { shop: 'otters', version: '2025-01', endpoints: ['graphql'] }),
    request: { to: '/admin/api/2025-01/graphql.json', data: { query: '{ shop { name } }' } },
    accepts: hasHeader('x-shopify-access-token'),
  },
  Algolia: {
    ...of(algolia, { appId: 'OTTERS1' }),
    request: { to: '/1/indexes/a/query', data: { query: 'q' } },
    accepts: (call) => hasHeader('x-algolia-application-id', 'OTTERS1')(call) && hasHeader('x-algolia-api-key')(call),
  },
  'Algolia, its id a secret too': {
    key: {
      allow: [
        {
          url: 'https://x.algolia.net/1/indexes/*/query',
          methods: ['POST'],
          inEach: { id: ['headers.x-algolia-application-id'], key: ['headers.x-algolia-api-key'] },
        },
      ],
    },
    auth: { headers: { 'X-Algolia-Application-Id': '$CLIENT_SECRET.id', 'X-Algolia-API-Key': '$CLIENT_SECRET.key' } },
    secret: { id: other, key: secret },
    request: { to: '/1/indexes/a/query', data: { query: 'q' } },
    accepts: (call) => hasHeader('x-algolia-application-id', other)(call) && hasHeader('x-algolia-api-key')(call),
  },
  Linear: {
    ...of(linear, { endpoints: ['graphql'] }),
    request: { to: '/graphql', data: { query: '{ viewer { id } }' } },
    accepts: hasHeader('authorization'),
  },
  HubSpot: {
    ...of(hubspot),
    request: { to: '/crm/v3/objects/contacts', data: { properties: {} } },
    accepts: (call) => isBearer(call),
  },
  'Google Maps': {
    ...of(googleMaps, { endpoints: ['geocode'] }),
    auth: { params: { key: '$CLIENT_SECRET' } },
    request: { to: '/maps/api/geocode/json', method: 'GET', params: { address: 'Berlin' } },
    accepts: (call) => query(call).get('key') === secret,
  },
  'Google Maps, places': {
    ...of(googleMaps),
    request: { to: '/v1/places:searchText', headers: { 'X-Goog-FieldMask': '*' }, data: { textQuery: 'otters' } },
    accepts: hasHeader('x-goog-api-key'),
  },
  'Google, a service account': {
    ...of(googleServiceAccount, { clientEmail: 'a@b.iam', scope: 's', endpoints: ['sheets'] }),
    secret: String(rsa.privateKey.export({ type: 'pkcs8', format: 'pem' })),
    request: { method: 'GET', to: '/v4/spreadsheets/1' },
    token: (call) => call.path === '/token' && isJwt(new URLSearchParams(call.body).get('assertion'), 'a@b.iam'),
    accepts: (call) => isBearer(call, token),
  },
  Spotify: {
    ...of(spotify, { clientId: 'id' }),
    request: { to: '/v1/search', method: 'GET', params: { q: 'otter' } },
    token: (call) =>
      call.path === '/api/token' && isBasic(call, 'id', secret) && call.body === 'grant_type=client_credentials',
    accepts: (call) => isBearer(call, token),
  },
  DeepL: {
    ...of(deepl),
    request: { to: '/v2/translate', data: { text: ['otter'], target_lang: 'DE' } },
    accepts: hasHeader('authorization', `DeepL-Auth-Key ${secret}`),
  },
  Telegram: {
    ...of(telegram),
    request: { to: '/bot$CLIENT_SECRET/sendMessage', data: { chat_id: 1, text: 't' } },
    accepts: ({ path }) => path === `/bot${secret}/sendMessage`,
  },
  Datadog: {
    ...of(datadog),
    secret: { api: secret, app: other },
    request: { to: '/api/v1/query', method: 'GET' },
    accepts: (call) => hasHeader('dd-api-key')(call) && hasHeader('dd-application-key', other)(call),
  },
  'Binance, HMAC': {
    ...of(binance, { endpoints: ['account'] }),
    secret: { key: other, secret },
    request: { to: '/api/v3/account', method: 'GET', params: { timestamp: 1499827319559 } },
    accepts: (call) =>
      hasHeader('x-mbx-apikey', other)(call) &&
      query(call).get('signature') === createHmac('sha256', secret).update('timestamp=1499827319559').digest('hex'),
  },
  'S3, an upload of text': atS3('<svg/>'),
  'S3, an upload of a Blob': atS3(new Blob(['<svg/>'], { type: 'image/svg+xml' })),
}

/** The APIs that the table must show, as issue 16 names them. */
const named = [
  ...['OpenAI, chat', 'OpenAI, images', 'OpenAI, speech', 'OpenAI, transcription', 'OpenAI, files', 'Anthropic'],
  ...[
    'Gemini',
    'Mistral',
    'ElevenLabs',
    'Deepgram',
    'Replicate',
    'fal',
    'Hugging Face',
    'Stripe, form',
    'Stripe, Basic',
  ],
  ...['Twilio', 'Mailgun, an attachment', 'SendGrid', 'Resend', 'Slack', 'Notion', 'Airtable', 'GitHub, a token'],
  ...['GitHub, an App', 'Jira', 'Zendesk', 'Shopify', 'Algolia', 'Google Maps', 'Google, a service account', 'Spotify'],
  ...['DeepL', 'Telegram', 'Datadog', 'S3', 'Binance, HMAC'],
]

test.each(named)('the table has %s', (name) => {
  expect(Object.keys(apis).filter((api) => api.startsWith(name))).not.toEqual([])
})

/** The kind of a body, for the table. */
function bodyOf(data: unknown): string {
  if (data === undefined) return 'none'
  if (typeof data === 'string') return 'text'
  if (data instanceof FormData) return 'multipart form'
  if (data instanceof Blob) return 'file'
  return Array.isArray(data) ? 'list' : 'object'
}

// For the whole file: React works on after an unmount.
const { window } = new JSDOM('')
vi.stubGlobal('window', window)
vi.stubGlobal('document', window.document)

/** Sends a request as a component does, and gives the state in which it ends. */
async function throughHook(client: Client, request: UseClientSecretRequestOptions) {
  const root = createRoot(window.document.createElement('div'))
  onTestFinished(() => root.unmount())
  return new Promise<RequestState>((resolve) => {
    function Component() {
      const state = useClientSecretRequest(request)
      const { status, send } = state
      useEffect(() => send(), [send])
      useEffect(() => {
        if (status === 'resolved' || status === 'failed') resolve(state)
      })
      return null
    }
    root.render(createElement(ClientSecretProvider, { client, children: createElement(Component) }))
  })
}

async function isJwt(jwt: string | null | undefined, issuer: string): Promise<boolean> {
  return jwtVerify(jwt ?? '', rsa.publicKey, { issuer, algorithms: ['RS256'] }).then(
    () => true,
    () => false,
  )
}

// The signature of S3 is checked in test/relay/signatures.test.ts.
test.for(Object.entries(apis).map(([name, api]) => ({ name, ...api })))(
  '$name',
  async ({ name, key, auth, rule = 'own rule', secret: given, request, accepts, token: isTokenCall }, { task }) => {
    const exchange = key.token && new URL(key.token.url!).pathname
    const api = await startApi(async (call, outgoing) => {
      if (call.path === exchange)
        return json(outgoing, { access_token: token }, (await isTokenCall?.(call)) ? 200 : 400)
      json(outgoing, { echo: [call.path, call.headers, call.body] }, (await accepts(call)) ? 200 : 401)
    })
    const { to, headers, params, ...rest } = request
    const { client } = await startRelay({
      keys: { api: { ...atStandIn(key, api.url), secret: given ?? secret, locked: false } },
    })
    const sent = {
      clientSecretName: 'api',
      url: api.url + to,
      method: 'POST' as const,
      headers: { ...auth.headers, ...headers },
      params: { ...auth.params, ...params },
      ...rest,
    }
    // For npm run apis, which prints the table from the report of this test.
    task.meta.api = { name, call: `${sent.method} ${to}`, body: bodyOf(sent.data), through: `hook, relay, ${rule}` }
    const { status, error, response, data } = await throughHook(client, sent)
    expect([status, error?.message]).toEqual(['resolved', undefined])
    const answer = [JSON.stringify(response), data instanceof Blob ? await data.text() : JSON.stringify(data)].join()
    for (const text of [secret, other, token]) expect(answer).not.toContain(text)
  },
)

test('each preset is in the table above', () => {
  expect(Object.entries(presets).flatMap(([name, preset]) => (shown.has(preset) ? [] : [name]))).toEqual([])
})

test('a page may call what a preset names, and nothing else', async () => {
  const api = await startApi()
  const { client } = await startRelay({
    keys: { api: { ...atStandIn(openai({ endpoints: ['chat'] }), api.url), secret, locked: false } },
  })
  const refused = client.send({ clientSecretName: 'api', url: `${api.url}/v1/files`, method: 'GET', ...openai.auth })
  await expect(refused).rejects.toMatchObject({ code: 'NOT_ALLOWED' })
  expect(api.calls).toEqual([])
})
