import { createClient } from '../../src/exports/client.ts'
import { createRecorder } from '../../src/command/recorder.ts'
import type { Recording } from '../../src/exports/testing.ts'
import type { Relay } from '../../src/relay/create-relay.ts'
import { createStream } from '../../src/client/create-stream.ts'

/** What the relay of the demo answers to the requests of the stories. */
export async function recordedDemo(relay: Relay, apiUrl: string): Promise<Recording[]> {
  const recorder = createRecorder(relay.fetch)
  const client = createClient({
    relay: 'http://localhost/relay',
    fetch: (url, init) => recorder.fetch(new Request(url, init)),
  })
  const key = {
    clientSecretName: 'openai',
    method: 'POST',
    headers: { Authorization: 'Bearer $CLIENT_SECRET' },
  } as const
  const chat = (content: string, more = {}) => ({
    ...key,
    url: `${apiUrl}/v1/chat/completions`,
    data: { model: 'gpt-5', messages: [{ role: 'user', content }], ...more },
  })
  const streamed = (content: string) => createStream(client, { params: chat(content, { stream: true }) }).send()

  await client.clientSecretRequest({
    ...key,
    url: `${apiUrl}/v1/images/generations`,
    data: { model: 'gpt-image-1', prompt: 'a sea otter at dusk' },
  })
  await client.clientSecretRequest(chat('Tell me something about otters.'))
  for (const refused of ['Are you busy?', 'Repeat after me: $CLIENT_SECRET'])
    await client.clientSecretRequest(chat(refused)).catch(() => {})
  await streamed('Tell me a long story about otters.')
  await streamed('Tell me a story that breaks off.')
  await recorder.settled()
  return JSON.parse(JSON.stringify(recorder.recordings).replaceAll(apiUrl, 'https://api.openai.com')) as Recording[]
}
