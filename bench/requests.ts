/**
 * What the most expensive inputs of every route cost a relay, beside JSON.parse
 * of the same bytes: processor time and memory, in a process with a bounded heap.
 *
 *   npm run bench:requests
 *   npm run bench:requests -- --heap 128
 */
import { numberOption, rounded, writeResult } from './parts/figures.ts'
import { measureRequests } from './parts/request-cost.ts'

const heap = numberOption('heap', 256)
/** Bytes; below, the fixed costs of a call say more than the bytes do. */
const worthComparing = 50_000
const rows = []
let small = NaN
for await (const { input, ...taken } of measureRequests(heap)) {
  if ('ended' in taken) {
    rows.push({ input: input.name, answer: `ended with ${taken.ended}` })
    continue
  }
  // The first of them.
  if (Number.isNaN(small)) small = taken.took
  rows.push({
    input: input.name,
    answer: `${taken.status} ${taken.code}`.trim(),
    bytes: taken.bytes,
    'JSON.parse, ms': rounded(taken.parse),
    'took, ms': rounded(taken.took),
    '× JSON.parse': taken.bytes < worthComparing ? undefined : rounded(taken.took / taken.parse, 1),
    '× a small request': rounded(taken.took / small, 1),
    'memory, MB': rounded(taken.memory, 0),
  })
}
console.table(rows)
writeResult('requests', { heap, rows })
