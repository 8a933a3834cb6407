import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { kinds, sdks, type Kind, type Sdk } from './sdks.ts'
import { otterInHex, type Arrived } from './upstream.ts'
import { workerSdks } from './worker-sdks.ts'
import { keyNameOf, secret, startWorld, type World } from './world.ts'

let world: World
const results = new Map<string, string>()

beforeAll(async () => {
  world = await startWorld(sdks, workerSdks)
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

test('useChat without a route: the recipe of the documentation, as it is printed', async () => {
  const { page, upstream } = world
  upstream.calls.length = 0
  await page.evaluate(() => window.showChat())
  await page.getByLabel('Question').fill('Tell me of the otter.')
  await page.getByRole('button', { name: 'Ask' }).click()
  await page.getByText('assistant: An otter holds hands while it sleeps.').waitFor()
  expect(await page.getByRole('alert').count()).toBe(0)
  expect(upstream.calls).toMatchObject([{ method: 'POST', host: 'api.openai.com', path: '/v1/responses' }])
  expect(upstream.calls[0]!.body).toContain('Answer in one sentence.')
})

describe('the worker, for what takes no fetch', () => {
  const through = () => world.relayed.splice(0).length
  const calls = workerSdks.flatMap((sdk) => Object.keys(sdk.calls).map((call) => [sdk.name, call] as const))
  const ask = (name: string, call: string) =>
    world.page.evaluate(([name, call]) => window.askWorker(name, call), [name, call] as const)

  test('without control of the page, the placeholder goes out, and not to the relay', async () => {
    through()
    for (const [name, call] of calls) expect(await ask(name, call).catch(() => 'refused')).not.toContain('otter')
    expect(through()).toBe(0)
  })

  test('a page that is not below its folder is not served', async () => {
    expect(await world.page.evaluate(() => window.register('/elsewhere/client-secret-worker.js'))).toBe(false)
  })

  test('registers, and serves the page that registers it', async () => {
    expect(await world.page.evaluate(() => window.register())).toBe(true)
  })

  test.each(calls)('%s: %s', async (name, call) => {
    through()
    expect(await ask(name, call)).toMatch(/otter/i)
    expect(through()).toBe(1)
  })

  test('serves a page that was loaded past it, once it registers again', async () => {
    const devtools = await world.context.newCDPSession(world.page)
    const loaded = world.page.waitForEvent('load')
    await devtools.send('Page.reload', { ignoreCache: true })
    await loaded
    expect(await world.page.evaluate(() => navigator.serviceWorker.controller)).toBe(null)
    expect(await world.page.evaluate(() => window.register())).toBe(true)
    expect(await ask('axios', 'get')).toMatch(/otter/i)
  })

  test.each([
    ['without a placeholder', 'https://api.otter.example/v1/otter', {}],
    ['to an origin that has no key', 'https://otter.example/v1/otter', { authorization: 'Bearer $CLIENT_SECRET' }],
    ['to another port', 'https://api.otter.example:444/v1/otter', { authorization: 'Bearer $CLIENT_SECRET' }],
    ['by http', 'http://api.otter.example/v1/otter', { authorization: 'Bearer $CLIENT_SECRET' }],
    ['with a longer name', 'https://api.otter.example.evil.example/', { authorization: 'Bearer $CLIENT_SECRET' }],
  ])('leaves a request alone that goes %s', async (_name, url, headers) => {
    through()
    const own = world.page.evaluate(([url, headers]) => fetch(url, { headers }), [url, headers] as const)
    await expect(own).rejects.toThrow('Failed to fetch')
    expect(through()).toBe(0)
  })

  test.each([
    // An origin whose key elements may not use.
    ['api.otter.example', ['<img src="%">', '<p style="background: url(%)">p</p>', '<audio src="%"></audio>']],
    ['api.otter.example', ['<video src="%"></video>', '<svg><image href="%" /></svg>', '<img srcset="% 2x">']],
    // Elements that are no media.
    ['maps.otter.example', ['<iframe src="%"></iframe>', '<link rel="prefetch" href="%">', '<embed src="%">']],
    ['maps.otter.example', ['<link rel="stylesheet" href="%">', '<object data="%"></object>']],
    ['maps.otter.example', ['<a href="#" ping="%">ping</a>', '<link rel="preload" as="font" crossorigin href="%">']],
  ])('content spends no key of %s: %s', async (host, contents) => {
    const { page, context } = world
    through()
    const asked = new Set<string>()
    context.on('request', (request) => asked.add(request.url()))
    const urls = contents.map((_, index) => `https://${host}/otter.png?n=${index}&key=$CLIENT_SECRET`)
    await page.evaluate(
      (html) => {
        const box = document.body.appendChild(document.createElement('div'))
        box.innerHTML = html
        box.querySelector('a')?.click()
      },
      contents.map((content, index) => content.replace('%', urls[index]!.replace('&', '&amp;'))).join(''),
    )
    await vi
      .waitUntil(() => urls.every((url) => asked.has(url)), { timeout: 30_000 })
      .catch(() => {
        expect([...asked]).toEqual(expect.arrayContaining(urls))
      })
    expect(through()).toBe(0)
  })

  test('a refusal of the relay is an answer, in which its reason is', async () => {
    const { status, code } = await world.page.evaluate(async () => {
      const headers = { authorization: 'Bearer $CLIENT_SECRET' }
      const answer = await fetch('https://api.otter.example/v1/otter?x=$CLIENT_SECRET', { headers })
      return { status: answer.status, code: window.codeOf(await answer.json()) }
    })
    expect({ status, code }).toEqual({ status: 403, code: 'NOT_ALLOWED' })
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
  const workerCalls = workerSdks.flatMap((sdk) => Object.keys(sdk.calls)).length
  expect(through(await world.search('$CLIENT_SECRET'), 'request of the worker').length).toBeGreaterThanOrEqual(
    workerCalls,
  )
  expect(through(await world.search('x-request-key'), 'headers of the worker').length).toBeGreaterThanOrEqual(
    workerCalls,
  )
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
