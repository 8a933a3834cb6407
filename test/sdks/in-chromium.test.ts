import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { kinds, sdks, type Kind, type Sdk } from './sdks.ts'
import { otterInHex, type Arrived } from './upstream.ts'
import { keyNameOf, secret, startWorld, type World } from './world.ts'

let world: World
const results = new Map<string, string>()

beforeAll(async () => {
  world = await startWorld(sdks)
})

afterAll(async () => {
  console.log([`SDKs in Chromium, through the relay`, ...tableOf(results)].join('\n'))
  await world?.close()
})

const kindsOf = (sdk: Sdk) => kinds.filter((kind) => kind in sdk.start({ apiKey: 'none', fetch }))

describe.each(sdks.map((sdk) => [sdk.name, sdk] as const))('%s', (name, sdk) => {
  test.each(kindsOf(sdk))('%s: the answer in Chromium is that in Node, and so is what the API gets', async (kind) => {
    const { upstream, page } = world
    upstream.calls.length = 0
    results.set(`${name} ${kind}`, 'fails')
    const given = await page.evaluate(([name, key, kind]) => window.ask(name, key, kind), [
      name,
      keyNameOf(sdk),
      kind,
    ] as const)
    const through = upstream.calls.splice(0)
    const apiKey = `${sdk.prefix ?? ''}${secret}`
    const direct = await sdk.start({ apiKey, fetch: globalThis.fetch })[kind]!()
    expect(alike(given)).toBe(alike(direct))
    expect(
      [/otter/i, otterInHex, Buffer.from('otter').toString('base64'), '/290dGVy'].some((sign) => given.match(sign)),
    ).toBe(true)
    expect(through.map(comparableOf(sdk))).toEqual(upstream.calls.map(comparableOf(sdk)))
    results.set(`${name} ${kind}`, 'works')
  })
})

test('the secret is nowhere in the page, nor on its wire', async () => {
  const calls = sdks.flatMap(kindsOf).length
  const through = (whats: string[], what: string) =>
    whats.filter((one) => one.startsWith(what) && one.endsWith('/relay/fetch'))
  // The search finds what is known to be there.
  expect(through(await world.search('$CLIENT_SECRET'), 'request').length).toBeGreaterThanOrEqual(calls)
  expect(through(await world.search('otter'), 'body of').length).toBeGreaterThanOrEqual(calls - 10)
  expect(through(await world.search('x-request-key'), 'headers of').length).toBeGreaterThanOrEqual(calls)
  expect(await world.search(secret)).toEqual([])
})

test('the tables of the documentation are these', () => {
  const page = readFileSync(new URL('../../stories/docs/use-an-sdk.mdx', import.meta.url), 'utf8').replaceAll(
    / +|--+/g,
    ' ',
  )
  for (const row of [...tableOf(results), ...options()]) expect(page).toContain(row)
})

function alike(text: string) {
  return text.replaceAll(/"id":"[^"]*"/g, '"id":""')
}

/** What differs between two calls of one machine, what an SDK says of its machine, and what Node's fetch adds by itself. */
const machine =
  /^(.*user-agent|x-goog-api-client|x-stainless-.*|x-fern-runtime.*|host|cookie|cache-control|pragma|connection|content-length|transfer-encoding|accept-encoding|accept-language|sec-fetch-mode)$/

const uuid = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g

const comparableOf =
  ({ ownForms }: Sdk) =>
  ({ host, method, path, headers, body: sent }: Arrived) => {
    const body = ownForms ? sent.replace(/Content-Type: (audio\/wav|application\/octet-stream)/, '').trimEnd() : sent
    const [, boundary = '?'] = /boundary="?([^";]+)/.exec(headers['content-type'] ?? '') ?? []
    const own = Object.entries(headers).filter(([name]) => !machine.test(name))
    // Of a call without a key, which the page makes itself, Chromium decides the headers.
    const said = host.startsWith('127.') ? [] : own.sort()
    return JSON.stringify([method, host, path, said, body])
      .replaceAll(`boundary=${boundary}`, 'boundary')
      .replaceAll(`--${boundary}`, '--boundary')
      .replaceAll(uuid, 'uuid')
  }

function tableOf(results: Map<string, string>): string[] {
  const cell = (name: string, kind: Kind) => results.get(`${name} ${kind}`) ?? '–'
  return [['SDK', ...kinds], ...sdks.map(({ name }) => [`\`${name}\``, ...kinds.map((kind) => cell(name, kind))])].map(
    (row) => `| ${row.join(' | ')} |`,
  )
}

/** How each is set up. */
function options(): string[] {
  return sdks.map(
    ({ name, option, place, prefix = '' }) =>
      `| \`${name}\` | \`${option}\` | \`${prefix}$CLIENT_SECRET\` | \`${place}\` |`,
  )
}
