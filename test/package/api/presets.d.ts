import { K as KeyOptions, P as Place, a as KeyRule, b as KeyLimits } from './key.js';
import './request.js';

/** What a preset lets you set, besides the settings of its API. */
interface PresetOptions<Endpoint extends string, Rule extends KeyRule = KeyRule> {
    /** The endpoints that pages may call. Default: none that changes or deletes data, reads private data or moves money. */
    endpoints?: Endpoint[] | undefined;
    /** More rules, such as the rule that an error with `NOT_ALLOWED` prints. */
    allow?: Rule[] | undefined;
    /** Default: the environment variables of the preset. */
    secret?: KeyOptions['secret'];
    /** Only for signed-in users. Default: true. */
    locked?: boolean | undefined;
    /** Limits for all callers together. Default with `locked: false`: 60 requests per minute. */
    limits?: KeyLimits | undefined;
}
/** Where the page writes `$CLIENT_SECRET`. */
interface PresetAuth {
    headers?: Readonly<Record<string, string>> | undefined;
    params?: Readonly<Record<string, string>> | undefined;
}
/** Methods and a path or an url, in one text or in several. */
type Lines = string | readonly string[];
/** How a page creates the API's own SDK. */
interface PresetSdk {
    /** The package that it imports from. */
    readonly module: string;
    /** What it imports: `OpenAI`, or several names in braces. */
    readonly names: string;
    /** The expression that makes it, for a key of the preset's name. `client` is that of `createClient`. */
    readonly create: string;
}
/** One API, from its documentation. A text in braces is a setting. */
interface Api {
    /** The beginning of all urls. */
    url: string;
    variables: string | Readonly<Record<string, string>>;
    auth: PresetAuth;
    /** Methods, and a path or an url. A third word is the place of the secret, where it differs from `auth`. */
    endpoints: Readonly<Record<string, Lines>>;
    /** Endpoints that a config must name: they change or delete data, read private data or move money. */
    more?: Readonly<Record<string, Lines>>;
    required?: readonly string[];
    optional?: Readonly<Record<string, string>>;
    token?: KeyOptions['token'];
    sign?: KeyOptions['sign'];
    sdk?: PresetSdk & {
        /** The beginning of its urls, and the place of its key, where they differ from those above. The rules allow both. */
        url?: string;
        place?: Place;
    };
}
type More<Of extends Api> = Of extends {
    more: infer Endpoints;
} ? Endpoints : unknown;
type Endpoints<Of extends Api> = Of['endpoints'] & More<Of>;
type Endpoint<Of extends Api> = keyof Endpoints<Of> & string;
type RequiredSetting<Of extends Api> = Of extends {
    required: readonly (infer Name extends string)[];
} ? Name : never;
type OptionalSetting<Of extends Api> = Of extends {
    optional: infer Settings;
} ? keyof Settings & string : never;
/** An API of which only the shape is known. */
type AnyApi = Api & {
    required: readonly string[];
    optional: Readonly<Record<string, string>>;
};
/** The settings of an API, such as the name of its account. */
type PresetSettings<Of extends Api> = Record<RequiredSetting<Of>, string> & Partial<Record<OptionalSetting<Of>, string>>;
/** Makes the options of a key for one API. */
interface Preset<Of extends Api = AnyApi> {
    <Chosen extends Endpoint<Of> = keyof Of['endpoints'] & string, Rule extends KeyRule = never>(...options: [RequiredSetting<Of>] extends [never] ? [(PresetOptions<Chosen, Rule> & PresetSettings<Of>)?] : [PresetOptions<Chosen, Rule> & PresetSettings<Of>]): PresetKey<UrlOf<Of['url'], Endpoints<Of>[Chosen]> | Rule['url']>;
    /** Its endpoints, as methods and paths. */
    readonly endpoints: Readonly<Record<Endpoint<Of>, readonly string[]>>;
    /** The endpoints that it allows without the option `endpoints`. */
    readonly defaults: readonly Endpoint<Of>[];
    /** The settings that it needs, and those that have a default. */
    readonly settings: {
        readonly required: readonly RequiredSetting<Of>[];
        readonly optional: Readonly<Record<OptionalSetting<Of>, string>>;
    };
    /** The environment variables with its secret: one, or one for each value. */
    readonly variables: string | Readonly<Record<string, string>>;
    /** What a request writes. */
    readonly auth: PresetAuth;
    /** How a page creates the API's own SDK. Undefined for an API without one that takes a `fetch`. */
    readonly sdk: PresetSdk | undefined;
}
/** The options of a key; their type knows the urls. */
interface PresetKey<Url extends string = string> extends KeyOptions {
    allow: (Omit<KeyRule, 'url'> & {
        url: Url;
    })[];
}
/** The urls of lines such as `GET,POST /models/*`. */
type UrlOf<Base extends string, Given> = Given extends readonly (infer Line)[] ? UrlOfLine<Base, Line> : UrlOfLine<Base, Given>;
type UrlOfLine<Base extends string, Line> = Line extends `${string} ${infer Path} ${string}` ? UrlOfPath<Base, Path> : Line extends `${string} ${infer Path}` ? UrlOfPath<Base, Path> : string;
type UrlOfPath<Base extends string, Path extends string> = Filled<Path extends `https://${string}` ? Path : `${Base}${Path}`>;
type Filled<Url extends string> = Url extends `${infer Start}{${string}}${infer End}` ? `${Start}${string}${Filled<End>}` : Url;

/** OpenAI. */
declare const openai: Preset<{
    readonly url: "https://api.openai.com/v1";
    readonly variables: "OPENAI_API_KEY";
    readonly auth: {
        headers: {
            Authorization: string;
        };
    };
    readonly endpoints: {
        readonly chat: "POST /chat/completions";
        readonly responses: "POST /responses";
        readonly images: readonly ["POST /images/generations", "POST /images/edits"];
        readonly speech: "POST /audio/speech";
        readonly transcriptions: readonly ["POST /audio/transcriptions", "POST /audio/translations"];
        readonly embeddings: "POST /embeddings";
        readonly moderations: "POST /moderations";
        readonly models: readonly ["GET /models", "GET /models/*"];
    };
    readonly sdk: {
        readonly names: "OpenAI";
        readonly module: "openai";
        readonly create: "new OpenAI({ apiKey: '$CLIENT_SECRET', dangerouslyAllowBrowser: true, fetch: client.fetchWith('openai') })";
    };
}>;
/** Anthropic. */
declare const anthropic: Preset<{
    readonly url: "https://api.anthropic.com/v1";
    readonly variables: "ANTHROPIC_API_KEY";
    readonly auth: {
        readonly headers: {
            readonly 'X-Api-Key': "$CLIENT_SECRET";
            readonly 'Anthropic-Version': "2023-06-01";
        };
    };
    readonly endpoints: {
        readonly messages: "POST /messages";
        readonly countTokens: "POST /messages/count_tokens";
        readonly models: readonly ["GET /models", "GET /models/*"];
    };
    readonly sdk: {
        readonly names: "Anthropic";
        readonly module: "@anthropic-ai/sdk";
        readonly create: "new Anthropic({ apiKey: '$CLIENT_SECRET', dangerouslyAllowBrowser: true, fetch: client.fetchWith('anthropic') })";
        readonly place: "headers.authorization";
    };
}>;
/** Google Gemini. */
declare const gemini: Preset<{
    readonly url: "https://generativelanguage.googleapis.com/v1beta";
    readonly variables: "GEMINI_API_KEY";
    readonly auth: {
        readonly headers: {
            readonly 'X-Goog-Api-Key': "$CLIENT_SECRET";
        };
    };
    readonly endpoints: {
        readonly generate: readonly ["POST /models/*:generateContent", "POST /models/*:streamGenerateContent"];
        readonly countTokens: "POST /models/*:countTokens";
        readonly embed: readonly ["POST /models/*:embedContent", "POST /models/*:batchEmbedContents"];
        readonly models: readonly ["GET /models", "GET /models/*"];
    };
    readonly sdk: {
        readonly names: "{ GoogleGenAI }";
        readonly module: "@google/genai";
        readonly create: "new GoogleGenAI({ apiKey: '$CLIENT_SECRET', httpOptions: { fetch: client.fetchWith('gemini') } })";
        readonly url: "https://generativelanguage.googleapis.com/v1";
    };
}>;
/** Mistral. */
declare const mistral: Preset<{
    readonly url: "https://api.mistral.ai/v1";
    readonly variables: "MISTRAL_API_KEY";
    readonly auth: {
        headers: {
            Authorization: string;
        };
    };
    readonly endpoints: {
        readonly chat: "POST /chat/completions";
        readonly fim: "POST /fim/completions";
        readonly embeddings: "POST /embeddings";
        readonly ocr: "POST /ocr";
        readonly moderations: "POST /moderations";
        readonly models: readonly ["GET /models", "GET /models/*"];
    };
    readonly sdk: {
        readonly names: "{ Mistral, HTTPClient }";
        readonly module: "@mistralai/mistralai";
        readonly create: "new Mistral({ apiKey: '$CLIENT_SECRET', httpClient: new HTTPClient({ fetcher: client.fetchWith('mistral') }) })";
    };
}>;
/** Groq. */
declare const groq: Preset<{
    readonly url: "https://api.groq.com/openai/v1";
    readonly variables: "GROQ_API_KEY";
    readonly auth: {
        headers: {
            Authorization: string;
        };
    };
    readonly endpoints: {
        readonly chat: "POST /chat/completions";
        readonly transcriptions: readonly ["POST /audio/transcriptions", "POST /audio/translations"];
        readonly speech: "POST /audio/speech";
        readonly models: readonly ["GET /models", "GET /models/*"];
    };
    readonly sdk: {
        readonly names: "Groq";
        readonly module: "groq-sdk";
        readonly create: "new Groq({ apiKey: '$CLIENT_SECRET', dangerouslyAllowBrowser: true, fetch: client.fetchWith('groq') })";
    };
}>;
/** Cohere. */
declare const cohere: Preset<{
    readonly url: "https://api.cohere.com/v2";
    readonly variables: "CO_API_KEY";
    readonly auth: {
        headers: {
            Authorization: string;
        };
    };
    readonly endpoints: {
        readonly chat: "POST /chat";
        readonly embed: "POST /embed";
        readonly rerank: "POST /rerank";
    };
    readonly sdk: {
        readonly names: "{ CohereClient }";
        readonly module: "cohere-ai";
        readonly create: "new CohereClient({ token: '$CLIENT_SECRET', fetch: client.fetchWith('cohere') })";
    };
}>;
/** DeepSeek. */
declare const deepseek: Preset<{
    readonly url: "https://api.deepseek.com";
    readonly variables: "DEEPSEEK_API_KEY";
    readonly auth: {
        headers: {
            Authorization: string;
        };
    };
    readonly endpoints: {
        readonly chat: "POST /chat/completions";
        readonly models: "GET /models";
    };
    readonly sdk: {
        readonly names: "OpenAI";
        readonly module: "openai";
        readonly create: "new OpenAI({ baseURL: 'https://api.deepseek.com', apiKey: '$CLIENT_SECRET', dangerouslyAllowBrowser: true, fetch: client.fetchWith('deepseek') })";
    };
}>;
/** OpenRouter. */
declare const openrouter: Preset<{
    readonly url: "https://openrouter.ai/api/v1";
    readonly variables: "OPENROUTER_API_KEY";
    readonly auth: {
        headers: {
            Authorization: string;
        };
    };
    readonly endpoints: {
        readonly chat: "POST /chat/completions";
        readonly models: "GET /models";
    };
    readonly sdk: {
        readonly names: "{ OpenRouter, HTTPClient }";
        readonly module: "@openrouter/sdk";
        readonly create: "new OpenRouter({ apiKey: '$CLIENT_SECRET', httpClient: new HTTPClient({ fetcher: client.fetchWith('openrouter') }) })";
    };
}>;
/** Together AI. */
declare const together: Preset<{
    readonly url: "https://api.together.xyz/v1";
    readonly variables: "TOGETHER_API_KEY";
    readonly auth: {
        headers: {
            Authorization: string;
        };
    };
    readonly endpoints: {
        readonly chat: "POST /chat/completions";
        readonly images: "POST /images/generations";
        readonly embeddings: "POST /embeddings";
    };
    readonly sdk: {
        readonly names: "Together";
        readonly module: "together-ai";
        readonly create: "new Together({ apiKey: '$CLIENT_SECRET', dangerouslyAllowBrowser: true, fetch: client.fetchWith('together') })";
        readonly url: "https://api.together.ai/v1";
    };
}>;
/** Perplexity. */
declare const perplexity: Preset<{
    readonly url: "https://api.perplexity.ai";
    readonly variables: "PERPLEXITY_API_KEY";
    readonly auth: {
        headers: {
            Authorization: string;
        };
    };
    readonly endpoints: {
        readonly chat: "POST /chat/completions";
    };
}>;
/** xAI. */
declare const xai: Preset<{
    readonly url: "https://api.x.ai/v1";
    readonly variables: "XAI_API_KEY";
    readonly auth: {
        headers: {
            Authorization: string;
        };
    };
    readonly endpoints: {
        readonly chat: "POST /chat/completions";
        readonly images: "POST /images/generations";
        readonly models: "GET /models";
    };
    readonly sdk: {
        readonly names: "OpenAI";
        readonly module: "openai";
        readonly create: "new OpenAI({ baseURL: 'https://api.x.ai/v1', apiKey: '$CLIENT_SECRET', dangerouslyAllowBrowser: true, fetch: client.fetchWith('xai') })";
    };
}>;
/** Hugging Face, its router of inference providers. */
declare const huggingface: Preset<{
    readonly url: "https://router.huggingface.co";
    readonly variables: "HF_TOKEN";
    readonly auth: {
        headers: {
            Authorization: string;
        };
    };
    readonly endpoints: {
        readonly chat: "POST /v1/chat/completions";
        readonly inference: "POST /hf-inference/models/**";
    };
}>;
/** ElevenLabs. */
declare const elevenlabs: Preset<{
    readonly url: "https://api.elevenlabs.io/v1";
    readonly variables: "ELEVENLABS_API_KEY";
    readonly auth: {
        readonly headers: {
            readonly 'Xi-Api-Key': "$CLIENT_SECRET";
        };
    };
    readonly endpoints: {
        readonly speech: readonly ["POST /text-to-speech/*", "POST /text-to-speech/*/stream"];
        readonly transcriptions: "POST /speech-to-text";
        readonly sounds: "POST /sound-generation";
        readonly voices: "GET /voices";
    };
    readonly sdk: {
        readonly names: "{ ElevenLabsClient }";
        readonly module: "@elevenlabs/elevenlabs-js";
        readonly create: "new ElevenLabsClient({ apiKey: '$CLIENT_SECRET', fetch: client.fetchWith('elevenlabs') })";
    };
}>;
/** Deepgram. */
declare const deepgram: Preset<{
    readonly url: "https://api.deepgram.com/v1";
    readonly variables: "DEEPGRAM_API_KEY";
    readonly auth: {
        readonly headers: {
            readonly Authorization: "Token $CLIENT_SECRET";
        };
    };
    readonly endpoints: {
        readonly listen: "POST /listen";
        readonly speak: "POST /speak";
    };
    readonly sdk: {
        readonly names: "{ DeepgramClient }";
        readonly module: "@deepgram/sdk";
        readonly create: "new DeepgramClient({ apiKey: '$CLIENT_SECRET', fetch: client.fetchWith('deepgram') })";
    };
}>;
/** AssemblyAI. */
declare const assemblyai: Preset<{
    readonly url: "https://api.assemblyai.com/v2";
    readonly variables: "ASSEMBLYAI_API_KEY";
    readonly auth: {
        readonly headers: {
            readonly Authorization: "$CLIENT_SECRET";
        };
    };
    readonly endpoints: {
        readonly transcripts: readonly ["POST /transcript", "GET /transcript/*"];
        readonly upload: "POST /upload";
    };
}>;
/** Replicate. */
declare const replicate: Preset<{
    readonly url: "https://api.replicate.com/v1";
    readonly variables: "REPLICATE_API_TOKEN";
    readonly auth: {
        headers: {
            Authorization: string;
        };
    };
    readonly endpoints: {
        readonly predictions: readonly ["POST /predictions", "POST /models/*/*/predictions", "GET /predictions/*", "POST /predictions/*/cancel"];
    };
    readonly sdk: {
        readonly names: "Replicate";
        readonly module: "replicate";
        readonly create: "new Replicate({ auth: '$CLIENT_SECRET', fetch: client.fetchWith('replicate') })";
    };
}>;
/** fal. */
declare const fal: Preset<{
    readonly url: "https://fal.run";
    readonly variables: "FAL_KEY";
    readonly auth: {
        readonly headers: {
            readonly Authorization: "Key $CLIENT_SECRET";
        };
    };
    readonly endpoints: {
        readonly run: "POST /fal-ai/**";
        readonly queue: readonly ["POST https://queue.fal.run/fal-ai/**", "GET https://queue.fal.run/fal-ai/*/requests/*", "GET https://queue.fal.run/fal-ai/*/requests/*/status"];
    };
    readonly sdk: {
        readonly names: "{ createFalClient }";
        readonly module: "@fal-ai/client";
        readonly create: "createFalClient({ credentials: '$CLIENT_SECRET', fetch: client.fetchWith('fal') })";
    };
}>;
/** DeepL. With a free account, set `host` to `api-free.deepl.com`. */
declare const deepl: Preset<{
    readonly url: "https://{host}/v2";
    readonly variables: "DEEPL_API_KEY";
    readonly auth: {
        readonly headers: {
            readonly Authorization: "DeepL-Auth-Key $CLIENT_SECRET";
        };
    };
    readonly endpoints: {
        readonly translate: "POST /translate";
        readonly languages: "GET /languages";
    };
    readonly optional: {
        readonly host: "api.deepl.com";
    };
}>;

/** Stripe. The caller of `checkout` chooses the prices; that of `paymentIntents` can charge a saved card. */
declare const stripe: Preset<{
    readonly url: "https://api.stripe.com/v1";
    readonly variables: "STRIPE_SECRET_KEY";
    readonly auth: {
        headers: {
            Authorization: string;
        };
    };
    readonly endpoints: {
        readonly products: readonly ["GET /products", "GET /prices"];
    };
    readonly more: {
        readonly checkout: "POST /checkout/sessions";
        readonly paymentIntents: "POST /payment_intents";
        readonly setupIntents: "POST /setup_intents";
        readonly customers: "POST /customers";
    };
    readonly sdk: {
        readonly names: "Stripe";
        readonly module: "stripe";
        readonly create: "new Stripe('$CLIENT_SECRET', { httpClient: Stripe.createFetchHttpClient(client.fetchWith('stripe')) })";
    };
}>;
/** Twilio. */
declare const twilio: Preset<{
    readonly url: "https://api.twilio.com/2010-04-01/Accounts/{accountSid}";
    readonly variables: "TWILIO_AUTH_TOKEN";
    readonly auth: {
        readonly headers: {
            readonly Authorization: "Basic {accountSid}:$CLIENT_SECRET";
        };
    };
    readonly endpoints: {
        readonly messages: "POST /Messages.json";
    };
    readonly more: {
        readonly calls: "POST /Calls.json";
    };
    readonly required: readonly ["accountSid"];
}>;
/** Mailgun. In the EU, set `host` to `api.eu.mailgun.net`. */
declare const mailgun: Preset<{
    readonly url: "https://{host}/v3/{domain}";
    readonly variables: "MAILGUN_API_KEY";
    readonly auth: {
        readonly headers: {
            readonly Authorization: "Basic api:$CLIENT_SECRET";
        };
    };
    readonly endpoints: {
        readonly messages: "POST /messages";
    };
    readonly required: readonly ["domain"];
    readonly optional: {
        readonly host: "api.mailgun.net";
    };
}>;
/** SendGrid. */
declare const sendgrid: Preset<{
    readonly url: "https://api.sendgrid.com/v3";
    readonly variables: "SENDGRID_API_KEY";
    readonly auth: {
        headers: {
            Authorization: string;
        };
    };
    readonly endpoints: {
        readonly send: "POST /mail/send";
    };
}>;
/** Resend. */
declare const resend: Preset<{
    readonly url: "https://api.resend.com";
    readonly variables: "RESEND_API_KEY";
    readonly auth: {
        headers: {
            Authorization: string;
        };
    };
    readonly endpoints: {
        readonly emails: readonly ["POST /emails", "POST /emails/batch"];
    };
}>;
/** Postmark. */
declare const postmark: Preset<{
    readonly url: "https://api.postmarkapp.com";
    readonly variables: "POSTMARK_SERVER_TOKEN";
    readonly auth: {
        readonly headers: {
            readonly 'X-Postmark-Server-Token': "$CLIENT_SECRET";
        };
    };
    readonly endpoints: {
        readonly emails: readonly ["POST /email", "POST /email/batch", "POST /email/withTemplate"];
    };
}>;
/** Slack. */
declare const slack: Preset<{
    readonly url: "https://slack.com/api";
    readonly variables: "SLACK_BOT_TOKEN";
    readonly auth: {
        headers: {
            Authorization: string;
        };
    };
    readonly endpoints: {
        readonly messages: "POST /chat.postMessage";
    };
    readonly more: {
        readonly updateMessages: "POST /chat.update";
        readonly channels: "GET /conversations.list";
    };
}>;
/** Discord, as a bot. */
declare const discord: Preset<{
    readonly url: "https://discord.com/api/v10";
    readonly variables: "DISCORD_BOT_TOKEN";
    readonly auth: {
        readonly headers: {
            readonly Authorization: "Bot $CLIENT_SECRET";
        };
    };
    readonly endpoints: {
        readonly messages: "POST /channels/*/messages";
    };
}>;
/** Telegram, as a bot. The url of a request begins with `https://api.telegram.org/bot$CLIENT_SECRET/`. */
declare const telegram: Preset<{
    readonly url: "https://api.telegram.org/bot$CLIENT_SECRET";
    readonly variables: "TELEGRAM_BOT_TOKEN";
    readonly auth: {};
    readonly endpoints: {
        readonly messages: "POST /sendMessage";
        readonly photos: "POST /sendPhoto";
        readonly documents: "POST /sendDocument";
    };
}>;
/** Notion. */
declare const notion: Preset<{
    readonly url: "https://api.notion.com/v1";
    readonly variables: "NOTION_TOKEN";
    readonly auth: {
        readonly headers: {
            readonly Authorization: "Bearer $CLIENT_SECRET";
            readonly 'Notion-Version': "2022-06-28";
        };
    };
    readonly endpoints: {
        readonly pages: "POST /pages";
    };
    readonly more: {
        readonly query: readonly ["POST /databases/*/query", "POST /data_sources/*/query"];
        readonly search: "POST /search";
        readonly readPages: readonly ["GET /pages/*", "GET /blocks/*/children"];
        readonly updatePages: "PATCH /pages/*";
    };
    readonly sdk: {
        readonly names: "{ Client }";
        readonly module: "@notionhq/client";
        readonly create: "new Client({ auth: '$CLIENT_SECRET', fetch: client.fetchWith('notion') })";
    };
}>;
/** Airtable, one base. */
declare const airtable: Preset<{
    readonly url: "https://api.airtable.com/v0/{base}";
    readonly variables: "AIRTABLE_TOKEN";
    readonly auth: {
        headers: {
            Authorization: string;
        };
    };
    readonly endpoints: {
        readonly create: "POST /*";
    };
    readonly more: {
        readonly list: "GET /*";
        readonly update: "PATCH /*";
        readonly delete: "DELETE /*";
    };
    readonly required: readonly ["base"];
}>;
/** GitHub, one repository. */
declare const github: Preset<{
    readonly url: "https://api.github.com/repos/{owner}/{repo}";
    readonly variables: "GITHUB_TOKEN";
    readonly auth: {
        headers: {
            Authorization: string;
        };
    };
    readonly endpoints: {
        readonly issues: "POST /issues";
    };
    readonly more: {
        readonly readIssues: "GET /issues";
        readonly comments: "POST /issues/*/comments";
        readonly readComments: "GET /issues/*/comments";
        readonly releases: "GET /releases";
    };
    readonly required: readonly ["owner", "repo"];
    readonly sdk: {
        readonly names: "{ Octokit }";
        readonly module: "@octokit/rest";
        readonly create: "new Octokit({ auth: '$CLIENT_SECRET', request: { fetch: client.fetchWith('github') } })";
    };
}>;
/** A GitHub App, for one repository. The secret is its private key. */
declare const githubApp: Preset<{
    readonly url: "https://api.github.com/repos/{owner}/{repo}";
    readonly variables: "GITHUB_APP_PRIVATE_KEY";
    readonly auth: {
        headers: {
            Authorization: string;
        };
    };
    readonly endpoints: {
        readonly issues: "POST /issues";
    };
    readonly more: {
        readonly readIssues: "GET /issues";
        readonly comments: "POST /issues/*/comments";
        readonly readComments: "GET /issues/*/comments";
    };
    readonly required: readonly ["appId", "installationId", "owner", "repo"];
    readonly token: {
        readonly grant: "jwt-bearer";
        readonly auth: "bearer";
        readonly clientId: "{appId}";
        readonly url: "https://api.github.com/app/installations/{installationId}/access_tokens";
    };
}>;
/** Jira in the cloud. */
declare const jira: Preset<{
    readonly url: "https://{site}.atlassian.net/rest/api/3";
    readonly variables: "JIRA_API_TOKEN";
    readonly auth: {
        readonly headers: {
            readonly Authorization: "Basic {email}:$CLIENT_SECRET";
        };
    };
    readonly endpoints: {
        readonly issues: "POST /issue";
    };
    readonly more: {
        readonly readIssues: "GET /issue/*";
        readonly comments: "POST /issue/*/comment";
        readonly search: "POST /search/jql";
    };
    readonly required: readonly ["site", "email"];
}>;
/** Zendesk. `search` finds articles of the help center, also internal ones. */
declare const zendesk: Preset<{
    readonly url: "https://{subdomain}.zendesk.com/api/v2";
    readonly variables: "ZENDESK_API_TOKEN";
    readonly auth: {
        readonly headers: {
            readonly Authorization: "Basic {email}/token:$CLIENT_SECRET";
        };
    };
    readonly endpoints: {
        readonly tickets: readonly ["POST /tickets.json", "POST /tickets"];
    };
    readonly more: {
        readonly search: readonly ["GET /help_center/articles/search.json", "GET /help_center/articles/search"];
    };
    readonly required: readonly ["subdomain", "email"];
}>;
/** Shopify, the GraphQL API of an admin: a caller can do everything that the scopes of the token allow. */
declare const shopify: Preset<{
    readonly url: "https://{shop}.myshopify.com/admin/api/{version}";
    readonly variables: "SHOPIFY_ACCESS_TOKEN";
    readonly auth: {
        readonly headers: {
            readonly 'X-Shopify-Access-Token': "$CLIENT_SECRET";
        };
    };
    readonly endpoints: {};
    readonly more: {
        readonly graphql: "POST /graphql.json";
    };
    readonly required: readonly ["shop"];
    readonly optional: {
        readonly version: "2025-07";
    };
}>;
/** Algolia. Give it a key that can only search, in the indexes of the page. */
declare const algolia: Preset<{
    readonly url: "https://{appId}-dsn.algolia.net/1/indexes";
    readonly variables: "ALGOLIA_API_KEY";
    readonly auth: {
        readonly headers: {
            readonly 'X-Algolia-API-Key': "$CLIENT_SECRET";
            readonly 'X-Algolia-Application-Id': "{appId}";
        };
    };
    readonly endpoints: {
        readonly search: readonly ["POST /*/query", "POST /*/queries"];
    };
    readonly required: readonly ["appId"];
}>;
/** Linear, its GraphQL API: a caller can do everything that the key allows. */
declare const linear: Preset<{
    readonly url: "https://api.linear.app";
    readonly variables: "LINEAR_API_KEY";
    readonly auth: {
        readonly headers: {
            readonly Authorization: "$CLIENT_SECRET";
        };
    };
    readonly endpoints: {};
    readonly more: {
        readonly graphql: "POST /graphql";
    };
}>;
/** HubSpot. */
declare const hubspot: Preset<{
    readonly url: "https://api.hubapi.com/crm/v3/objects";
    readonly variables: "HUBSPOT_ACCESS_TOKEN";
    readonly auth: {
        headers: {
            Authorization: string;
        };
    };
    readonly endpoints: {
        readonly contacts: "POST /contacts";
        readonly deals: "POST /deals";
    };
    readonly more: {
        readonly search: "POST /*/search";
    };
}>;
/** Google Maps. `geocode` writes the key into the query, as `params.key`. */
declare const googleMaps: Preset<{
    readonly url: "https://places.googleapis.com/v1";
    readonly variables: "GOOGLE_MAPS_API_KEY";
    readonly auth: {
        readonly headers: {
            readonly 'X-Goog-Api-Key': "$CLIENT_SECRET";
        };
    };
    readonly endpoints: {
        readonly places: readonly ["POST /places:searchText", "POST /places:searchNearby", "POST /places:autocomplete", "GET /places/*"];
        readonly routes: readonly ["POST https://routes.googleapis.com/directions/v2:computeRoutes", "POST https://routes.googleapis.com/distanceMatrix/v2:computeRouteMatrix"];
    };
    readonly more: {
        readonly geocode: "GET https://maps.googleapis.com/maps/api/geocode/json params.key";
    };
}>;
/** Google, with a service account. The secret is its private key. A caller reaches every file that the account may open. */
declare const googleServiceAccount: Preset<{
    readonly url: "https://sheets.googleapis.com/v4/spreadsheets";
    readonly variables: "GOOGLE_PRIVATE_KEY";
    readonly auth: {
        headers: {
            Authorization: string;
        };
    };
    readonly endpoints: {
        readonly append: "POST /*/values/*:append";
    };
    readonly more: {
        readonly sheets: readonly ["GET /*", "GET /*/values/*"];
        readonly calendar: readonly ["GET https://www.googleapis.com/calendar/v3/calendars/*/events", "POST https://www.googleapis.com/calendar/v3/calendars/*/events"];
    };
    readonly required: readonly ["clientEmail"];
    readonly optional: {
        readonly scope: "https://www.googleapis.com/auth/spreadsheets";
    };
    readonly token: {
        readonly grant: "jwt-bearer";
        readonly clientId: "{clientEmail}";
        readonly scope: "{scope}";
        readonly url: "https://oauth2.googleapis.com/token";
    };
}>;
/** Spotify, without the account of a user. */
declare const spotify: Preset<{
    readonly url: "https://api.spotify.com/v1";
    readonly variables: "SPOTIFY_CLIENT_SECRET";
    readonly auth: {
        headers: {
            Authorization: string;
        };
    };
    readonly endpoints: {
        readonly search: "GET /search";
        readonly tracks: readonly ["GET /tracks", "GET /tracks/*"];
        readonly albums: readonly ["GET /albums/*", "GET /albums/*/tracks"];
        readonly artists: readonly ["GET /artists/*", "GET /artists/*/albums"];
    };
    readonly required: readonly ["clientId"];
    readonly token: {
        readonly grant: "client_credentials";
        readonly clientId: "{clientId}";
        readonly url: "https://accounts.spotify.com/api/token";
    };
}>;
/** Datadog. */
declare const datadog: Preset<{
    readonly url: "https://api.{site}/api";
    readonly variables: {
        readonly api: "DD_API_KEY";
        readonly app: "DD_APP_KEY";
    };
    readonly auth: {
        readonly headers: {
            readonly 'DD-API-KEY': "$CLIENT_SECRET.api";
            readonly 'DD-APPLICATION-KEY': "$CLIENT_SECRET.app";
        };
    };
    readonly endpoints: {
        readonly metrics: "GET /v1/query";
    };
    readonly more: {
        readonly logs: "POST /v2/logs/events/search";
    };
    readonly optional: {
        readonly site: "datadoghq.com";
    };
}>;
/** Amazon S3, the objects of one folder of a bucket. `write` also replaces objects. */
declare const s3: Preset<{
    readonly url: "https://{bucket}.s3.{region}.amazonaws.com/{folder}";
    readonly variables: "AWS_SECRET_ACCESS_KEY";
    readonly auth: {
        readonly headers: {
            readonly Authorization: "$CLIENT_SECRET";
        };
    };
    readonly endpoints: {
        readonly read: "GET,HEAD /*";
    };
    readonly more: {
        readonly write: "PUT /*";
        readonly delete: "DELETE /*";
    };
    readonly required: readonly ["bucket", "region", "folder", "accessKeyId"];
    readonly sign: {
        readonly aws: "sigv4";
        readonly accessKeyId: "{accessKeyId}";
        readonly service: "s3";
        readonly region: "{region}";
    };
}>;
/** Binance, the account. A request also has `params.timestamp`. */
declare const binance: Preset<{
    readonly url: "https://api.binance.com/api/v3";
    readonly variables: {
        readonly key: "BINANCE_API_KEY";
        readonly secret: "BINANCE_API_SECRET";
    };
    readonly auth: {
        readonly headers: {
            readonly 'X-MBX-APIKEY': "$CLIENT_SECRET.key";
        };
        readonly params: {
            readonly signature: "$CLIENT_SECRET.secret";
        };
    };
    readonly endpoints: {};
    readonly more: {
        readonly account: "GET /account";
        readonly orders: "GET /openOrders";
        readonly trades: "GET /myTrades";
        readonly order: "POST /order";
    };
    readonly sign: {
        readonly hmac: "sha256";
        readonly over: ["query", "body"];
        readonly value: "secret";
    };
}>;

export { KeyLimits, KeyOptions, KeyRule, Place, airtable, algolia, anthropic, assemblyai, binance, cohere, datadog, deepgram, deepl, deepseek, discord, elevenlabs, fal, gemini, github, githubApp, googleMaps, googleServiceAccount, groq, hubspot, huggingface, jira, linear, mailgun, mistral, notion, openai, openrouter, perplexity, postmark, replicate, resend, s3, sendgrid, shopify, slack, spotify, stripe, telegram, together, twilio, xai, zendesk };
export type { Preset, PresetAuth, PresetOptions, PresetSdk, PresetSettings };
