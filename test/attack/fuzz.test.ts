import fc from 'fast-check'
import { expect, test } from 'vitest'
import { checkCost } from './cost.ts'
import { properties, reached } from './properties.ts'

const seed = Math.floor(Math.random() * 2 ** 31)

// `npm run fuzz` does the same with many more.
test.each(properties.map(({ words, property }) => ({ words, property })))('$words', async ({ property }) => {
  await fc.assert(property, { numRuns: 300, seed })
})

test('enough of the generated requests get through the rules to say something', () => {
  expect(reached.calls).toBeGreaterThan(100)
  expect(reached.refusals).toBeGreaterThan(100)
})

test('a request costs a small multiple of JSON.parse of its bytes, and so does an answer', async () => {
  const { failures } = await checkCost(1_000, seed)
  expect(failures.map(({ shape, what }) => `${what}: ${shape}`)).toEqual([])
}, 60_000)
