import { expect, test } from 'vitest'
import * as presets from '../../src/exports/presets.ts'
import type { Preset } from '../../src/exports/presets.ts'
import type { Method } from '../../src/protocol/request.ts'
import { compileRule, isAllowed } from '../../src/relay/keys/key-rules.ts'
import type { KeyOptions } from '../../src/relay/keys/key.ts'

type Any = ((options: Record<string, unknown>) => KeyOptions) & Omit<Preset, never>
const all = presets as unknown as Record<string, Any>

/** What a page may not call, by the endpoints of the config; `default` for a config without any. */
type Refused = Record<string, string[]>

const refused: Record<keyof typeof presets, Refused> = {
  openai: {
    default: [
      ...[
        'GET /v1/files',
        'POST /v1/files',
        'DELETE /v1/files/f',
        'GET /v1/files/f/content',
        'POST /v1/fine_tuning/jobs',
      ],
      ...['DELETE /v1/models/ft:m', 'POST /v1/models/m', 'GET /v1/responses/r', 'DELETE /v1/responses/r'],
      ...['GET /v1/chat/completions', 'DELETE /v1/chat/completions/c', 'POST /v1/batches', 'POST /v1/vector_stores'],
      ...['GET /v1/organization/users', 'POST /v1/organization/admin_api_keys', 'POST /v1/realtime/sessions'],
    ],
    chat: ['POST /v1/responses', 'GET /v1/models', 'POST /v1/embeddings', 'POST /v1/chat/completions/c'],
    images: ['POST /v1/images/variations', 'POST /v1/chat/completions'],
  },
  anthropic: {
    default: [
      ...['POST /v1/messages/batches', 'GET /v1/messages/batches', 'POST /v1/messages/batches/b/cancel'],
      ...['GET /v1/files', 'DELETE /v1/files/f', 'GET /v1/organizations/users', 'POST /v1/complete'],
    ],
    messages: ['POST /v1/messages/count_tokens', 'GET /v1/models'],
  },
  gemini: {
    default: [
      ...['predict', 'predictLongRunning', 'batchGenerateContent', 'asyncBatchEmbedContent', 'transferOwnership'].map(
        (verb) => `POST /v1beta/models/m:${verb}`,
      ),
      ...['POST /v1beta/models/m:predict%3F:generateContent', 'POST /v1beta/models/m:predict;:generateContent'],
      ...['POST /v1beta/models/m%3AgenerateContent', 'POST /v1beta/tunedModels/m:generateContent'],
      ...['POST /v1beta/cachedContents', 'GET /v1beta/files', 'DELETE /v1beta/files/f', 'GET /v1beta/tunedModels'],
    ],
    generate: ['POST /v1beta/models/m:countTokens', 'POST /v1beta/models/m:embedContent', 'GET /v1beta/models'],
  },
  mistral: {
    default: [
      'GET /v1/files',
      'POST /v1/fine_tuning/jobs',
      'POST /v1/batch/jobs',
      'DELETE /v1/models/m',
      'POST /v1/agents',
    ],
  },
  groq: { default: ['POST /openai/v1/batches', 'GET /openai/v1/files', 'DELETE /openai/v1/models/m'] },
  cohere: {
    default: [
      'GET /v1/datasets',
      'DELETE /v1/datasets/d',
      'POST /v1/connectors',
      'POST /v1/embed-jobs',
      'POST /v2/chat/x',
    ],
  },
  deepseek: { default: ['GET /user/balance', 'POST /models', 'POST /chat/completions/x'] },
  openrouter: {
    default: [
      'GET /api/v1/credits',
      'POST /api/v1/keys',
      'GET /api/v1/keys',
      'DELETE /api/v1/keys/k',
      'GET /api/v1/key',
    ],
  },
  together: { default: ['GET /v1/files', 'POST /v1/fine-tunes', 'POST /v1/endpoints', 'DELETE /v1/endpoints/e'] },
  perplexity: { default: ['POST /async/chat/completions', 'POST /generate_auth_token', 'POST /revoke_auth_token'] },
  xai: {
    default: ['GET /v1/api-key', 'GET /v1/chat/deferred-completion/c', 'DELETE /v1/responses/r', 'GET /v1/files'],
  },
  huggingface: {
    default: [
      'GET /v1/models',
      'POST /together/v1/images',
      'GET /hf-inference/models/m',
      'POST /hf-inference/models/%2e%2e/x',
    ],
    chat: ['POST /hf-inference/models/m'],
  },
  elevenlabs: {
    default: [
      ...['DELETE /v1/voices/v', 'POST /v1/voices/add', 'GET /v1/history', 'GET /v1/user', 'GET /v1/user/subscription'],
      ...['POST /v1/dubbing', 'POST /v1/convai/agents/create', 'GET /v1/workspace/resources/r'],
    ],
    speech: ['GET /v1/voices', 'POST /v1/speech-to-speech/v'],
  },
  deepgram: {
    default: ['GET /v1/projects', 'POST /v1/projects/p/keys', 'DELETE /v1/projects/p', 'POST /v1/auth/grant'],
  },
  assemblyai: {
    default: [
      'GET /v2/transcript',
      'DELETE /v2/transcript/t',
      'GET /v2/transcript/t/sentences',
      'POST /v2/realtime/token',
    ],
  },
  replicate: {
    default: [
      ...['GET /v1/predictions', 'GET /v1/account', 'POST /v1/deployments', 'DELETE /v1/models/a/b', 'POST /v1/models'],
      ...['POST /v1/models/a/b/versions/v/trainings', 'GET /v1/webhooks/default/secret', 'POST /v1/files'],
    ],
  },
  fal: {
    default: [
      'POST /workflows/x',
      'PUT https://queue.fal.run/fal-ai/flux/requests/r/cancel',
      'GET https://queue.fal.run/fal-ai/flux/requests',
      'GET https://rest.alpha.fal.ai/tokens',
    ],
    run: ['POST https://queue.fal.run/fal-ai/flux'],
  },
  deepl: {
    default: [
      'GET /v2/usage',
      'POST /v2/document',
      'GET /v2/glossaries',
      'DELETE /v2/glossaries/g',
      'POST /v2/admin/developer-keys',
    ],
  },
  stripe: {
    default: [
      ...['POST /v1/payment_intents', 'POST /v1/checkout/sessions', 'POST /v1/setup_intents', 'POST /v1/customers'],
      ...['GET /v1/customers', 'GET /v1/balance', 'POST /v1/refunds', 'POST /v1/transfers', 'POST /v1/payouts'],
      ...['POST /v1/products', 'DELETE /v1/products/p', 'GET /v1/charges', 'POST /v1/accounts'],
    ],
    checkout: ['GET /v1/checkout/sessions', 'GET /v1/checkout/sessions/s/line_items', 'POST /v1/payment_intents'],
    paymentIntents: [
      'GET /v1/payment_intents',
      'POST /v1/payment_intents/p/capture',
      'POST /v1/payment_intents/p/confirm',
    ],
    customers: ['GET /v1/customers', 'POST /v1/customers/c', 'DELETE /v1/customers/c', 'GET /v1/customers/search'],
  },
  twilio: {
    default: [
      ...['Calls.json', 'IncomingPhoneNumbers.json', 'Messages/SM1.json', 'Keys.json'].map(
        (path) => `POST /2010-04-01/Accounts/otters/${path}`,
      ),
      ...['GET /2010-04-01/Accounts/otters/Messages.json', 'DELETE /2010-04-01/Accounts/otters/Messages/SM1.json'],
      ...['POST /2010-04-01/Accounts/other/Messages.json', 'GET /2010-04-01/Accounts/otters.json'],
    ],
    calls: ['POST /2010-04-01/Accounts/otters/Messages.json', 'POST /2010-04-01/Accounts/otters/Calls/CA1.json'],
  },
  mailgun: {
    default: [
      'GET /v3/otters/events',
      'GET /v3/otters/messages/m',
      'POST /v3/other/messages',
      'POST /v3/routes',
      'POST /v3/otters/messages.mime',
    ],
  },
  sendgrid: {
    default: ['GET /v3/marketing/contacts', 'POST /v3/api_keys', 'POST /v3/mail/batch', 'GET /v3/suppression/bounces'],
  },
  resend: {
    default: [
      'GET /emails',
      'GET /emails/e',
      'POST /emails/e/cancel',
      'POST /api-keys',
      'GET /audiences',
      'DELETE /domains/d',
    ],
  },
  postmark: {
    default: [
      'GET /messages/outbound',
      'POST /email/batchWithTemplates',
      'GET /server',
      'POST /bounces/b/activate',
      'PUT /server',
    ],
  },
  slack: {
    default: [
      ...[
        'chat.update',
        'chat.delete',
        'conversations.history',
        'files.upload',
        'users.list',
        'chat.postMessage/x',
      ].map((method) => `POST /api/${method}`),
      ...['GET /api/conversations.list', 'GET /api/conversations.history', 'GET /api/users.list'],
    ],
    channels: ['POST /api/chat.postMessage', 'POST /api/conversations.create'],
  },
  discord: {
    default: [
      ...['GET /api/v10/channels/1/messages', 'PATCH /api/v10/channels/1/messages/2', 'DELETE /api/v10/channels/1'],
      ...[
        'POST /api/v10/channels/1/messages/bulk-delete',
        'PUT /api/v10/guilds/1/bans/2',
        'POST /api/v10/channels/1/webhooks',
      ],
    ],
  },
  telegram: {
    default: ['getUpdates', 'deleteMessage', 'setWebhook', 'getFile', 'banChatMember', 'logOut', 'forwardMessage'].map(
      (method) => `POST /bot$CLIENT_SECRET/${method}`,
    ),
    messages: ['POST /bot$CLIENT_SECRET/sendPhoto', 'POST /bot$CLIENT_SECRET/sendMessage/x'],
  },
  notion: {
    default: [
      ...['POST /v1/search', 'POST /v1/databases/d/query', 'POST /v1/data_sources/d/query', 'GET /v1/pages/p'],
      ...[
        'PATCH /v1/pages/p',
        'DELETE /v1/blocks/b',
        'PATCH /v1/blocks/b/children',
        'GET /v1/users',
        'POST /v1/databases',
      ],
    ],
    readPages: ['PATCH /v1/pages/p', 'GET /v1/pages/p/properties/q', 'POST /v1/search'],
  },
  airtable: {
    default: [
      ...['GET /v0/otters/Table', 'PATCH /v0/otters/Table', 'PUT /v0/otters/Table', 'DELETE /v0/otters/Table'],
      ...['POST /v0/otters/Table/listRecords', 'POST /v0/other/Table', 'GET /v0/meta/bases', 'POST /v0/meta/bases'],
    ],
    list: ['POST /v0/otters/Table', 'GET /v0/otters/Table/rec1'],
    update: ['PUT /v0/otters/Table', 'PATCH /v0/otters/Table/rec1'],
  },
  github: {
    default: [
      ...['GET /issues', 'GET /issues/1', 'PATCH /issues/1', 'POST /issues/1/comments', 'GET /releases'].map((call) =>
        call.replace(' ', ' /repos/otters/otters'),
      ),
      ...['GET /repos/otters/otters', 'POST /repos/otters/other/issues', 'PUT /repos/otters/otters/contents/a'],
      ...[
        'POST /repos/otters/otters/dispatches',
        'POST /repos/otters/otters/releases',
        'GET /user/repos',
        'POST /gists',
      ],
    ],
    readIssues: [
      ...[
        'GET /issues/comments',
        'GET /issues/events',
        'GET /issues/1/timeline',
        'POST /issues',
        'PATCH /issues/1',
      ].map((call) => call.replace(' ', ' /repos/otters/otters')),
    ],
    comments: ['GET /repos/otters/otters/issues/1/comments', 'PATCH /repos/otters/otters/issues/comments/1'],
    releases: ['GET /repos/otters/otters/releases/assets/1', 'DELETE /repos/otters/otters/releases/1'],
  },
  githubApp: {
    default: [
      ...['GET /issues', 'GET /issues/comments', 'PATCH /issues/1', 'POST /issues/1/comments', 'PUT /contents/a'].map(
        (call) => call.replace(' ', ' /repos/otters/otters'),
      ),
      ...['POST /app/installations/otters/access_tokens', 'GET /installation/repositories'],
    ],
    readIssues: ['GET /repos/otters/otters/issues/comments', 'GET /repos/otters/otters/issues/events'],
  },
  jira: {
    default: [
      ...['GET /issue/A-1', 'GET /issue/createmeta', 'POST /issue/bulk', 'PUT /issue/A-1', 'DELETE /issue/A-1'].map(
        (call) => call.replace(' ', ' /rest/api/3'),
      ),
      ...['POST /rest/api/3/search/jql', 'POST /rest/api/3/issue/A-1/comment', 'GET /rest/api/3/users/search'],
    ],
    search: ['GET /rest/api/3/search', 'POST /rest/api/3/issue'],
  },
  zendesk: {
    default: [
      ...[
        'GET /api/v2/tickets.json',
        'GET /api/v2/search.json',
        'PUT /api/v2/tickets/1.json',
        'GET /api/v2/users.json',
      ],
      ...[
        'GET /api/v2/help_center/articles/search.json',
        'POST /api/v2/tickets/create_many.json',
        'DELETE /api/v2/tickets/1',
      ],
    ],
  },
  shopify: {
    graphql: [
      'GET /admin/api/2025-07/orders.json',
      'POST /admin/api/2025-07/products.json',
      'POST /admin/api/2024-01/graphql.json',
    ],
  },
  algolia: {
    default: [
      ...[
        'POST /1/indexes/a/batch',
        'POST /1/indexes/a/browse',
        'GET /1/indexes',
        'DELETE /1/indexes/a',
        'PUT /1/indexes/a/settings',
      ],
      ...['GET /1/keys', 'POST /1/keys', 'POST /1/indexes/a/clear', 'POST /1/indexes/a/deleteByQuery'],
    ],
  },
  linear: { graphql: ['GET /graphql', 'POST /oauth/token', 'POST /upload'] },
  hubspot: {
    default: [
      ...[
        'GET /contacts',
        'POST /contacts/search',
        'PATCH /contacts/1',
        'DELETE /contacts/1',
        'POST /contacts/batch/read',
      ].map((call) => call.replace(' ', ' /crm/v3/objects')),
      ...['POST /crm/v3/objects/deals/search', 'POST /crm/v3/objects/companies', 'GET /crm/v3/owners'],
    ],
  },
  googleMaps: {
    default: [
      'GET https://maps.googleapis.com/maps/api/geocode/json',
      'GET /v1/places/p/photos/q/media',
      'POST /v1/places:other',
    ],
  },
  googleServiceAccount: {
    default: [
      ...['A1:clear', 'A1:Z999:clear', 'A1%3Aclear', 'A1', 'A1%3Aappend', 'A1:clear%3F:append', 'A1:clear;:append'].map(
        (range) => `POST /v4/spreadsheets/s/values/${range}`,
      ),
      ...['PUT /v4/spreadsheets/s/values/A1', 'PUT /v4/spreadsheets/s/values/A1:append', 'GET /v4/spreadsheets/s'],
      ...['POST /v4/spreadsheets/s:batchUpdate', 'POST /v4/spreadsheets/s/values:batchClear', 'POST /v4/spreadsheets'],
      ...[
        'GET https://www.googleapis.com/calendar/v3/calendars/c/events',
        'GET https://www.googleapis.com/drive/v3/files',
      ],
    ],
    sheets: ['POST /v4/spreadsheets/s/values/A1:append', 'GET /v4/spreadsheets/s/developerMetadata/1'],
    calendar: [
      'DELETE https://www.googleapis.com/calendar/v3/calendars/c/events/e',
      'POST https://www.googleapis.com/calendar/v3/calendars/c/acl',
    ],
  },
  spotify: {
    default: ['GET /v1/me', 'GET /v1/users/u/playlists', 'PUT /v1/me/player/play', 'GET /v1/artists/a/top-tracks'],
  },
  datadog: {
    default: [
      'POST /api/v2/logs/events/search',
      'GET /api/v1/user',
      'POST /api/v1/monitor',
      'GET /api/v2/api_keys',
      'POST /api/v1/series',
    ],
  },
  s3: {
    default: [
      'PUT /otters/a',
      'DELETE /otters/a',
      'GET /',
      'GET /?list-type=2',
      'GET /other/a',
      'GET /otters/',
      'GET /otters/a/b',
      'GET /otters/a?acl',
      'GET /otters/a?versionId=1',
      'POST /otters/a?uploads',
    ],
    write: [
      'PUT /otters/a?acl',
      'PUT /otters/a?tagging',
      'PUT /other/a',
      'PUT /',
      'PUT /otters/',
      'POST /otters/a',
      'GET /otters/a',
    ],
    delete: ['DELETE /', 'DELETE /otters/', 'DELETE /otters/a?versionId=1', 'POST /?delete'],
  },
  binance: {
    account: [
      'GET /api/v3/openOrders',
      'POST /api/v3/order',
      'DELETE /api/v3/order',
      'POST /sapi/v1/capital/withdraw/apply',
    ],
    orders: ['DELETE /api/v3/openOrders', 'GET /api/v3/allOrders'],
    order: ['DELETE /api/v3/order', 'GET /api/v3/order', 'POST /api/v3/order/cancelReplace', 'POST /api/v3/order/test'],
  },
}

test('each preset has a list', () => expect(Object.keys(refused).sort()).toEqual(Object.keys(all).sort()))

/** Asks the rules of a preset. A call is a method and a path or a url. */
function allowed(preset: Any, endpoints: string[] | undefined, call: string): boolean {
  const settings = Object.fromEntries(preset.settings.required.map((name) => [name, 'otters']))
  const { allow, sign } = preset({ ...settings, ...(endpoints && { endpoints }) })
  const names = typeof preset.variables === 'string' ? undefined : Object.keys(preset.variables)
  const rules = allow.map((rule) => compileRule(rule, 'rule', undefined, names))
  const [method, path = ''] = call.split(' ')
  const request = {
    clientSecretName: 'api',
    method: method as Method,
    url: path.startsWith('https:') ? path : new URL(allow[0]!.url).origin + path,
    headers: { ...preset.auth.headers },
    params: { ...preset.auth.params },
  }
  return isAllowed({ name: 'api', rules, ...(sign && { sign }) }, request)
}

test.each(Object.entries(refused))('%s allows what it names, and no call of its list', (name, lists) => {
  const preset = all[name]!
  for (const [endpoint, calls] of Object.entries(lists)) {
    const endpoints = endpoint === 'default' ? undefined : [endpoint]
    for (const call of calls) expect([call, allowed(preset, endpoints, call)]).toEqual([call, false])
  }
  // The same question has another answer for its own calls.
  for (const [endpoint, lines] of Object.entries(preset.endpoints)) {
    for (const line of lines) {
      const [methods = '', path = '', place] = line.split(' ')
      if (place) continue
      const settings = Object.fromEntries(preset.settings.required.map((one) => [one, 'otters']))
      const rule = preset({ ...settings, endpoints: [endpoint] }).allow.find(({ url }) => url.endsWith(path))!
      const url = rule.url.replaceAll('**', 'x/y').replaceAll('*', 'x')
      for (const method of methods.split(',')) {
        expect([line, allowed(preset, [endpoint], `${method} ${url}`)]).toEqual([line, true])
        const isDefault = preset.defaults.includes(endpoint)
        if (preset.defaults.length > 0)
          expect([line, allowed(preset, undefined, `${method} ${url}`)]).toEqual([line, isDefault])
      }
    }
  }
})

test.each(Object.entries(all).filter(([, { defaults }]) => defaults.length === 0))(
  '%s asks for its endpoints: all of them reach private data, or money',
  (name, preset) => {
    const settings = Object.fromEntries(preset.settings.required.map((one) => [one, 'otters']))
    expect(() => preset(settings)).toThrow(
      `The preset needs "endpoints". Choose from ${Object.keys(preset.endpoints).join(', ')}.`,
    )
    expect(['shopify', 'linear', 'binance']).toContain(name)
  },
)
