import { gzipSync } from 'node:zlib'
import type { Target } from '../target.ts'
import { answers, attempts, type Attempt, type Vector } from '../vector.ts'

/** Row 19, within a few seconds: the relay answers, and does not crash. */
export function endurance([target]: readonly Target[]): Vector[] {
  if (!target) return []
  const nested = (depth: number) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`
  const body = (data: string) => JSON.stringify({ ...target.baseline(), data: '@@' }).replace('"@@"', data)
  const zeros = gzipSync(Buffer.alloc(50_000_000))
  const list: [string, Attempt][] = [
    ['data nested 10,000 deep', { request: body(nested(10_000)) }],
    ['data nested 101 deep', { request: body(nested(101)) }],
    ['lists nested 20,000 deep', { request: body('['.repeat(20_000) + ']'.repeat(20_000)) }],
    ['a body that is not JSON', { request: '{' }],
    ['a body that is null', { request: 'null' }],
    ['a body that is a list', { request: '[]' }],
    ['a body that is empty', { request: '' }],
    ['a body that is too large', { request: body(JSON.stringify('x'.repeat(1_100_000))) }],
    [
      'an answer that is a zip bomb',
      { request: target.baseline(), world: answers({ headers: { 'content-encoding': 'gzip' }, body: zeros }) },
    ],
    ['no answer', { request: target.baseline(), world: { answer: () => [null] } }],
    [
      'an answer that never ends',
      {
        request: target.baseline(),
        world: { answer: () => [Buffer.from('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nx')] },
      },
    ],
    [
      'an answer with 100 Continue only',
      { request: target.baseline(), world: { answer: () => [Buffer.from('HTTP/1.1 100 Continue\r\n\r\n')] } },
    ],
    ['an answer with a status of 999', { request: target.baseline(), world: answers({ status: 999 }) }],
    [
      'an answer with a status of 101',
      { request: target.baseline(), world: answers({ status: 101, headers: { upgrade: 'x', connection: 'upgrade' } }) },
    ],
    [
      'a poll that is not finite',
      { request: JSON.stringify(target.baseline({ poll: '@@' })).replace('"@@"', '1e999') },
    ],
    [
      'an expires that is not finite',
      { request: JSON.stringify(target.baseline({ expires: '@@' })).replace('"@@"', '1e999') },
    ],
  ]
  return attempts(
    19,
    target,
    list.map(([name, attempt]) => [name, { ...attempt, canLeak: false }]),
  )
}
