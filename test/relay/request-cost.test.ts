import { expect, test } from 'vitest'
import { measureRequests } from '../../bench/parts/request-cost.ts'

/** MB. */
const maxHeap = 256
/** Times `JSON.parse` of the same bytes; what is honest takes up to 16. */
const maxRatio = 30
/** Milliseconds that any call takes, whatever is in it: what is small takes longer than it takes to parse. */
const fixed = 3

/** Each of these took 500 times as long, or all memory. All inputs: npm run bench:requests. */
const wanted = [
  '45,000 placeholders under a long name, no such key',
  '45,000 placeholders under a long name',
  '20 placeholders under a long name',
  'a form that repeats a long name',
  'a form, 95 levels deep',
  'a path of %2525… of 80 kB',
  'a query of a&a&…',
  'a list of 180,000 wrong params',
]

test.each(wanted)(
  '%s: a small multiple of JSON.parse of the same bytes, in a small heap',
  async (name) => {
    for await (const { input, ...taken } of measureRequests(maxHeap, (one) => one.name === `POST /requests, ${name}`)) {
      const isCheap = 'took' in taken && taken.took <= maxRatio * (taken.parse + fixed)
      expect(isCheap ? input.name : taken).toBe(input.name)
    }
    expect.assertions(1)
  },
  60_000,
)
