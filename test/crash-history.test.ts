import { describe, expect, test } from 'vitest'
import { checkHistory, type History, type SentRequest } from '../bench/crash/check-history.ts'
import { playMoments } from '../bench/crash/moments.ts'

const answered = (name: string, at: number) => ({ status: 'resolved', body: `{"you":"${name}"}`, at })

/** Two POSTs and two PUTs of a queue, and a direct POST whose relay died; all promises are kept. */
function kept(): History & { requests: SentRequest[]; calls: { name: string; startedAt: number; endedAt: number }[] } {
  const inQueue = ['POST a/0', 'POST a/1', 'PUT b/0', 'PUT b/1'].map((name): SentRequest => {
    const [, method, queue, number] = /^(\w+) (\w)\/(\d)$/.exec(name)!
    return {
      name,
      method: method!,
      isRetryable: false,
      queue: { name: queue!, number: Number(number) },
      answer: answered(name, 200 + Number(number) * 100),
      record: { status: 'resolved', body: `{"you":"${name}"}` },
    }
  })
  const interrupted = { status: 'failed', code: 'INTERRUPTED' }
  const direct = { name: 'POST c', method: 'POST', isRetryable: false }
  const call = (name: string, startedAt: number) => ({ name, startedAt, endedAt: startedAt + 50 })
  return {
    requests: [...inQueue, { ...direct, answer: { ...interrupted, at: 900 }, record: interrupted }],
    calls: [
      call('POST a/0', 100),
      // The relay of the first call of b/0 died.
      call('PUT b/0', 100),
      call('POST c', 120),
      call('PUT b/0', 155),
      call('POST a/1', 200),
      call('PUT b/1', 210),
    ],
    relays: [],
  }
}

type Mutant = (history: ReturnType<typeof kept>) => void

describe('the checker of histories', () => {
  test('finds nothing in one that keeps all promises', () => {
    expect(checkHistory(kept())).toEqual({})
  })

  test.each<[string, string, Mutant]>([
    ['no answer', 'lost', ({ requests }) => delete requests[0]!.answer],
    ['a record that is gone', 'lost', ({ requests }) => delete requests[0]!.record],
    ['a second POST', 'a POST or PATCH called twice', ({ calls }) => calls.push({ ...calls[2]!, startedAt: 130 })],
    [
      'the second call of a queue before the first',
      'out of order',
      ({ calls }) => calls.unshift({ name: 'POST a/1', startedAt: 10, endedAt: 20 }),
    ],
    ['a call before the end of the one before', 'two at a time in one queue', ({ calls }) => (calls[0]!.endedAt = 201)],
    [
      'a PUT again after the next one',
      'a stale call',
      ({ calls }) => calls.push({ name: 'PUT b/0', startedAt: 280, endedAt: 290 }),
    ],
    ['a call after its answer', 'a stale call', ({ calls }) => (calls[5]!.startedAt = 301)],
    [
      'resolved, and failed in the history',
      'the history contradicts the answer',
      ({ requests }) => (requests[0]!.record = { status: 'failed', code: 'INTERRUPTED' }),
    ],
    [
      'an answer of another request',
      'an answer without its call',
      ({ requests }) => {
        requests[0]!.answer!.body = requests[0]!.record!.body = '{"you":"POST a/1"}'
      },
    ],
    ['an answer without a call', 'an answer without its call', ({ calls }) => calls.splice(0, 1)],
    [
      'a PUT that is not repeated',
      'failed though it can be repeated',
      ({ requests }) => {
        Object.assign(requests[2]!, {
          answer: { status: 'failed', code: 'INTERRUPTED', at: 200 },
          record: { status: 'failed', code: 'INTERRUPTED' },
        })
      },
    ],
    ['a relay that hangs', 'a relay that ended or hangs', (history) => Object.assign(history, { relays: ['relay 1'] })],
  ])('finds %s: %s', (_what, promise, mutate) => {
    const history = kept()
    mutate(history)
    expect(Object.keys(checkHistory(history))).toContain(promise)
  })
})

test('a blow at a chosen moment shows a relay that calls a POST twice, and nothing of one that does not', async () => {
  const only = { moment: 'call → write', blow: 'kill -9' } as const
  const given = { blows: 1, seed: 1, victims: 1, only }
  const [right, wrong] = await Promise.all([playMoments(given), playMoments({ ...given, isMutant: true })])
  expect(right).toMatchObject({ given: 1, broken: {} })
  expect(wrong.given).toBe(1)
  expect(Object.keys(wrong.broken)).toEqual(['a POST or PATCH called twice'])
}, 120_000)
