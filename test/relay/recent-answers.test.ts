import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createBytesInFlight } from '../../src/relay/common/bytes-in-flight.ts'
import { readLimits } from '../../src/relay/common/relay-limits.ts'
import { createStreamedAnswers, type StreamedAnswers } from '../../src/relay/execution/direct/streamed-answers.ts'
import type { StoredRecord } from '../../src/relay/database/stored-record.ts'
import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { startApi } from '../helpers/api.ts'
import { keyFor, startReadyRelay } from '../helpers/relay.ts'

const mebibyte = 2 ** 20

test('recent streamed answers are there for who lost them: 32 MiB, of which visitors have half, the oldest go first', async () => {
  const api = await startApi((_call, outgoing) => void outgoing.end(Buffer.alloc(3 * mebibyte, 'otter ')))
  const { url } = await startReadyRelay({
    keys: { api: { ...keyFor(api.url), secret: 'sk-of-recent-answers-4f7c1d9e2b' } },
    authenticate: ({ headers }) => headers.get('x-user'),
  })
  const visitor = { 'client-session': 'a-visitor-of-this-relay-01' }
  const user = { 'x-user': 'ada' }
  const description = btoa(
    JSON.stringify({
      clientSecretName: 'api',
      url: `${api.url}/v1/answer`,
      method: 'POST',
      headers: { authorization: 'Bearer $CLIENT_SECRET' },
    }),
  )
  /** Sends it, and says if the whole answer came. */
  async function send(who: Record<string, string>, key: string): Promise<boolean> {
    const response = await fetch(`${url}/fetch`, {
      method: 'POST',
      headers: {
        'content-type': 'application/octet-stream',
        'client-secret-request': description,
        'idempotency-key': key,
        ...who,
      },
    })
    return (await response.bytes()).length === 3 * mebibyte
  }
  async function keysOf(who: Record<string, string>, count: number): Promise<string[]> {
    const keys = Array.from({ length: count }, () => randomUUID())
    for (const key of keys) expect(await send(who, key)).toBe(true)
    return keys
  }
  const again = async (who: Record<string, string>, keys: string[]) => {
    const kept: boolean[] = []
    for (const key of keys) kept.push(await send(who, key))
    return kept
  }

  const first = await keysOf(user, 2)
  const ofVisitor = await keysOf(visitor, 7)
  expect(api.calls).toHaveLength(9)
  // Five of a visitor's fit into 16 MiB. They take nothing from users.
  expect(await again(visitor, ofVisitor)).toEqual([false, false, true, true, true, true, true])
  expect(await again(user, first)).toEqual([true, true])
  // With eight of the user, the oldest of all go: 10 fit into 32 MiB, and 13 are there.
  const later = await keysOf(user, 6)
  expect(await again(user, first)).toEqual([false, false])
  expect(await again(visitor, ofVisitor.slice(2))).toEqual([false, true, true, true, true])
  expect(await again(user, later)).toEqual(Array(6).fill(true))
  expect(api.calls).toHaveLength(15)
})

test('a streamed answer that made room for others is gone from memory at once', async () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const inFlight = createBytesInFlight(readLimits({}))
  const kept = createStreamedAnswers(inFlight, undefined as never)
  const answers = Array.from({ length: 100 }, (_, number) => new WeakRef(streamed(kept, `key ${number}`)))
  await new Promise((resolve) => setImmediate(resolve))
  collect()
  const left = answers.filter((answer) => answer.deref()).length
  // 64 answers of half a megabyte fill the 32 MiB.
  expect(left).toBeGreaterThan(0)
  expect(left).toBeLessThan(70)
})

/** An answer of half a megabyte that has ended. */
function streamed(kept: StreamedAnswers, idempotencyKey: string): object {
  const { answer } = kept.open('ann', idempotencyKey, ['a request'], false)
  const { reader } = answer.call({ body: null, redirect: 'follow' })
  reader!.started('id')
  reader!.begin({ status: 200, statusText: 'OK', headers: {} })
  void reader!.write(Buffer.alloc(524_288), new AbortController().signal)
  answer.settle({ id: 'id', status: 'resolved', error: null, response: null } as StoredRecord)
  return answer
}
