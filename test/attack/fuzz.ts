/**
 * `npm run fuzz [runs] [seed]`: generated requests against rules, substitution
 * and redaction. A failure prints the smallest request that shows it, and the seed.
 */
import fc from 'fast-check'
import { properties, reached } from './properties.ts'

const [runs = '140000', seed = String(Math.floor(Math.random() * 2 ** 31))] = process.argv.slice(2)
const shares = properties.reduce((sum, { share }) => sum + share, 0)
let total = 0
let failed = 0
console.log(`seed ${seed}`)
for (const { words, share, property } of properties) {
  const numRuns = Math.ceil((Number(runs) * share) / shares)
  const started = performance.now()
  const result = fc.check(property, { numRuns, seed: Number(seed) })
  total += result.numRuns
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  console.log(
    `${result.failed ? 'FAILS' : 'holds'}  ${String(result.numRuns).padStart(6)} runs, ${seconds} s: ${words}`,
  )
  if (!result.failed) continue
  failed++
  console.log(fc.defaultReportMessage(result))
}
console.log(
  `generated: ${total}; of the requests ${reached.calls} became a call, ${reached.refusals} were refused; properties that fail: ${failed}`,
)
if (failed > 0) process.exitCode = 1
