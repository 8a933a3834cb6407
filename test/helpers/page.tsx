import { cleanup } from '@testing-library/react'
import { afterEach } from 'vitest'
import { json, startApi, door, type ApiAnswer } from './api.ts'
import { keyFor, startRelay } from './relay.ts'

afterEach(cleanup)

/** An API, a relay before it, and a request for them, as a component writes it. */
export async function setUp(answer: ApiAnswer = (call, outgoing) => json(outgoing, { picture: `otter ${call.body}` })) {
  const api = await startApi(answer)
  const { url, client } = await startRelay({ keys: { api: keyFor(api.url) } })
  const request = {
    clientSecretName: 'api',
    url: `${api.url}/v1/pictures`,
    method: 'POST' as const,
    headers: { Authorization: 'Bearer $CLIENT_SECRET' },
  }
  return { api, relay: url, client, request }
}

/** An API that answers when the test opens its door. */
export async function setUpWithDoor() {
  const { opened, open } = door()
  const parts = await setUp(async (call, outgoing) => {
    await opened
    json(outgoing, { picture: `otter ${call.body}` })
  })
  return { ...parts, open }
}
