import { afterEach, expect, test, vi } from 'vitest'
import { createClient } from '../../src/exports/client.ts'
import { json, startApi } from '../helpers/api.ts'
import { startRelayProcess } from '../helpers/relay-process.ts'
import { keyFor } from '../helpers/relay.ts'

afterEach(() => void vi.unstubAllGlobals())

/** What React Native lacks. */
function likeReactNative() {
  expect(typeof window).toBe('undefined')
  vi.stubGlobal('AbortSignal', {})
  const { getRandomValues } = crypto
  vi.stubGlobal('crypto', { getRandomValues: getRandomValues.bind(crypto) })
}

test('without window, AbortSignal.any and crypto.randomUUID a request is sent and polled', async () => {
  const api = await startApi((_call, outgoing) => json(outgoing, { picture: 'otter' }))
  const { url } = await startRelayProcess({ keys: { api: keyFor(api.url) } })
  likeReactNative()
  const answer = await createClient({ relay: url }).clientSecretRequest({
    clientSecretName: 'api',
    url: `${api.url}/v1/items`,
    method: 'POST',
    headers: { Authorization: 'Bearer $CLIENT_SECRET' },
    poll: 50,
    queue: 'q',
  })
  expect(answer).toEqual({ picture: 'otter' })
  expect(api.calls).toHaveLength(1)
})

test('without crypto it is a sentence', async () => {
  vi.stubGlobal('crypto', undefined)
  const sent = createClient({ relay: 'https://relay.example.com' }).clientSecretRequest({
    clientSecretName: 'api',
    url: 'https://api.example.com',
    method: 'GET',
    headers: { Authorization: 'Bearer $CLIENT_SECRET' },
  })
  await expect(sent).rejects.toMatchObject({
    code: 'INTERNAL',
    message: expect.stringContaining('import "react-native-get-random-values" first'),
  })
})

test.each(['localhost:8787', 'relay', 'relay.example.com/relay', ''])(
  'relay="%s" is refused with a sentence',
  (relay) => {
    expect(() => createClient({ relay })).toThrow(
      `relay must be a path such as "/relay" or an absolute http(s) url; it is ${relay}.`,
    )
  },
)
