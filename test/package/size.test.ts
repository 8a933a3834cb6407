import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { measureAdded, measureOwn } from '../../bench/parts/size.ts'

const entry = (name: string) => resolve(import.meta.dirname, '../../dist', `${name}.js`)

/** Bytes, minified and gzipped, that an entry may have: our own code alone, and all but React. */
const budgets = {
  index: [12_300, 17_700],
  client: [7_750, 7_750],
  skapi: [6_250, 6_500],
  worker: [4_200, 4_200],
} as const

test.each(Object.entries(budgets))('the entry %s is within its budget', async (name, [own, all]) => {
  const ownSize = await measureOwn(entry(name))
  const allSize = await measureAdded(entry(name))
  console.log(`${name}: own code ${ownSize.gzipped} bytes, everything but React ${allSize.gzipped}`)
  expect(ownSize.gzipped).toBeLessThanOrEqual(own)
  expect(allSize.gzipped).toBeLessThanOrEqual(all)
})
