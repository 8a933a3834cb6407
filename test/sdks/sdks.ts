import { createAnthropic } from '@ai-sdk/anthropic'
import { createGoogle } from '@ai-sdk/google'
import { createOpenAI } from '@ai-sdk/openai'
import Anthropic from '@anthropic-ai/sdk'
import { DeepgramClient } from '@deepgram/sdk'
import { ElevenLabsClient } from '@elevenlabs/elevenlabs-js'
import { createFalClient } from '@fal-ai/client'
import { GoogleGenAI } from '@google/genai'
import { InferenceClient } from '@huggingface/inference'
import { Mistral } from '@mistralai/mistralai'
import { HTTPClient as MistralHttpClient } from '@mistralai/mistralai/lib/http.js'
import { Client as Notion } from '@notionhq/client'
import { Octokit } from '@octokit/rest'
import { HTTPClient as OpenRouterHttpClient, OpenRouter } from '@openrouter/sdk'
import type * as components from '@openrouter/sdk/models'
import * as ai from 'ai'
import { CohereClient } from 'cohere-ai'
import Groq from 'groq-sdk'
import { Ollama } from 'ollama/browser'
import OpenAI from 'openai'
import Replicate, { type FileOutput } from 'replicate'
import Stripe from 'stripe'
import Together from 'together-ai'
import { all, audio, bytesOf, hexOf, prompt, textOf } from './parts.ts'

/** What a call may be; a column of the table. */
export const kinds = ['call', 'chat', 'stream', 'image', 'speech', 'transcription', 'upload', 'download'] as const
export type Kind = (typeof kinds)[number]

/** How an SDK is set up: in a page the placeholder and a fetch of `fetchWith`, in Node the key and Node's own. */
export interface Setup {
  apiKey: string
  fetch: typeof fetch
}

/** The calls of an SDK. Each gives a text of the answer, in which there is an otter. */
export type Calls = Partial<Record<Kind, () => Promise<string>>>

export interface Sdk {
  /** As npm knows it. */
  name: string
  /** Where its key may go. */
  hosts: string[]
  place: 'headers.authorization' | 'headers.x-api-key' | 'headers.x-goog-api-key' | 'headers.xi-api-key'
  /** What must precede the placeholder, because the SDK looks at it; the rest is the secret. */
  prefix?: string
  /** In Node it writes its forms by itself, in a browser with FormData: without the type of a file. */
  ownForms?: boolean
  /** Its option that takes a fetch, as the table in the documentation names it. */
  option: string
  start: (setup: Setup) => Calls
}

const messages = [{ role: 'user' as const, content: prompt }]
const model = 'otter-1'
const quick = { maxRetries: 0, dangerouslyAllowBrowser: true }

export const sdks: Sdk[] = [
  {
    name: 'openai',
    hosts: ['api.openai.com'],
    place: 'headers.authorization',
    option: 'fetch',
    start(setup) {
      const sdk = new OpenAI({ ...setup, ...quick })
      return {
        call: async () => JSON.stringify((await sdk.responses.create({ model, input: prompt })).output),
        chat: async () => textOf((await sdk.chat.completions.create({ model, messages })).choices[0]?.message.content),
        stream: async () => all(await sdk.chat.completions.create({ model, messages, stream: true }), deltaOf),
        image: async () => textOf((await sdk.images.generate({ model, prompt })).data?.[0]?.b64_json),
        speech: async () => bytesOf(await sdk.audio.speech.create({ model, voice: 'alloy', input: prompt })),
        transcription: async () => (await sdk.audio.transcriptions.create({ model, file: audio() })).text,
        upload: async () => (await sdk.files.create({ purpose: 'assistants', file: audio() })).filename,
        download: async () => bytesOf(await sdk.files.content('file-otter')),
      }
    },
  },
  {
    name: '@anthropic-ai/sdk',
    hosts: ['api.anthropic.com'],
    place: 'headers.authorization',
    option: 'fetch',
    start(setup) {
      const sdk = new Anthropic({ ...setup, ...quick })
      const ask = { model, max_tokens: 99, messages }
      return {
        chat: async () => JSON.stringify((await sdk.messages.create(ask)).content),
        stream: async () => sdk.messages.stream(ask).finalText(),
        upload: async () => (await sdk.beta.files.upload({ file: audio() })).filename,
        download: async () => bytesOf(await sdk.beta.files.download('file-otter')),
      }
    },
  },
  {
    name: 'stripe',
    hosts: ['api.stripe.com', 'files.stripe.com'],
    place: 'headers.authorization',
    option: 'httpClient: Stripe.createFetchHttpClient(fetch)',
    start(setup) {
      const httpClient = Stripe.createFetchHttpClient(setup.fetch)
      const sdk = new Stripe(setup.apiKey, { httpClient, telemetry: false, maxNetworkRetries: 0 })
      return {
        call: async () => textOf((await sdk.customers.create({ name: 'Otter', metadata: { a: 'ö' } })).name),
        upload: async () => {
          const data = new Uint8Array(await audio().arrayBuffer())
          const file = { data, name: 'otter.wav', type: 'audio/wav' }
          return textOf((await sdk.files.create({ purpose: 'dispute_evidence', file })).filename)
        },
        download: async () => bytesOf(new Response((await sdk.quotes.pdf('otter')) as never)),
      }
    },
  },
  {
    name: '@google/genai',
    hosts: ['generativelanguage.googleapis.com'],
    place: 'headers.x-goog-api-key',
    option: 'httpOptions: { fetch }',
    start({ apiKey, fetch }) {
      const sdk = new GoogleGenAI({ apiKey, httpOptions: { fetch } })
      return {
        chat: async () => textOf((await sdk.models.generateContent({ model, contents: prompt })).text),
        stream: async () =>
          all(await sdk.models.generateContentStream({ model, contents: prompt }), ({ text }) => text),
        image: async () => textOf((await sdk.models.generateContent({ model: 'otter-image', contents: prompt })).data),
        upload: async () => textOf((await sdk.files.upload({ file: audio(), config: { mimeType: 'audio/wav' } })).name),
      }
    },
  },
  {
    name: 'replicate',
    hosts: ['api.replicate.com'],
    place: 'headers.authorization',
    option: 'fetch',
    start({ apiKey, fetch }) {
      const sdk = new Replicate({ auth: apiKey, fetch })
      return {
        chat: async () => JSON.stringify(await sdk.run('otter/chat', { input: { prompt } })),
        stream: async () => all(sdk.stream('otter/chat', { input: { prompt } }), ({ data }) => data),
        image: async () => bytesOf(await ((await sdk.run('otter/image', { input: { prompt } })) as FileOutput).blob()),
        upload: async () => (await sdk.files.create(audio())).id,
      }
    },
  },
  {
    name: '@mistralai/mistralai',
    hosts: ['api.mistral.ai'],
    place: 'headers.authorization',
    option: 'httpClient: new HTTPClient({ fetcher: fetch })',
    start({ apiKey, fetch }) {
      const sdk = new Mistral({ apiKey, httpClient: new MistralHttpClient({ fetcher: fetch }) })
      return {
        chat: async () => textOf((await sdk.chat.complete({ model, messages })).choices?.[0]?.message?.content),
        stream: async () =>
          all(await sdk.chat.stream({ model, messages }), ({ data }) => data.choices[0]?.delta.content),
        transcription: async () => (await sdk.audio.transcriptions.complete({ model, file: audio() })).text,
        upload: async () => (await sdk.files.upload({ file: audio() })).filename,
        download: async () => bytesOf(new Response(await sdk.files.download({ fileId: 'file-otter' }))),
      }
    },
  },
  {
    name: 'cohere-ai',
    hosts: ['api.cohere.com'],
    ownForms: true,
    place: 'headers.authorization',
    option: 'fetch',
    start({ apiKey, fetch }) {
      const sdk = new CohereClient({ token: apiKey, fetch, maxRetries: 0 })
      return {
        chat: async () => JSON.stringify((await sdk.v2.chat({ model, messages })).message),
        stream: async () =>
          all(await sdk.v2.chatStream({ model, messages }), (event) =>
            event.type === 'content-delta' ? event.delta?.message?.content?.text : '',
          ),
        upload: async () =>
          textOf((await sdk.datasets.create(audio(), undefined, { name: 'otter', type: 'embed-input' })).id),
      }
    },
  },
  {
    name: 'groq-sdk',
    hosts: ['api.groq.com'],
    place: 'headers.authorization',
    option: 'fetch',
    start(setup) {
      const sdk = new Groq({ ...setup, ...quick })
      return {
        chat: async () => textOf((await sdk.chat.completions.create({ model, messages })).choices[0]?.message.content),
        stream: async () => all(await sdk.chat.completions.create({ model, messages, stream: true }), deltaOf),
        speech: async () => bytesOf(await sdk.audio.speech.create({ model, voice: 'otter', input: prompt })),
        transcription: async () => (await sdk.audio.transcriptions.create({ model, file: audio() })).text,
        upload: async () => textOf((await sdk.files.create({ purpose: 'batch', file: audio() })).filename),
        download: async () => bytesOf(await sdk.files.content('file-otter')),
      }
    },
  },
  {
    name: 'together-ai',
    hosts: ['api.together.ai', 'api.together.xyz'],
    place: 'headers.authorization',
    option: 'fetch',
    start(setup) {
      const sdk = new Together({ ...setup, ...quick })
      return {
        chat: async () => textOf((await sdk.chat.completions.create({ model, messages })).choices[0]?.message?.content),
        stream: async () => all(await sdk.chat.completions.create({ model, messages, stream: true }), deltaOf),
        image: async () => JSON.stringify((await sdk.images.generate({ model, prompt })).data),
        speech: async () => bytesOf(await sdk.audio.speech.create({ model, voice: 'otter', input: prompt })),
        transcription: async () =>
          JSON.stringify(
            await sdk.audio.transcriptions.create({ model: 'openai/whisper-large-v3', file: audio() as never }),
          ),
        download: async () => bytesOf(await sdk.files.content('file-otter')),
      }
    },
  },
  {
    name: '@deepgram/sdk',
    hosts: ['api.deepgram.com'],
    place: 'headers.authorization',
    option: 'fetch',
    start({ apiKey, fetch }) {
      const sdk = new DeepgramClient({ apiKey, fetch, maxRetries: 0 })
      return {
        speech: async () => bytesOf(new Response((await sdk.speak.v1.audio.generate({ text: prompt })).stream())),
        transcription: async () =>
          JSON.stringify(await sdk.listen.v1.media.transcribeFile(audio(), { model: 'nova-3' })),
      }
    },
  },
  {
    name: '@elevenlabs/elevenlabs-js',
    hosts: ['api.elevenlabs.io'],
    place: 'headers.xi-api-key',
    option: 'fetch',
    start({ apiKey, fetch }) {
      const sdk = new ElevenLabsClient({ apiKey, fetch, maxRetries: 0 })
      return {
        stream: async () => bytesOf(new Response(await sdk.textToSpeech.stream('otter', { text: prompt }))),
        speech: async () => bytesOf(new Response(await sdk.textToSpeech.convert('otter', { text: prompt }))),
        transcription: async () =>
          JSON.stringify(await sdk.speechToText.convert({ file: audio(), modelId: 'scribe_v1' })),
        download: async () => bytesOf(new Response(await sdk.history.getAudio('otter'))),
      }
    },
  },
  {
    name: '@notionhq/client',
    hosts: ['api.notion.com'],
    place: 'headers.authorization',
    option: 'fetch',
    start({ apiKey, fetch }) {
      const sdk = new Notion({ auth: apiKey, fetch: fetch as never, retry: false })
      return {
        call: async () => (await sdk.pages.create({ parent: { page_id: 'sea' }, properties: {} })).id,
        upload: async () =>
          textOf(
            (await sdk.fileUploads.send({ file_upload_id: 'otter', file: { filename: 'otter.wav', data: audio() } }))
              .id,
          ),
      }
    },
  },
  {
    name: '@octokit/rest',
    hosts: ['api.github.com', 'uploads.github.com'],
    place: 'headers.authorization',
    option: 'request: { fetch }',
    start({ apiKey, fetch }) {
      const sdk = new Octokit({ auth: apiKey, request: { fetch } })
      const repository = { owner: 'otter', repo: 'sea' }
      return {
        call: async () => (await sdk.rest.issues.create({ ...repository, title: 'An otter' })).data.title,
        upload: async () =>
          (
            await sdk.rest.repos.uploadReleaseAsset({
              ...repository,
              release_id: 1,
              name: 'otter.wav',
              data: audio() as never,
              headers: { 'content-type': 'audio/wav' },
            })
          ).data.name,
        // A file as it is. An archive or an asset is a redirect to another host, which fetchWith gives as it is.
        download: async () =>
          textOf(
            (await sdk.rest.repos.getContent({ ...repository, path: 'otter.md', mediaType: { format: 'raw' } })).data,
          ),
      }
    },
  },
  {
    name: '@huggingface/inference',
    hosts: ['router.huggingface.co', 'huggingface.co'],
    place: 'headers.authorization',
    option: 'fetch, the second argument',
    prefix: 'hf_',
    start({ apiKey, fetch }) {
      const sdk = new InferenceClient(apiKey, { fetch })
      const hf = { model: 'otter/speech', provider: 'hf-inference' as const }
      return {
        chat: async () => textOf((await sdk.chatCompletion({ model, messages })).choices[0]?.message.content),
        stream: async () => all(sdk.chatCompletionStream({ model, messages }), deltaOf),
        image: async () =>
          bytesOf(
            new Response(
              await sdk.textToImage({ ...hf, model: 'otter/image', inputs: prompt }, { outputType: 'blob' }),
            ),
          ),
        speech: async () => bytesOf(new Response(await sdk.textToSpeech({ ...hf, inputs: prompt }))),
        transcription: async () =>
          (await sdk.automaticSpeechRecognition({ ...hf, model: 'otter/transcription', data: audio() })).text,
      }
    },
  },
  {
    name: '@fal-ai/client',
    hosts: ['fal.run', 'queue.fal.run', 'rest.fal.ai'],
    place: 'headers.authorization',
    option: 'fetch',
    start({ apiKey, fetch }) {
      const sdk = createFalClient({ credentials: apiKey, fetch, suppressLocalCredentialsWarning: true })
      return {
        call: async () => JSON.stringify((await sdk.run('otter/text', { input: { prompt } })).data),
        stream: async () =>
          all(await sdk.stream('otter/text', { input: { prompt } }), (event) => JSON.stringify(event)),
        image: async () =>
          JSON.stringify((await sdk.subscribe('otter/image', { input: { prompt }, pollInterval: 1 })).data),
        upload: () => sdk.storage.upload(audio()),
      }
    },
  },
  {
    name: 'ollama',
    hosts: ['ollama.com'],
    place: 'headers.authorization',
    option: 'fetch',
    start({ apiKey, fetch }) {
      const sdk = new Ollama({ host: 'https://ollama.com', fetch, headers: { authorization: `Bearer ${apiKey}` } })
      return {
        chat: async () => (await sdk.chat({ model, messages })).message.content,
        stream: async () => all(await sdk.chat({ model, messages, stream: true }), ({ message }) => message.content),
      }
    },
  },
  {
    name: '@openrouter/sdk',
    hosts: ['openrouter.ai'],
    place: 'headers.authorization',
    option: 'httpClient: new HTTPClient({ fetcher: fetch })',
    start({ apiKey, fetch }) {
      const sdk = new OpenRouter({ apiKey, httpClient: new OpenRouterHttpClient({ fetcher: fetch }) })
      type Answer = components.ChatResult & AsyncIterable<components.ChatStreamChunk>
      const send = async (stream: boolean) =>
        (await sdk.chat.send({ chatRequest: { model, messages, stream } })) as Answer
      return {
        chat: async () => textOf((await send(false)).choices[0]?.message.content),
        stream: async () => all(await send(true), deltaOf),
      }
    },
  },
  {
    name: '@ai-sdk/openai',
    hosts: ['api.openai.com'],
    place: 'headers.authorization',
    option: 'fetch',
    start(setup) {
      const sdk = createOpenAI(setup)
      return {
        ...texts(sdk(model)),
        image: async () =>
          (await ai.generateImage({ model: sdk.image('dall-e-3'), prompt, maxRetries: 0 })).image.base64,
        speech: async () =>
          hexOf(
            (await ai.generateSpeech({ model: sdk.speech('tts-1'), text: prompt, maxRetries: 0 })).audio.uint8Array,
          ),
        transcription: async () =>
          (
            await ai.transcribe({
              model: sdk.transcription('whisper-1'),
              audio: await audio().arrayBuffer(),
              maxRetries: 0,
            })
          ).text,
      }
    },
  },
  {
    name: '@ai-sdk/anthropic',
    hosts: ['api.anthropic.com'],
    place: 'headers.x-api-key',
    option: 'fetch',
    start: (setup) => texts(createAnthropic(setup)(model)),
  },
  {
    name: '@ai-sdk/google',
    hosts: ['generativelanguage.googleapis.com'],
    place: 'headers.x-goog-api-key',
    option: 'fetch',
    start: (setup) => texts(createGoogle(setup)(model)),
  },
]

function texts(language: ai.LanguageModel): Calls {
  const asked = { model: language, prompt, maxRetries: 0 }
  return {
    chat: async () => (await ai.generateText(asked)).text,
    stream: async () => all(ai.streamText(asked).textStream, (text) => text),
  }
}

function deltaOf({ choices }: { choices: { delta?: { content?: string | null | undefined } | undefined }[] }) {
  return choices[0]?.delta?.content
}
