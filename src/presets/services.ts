import { preset } from './preset.ts'

const bearer = { headers: { Authorization: 'Bearer $CLIENT_SECRET' } }

/** Stripe. The caller of `checkout` chooses the prices; that of `paymentIntents` can charge a saved card. */
export const stripe = /* @__PURE__ */ preset({
  url: 'https://api.stripe.com/v1',
  variables: 'STRIPE_SECRET_KEY',
  auth: bearer,
  endpoints: { products: ['GET /products', 'GET /prices'] },
  more: {
    checkout: 'POST /checkout/sessions',
    paymentIntents: 'POST /payment_intents',
    setupIntents: 'POST /setup_intents',
    customers: 'POST /customers',
  },
  sdk: {
    names: 'Stripe',
    module: 'stripe',
    create: "new Stripe('$CLIENT_SECRET', { httpClient: Stripe.createFetchHttpClient(client.fetchWith('stripe')) })",
  },
})

/** Twilio. */
export const twilio = /* @__PURE__ */ preset({
  url: 'https://api.twilio.com/2010-04-01/Accounts/{accountSid}',
  variables: 'TWILIO_AUTH_TOKEN',
  auth: { headers: { Authorization: 'Basic {accountSid}:$CLIENT_SECRET' } },
  endpoints: { messages: 'POST /Messages.json' },
  more: { calls: 'POST /Calls.json' },
  required: ['accountSid'],
})

/** Mailgun. In the EU, set `host` to `api.eu.mailgun.net`. */
export const mailgun = /* @__PURE__ */ preset({
  url: 'https://{host}/v3/{domain}',
  variables: 'MAILGUN_API_KEY',
  auth: { headers: { Authorization: 'Basic api:$CLIENT_SECRET' } },
  endpoints: { messages: 'POST /messages' },
  required: ['domain'],
  optional: { host: 'api.mailgun.net' },
})

/** SendGrid. */
export const sendgrid = /* @__PURE__ */ preset({
  url: 'https://api.sendgrid.com/v3',
  variables: 'SENDGRID_API_KEY',
  auth: bearer,
  endpoints: { send: 'POST /mail/send' },
})

/** Resend. */
export const resend = /* @__PURE__ */ preset({
  url: 'https://api.resend.com',
  variables: 'RESEND_API_KEY',
  auth: bearer,
  endpoints: { emails: ['POST /emails', 'POST /emails/batch'] },
})

/** Postmark. */
export const postmark = /* @__PURE__ */ preset({
  url: 'https://api.postmarkapp.com',
  variables: 'POSTMARK_SERVER_TOKEN',
  auth: { headers: { 'X-Postmark-Server-Token': '$CLIENT_SECRET' } },
  endpoints: { emails: ['POST /email', 'POST /email/batch', 'POST /email/withTemplate'] },
})

/** Slack. */
export const slack = /* @__PURE__ */ preset({
  url: 'https://slack.com/api',
  variables: 'SLACK_BOT_TOKEN',
  auth: bearer,
  endpoints: { messages: 'POST /chat.postMessage' },
  more: { updateMessages: 'POST /chat.update', channels: 'GET /conversations.list' },
})

/** Discord, as a bot. */
export const discord = /* @__PURE__ */ preset({
  url: 'https://discord.com/api/v10',
  variables: 'DISCORD_BOT_TOKEN',
  auth: { headers: { Authorization: 'Bot $CLIENT_SECRET' } },
  endpoints: { messages: 'POST /channels/*/messages' },
})

/** Telegram, as a bot. The url of a request begins with `https://api.telegram.org/bot$CLIENT_SECRET/`. */
export const telegram = /* @__PURE__ */ preset({
  url: 'https://api.telegram.org/bot$CLIENT_SECRET',
  variables: 'TELEGRAM_BOT_TOKEN',
  auth: {},
  endpoints: { messages: 'POST /sendMessage', photos: 'POST /sendPhoto', documents: 'POST /sendDocument' },
})

/** Notion. */
export const notion = /* @__PURE__ */ preset({
  url: 'https://api.notion.com/v1',
  variables: 'NOTION_TOKEN',
  auth: { headers: { Authorization: 'Bearer $CLIENT_SECRET', 'Notion-Version': '2022-06-28' } },
  endpoints: { pages: 'POST /pages' },
  more: {
    query: ['POST /databases/*/query', 'POST /data_sources/*/query'],
    search: 'POST /search',
    readPages: ['GET /pages/*', 'GET /blocks/*/children'],
    updatePages: 'PATCH /pages/*',
  },
  sdk: {
    names: '{ Client }',
    module: '@notionhq/client',
    create: "new Client({ auth: '$CLIENT_SECRET', fetch: client.fetchWith('notion') })",
  },
})

/** Airtable, one base. */
export const airtable = /* @__PURE__ */ preset({
  url: 'https://api.airtable.com/v0/{base}',
  variables: 'AIRTABLE_TOKEN',
  auth: bearer,
  endpoints: { create: 'POST /*' },
  more: { list: 'GET /*', update: 'PATCH /*', delete: 'DELETE /*' },
  required: ['base'],
})

/** GitHub, one repository. */
export const github = /* @__PURE__ */ preset({
  url: 'https://api.github.com/repos/{owner}/{repo}',
  variables: 'GITHUB_TOKEN',
  auth: bearer,
  endpoints: { issues: 'POST /issues' },
  more: {
    readIssues: 'GET /issues',
    comments: 'POST /issues/*/comments',
    readComments: 'GET /issues/*/comments',
    releases: 'GET /releases',
  },
  required: ['owner', 'repo'],
  sdk: {
    names: '{ Octokit }',
    module: '@octokit/rest',
    create: "new Octokit({ auth: '$CLIENT_SECRET', request: { fetch: client.fetchWith('github') } })",
  },
})

/** A GitHub App, for one repository. The secret is its private key. */
export const githubApp = /* @__PURE__ */ preset({
  url: 'https://api.github.com/repos/{owner}/{repo}',
  variables: 'GITHUB_APP_PRIVATE_KEY',
  auth: bearer,
  endpoints: { issues: 'POST /issues' },
  more: {
    readIssues: 'GET /issues',
    comments: 'POST /issues/*/comments',
    readComments: 'GET /issues/*/comments',
  },
  required: ['appId', 'installationId', 'owner', 'repo'],
  token: {
    grant: 'jwt-bearer',
    auth: 'bearer',
    clientId: '{appId}',
    url: 'https://api.github.com/app/installations/{installationId}/access_tokens',
  },
})

/** Jira in the cloud. */
export const jira = /* @__PURE__ */ preset({
  url: 'https://{site}.atlassian.net/rest/api/3',
  variables: 'JIRA_API_TOKEN',
  auth: { headers: { Authorization: 'Basic {email}:$CLIENT_SECRET' } },
  endpoints: { issues: 'POST /issue' },
  more: { readIssues: 'GET /issue/*', comments: 'POST /issue/*/comment', search: 'POST /search/jql' },
  required: ['site', 'email'],
})

/** Zendesk. `search` finds articles of the help center, also internal ones. */
export const zendesk = /* @__PURE__ */ preset({
  url: 'https://{subdomain}.zendesk.com/api/v2',
  variables: 'ZENDESK_API_TOKEN',
  auth: { headers: { Authorization: 'Basic {email}/token:$CLIENT_SECRET' } },
  endpoints: { tickets: ['POST /tickets.json', 'POST /tickets'] },
  more: { search: ['GET /help_center/articles/search.json', 'GET /help_center/articles/search'] },
  required: ['subdomain', 'email'],
})

/** Shopify, the GraphQL API of an admin: a caller can do everything that the scopes of the token allow. */
export const shopify = /* @__PURE__ */ preset({
  url: 'https://{shop}.myshopify.com/admin/api/{version}',
  variables: 'SHOPIFY_ACCESS_TOKEN',
  auth: { headers: { 'X-Shopify-Access-Token': '$CLIENT_SECRET' } },
  endpoints: {},
  more: { graphql: 'POST /graphql.json' },
  required: ['shop'],
  optional: { version: '2025-07' },
})

/** Algolia. Give it a key that can only search, in the indexes of the page. */
export const algolia = /* @__PURE__ */ preset({
  url: 'https://{appId}-dsn.algolia.net/1/indexes',
  variables: 'ALGOLIA_API_KEY',
  auth: { headers: { 'X-Algolia-API-Key': '$CLIENT_SECRET', 'X-Algolia-Application-Id': '{appId}' } },
  endpoints: { search: ['POST /*/query', 'POST /*/queries'] },
  required: ['appId'],
})

/** Linear, its GraphQL API: a caller can do everything that the key allows. */
export const linear = /* @__PURE__ */ preset({
  url: 'https://api.linear.app',
  variables: 'LINEAR_API_KEY',
  auth: { headers: { Authorization: '$CLIENT_SECRET' } },
  endpoints: {},
  more: { graphql: 'POST /graphql' },
})

/** HubSpot. */
export const hubspot = /* @__PURE__ */ preset({
  url: 'https://api.hubapi.com/crm/v3/objects',
  variables: 'HUBSPOT_ACCESS_TOKEN',
  auth: bearer,
  endpoints: { contacts: 'POST /contacts', deals: 'POST /deals' },
  more: { search: 'POST /*/search' },
})

/** Google Maps. `geocode` writes the key into the query, as `params.key`. */
export const googleMaps = /* @__PURE__ */ preset({
  url: 'https://places.googleapis.com/v1',
  variables: 'GOOGLE_MAPS_API_KEY',
  auth: { headers: { 'X-Goog-Api-Key': '$CLIENT_SECRET' } },
  endpoints: {
    places: ['POST /places:searchText', 'POST /places:searchNearby', 'POST /places:autocomplete', 'GET /places/*'],
    routes: [
      'POST https://routes.googleapis.com/directions/v2:computeRoutes',
      'POST https://routes.googleapis.com/distanceMatrix/v2:computeRouteMatrix',
    ],
  },
  more: { geocode: 'GET https://maps.googleapis.com/maps/api/geocode/json params.key' },
})

/** Google, with a service account. The secret is its private key. A caller reaches every file that the account may open. */
export const googleServiceAccount = /* @__PURE__ */ preset({
  url: 'https://sheets.googleapis.com/v4/spreadsheets',
  variables: 'GOOGLE_PRIVATE_KEY',
  auth: bearer,
  endpoints: { append: 'POST /*/values/*:append' },
  more: {
    sheets: ['GET /*', 'GET /*/values/*'],
    calendar: [
      'GET https://www.googleapis.com/calendar/v3/calendars/*/events',
      'POST https://www.googleapis.com/calendar/v3/calendars/*/events',
    ],
  },
  required: ['clientEmail'],
  optional: { scope: 'https://www.googleapis.com/auth/spreadsheets' },
  token: {
    grant: 'jwt-bearer',
    clientId: '{clientEmail}',
    scope: '{scope}',
    url: 'https://oauth2.googleapis.com/token',
  },
})

/** Spotify, without the account of a user. */
export const spotify = /* @__PURE__ */ preset({
  url: 'https://api.spotify.com/v1',
  variables: 'SPOTIFY_CLIENT_SECRET',
  auth: bearer,
  endpoints: {
    search: 'GET /search',
    tracks: ['GET /tracks', 'GET /tracks/*'],
    albums: ['GET /albums/*', 'GET /albums/*/tracks'],
    artists: ['GET /artists/*', 'GET /artists/*/albums'],
  },
  required: ['clientId'],
  token: { grant: 'client_credentials', clientId: '{clientId}', url: 'https://accounts.spotify.com/api/token' },
})

/** Datadog. */
export const datadog = /* @__PURE__ */ preset({
  url: 'https://api.{site}/api',
  variables: { api: 'DD_API_KEY', app: 'DD_APP_KEY' },
  auth: { headers: { 'DD-API-KEY': '$CLIENT_SECRET.api', 'DD-APPLICATION-KEY': '$CLIENT_SECRET.app' } },
  endpoints: { metrics: 'GET /v1/query' },
  more: { logs: 'POST /v2/logs/events/search' },
  optional: { site: 'datadoghq.com' },
})

/** Amazon S3, the objects of one folder of a bucket. `write` also replaces objects. */
export const s3 = /* @__PURE__ */ preset({
  url: 'https://{bucket}.s3.{region}.amazonaws.com/{folder}',
  variables: 'AWS_SECRET_ACCESS_KEY',
  auth: { headers: { Authorization: '$CLIENT_SECRET' } },
  endpoints: { read: 'GET,HEAD /*' },
  more: { write: 'PUT /*', delete: 'DELETE /*' },
  required: ['bucket', 'region', 'folder', 'accessKeyId'],
  sign: { aws: 'sigv4', accessKeyId: '{accessKeyId}', service: 's3', region: '{region}' },
})

/** Binance, the account. A request also has `params.timestamp`. */
export const binance = /* @__PURE__ */ preset({
  url: 'https://api.binance.com/api/v3',
  variables: { key: 'BINANCE_API_KEY', secret: 'BINANCE_API_SECRET' },
  auth: { headers: { 'X-MBX-APIKEY': '$CLIENT_SECRET.key' }, params: { signature: '$CLIENT_SECRET.secret' } },
  endpoints: {},
  more: { account: 'GET /account', orders: 'GET /openOrders', trades: 'GET /myTrades', order: 'POST /order' },
  sign: { hmac: 'sha256', over: ['query', 'body'], value: 'secret' },
})
