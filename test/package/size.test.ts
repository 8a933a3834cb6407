import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { measureAdded, measureOwn } from '../../bench/parts/size.ts'

const entry = (name: string) => resolve(import.meta.dirname, '../../dist', `${name}.js`)

/** Bytes, minified and gzipped, that an entry may have: our own code alone, and all but React. */
const budgets = { index: [12_000, 17_400], client: [7_600, 7_450], skapi: [6_100, 6_300] } as const

test.each(Object.entries(budgets))('the entry %s is within its budget', async (name, [own, all]) => {
  const ownSize = await measureOwn(entry(name))
  const allSize = await measureAdded(entry(name))
  console.log(`${name}: own code ${ownSize.gzipped} bytes, everything but React ${allSize.gzipped}`)
  expect(ownSize.gzipped).toBeLessThanOrEqual(own)
  expect(allSize.gzipped).toBeLessThanOrEqual(all)
})
