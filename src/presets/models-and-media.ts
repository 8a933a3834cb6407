import { preset } from './preset.ts'

const bearer = { headers: { Authorization: 'Bearer $CLIENT_SECRET' } }

/** OpenAI. */
export const openai = /* @__PURE__ */ preset({
  url: 'https://api.openai.com/v1',
  variables: 'OPENAI_API_KEY',
  auth: bearer,
  endpoints: {
    chat: 'POST /chat/completions',
    responses: 'POST /responses',
    images: ['POST /images/generations', 'POST /images/edits'],
    speech: 'POST /audio/speech',
    transcriptions: ['POST /audio/transcriptions', 'POST /audio/translations'],
    embeddings: 'POST /embeddings',
    moderations: 'POST /moderations',
    models: ['GET /models', 'GET /models/*'],
  },
  sdk: {
    names: 'OpenAI',
    module: 'openai',
    create:
      "new OpenAI({ apiKey: '$CLIENT_SECRET', dangerouslyAllowBrowser: true, fetch: client.fetchWith('openai') })",
  },
})

/** Anthropic. */
export const anthropic = /* @__PURE__ */ preset({
  url: 'https://api.anthropic.com/v1',
  variables: 'ANTHROPIC_API_KEY',
  auth: { headers: { 'X-Api-Key': '$CLIENT_SECRET', 'Anthropic-Version': '2023-06-01' } },
  endpoints: {
    messages: 'POST /messages',
    countTokens: 'POST /messages/count_tokens',
    models: ['GET /models', 'GET /models/*'],
  },
  sdk: {
    names: 'Anthropic',
    module: '@anthropic-ai/sdk',
    create:
      "new Anthropic({ apiKey: '$CLIENT_SECRET', dangerouslyAllowBrowser: true, fetch: client.fetchWith('anthropic') })",
    place: 'headers.authorization',
  },
})

/** Google Gemini. */
export const gemini = /* @__PURE__ */ preset({
  url: 'https://generativelanguage.googleapis.com/v1beta',
  variables: 'GEMINI_API_KEY',
  auth: { headers: { 'X-Goog-Api-Key': '$CLIENT_SECRET' } },
  endpoints: {
    generate: ['POST /models/*:generateContent', 'POST /models/*:streamGenerateContent'],
    countTokens: 'POST /models/*:countTokens',
    embed: ['POST /models/*:embedContent', 'POST /models/*:batchEmbedContents'],
    models: ['GET /models', 'GET /models/*'],
  },
  sdk: {
    names: '{ GoogleGenAI }',
    module: '@google/genai',
    create: "new GoogleGenAI({ apiKey: '$CLIENT_SECRET', httpOptions: { fetch: client.fetchWith('gemini') } })",
    url: 'https://generativelanguage.googleapis.com/v1',
  },
})

/** Mistral. */
export const mistral = /* @__PURE__ */ preset({
  url: 'https://api.mistral.ai/v1',
  variables: 'MISTRAL_API_KEY',
  auth: bearer,
  endpoints: {
    chat: 'POST /chat/completions',
    fim: 'POST /fim/completions',
    embeddings: 'POST /embeddings',
    ocr: 'POST /ocr',
    moderations: 'POST /moderations',
    models: ['GET /models', 'GET /models/*'],
  },
  sdk: {
    names: '{ Mistral, HTTPClient }',
    module: '@mistralai/mistralai',
    create:
      "new Mistral({ apiKey: '$CLIENT_SECRET', httpClient: new HTTPClient({ fetcher: client.fetchWith('mistral') }) })",
  },
})

/** Groq. */
export const groq = /* @__PURE__ */ preset({
  url: 'https://api.groq.com/openai/v1',
  variables: 'GROQ_API_KEY',
  auth: bearer,
  endpoints: {
    chat: 'POST /chat/completions',
    transcriptions: ['POST /audio/transcriptions', 'POST /audio/translations'],
    speech: 'POST /audio/speech',
    models: ['GET /models', 'GET /models/*'],
  },
  sdk: {
    names: 'Groq',
    module: 'groq-sdk',
    create: "new Groq({ apiKey: '$CLIENT_SECRET', dangerouslyAllowBrowser: true, fetch: client.fetchWith('groq') })",
  },
})

/** Cohere. */
export const cohere = /* @__PURE__ */ preset({
  url: 'https://api.cohere.com/v2',
  variables: 'CO_API_KEY',
  auth: bearer,
  endpoints: { chat: 'POST /chat', embed: 'POST /embed', rerank: 'POST /rerank' },
  sdk: {
    names: '{ CohereClient }',
    module: 'cohere-ai',
    create: "new CohereClient({ token: '$CLIENT_SECRET', fetch: client.fetchWith('cohere') })",
  },
})

/** DeepSeek. */
export const deepseek = /* @__PURE__ */ preset({
  url: 'https://api.deepseek.com',
  variables: 'DEEPSEEK_API_KEY',
  auth: bearer,
  endpoints: { chat: 'POST /chat/completions', models: 'GET /models' },
  sdk: {
    names: 'OpenAI',
    module: 'openai',
    create:
      "new OpenAI({ baseURL: 'https://api.deepseek.com', apiKey: '$CLIENT_SECRET', dangerouslyAllowBrowser: true, fetch: client.fetchWith('deepseek') })",
  },
})

/** OpenRouter. */
export const openrouter = /* @__PURE__ */ preset({
  url: 'https://openrouter.ai/api/v1',
  variables: 'OPENROUTER_API_KEY',
  auth: bearer,
  endpoints: { chat: 'POST /chat/completions', models: 'GET /models' },
  sdk: {
    names: '{ OpenRouter, HTTPClient }',
    module: '@openrouter/sdk',
    create:
      "new OpenRouter({ apiKey: '$CLIENT_SECRET', httpClient: new HTTPClient({ fetcher: client.fetchWith('openrouter') }) })",
  },
})

/** Together AI. */
export const together = /* @__PURE__ */ preset({
  url: 'https://api.together.xyz/v1',
  variables: 'TOGETHER_API_KEY',
  auth: bearer,
  endpoints: { chat: 'POST /chat/completions', images: 'POST /images/generations', embeddings: 'POST /embeddings' },
  sdk: {
    names: 'Together',
    module: 'together-ai',
    create:
      "new Together({ apiKey: '$CLIENT_SECRET', dangerouslyAllowBrowser: true, fetch: client.fetchWith('together') })",
    url: 'https://api.together.ai/v1',
  },
})

/** Perplexity. */
export const perplexity = /* @__PURE__ */ preset({
  url: 'https://api.perplexity.ai',
  variables: 'PERPLEXITY_API_KEY',
  auth: bearer,
  endpoints: { chat: 'POST /chat/completions' },
})

/** xAI. */
export const xai = /* @__PURE__ */ preset({
  url: 'https://api.x.ai/v1',
  variables: 'XAI_API_KEY',
  auth: bearer,
  endpoints: { chat: 'POST /chat/completions', images: 'POST /images/generations', models: 'GET /models' },
  sdk: {
    names: 'OpenAI',
    module: 'openai',
    create:
      "new OpenAI({ baseURL: 'https://api.x.ai/v1', apiKey: '$CLIENT_SECRET', dangerouslyAllowBrowser: true, fetch: client.fetchWith('xai') })",
  },
})

/** Hugging Face, its router of inference providers. */
export const huggingface = /* @__PURE__ */ preset({
  url: 'https://router.huggingface.co',
  variables: 'HF_TOKEN',
  auth: bearer,
  endpoints: { chat: 'POST /v1/chat/completions', inference: 'POST /hf-inference/models/**' },
})

/** ElevenLabs. */
export const elevenlabs = /* @__PURE__ */ preset({
  url: 'https://api.elevenlabs.io/v1',
  variables: 'ELEVENLABS_API_KEY',
  auth: { headers: { 'Xi-Api-Key': '$CLIENT_SECRET' } },
  endpoints: {
    speech: ['POST /text-to-speech/*', 'POST /text-to-speech/*/stream'],
    transcriptions: 'POST /speech-to-text',
    sounds: 'POST /sound-generation',
    voices: 'GET /voices',
  },
  sdk: {
    names: '{ ElevenLabsClient }',
    module: '@elevenlabs/elevenlabs-js',
    create: "new ElevenLabsClient({ apiKey: '$CLIENT_SECRET', fetch: client.fetchWith('elevenlabs') })",
  },
})

/** Deepgram. */
export const deepgram = /* @__PURE__ */ preset({
  url: 'https://api.deepgram.com/v1',
  variables: 'DEEPGRAM_API_KEY',
  auth: { headers: { Authorization: 'Token $CLIENT_SECRET' } },
  endpoints: { listen: 'POST /listen', speak: 'POST /speak' },
  sdk: {
    names: '{ DeepgramClient }',
    module: '@deepgram/sdk',
    create: "new DeepgramClient({ apiKey: '$CLIENT_SECRET', fetch: client.fetchWith('deepgram') })",
  },
})

/** AssemblyAI. */
export const assemblyai = /* @__PURE__ */ preset({
  url: 'https://api.assemblyai.com/v2',
  variables: 'ASSEMBLYAI_API_KEY',
  auth: { headers: { Authorization: '$CLIENT_SECRET' } },
  endpoints: { transcripts: ['POST /transcript', 'GET /transcript/*'], upload: 'POST /upload' },
})

/** Replicate. */
export const replicate = /* @__PURE__ */ preset({
  url: 'https://api.replicate.com/v1',
  variables: 'REPLICATE_API_TOKEN',
  auth: bearer,
  endpoints: {
    predictions: [
      'POST /predictions',
      'POST /models/*/*/predictions',
      'GET /predictions/*',
      'POST /predictions/*/cancel',
    ],
  },
  sdk: {
    names: 'Replicate',
    module: 'replicate',
    create: "new Replicate({ auth: '$CLIENT_SECRET', fetch: client.fetchWith('replicate') })",
  },
})

/** fal. */
export const fal = /* @__PURE__ */ preset({
  url: 'https://fal.run',
  variables: 'FAL_KEY',
  auth: { headers: { Authorization: 'Key $CLIENT_SECRET' } },
  endpoints: {
    run: 'POST /fal-ai/**',
    queue: [
      'POST https://queue.fal.run/fal-ai/**',
      'GET https://queue.fal.run/fal-ai/*/requests/*',
      'GET https://queue.fal.run/fal-ai/*/requests/*/status',
    ],
  },
  sdk: {
    names: '{ createFalClient }',
    module: '@fal-ai/client',
    create: "createFalClient({ credentials: '$CLIENT_SECRET', fetch: client.fetchWith('fal') })",
  },
})

/** DeepL. With a free account, set `host` to `api-free.deepl.com`. */
export const deepl = /* @__PURE__ */ preset({
  url: 'https://{host}/v2',
  variables: 'DEEPL_API_KEY',
  auth: { headers: { Authorization: 'DeepL-Auth-Key $CLIENT_SECRET' } },
  endpoints: { translate: 'POST /translate', languages: 'GET /languages' },
  optional: { host: 'api.deepl.com' },
})
