/**
 * `npm run fuzz [runs] [seed]`: generated requests against rules, substitution
 * and redaction, and bodies that are made to be expensive against a whole relay.
 * A failure prints the smallest request that shows it, and the seed.
 */
import fc from 'fast-check'
import { checkCost, inWords } from './cost.ts'
import { properties, reached } from './properties.ts'

const [runs = '140000', seed = String(Math.floor(Math.random() * 2 ** 31))] = process.argv.slice(2)
const shares = properties.reduce((sum, { share }) => sum + share, 0)
let total = 0
let failed = 0
console.log(`seed ${seed}`)
for (const { words, share, property } of properties) {
  const numRuns = Math.ceil((Number(runs) * share) / shares)
  const started = performance.now()
  const result = await fc.check(property, { numRuns, seed: Number(seed) })
  total += result.numRuns
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  console.log(
    `${result.failed ? 'FAILS' : 'holds'}  ${String(result.numRuns).padStart(6)} runs, ${seconds} s: ${words}`,
  )
  if (!result.failed) continue
  failed++
  console.log(fc.defaultReportMessage(result))
}
// Of 140,000 runs, 100,000 more bodies.
const started = performance.now()
const cost = await checkCost(Math.ceil((Number(runs) * 5) / 7), Number(seed))
const seconds = ((performance.now() - started) / 1000).toFixed(1)
if (cost.failures.length > 0) failed++
console.log(
  `${cost.failures.length > 0 ? 'FAILS' : 'holds'}  ${String(cost.runs).padStart(6)} runs, ${seconds} s: a request costs a small multiple of JSON.parse of its bytes, and so does an answer`,
)
for (const { shape, text, what } of cost.failures) console.log(`    ${what}: ${text.length} characters: ${shape}`)
if (cost.worst)
  console.log(`    worst: ${inWords(cost.worst)}: ${cost.worst.text.length} characters: ${cost.worst.shape}`)
console.log(
  `generated: ${total}; of the requests ${reached.calls} became a call, ${reached.refusals} were refused; properties that fail: ${failed}`,
)
if (failed > 0) process.exitCode = 1
