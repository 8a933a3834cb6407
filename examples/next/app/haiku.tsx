'use client'

import { ClientSecretProvider, useClientSecretRequest } from 'react-client-secret'
import { api } from '../lib/api'

interface Completion {
  choices: { message: { content: string } }[]
}

/** Has OpenAI write a haiku. The browser never sees the key. */
export function Haiku() {
  return (
    <ClientSecretProvider relay="/relay">
      <Write />
    </ClientSecretProvider>
  )
}

function Write() {
  const haiku = useClientSecretRequest<Completion>({
    clientSecretName: 'openai',
    url: `${api}/chat/completions`,
    method: 'POST',
    headers: { Authorization: 'Bearer $CLIENT_SECRET' },
    data: { model: 'gpt-5-mini', messages: [{ role: 'user', content: 'Write a haiku about otters.' }] },
  })

  return (
    <>
      <button disabled={haiku.isLoading} onClick={() => haiku.send()}>
        {haiku.isLoading ? 'Writing …' : 'Write'}
      </button>
      <p role="status" style={{ whiteSpace: 'pre-line' }}>
        {haiku.status === 'resolved' && haiku.data.choices[0]?.message.content}
        {haiku.status === 'failed' && haiku.error.message}
      </p>
    </>
  )
}
