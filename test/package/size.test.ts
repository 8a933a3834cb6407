import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { measureAdded, measureOwn, namesOf } from '../../bench/parts/size.ts'

const entry = (name: string) => resolve(import.meta.dirname, '../../dist', `${name}.js`)

/** What a page without streams, and without an app written for skapi-js, does not import. */
const notAlways = ['useClientSecretStream', 'createStream', 'deltaText', 'skapiCompatible']

/** Bytes, minified and gzipped, that an entry may have without streams: our own code alone, and all but React. */
const budgets = {
  // With the persisters, which a page without them does not load.
  index: [12_950, 18_150],
  client: [8_100, 8_100],
  skapi: [6_750, 6_600],
  worker: [4_550, 4_550],
} as const

test.each(Object.entries(budgets))('the entry %s is within its budget', async (name, [own, all]) => {
  const path = entry(name)
  const names = (await namesOf(path)).filter((one) => !notAlways.includes(one))
  await checkSize(name, { path, names }, own, all)
})

test('the entry ai-sdk is within its budget, besides the AI SDK', async () => {
  const size = await measureOwn({ path: entry('ai-sdk') })
  console.log(`ai-sdk: own code ${size.gzipped} bytes`)
  expect(size.gzipped).toBeLessThanOrEqual(7_650)
})

/** Bytes of pages with streams, and of `skapiCompatible` with what it shares with `createClient`. The last one has a provider and the hook alone, SWR included. */
test.each([
  ['index, with streams', 'index', undefined, 16_950, 22_300],
  ['client, with streams', 'client', undefined, 11_200, 10_950],
  ['skapiCompatible', 'skapi', ['skapiCompatible'], 6_050, 5_800],
  ['a page with a stream', 'index', ['ClientSecretProvider', 'useClientSecretStream'], 9_950, 11_950],
])('%s is within its budget', async (title, name, names, own, all) => {
  await checkSize(title, { path: entry(name), names }, own, all)
})

async function checkSize(title: string, imported: Parameters<typeof measureOwn>[0], own: number, all: number) {
  const ownSize = await measureOwn(imported)
  const allSize = await measureAdded(imported)
  console.log(`${title}: own code ${ownSize.gzipped} bytes, everything but React ${allSize.gzipped}`)
  expect(ownSize.gzipped).toBeLessThanOrEqual(own)
  expect(allSize.gzipped).toBeLessThanOrEqual(all)
}
