// Compiles with the config that relay.config.ts registers.
import {
  createClient,
  useClientSecretQuery,
  useClientSecretRequest,
  useClientSecretStream,
  type ClientSecretUrl,
} from 'react-client-secret'

const authorization = 'Bearer $CLIENT_SECRET'
const chat = {
  clientSecretName: 'openai',
  url: 'https://api.openai.com/v1/chat/completions',
  method: 'POST',
  headers: { authorization },
} as const

export function Right({ id, tenant, path }: { id: string; tenant: string; path: string }) {
  const request = useClientSecretRequest<{ text: string }>(chat)
  request.send({ data: { model: 'gpt-5' } })
  request.send({ clientSecretName: 'shop', url: `https://${tenant}.example.org/orders` })
  const items = { clientSecretName: 'shop', method: 'GET', headers: { authorization } } as const
  useClientSecretQuery({ ...items, url: `https://api.example.com/v1/orders/${id}/items` })
  useClientSecretQuery({ ...items, url: `https://api.example.com/v1/orders/${id}/items?limit=10` })
  useClientSecretQuery({ ...items, url: `https://api.example.com/v1/${path}` as ClientSecretUrl<'shop'> })
  useClientSecretStream(chat, { read: 'text' })
  useClientSecretStream({
    clientSecretName: 'gemini',
    url: 'https://generativelanguage.googleapis.com/v1beta/models/gemini-3-pro:streamGenerateContent?alt=sse',
    method: 'POST',
    headers: { 'x-goog-api-key': '$CLIENT_SECRET' },
  })
  const client = createClient({ relay: '/relay' })
  client.fetchWith('bot')
  void client.clientSecretRequest({ ...chat, poll: 1000, queue: 'chat' })
  void client.clientSecretRequest({ clientSecretName: 'own', url: `${path}/v1/x`, method: 'POST', headers: {} })
  void client.send({
    clientSecretName: 'bot',
    url: 'https://api.telegram.org/bot$CLIENT_SECRET/sendMessage',
    method: 'POST',
  })
  void client.send({
    clientSecretName: 'files',
    url: 'https://otters.s3.eu-west-1.amazonaws.com/pictures/otter.png',
    method: 'GET',
    headers: { authorization: '$CLIENT_SECRET' },
  })
  return request.data?.text
}
