export interface PublicPart {
  /** The beginning of a value that is public or easy to guess. The windows leave it out. */
  split: string
  /** The beginning after which every text counts as a value; '' if there is none. */
  shape: string
}

/**
 * The public beginning of a value: the prefix of all keys of a provider, or of an account (its number or id), as the
 * providers document it. For other APIs, a key has the option `publicPrefix`.
 */
export function publicPartOf(value: string): PublicPart {
  const shape = longestOf(prefixes, value)
  const words = longestOf([commonWords], value)
  return { split: words.length > shape.length ? words : shape, shape }
}

/** If the rest of a value is shorter, no part of it counts as public. */
const minRest = 8

function longestOf(patterns: readonly RegExp[], value: string): string {
  const found = patterns.map((pattern) => pattern.exec(value)?.[0] ?? '')
  return found
    .filter(({ length }) => value.length - length >= minRest)
    .reduce((longest, one) => (one.length > longest.length ? one : longest), '')
}

/** Common words. They may appear in any answer, without a value after them. */
const commonWords =
  /^(?:(?:sk|pk|rk|api|key|apikey|token|secret|live|test|prod|dev|pat|bot|app|access|auth|svc|service|proj|project|admin|org|user|client|v\d)[-_.:])+/i

const prefixes: readonly RegExp[] = [
  // Models
  /^sk-ant-(?:[a-z]{3,5}\d\d-)?/, // Anthropic: sk-ant-api03-, sk-ant-admin01-
  /^sk-(?:proj-|svcacct-|admin-|service-)?/, // OpenAI; DeepSeek and others have sk- alone
  /^sk-or-v1-/, // OpenRouter
  /^gsk_/, // Groq
  /^xai-/,
  /^hf_/, // Hugging Face
  /^r8_/, // Replicate
  /^pplx-/, // Perplexity
  /^nvapi-/, // NVIDIA
  /^tvly-(?:dev-|prod-)?/, // Tavily
  /^fw_/, // Fireworks
  /^pcsk_[A-Za-z0-9]{5,6}_/, // Pinecone: the key's id
  /^lsv2_[ps][tk]_/, // LangSmith
  // Payment
  /^[rsp]k_(?:live|test)_(?:51[A-Za-z0-9]{14})?/, // Stripe: 51 and the account
  /^whsec_/, // Stripe and Svix
  /^sq0[a-z]{3}-/, // Square
  // Mail and messages
  /^SG\.(?:[\w-]{22}\.)?/, // SendGrid: the key's id
  /^re_/, // Resend
  /^xox[a-z]-(?:\d+-)*/, // Slack: team, app
  /^xapp-\d-(?:[A-Z0-9]+-\d+-)?/,
  /^\d{5,}:(?:AA)?/, // Telegram: the bot's id
  /^[MNO][\w-]{17,27}\.[\w-]{6}\./, // Discord: the bot's id, the time
  // Code and clouds
  /^gh[pousr]_/, // GitHub
  /^github_pat_/,
  /^gl[a-z]{2,6}-/, // GitLab: glpat-, gldt-
  /^npm_/,
  /^pypi-(?:AgEIcHlwaS5vcmc)?/, // and its host in base64
  /^dckr_[a-z]{3}_/, // Docker
  /^A[BKS]IA/, // AWS
  /^AIzaSy/, // Google
  /^GOCSPX-/,
  /^ya29\./,
  /^do[opr]_v1_/, // DigitalOcean
  /^dapi/, // Databricks
  /^hv[sbr]\./, // Vault
  /^tskey-[a-z]+-/, // Tailscale
  /^nfp_/, // Netlify
  /^sbp_/, // Supabase
  /^sb_(?:secret|publishable)_/,
  /^pscale_[a-z]+_/, // PlanetScale
  // Products
  /^shp[a-z]{2}_/, // Shopify
  /^ntn_/, // Notion
  /^lin_(?:api|oauth)_/, // Linear
  /^pat-[a-z]{2}\d-/, // HubSpot
  /^pat[A-Za-z0-9]{14}\./, // Airtable: the token's id
  /^PMAK-(?:[a-f0-9]{24}-)?/, // Postman
  /^figd_/, // Figma
  /^CFPAT-/, // Contentful
  /^ATATT3xFfGF0/, // Atlassian
  /^ph[cx]_/, // PostHog
  /^sntry[su]_/, // Sentry
  /^[sp]k\.eyJ1Ijoi/, // Mapbox: `{"u":"`
  // Of any issuer
  /^eyJ[\w-]+\.eyJ[\w-]+\./, // JWT: what it says; only its signature is unknown
  /^MII[A-Za-z0-9+/]{3,5}BADANBgkqhkiG9w0BAQEFAASC/, // a private key (PKCS 8, RSA), in base64
]
