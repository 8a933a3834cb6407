import { expect, test } from 'vitest'
import type { JsonObject } from '../../src/protocol/request.ts'
import { substitute } from '../../src/relay/upstream/substitute.ts'
import { startApi } from '../helpers/api.ts'
import { keyFor, startRelay } from '../helpers/relay.ts'

const headers = { authorization: '$CLIENT_SECRET', 'content-type': 'application/x-www-form-urlencoded' }

function formOf(data: JsonObject): string | null {
  return substitute(
    { clientSecretName: 'key', url: 'https://api.example.com/', method: 'POST', headers, data },
    { secret: 'the-secret' },
    { places: ['headers.authorization'] },
  ).body
}

test('a form is written as URLSearchParams writes it, with the names of all levels before each value', () => {
  const odd = 'a b+c&d=e%f~\'()!*-._ äß日本語👩 "[]\ud800'
  expect(formOf({ [odd]: { [odd]: [odd, null, 1, true, { deep: '' }] }, none: {}, empty: [] })).toBe(
    new URLSearchParams([
      [`${odd}[${odd}][0]`, odd],
      [`${odd}[${odd}][1]`, ''],
      [`${odd}[${odd}][2]`, '1'],
      [`${odd}[${odd}][3]`, 'true'],
      [`${odd}[${odd}][4][deep]`, ''],
    ]).toString(),
  )
})

test('a form of letters that take many characters to encode is written, however long', () => {
  const data = { text: '日'.repeat(300_000), emoji: '👩'.repeat(50_000), blanks: ' '.repeat(10_000) }
  expect([...new URLSearchParams(formOf(data)!)]).toEqual(Object.entries(data))
})

test('a form that repeats a long name is not written to its end', async () => {
  const api = await startApi()
  const { client } = await startRelay({ keys: { api: keyFor(api.url) } })
  const data = { ['x'.repeat(10_000)]: Array(10_000).fill(1) }
  await expect(
    client.clientSecretRequest({ clientSecretName: 'api', url: `${api.url}/`, method: 'POST', headers, data }),
  ).rejects.toMatchObject({
    code: 'INVALID_PARAMETER',
    path: 'data',
    message: expect.stringMatching(/data is too long as a form.*Send it as JSON, or use shorter names/) as string,
  })
  expect(api.calls).toEqual([])
})
