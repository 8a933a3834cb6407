import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { brought, measureEntry, react } from '../../bench/parts/size.ts'

const entry = (name: string) => resolve(import.meta.dirname, '../../dist', `${name}.js`)

/** Bytes, minified and gzipped, that an entry may have: our own code, and all but React. */
const budgets = { index: [5_000, 15_000], client: [5_000, 5_000], skapi: [5_000, 15_000] } as const

test.each(Object.entries(budgets))('the entry %s is within its budget', async (name, [own, all]) => {
  const ownSize = await measureEntry(entry(name), { external: [...react, ...brought] })
  const allSize = await measureEntry(entry(name), { external: react })
  console.log(`${name}: own code ${ownSize.gzipped} bytes, everything but React ${allSize.gzipped}`)
  expect(ownSize.gzipped).toBeLessThanOrEqual(own)
  expect(allSize.gzipped).toBeLessThanOrEqual(all)
})
