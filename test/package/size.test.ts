import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { brought, measureEntry, react } from '../../bench/parts/size.ts'

const entry = (name: string) => resolve(import.meta.dirname, '../../dist', `${name}.js`)

/** Bytes, minified and gzipped, that an entry may have: our own code, and all but React. */
const budgets = { index: [9_700, 15_700], client: [5_200, 5_200], skapi: [5_500, 12_900] } as const

test.each(Object.entries(budgets))('the entry %s is within its budget', async (name, [own, all]) => {
  const ownSize = await measureEntry(entry(name), { external: [...react, ...brought] })
  const allSize = await measureEntry(entry(name), { external: react })
  console.log(`${name}: own code ${ownSize.gzipped} bytes, everything but React ${allSize.gzipped}`)
  expect(ownSize.gzipped).toBeLessThanOrEqual(own)
  expect(allSize.gzipped).toBeLessThanOrEqual(all)
})
