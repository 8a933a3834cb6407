import { isUtf8 } from 'node:buffer'
import { describe, expect, test } from 'vitest'
import { attack } from '../../src/attack/attack.ts'
import type { FetchThrough } from '../../src/attack/attacker.ts'
import { findSecret } from '../../src/attack/find-secret.ts'
import { makeCanary } from '../../src/attack/canary.ts'
import { byteForms, forms, mixtures, rareForms } from '../../src/attack/vectors/forms.ts'
import type { Vector } from '../../src/attack/vector.ts'
import { summarize } from '../../src/attack/report.ts'
import { serveOnFreePort } from '../../src/command/attack.ts'
import { serveClientSecrets } from '../../src/worker/serve-client-secrets.ts'
import options from './relay.config.ts'

/** The service worker, with this key for the origin of the request. It has the scope of a worker for a moment. */
const throughWorker: FetchThrough = async (relay, headers, request, keyName) => {
  let listen: ((event: object) => void) | undefined
  const scope = globalThis as { addEventListener?: unknown }
  scope.addEventListener = (name: string, listener: typeof listen) => void (name === 'fetch' && (listen = listener))
  try {
    serveClientSecrets({ relay, headers, keys: { [new URL(request.url).origin]: keyName } })
  } finally {
    delete scope.addEventListener
  }
  let answer: Promise<Response> | undefined
  // Node has no destination in a request. An empty one is that of scripts.
  Object.defineProperty(request, 'destination', { value: '' })
  listen!({ request, respondWith: (given: Promise<Response>) => (answer = given) })
  if (answer) through++
  return answer ?? new Response('not taken by the worker')
}
let through = 0

/** The rows that this corpus tries; the others have tests of their own. */
const covered = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 14, 15, 16, 17, 18, 19, 21, 25, 28]

/** Addresses, other headers and oracles do not depend on what fills the placeholder: the keys of one value suffice. */
const picks = ({ row, name }: Vector) =>
  !([3, 5, 6, 8, 17, 18, 25].includes(row) && /^(app|service|exchange|model)\b/.test(name))

test('the relay gives up no secret, and a vulnerable one gives up almost all', async () => {
  const summary = summarize(await attack(options, serveOnFreePort, { budget: 60, picks, fetchThrough: throughWorker }))
  expect(summary.leaks).toEqual([])
  expect(summary.total.tried).toBeGreaterThanOrEqual(3_500)
  expect(through).toBeGreaterThan(1_500)
  expect(summary.classes.filter(({ tried }) => tried > 0).map(({ row }) => row)).toEqual(covered)
  // A corpus that finds nothing in the vulnerable relay would find nothing anywhere.
  expect(summary.total.controlLeaked / summary.total.canLeak).toBeGreaterThan(0.9)
  for (const { row, canLeak, controlLeaked } of summary.classes.filter((one) => one.canLeak > 0))
    expect(controlLeaked, `row ${row}`).toBeGreaterThan(canLeak / 2)
}, 900_000)

describe('the finder', () => {
  const { value: secret } = makeCanary()

  test.each([...forms, ...mixtures, ...rareForms, ...byteForms])('finds a secret that is $name', ({ write }) => {
    const bytes = Buffer.concat([Buffer.from('before it: '), Buffer.from(write(secret)), Buffer.from(' and behind')])
    expect(findSecret(bytes, secret)).not.toBeNull()
    // As it travels to the browser, in a record.
    expect(
      findSecret(Buffer.from(JSON.stringify({ body: bytes.toString(isUtf8(bytes) ? 'utf8' : 'latin1') })), secret),
    ).not.toBeNull()
    expect(findSecret(Buffer.from(JSON.stringify({ body: bytes.toString('base64') })), secret)).not.toBeNull()
  })

  test('finds its beginning, its end, and any longer piece', () => {
    expect(findSecret(Buffer.from(`x${secret.slice(0, 14)}x`), secret)).toMatchObject({ whole: false })
    expect(findSecret(Buffer.from(`x${secret.slice(-14)}x`), secret)).toMatchObject({ whole: false })
    for (let at = 0; at + 23 <= secret.length; at++)
      expect(findSecret(Buffer.from(`x${secret.slice(at, at + 23)}x`), secret)).toMatchObject({ whole: false })
  })

  test('finds nothing in another secret, and nothing in the placeholder', () => {
    for (const { write } of forms) expect(findSecret(Buffer.from(write(makeCanary().value)), secret)).toBeNull()
    expect(findSecret(Buffer.from('Bearer $CLIENT_SECRET'), secret)).toBeNull()
  })
})
