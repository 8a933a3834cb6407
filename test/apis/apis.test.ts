import { createHmac, generateKeyPairSync } from 'node:crypto'
import { jwtVerify } from 'jose'
import { expect, test } from 'vitest'
import type { ClientSecretRequestParams } from '../../src/client/request-params.ts'
import type { KeyOptions } from '../../src/relay/keys/key.ts'
import { json, startApi, type ApiCall } from '../helpers/api.ts'
import { startRelay } from '../helpers/relay.ts'

/** One API: its key and request as the docs print them, and what its own documentation says that it must get. */
interface WellKnown {
  /** Path of the rule. */
  path: string
  key?: Partial<KeyOptions> | ((url: string) => Partial<KeyOptions>)
  rule?: Partial<KeyOptions['allow'][number]>
  request: Partial<Omit<ClientSecretRequestParams, 'url'>> & { to?: string }
  accepts: (call: ApiCall) => boolean | Promise<boolean>
  /** What `/token` gives, and whether it got what it wants. */
  token?: (call: ApiCall) => boolean | Promise<boolean>
}

const secret = 'Vq7TfC1dXk29fLmQ8vRt3Wz7BnHs5JdGyC4pTe6a'
const other = 'Zz9Mw3Qp7Lk1Jh5Gf8Ds2Aa6Xc4Vb0Nn'
const token = 'ya29.Kp2Lm8Qr5Tv1Wx7Yz3Bc9Df4Gh6Jk0'
const form = { 'Content-Type': 'application/x-www-form-urlencoded' }
const bearer = { Authorization: 'Bearer $CLIENT_SECRET' }
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
const chat = { model: 'm', messages: [{ role: 'user', content: 'An otter' }] }

const apis: Record<string, WellKnown> = {
  'OpenAI, chat': {
    path: '/v1/chat/completions',
    request: { headers: bearer, data: chat },
    accepts: (call) => isBearer(call) && body(call)['model'] === 'm',
  },
  'OpenAI, speech': {
    path: '/v1/audio/speech',
    request: { headers: bearer, data: { model: 'tts', voice: 'alloy', input: 'waves' }, responseType: 'blob' },
    accepts: (call) => isBearer(call) && body(call)['voice'] === 'alloy',
  },
  Anthropic: {
    path: '/v1/messages',
    rule: { in: ['headers.x-api-key'] },
    request: { headers: { 'X-Api-Key': '$CLIENT_SECRET', 'Anthropic-Version': '2023-06-01' }, data: chat },
    accepts: (call) => hasHeader('x-api-key')(call) && call.headers['anthropic-version'] === '2023-06-01',
  },
  Gemini: {
    path: '/v1beta/models/*',
    rule: { in: ['headers.x-goog-api-key'] },
    request: {
      to: '/v1beta/models/gemini:generateContent',
      headers: { 'X-Goog-Api-Key': '$CLIENT_SECRET' },
      data: { contents: [] },
    },
    accepts: hasHeader('x-goog-api-key'),
  },
  Mistral: {
    path: '/v1/chat/completions',
    request: { headers: bearer, data: chat },
    accepts: (call) => isBearer(call),
  },
  ElevenLabs: {
    path: '/v1/text-to-speech/*',
    rule: { in: ['headers.xi-api-key'] },
    request: {
      to: '/v1/text-to-speech/voice',
      headers: { 'Xi-Api-Key': '$CLIENT_SECRET' },
      data: { text: 'waves' },
      responseType: 'arrayBuffer',
    },
    accepts: hasHeader('xi-api-key'),
  },
  'Deepgram, a url': {
    path: '/v1/listen',
    request: { headers: { Authorization: 'Token $CLIENT_SECRET' }, data: { url: 'https://a.b/c.wav' } },
    accepts: hasHeader('authorization', `Token ${secret}`),
  },
  Replicate: {
    path: '/v1/predictions',
    request: { headers: { ...bearer, Prefer: 'wait' }, data: { version: 'v', input: {} } },
    accepts: (call) => isBearer(call) && call.headers['prefer'] === 'wait',
  },
  fal: {
    path: '/fal-ai/*',
    request: { to: '/fal-ai/flux', headers: { Authorization: 'Key $CLIENT_SECRET' }, data: { prompt: 'otter' } },
    accepts: hasHeader('authorization', `Key ${secret}`),
  },
  'Hugging Face': {
    path: '/v1/chat/completions',
    request: { headers: bearer, data: chat },
    accepts: (call) => isBearer(call),
  },
  'Stripe, form and Bearer': {
    path: '/v1/payment_intents',
    request: {
      headers: { ...bearer, ...form },
      data: { amount: 1099, currency: 'eur', payment_method_types: ['card'] },
    },
    accepts: (call) =>
      isBearer(call) && fields(call).join() === 'amount=1099,currency=eur,payment_method_types[0]=card',
  },
  'Stripe, Basic': {
    path: '/v1/products',
    request: { method: 'GET', headers: { Authorization: 'Basic $CLIENT_SECRET:' } },
    accepts: (call) => isBasic(call, secret, ''),
  },
  Twilio: {
    path: '/2010-04-01/Accounts/AC1/Messages.json',
    request: {
      headers: { Authorization: 'Basic AC1:$CLIENT_SECRET', ...form },
      data: { To: '+1', MediaUrl: ['https://a', 'https://b'] },
      formArrays: 'repeat',
    },
    accepts: (call) =>
      isBasic(call, 'AC1', secret) && fields(call).join() === 'To=+1,MediaUrl=https://a,MediaUrl=https://b',
  },
  'Mailgun, without files': {
    path: '/v3/*/messages',
    request: {
      to: '/v3/otters.org/messages',
      headers: { Authorization: `Basic ${btoa('api:$CLIENT_SECRET')}`, ...form },
      data: { from: 'a@b', to: ['c@d', 'e@f'] },
      formArrays: 'repeat',
    },
    accepts: (call) => isBasic(call, 'api', secret) && fields(call).join() === 'from=a@b,to=c@d,to=e@f',
  },
  SendGrid: {
    path: '/v3/mail/send',
    request: { headers: bearer, data: { personalizations: [] } },
    accepts: (call) => isBearer(call),
  },
  Resend: {
    path: '/emails/batch',
    request: { headers: bearer, data: [{ from: 'a@b' }] },
    accepts: (call) => isBearer(call) && call.body === '[{"from":"a@b"}]',
  },
  Slack: {
    path: '/api/chat.postMessage',
    request: { headers: bearer, data: { channel: 'c', text: 't' } },
    accepts: (call) => isBearer(call),
  },
  Notion: {
    path: '/v1/pages',
    request: { headers: { ...bearer, 'Notion-Version': '2022-06-28' }, data: { parent: {} } },
    accepts: (call) => isBearer(call) && call.headers['notion-version'] === '2022-06-28',
  },
  Airtable: {
    path: '/v0/app1/*',
    request: { method: 'DELETE', to: '/v0/app1/Otters', headers: bearer, params: { 'records[]': ['a', 'b'] } },
    accepts: (call) => isBearer(call) && query(call).getAll('records[]').join() === 'a,b',
  },
  'GitHub, a token': {
    path: '/repos/*/*/issues',
    request: { method: 'GET', to: '/repos/a/b/issues', headers: bearer },
    accepts: (call) => isBearer(call) && Boolean(call.headers['user-agent']),
  },
  'GitHub, an App': {
    path: '/repos/*/*/issues',
    key: (url) => ({
      secret: String(rsa.privateKey.export({ type: 'pkcs1', format: 'pem' })),
      token: { grant: 'jwt-bearer', auth: 'bearer', clientId: '1', url: `${url}/token`, allowPrivateNetwork: true },
    }),
    request: { method: 'GET', to: '/repos/a/b/issues', headers: bearer },
    token: (call) => isJwt(call.headers.authorization?.slice('Bearer '.length), '1'),
    accepts: (call) => isBearer(call, token),
  },
  Jira: {
    path: '/rest/api/3/issue',
    request: { headers: { Authorization: 'Basic ada@b.c:$CLIENT_SECRET' }, data: { fields: {} } },
    accepts: (call) => isBasic(call, 'ada@b.c', secret),
  },
  Zendesk: {
    path: '/api/v2/tickets.json',
    request: { headers: { Authorization: 'Basic ada@b.c/token:$CLIENT_SECRET' }, data: { ticket: {} } },
    accepts: (call) => isBasic(call, 'ada@b.c/token', secret),
  },
  Shopify: {
    path: '/admin/api/2025-01/graphql.json',
    rule: { in: ['headers.x-shopify-access-token'] },
    request: { headers: { 'X-Shopify-Access-Token': '$CLIENT_SECRET' }, data: { query: '{ shop { name } }' } },
    accepts: hasHeader('x-shopify-access-token'),
  },
  Algolia: {
    path: '/1/indexes/*/query',
    key: { secret: { id: other, key: secret } },
    rule: { inEach: { id: ['headers.x-algolia-application-id'], key: ['headers.x-algolia-api-key'] } },
    request: {
      to: '/1/indexes/a/query',
      headers: { 'X-Algolia-Application-Id': '$CLIENT_SECRET.id', 'X-Algolia-API-Key': '$CLIENT_SECRET.key' },
      data: { query: 'q' },
    },
    accepts: (call) => hasHeader('x-algolia-application-id', other)(call) && hasHeader('x-algolia-api-key')(call),
  },
  'Google Maps': {
    path: '/maps/api/geocode/json',
    rule: { in: ['params.key'] },
    request: { method: 'GET', params: { address: 'Berlin', key: '$CLIENT_SECRET' } },
    accepts: (call) => query(call).get('key') === secret,
  },
  'Google, a service account': {
    path: '/v4/spreadsheets/*',
    key: (url) => ({
      secret: String(rsa.privateKey.export({ type: 'pkcs8', format: 'pem' })),
      token: { grant: 'jwt-bearer', clientId: 'a@b.iam', scope: 's', url: `${url}/token`, allowPrivateNetwork: true },
    }),
    request: { method: 'GET', to: '/v4/spreadsheets/1', headers: bearer },
    token: (call) => isJwt(new URLSearchParams(call.body).get('assertion'), 'a@b.iam'),
    accepts: (call) => isBearer(call, token),
  },
  Spotify: {
    path: '/v1/search',
    key: (url) => ({
      token: { grant: 'client_credentials', clientId: 'id', url: `${url}/token`, allowPrivateNetwork: true },
    }),
    request: { method: 'GET', headers: bearer, params: { q: 'otter' } },
    token: (call) => isBasic(call, 'id', secret) && call.body === 'grant_type=client_credentials',
    accepts: (call) => isBearer(call, token),
  },
  DeepL: {
    path: '/v2/translate',
    request: {
      headers: { Authorization: 'DeepL-Auth-Key $CLIENT_SECRET' },
      data: { text: ['otter'], target_lang: 'DE' },
    },
    accepts: hasHeader('authorization', `DeepL-Auth-Key ${secret}`),
  },
  Telegram: {
    path: '/bot$CLIENT_SECRET/*',
    request: { to: '/bot$CLIENT_SECRET/sendMessage', data: { chat_id: 1, text: 't' } },
    accepts: ({ path }) => path === `/bot${secret}/sendMessage`,
  },
  Datadog: {
    path: '/api/v1/query',
    key: { secret: { api: secret, app: other } },
    rule: { inEach: { api: ['headers.dd-api-key'], app: ['headers.dd-application-key'] } },
    request: {
      method: 'GET',
      headers: { 'DD-API-KEY': '$CLIENT_SECRET.api', 'DD-APPLICATION-KEY': '$CLIENT_SECRET.app' },
    },
    accepts: (call) => hasHeader('dd-api-key')(call) && hasHeader('dd-application-key', other)(call),
  },
  'Binance, HMAC': {
    path: '/api/v3/account',
    key: { sign: { hmac: 'sha256', over: ['query', 'body'] } },
    rule: { in: ['params.signature'] },
    request: { method: 'GET', params: { timestamp: 1499827319559, signature: '$CLIENT_SECRET' } },
    accepts: (call) =>
      query(call).get('signature') === createHmac('sha256', secret).update('timestamp=1499827319559').digest('hex'),
  },
}

async function isJwt(jwt: string | null | undefined, issuer: string): Promise<boolean> {
  return jwtVerify(jwt ?? '', rsa.publicKey, { issuer, algorithms: ['RS256'] }).then(
    () => true,
    () => false,
  )
}

// S3 is in test/relay/signatures.test.ts, where its signature is made anew. Uploads (transcription, files, attachments) are not built yet.
test.each(Object.entries(apis))('%s', async (_name, { path, key, rule, request, accepts, token: isTokenCall }) => {
  const api = await startApi(async (call, outgoing) => {
    if (call.path === '/token') return json(outgoing, { access_token: token }, (await isTokenCall?.(call)) ? 200 : 400)
    json(outgoing, { echo: [call.path, call.headers, call.body] }, (await accepts(call)) ? 200 : 401)
  })
  const { to = path, ...rest } = request
  const { client } = await startRelay({
    keys: {
      api: {
        secret,
        locked: false,
        allow: [{ url: api.url + path, methods: ['GET', 'POST', 'DELETE'], allowPrivateNetwork: true, ...rule }],
        ...(typeof key === 'function' ? key(api.url) : key),
      },
    },
  })
  const { response } = (await client.send({ clientSecretName: 'api', url: api.url + to, method: 'POST', ...rest })) as {
    response: { status: number; body: string }
  }
  expect(response.status).toBe(200)
  for (const text of [secret, other, token]) expect(response.body).not.toContain(text)
})
