// None of these programs compiles with the config that relay.config.ts registers: each line below a directive has an error.
import {
  createClient,
  createStream,
  useClientSecretQuery,
  useClientSecretRequest,
  useClientSecretStream,
  type ClientSecretName,
  type ClientSecretUrl,
} from 'react-client-secret'

const headers = { authorization: 'Bearer $CLIENT_SECRET' }
const chatUrl = 'https://api.openai.com/v1/chat/completions'
const chat = { clientSecretName: 'openai', url: chatUrl, method: 'POST', headers } as const
const gemini = 'https://generativelanguage.googleapis.com/v1beta'
const text: string = chatUrl
const client = createClient({ relay: '/relay' })

export function Wrong({ id }: { id: string }) {
  // @ts-expect-error no such key
  useClientSecretRequest({ clientSecretName: 'opneai', url: chatUrl, method: 'POST', headers })
  // @ts-expect-error no such path
  useClientSecretRequest({ clientSecretName: 'openai', url: 'https://api.openai.com/v1/chat', method: 'POST', headers })
  // @ts-expect-error an endpoint that the preset does not choose
  useClientSecretRequest({ ...chat, url: 'https://api.openai.com/v1/images/generations' })
  // @ts-expect-error another host
  useClientSecretRequest({ ...chat, url: 'https://api.openai.org/v1/chat/completions' })
  // @ts-expect-error http
  useClientSecretRequest({ ...chat, url: 'http://api.openai.com/v1/chat/completions' })
  // @ts-expect-error the url of another key
  useClientSecretRequest({ clientSecretName: 'shop', url: chatUrl, method: 'POST', headers })
  // @ts-expect-error another path below a star
  useClientSecretQuery({ ...chat, clientSecretName: 'shop', url: `https://api.example.com/v1/orders/${id}/prices` })
  // @ts-expect-error another domain
  useClientSecretQuery({ ...chat, clientSecretName: 'shop', url: `https://${id}.example.net/orders` })
  // @ts-expect-error any text
  useClientSecretQuery({ ...chat, url: text })
  // @ts-expect-error the preset has models, and no tuned models
  useClientSecretQuery({ ...chat, clientSecretName: 'gemini', url: `${gemini}/tunedModels/${id}:generateContent` })
  // @ts-expect-error no such key
  useClientSecretStream({ ...chat, clientSecretName: 'anthropic' })
  // @ts-expect-error no such path
  useClientSecretStream({ ...chat, url: 'https://api.openai.com/v1/completions' })
  const request = useClientSecretRequest(chat)
  // @ts-expect-error no such path
  request.send({ url: 'https://api.openai.com/v2/chat/completions' })
  // @ts-expect-error no such key
  request.send({ clientSecretName: 'stripe' })
  // @ts-expect-error no such key
  void request.sendAsync({ clientSecretName: 'stripe' })
}

// @ts-expect-error no such key
client.fetchWith('elevenlabs')
// @ts-expect-error no such path
void client.clientSecretRequest({ ...chat, url: 'https://api.openai.com/v1/chat/completion' })
// @ts-expect-error no such key
void client.clientSecretRequest({ ...chat, clientSecretName: 'OpenAI', queue: 'chat', poll: 1000 })
// @ts-expect-error the bot's method is not one of the preset
void client.send({ ...chat, clientSecretName: 'bot', url: 'https://api.telegram.org/bot$CLIENT_SECRET/getUpdates' })
// @ts-expect-error the placeholder is missing where the rule has it
void client.send({ ...chat, clientSecretName: 'bot', url: 'https://api.telegram.org/bot123/sendMessage' })
// @ts-expect-error another bucket's host
void client.send({ ...chat, clientSecretName: 'files', url: 'https://s3.amazonaws.com/otters/otter.png' })
// @ts-expect-error no such key
createStream(client, { params: { ...chat, clientSecretName: 'mistral' } })
// @ts-expect-error no such key
export const name: ClientSecretName = 'mistral'
// @ts-expect-error no such path
export const url: ClientSecretUrl<'openai'> = 'https://api.openai.com/v1/embeddings'
