import { K as KeyRule, a as KeyOptions, b as KeyLimits } from './key.js';
export { P as Place } from './key.js';
import './request.js';

/** What a preset lets you set, besides the settings of its API. */
interface PresetOptions<Endpoint extends string> {
    /** The endpoints that pages may call. Default: none that changes or deletes data, reads private data or moves money. */
    endpoints?: Endpoint[] | undefined;
    /** More rules, such as the rule that an error with `NOT_ALLOWED` prints. */
    allow?: KeyRule[] | undefined;
    /** Default: the environment variables of the preset. */
    secret?: KeyOptions['secret'];
    /** Only for signed-in users. Default: true. */
    locked?: boolean | undefined;
    /** Limits for all callers together. Default with `locked: false`: 60 requests per minute. */
    limits?: KeyLimits | undefined;
}
/** The settings of an API, such as the name of its account. */
type PresetSettings<Required extends string, Optional extends string> = Record<Required, string> & Partial<Record<Optional, string>>;
/** Where the page writes `$CLIENT_SECRET`. */
interface PresetAuth {
    headers?: Readonly<Record<string, string>> | undefined;
    params?: Readonly<Record<string, string>> | undefined;
}
/** Makes the options of a key for one API. */
interface Preset<Endpoint extends string, Required extends string = never, Optional extends string = never> {
    (...options: [Required] extends [never] ? [(PresetOptions<Endpoint> & PresetSettings<never, Optional>)?] : [PresetOptions<Endpoint> & PresetSettings<Required, Optional>]): KeyOptions;
    /** Its endpoints, as methods and paths. */
    readonly endpoints: Readonly<Record<Endpoint, readonly string[]>>;
    /** The endpoints that it allows without the option `endpoints`. */
    readonly defaults: readonly Endpoint[];
    /** The settings that it needs, and those that have a default. */
    readonly settings: {
        readonly required: readonly Required[];
        readonly optional: Readonly<Record<Optional, string>>;
    };
    /** The environment variables with its secret: one, or one for each value. */
    readonly variables: string | Readonly<Record<string, string>>;
    /** What a request writes. */
    readonly auth: PresetAuth;
}

/** OpenAI. */
declare const openai: Preset<'chat' | 'responses' | 'images' | 'speech' | 'transcriptions' | 'embeddings' | 'moderations' | 'models'>;
/** Anthropic. */
declare const anthropic: Preset<'messages' | 'countTokens' | 'models'>;
/** Google Gemini. */
declare const gemini: Preset<'generate' | 'countTokens' | 'embed' | 'models'>;
/** Mistral. */
declare const mistral: Preset<'chat' | 'fim' | 'embeddings' | 'ocr' | 'moderations' | 'models'>;
/** Groq. */
declare const groq: Preset<'chat' | 'transcriptions' | 'speech' | 'models'>;
/** Cohere. */
declare const cohere: Preset<'chat' | 'embed' | 'rerank'>;
/** DeepSeek. */
declare const deepseek: Preset<'chat' | 'models'>;
/** OpenRouter. */
declare const openrouter: Preset<'chat' | 'models'>;
/** Together AI. */
declare const together: Preset<'chat' | 'images' | 'embeddings'>;
/** Perplexity. */
declare const perplexity: Preset<'chat'>;
/** xAI. */
declare const xai: Preset<'chat' | 'images' | 'models'>;
/** Hugging Face, its router of inference providers. */
declare const huggingface: Preset<'chat' | 'inference'>;
/** ElevenLabs. */
declare const elevenlabs: Preset<'speech' | 'transcriptions' | 'sounds' | 'voices'>;
/** Deepgram. */
declare const deepgram: Preset<'listen' | 'speak'>;
/** AssemblyAI. */
declare const assemblyai: Preset<'transcripts' | 'upload'>;
/** Replicate. */
declare const replicate: Preset<'predictions'>;
/** fal. */
declare const fal: Preset<'run' | 'queue'>;
/** DeepL. With a free account, set `host` to `api-free.deepl.com`. */
declare const deepl: Preset<'translate' | 'languages', never, 'host'>;

/** Stripe. The caller of `checkout` chooses the prices; that of `paymentIntents` can charge a saved card. */
declare const stripe: Preset<'checkout' | 'paymentIntents' | 'setupIntents' | 'customers' | 'products'>;
/** Twilio. */
declare const twilio: Preset<'messages' | 'calls', 'accountSid'>;
/** Mailgun. In the EU, set `host` to `api.eu.mailgun.net`. */
declare const mailgun: Preset<'messages', 'domain', 'host'>;
/** SendGrid. */
declare const sendgrid: Preset<'send'>;
/** Resend. */
declare const resend: Preset<'emails'>;
/** Postmark. */
declare const postmark: Preset<'emails'>;
/** Slack. */
declare const slack: Preset<'messages' | 'updateMessages' | 'channels'>;
/** Discord, as a bot. */
declare const discord: Preset<'messages'>;
/** Telegram, as a bot. The url of a request begins with `https://api.telegram.org/bot$CLIENT_SECRET/`. */
declare const telegram: Preset<'messages' | 'photos' | 'documents'>;
/** Notion. */
declare const notion: Preset<'pages' | 'query' | 'search' | 'readPages' | 'updatePages'>;
/** Airtable, one base. */
declare const airtable: Preset<'create' | 'list' | 'update' | 'delete', 'base'>;
/** GitHub, one repository. */
declare const github: Preset<'issues' | 'readIssues' | 'comments' | 'readComments' | 'releases', 'owner' | 'repo'>;
/** A GitHub App, for one repository. The secret is its private key. */
declare const githubApp: Preset<'issues' | 'readIssues' | 'comments' | 'readComments', 'appId' | 'installationId' | 'owner' | 'repo'>;
/** Jira in the cloud. */
declare const jira: Preset<'issues' | 'readIssues' | 'comments' | 'search', 'site' | 'email'>;
/** Zendesk. `search` finds articles of the help center, also internal ones. */
declare const zendesk: Preset<'tickets' | 'search', 'subdomain' | 'email'>;
/** Shopify, the GraphQL API of an admin: a caller can do everything that the scopes of the token allow. */
declare const shopify: Preset<'graphql', 'shop', 'version'>;
/** Algolia. Give it a key that can only search, in the indexes of the page. */
declare const algolia: Preset<'search', 'appId'>;
/** Linear, its GraphQL API: a caller can do everything that the key allows. */
declare const linear: Preset<'graphql'>;
/** HubSpot. */
declare const hubspot: Preset<'contacts' | 'deals' | 'search'>;
/** Google Maps. `geocode` writes the key into the query, as `params.key`. */
declare const googleMaps: Preset<'places' | 'routes' | 'geocode'>;
/** Google, with a service account. The secret is its private key. A caller reaches every file that the account may open. */
declare const googleServiceAccount: Preset<'append' | 'sheets' | 'calendar', 'clientEmail', 'scope'>;
/** Spotify, without the account of a user. */
declare const spotify: Preset<'search' | 'tracks' | 'albums' | 'artists', 'clientId'>;
/** Datadog. */
declare const datadog: Preset<'metrics' | 'logs', never, 'site'>;
/** Amazon S3, the objects of one folder of a bucket. `write` also replaces objects. */
declare const s3: Preset<'read' | 'write' | 'delete', 'bucket' | 'region' | 'folder' | 'accessKeyId'>;
/** Binance, the account. A request also has `params.timestamp`. */
declare const binance: Preset<'account' | 'orders' | 'trades' | 'order'>;

export { KeyLimits, KeyOptions, KeyRule, airtable, algolia, anthropic, assemblyai, binance, cohere, datadog, deepgram, deepl, deepseek, discord, elevenlabs, fal, gemini, github, githubApp, googleMaps, googleServiceAccount, groq, hubspot, huggingface, jira, linear, mailgun, mistral, notion, openai, openrouter, perplexity, postmark, replicate, resend, s3, sendgrid, shopify, slack, spotify, stripe, telegram, together, twilio, xai, zendesk };
export type { Preset, PresetAuth, PresetOptions, PresetSettings };
