import type { KeyEntry, WireRule } from '../protocol/keys.ts'
import { placeholder } from '../protocol/placeholder.ts'

/** A request as the form Try it shows it: one header per line, the query in the url. */
export interface TriedRequest {
  method: string
  url: string
  headers: string
  body: string
}

/** The usual key of a well-known API. */
export interface Example {
  title: string
  name: string
  /** Where to get the key from the provider. */
  keyHint: string
  allow: WireRule[]
  /** A harmless read that one of the rules allows. */
  tryIt: TriedRequest
}

const bearer = `Authorization: Bearer ${placeholder}`

/** The rules are narrow, because most people save an example unchanged. */
export const examples: Example[] = [
  {
    title: 'OpenAI',
    name: 'openai',
    keyHint: 'Create it at platform.openai.com, under API keys.',
    allow: [
      { url: 'https://api.openai.com/v1/chat/completions', methods: ['POST'], in: ['headers.authorization'] },
      { url: 'https://api.openai.com/v1/images/generations', methods: ['POST'], in: ['headers.authorization'] },
      { url: 'https://api.openai.com/v1/models', methods: ['GET'], in: ['headers.authorization'] },
    ],
    tryIt: { method: 'GET', url: 'https://api.openai.com/v1/models', headers: bearer, body: '' },
  },
  {
    title: 'Anthropic',
    name: 'anthropic',
    keyHint: 'Create it at console.anthropic.com, under API keys.',
    allow: [
      { url: 'https://api.anthropic.com/v1/messages', methods: ['POST'], in: ['headers.x-api-key'] },
      { url: 'https://api.anthropic.com/v1/models', methods: ['GET'], in: ['headers.x-api-key'] },
    ],
    tryIt: {
      method: 'GET',
      url: 'https://api.anthropic.com/v1/models',
      headers: `X-Api-Key: ${placeholder}\nAnthropic-Version: 2023-06-01`,
      body: '',
    },
  },
  {
    title: 'Stripe',
    name: 'stripe',
    keyHint: 'Create it at dashboard.stripe.com, under Developers. A restricted key is safer.',
    allow: [
      { url: 'https://api.stripe.com/v1/payment_intents', methods: ['POST'], in: ['headers.authorization'] },
      { url: 'https://api.stripe.com/v1/products', methods: ['GET'], in: ['headers.authorization'] },
    ],
    tryIt: { method: 'GET', url: 'https://api.stripe.com/v1/products?limit=1', headers: bearer, body: '' },
  },
  {
    title: 'Twilio',
    name: 'twilio',
    keyHint:
      'Register the auth token alone, from console.twilio.com. The account SID goes into the request: Authorization: Basic AC…:$CLIENT_SECRET.',
    allow: [
      {
        url: 'https://api.twilio.com/2010-04-01/Accounts/*/Messages.json',
        methods: ['POST'],
        in: ['headers.authorization'],
      },
      { url: 'https://api.twilio.com/2010-04-01/Accounts.json', methods: ['GET'], in: ['headers.authorization'] },
    ],
    tryIt: {
      method: 'GET',
      url: 'https://api.twilio.com/2010-04-01/Accounts.json?PageSize=1',
      headers: `Authorization: Basic ACxxxxxxxx:${placeholder}`,
      body: '',
    },
  },
  {
    title: 'Google Maps',
    name: 'maps',
    keyHint: 'Create it at console.cloud.google.com, under APIs & Services, Credentials.',
    allow: [
      { url: 'https://maps.googleapis.com/maps/api/geocode/json', methods: ['GET'], in: ['params.key'] },
      { url: 'https://maps.googleapis.com/maps/api/place/*/json', methods: ['GET'], in: ['params.key'] },
    ],
    tryIt: {
      method: 'GET',
      url: `https://maps.googleapis.com/maps/api/geocode/json?address=Berlin&key=${placeholder}`,
      headers: '',
      body: '',
    },
  },
  {
    title: 'Telegram bot',
    name: 'telegram',
    keyHint: 'Get it from @BotFather in Telegram.',
    allow: [
      { url: `https://api.telegram.org/bot${placeholder}/sendMessage`, methods: ['POST'], in: ['url.path'] },
      { url: `https://api.telegram.org/bot${placeholder}/getMe`, methods: ['GET'], in: ['url.path'] },
    ],
    tryIt: { method: 'GET', url: `https://api.telegram.org/bot${placeholder}/getMe`, headers: '', body: '' },
  },
  {
    title: 'GitHub',
    name: 'github',
    keyHint: 'Create it at github.com, under Settings, Developer settings. A fine-grained token is safer.',
    allow: [
      { url: 'https://api.github.com/repos/*/*/issues', methods: ['GET'], in: ['headers.authorization'] },
      { url: 'https://api.github.com/rate_limit', methods: ['GET'], in: ['headers.authorization'] },
    ],
    tryIt: {
      method: 'GET',
      url: 'https://api.github.com/rate_limit',
      headers: bearer,
      body: '',
    },
  },
]

/** The first request of Try it: that of the example, for a key of an example; else a request that the rules allow, a GET if possible. */
export function firstRequest({ allow }: KeyEntry): TriedRequest {
  const example = examples.find(({ tryIt }) => {
    const url = tryIt.url.replace(/\?.*/, '')
    return allow.some((rule) => rule.url === url && isFor(rule, tryIt.method))
  })
  if (example) return example.tryIt

  const rule = allow.find((one) => isFor(one, 'GET')) ?? allow[0]
  const request: TriedRequest = {
    method: rule?.methods[0]?.toUpperCase() ?? 'GET',
    url: (rule?.url ?? '').replace(/\*\*$/, '').replaceAll('*', 'example'),
    headers: '',
    body: '',
  }
  if (rule && isFor(rule, 'GET')) request.method = 'GET'
  const place = rule?.in?.[0] ?? 'headers.authorization'
  const name = place.slice(place.search(/[.#]/) + 1)
  if (request.url.includes(placeholder) || place === 'url.path') return request
  if (place.startsWith('params.')) request.url += `?${name}=${placeholder}`
  else if (place.startsWith('data#')) request.body = JSON.stringify(nested(name), null, 2)
  else request.headers = name === 'authorization' ? bearer : `${name}: ${placeholder}`
  return request
}

function isFor(rule: WireRule, method: string): boolean {
  return rule.methods.some((one) => one.toUpperCase() === method)
}

/** An object with the placeholder at a JSON pointer. */
function nested(pointer: string): unknown {
  return pointer
    .split('/')
    .slice(1)
    .reduceRight<unknown>((inner, step) => ({ [step.replaceAll('~1', '/').replaceAll('~0', '~')]: inner }), placeholder)
}
