import { readdirSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import type { Server } from 'node:http'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createAdaptorServer } from '@hono/node-server'
import type { AxeResults } from 'axe-core'
import { build } from 'esbuild'
import { Hono } from 'hono'
import type { Browser, Locator, Page } from 'playwright'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { findSecret } from '../../src/attack/find-secret.ts'
import { createRelay } from '../../src/relay/create-relay.ts'
import { listen } from '../../stories/demo/openai.ts'
import { administratorOf, setMasterKey, token } from '../helpers/administrator.ts'
import { json, startApi } from '../helpers/api.ts'
import { launchChromium } from '../helpers/demo.ts'

// The administrator's page in a Chromium, against a real relay with a database
// file and an API. To look at each state, set CONSOLE_SCREENSHOTS to a folder.

const first = 'sk-first_"&+/=\\_0123456789-ends-with-WXYZ'
const second = 'sk-second_<9f8e7d>_"&+/=\\_ends-with-QRST'

const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js')
const screenshots = process.env['CONSOLE_SCREENSHOTS']

let browser: Browser
let shop: string

beforeAll(async () => {
  browser = await launchChromium()
  shop = await buildShop()
})

afterAll(() => browser?.close())

/** A component of the site, which names the key and never has it. */
const component = `
  import { createRoot } from 'react-dom/client'
  import { ClientSecretProvider, useClientSecretRequest } from './src/exports/index.ts'

  function Shop() {
    const order = useClientSecretRequest({
      clientSecretName: 'shop',
      url: new URLSearchParams(location.search).get('api') + '/v1/orders',
      method: 'POST',
      headers: { Authorization: 'Bearer $CLIENT_SECRET' },
    })
    return (
      <main>
        <button onClick={() => order.send()}>Order</button>
        <p role="status">{order.isLoading ? 'under way' : order.error ? order.error.code : JSON.stringify(order.data)}</p>
      </main>
    )
  }
  createRoot(document.getElementById('shop')).render(
    <ClientSecretProvider relay="/relay"><Shop /></ClientSecretProvider>
  )`

async function buildShop(): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: component, loader: 'tsx', resolveDir: join(import.meta.dirname, '../..') },
    bundle: true,
    write: false,
    format: 'esm',
    jsx: 'automatic',
    define: { 'process.env.NODE_ENV': '"production"' },
  })
  return outputFiles[0]!.text
}

/** A site with a relay, and a browser in which nobody is signed in. */
async function setUp() {
  setMasterKey()
  const folder = await mkdtemp(join(tmpdir(), 'console-'))
  // Tells in its answer what it was sent, so that there is something to take out of it.
  const api = await startApi((call, outgoing) =>
    json(outgoing, { order: 17, sentBy: call.headers.authorization }, 200, {
      'x-sent-by': Buffer.from(call.headers.authorization ?? '').toString('base64'),
    }),
  )
  const log: unknown[] = []
  const logAs = (level: string) => (details: object, message: string) => void log.push([level, details, message])
  const relay = createRelay({
    database: join(folder, 'relay.db'),
    authenticate: (request) => /user=(\w+)/.exec(request.headers.get('cookie') ?? '')?.[1] ?? null,
    logger: { info: logAs('info'), warn: logAs('warn'), error: logAs('error') },
    shutdownTimeout: 100,
  })
  const site = new Hono()
  site.get('/', (context) =>
    context.html(
      '<!doctype html><title>Shop</title><div id="shop"></div><script type="module" src="/shop.js"></script>',
    ),
  )
  site.get('/shop.js', (context) => context.body(shop, 200, { 'content-type': 'text/javascript' }))
  site.all('/relay/*', (context) => relay.fetch(context.req.raw))
  const server = createAdaptorServer({ fetch: site.fetch }) as Server
  const url = await listen(server)
  const context = await browser.newContext({ reducedMotion: 'reduce' })
  onTestFinished(async () => {
    await context.close()
    await relay.close()
    server.closeAllConnections()
    server.close()
    await rm(folder, { recursive: true })
  })

  /** What the site's component shows once its request has settled. */
  const shopPage = await context.newPage()
  async function order(): Promise<string | null> {
    await shopPage.goto(`${url}/?api=${encodeURIComponent(api.url)}`)
    await shopPage.getByRole('button', { name: 'Order' }).click()
    await shopPage
      .getByRole('status')
      .filter({ hasText: /^[A-Z{]/ })
      .waitFor()
    return shopPage.getByRole('status').textContent()
  }
  const signInToTheSite = () => context.addCookies([{ name: 'user', value: 'ada', url }])
  return { url, api, relay, log, folder, context, order, signInToTheSite }
}

/** Axe on what is shown now, at two widths, light and dark, and that nothing is wider than the window. */
async function look(page: Page, state: string, at?: Locator): Promise<void> {
  const found: unknown[] = []
  for (const width of [360, 1280]) {
    await page.setViewportSize({ width, height: 800 })
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      await at?.scrollIntoViewIfNeeded()
      if (screenshots) {
        await mkdir(screenshots, { recursive: true })
        const isDialog = (await page.getByRole('dialog').count()) > 0
        await page.screenshot({ path: join(screenshots, `${state}-${width}-${colorScheme}.png`), fullPage: !isDialog })
      }
      const { violations, widest } = await page.evaluate(async () => ({
        violations: (await (globalThis as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run()).violations.map(
          ({ id, nodes }) => ({ id, at: nodes.map(({ target }) => target.join(' ')) }),
        ),
        widest: Math.max(
          ...[...document.querySelectorAll('html, dialog, dialog .body')].map(
            (element) => element.scrollWidth - element.clientWidth,
          ),
        ),
      }))
      found.push(...violations.map((violation) => ({ state, width, colorScheme, ...violation })))
      if (widest > 0) found.push({ state, width, widerBy: widest })
    }
  }
  expect(found).toEqual([])
}

/** The page, with axe beside it: what a test adds is not bound by the page's content security policy. */
async function openConsole(
  { context, url }: Awaited<ReturnType<typeof setUp>>,
  { withAxe = true } = {},
): Promise<Page> {
  const page = await context.newPage()
  if (withAxe) await page.addInitScript({ path: axe })
  await page.goto(`${url}/relay/console`)
  await page.getByLabel('Administrator token').waitFor()
  return page
}

async function signIn(page: Page): Promise<void> {
  await page.getByLabel('Administrator token').fill(token)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('heading', { name: 'Client secret keys' }).waitFor()
}

/** Typed as keys are, and not by a script in the page, whose memory is searched. */
async function type(field: Locator, text: string): Promise<void> {
  await field.focus()
  await field.page().keyboard.insertText(text)
}

async function fillIn(page: Page, { name = 'shop', secret = first, url = '', methods = ['POST'] }): Promise<Locator> {
  await page.getByRole('button', { name: 'Add a key', exact: true }).click()
  const form = page.getByRole('dialog', { name: 'Add a key' })
  await form.getByLabel('Name', { exact: true }).fill(name)
  await type(form.getByLabel('Client Secret Key', { exact: true }), secret)
  await form.getByLabel('Address', { exact: true }).fill(url)
  for (const method of methods) await form.getByLabel(method, { exact: true }).check()
  return form
}

async function addKey(page: Page, key: Parameters<typeof fillIn>[1]): Promise<void> {
  const form = await fillIn(page, key)
  if (key.url?.startsWith('http:')) {
    // The relay asks for it, so it comes into sight.
    await form.getByLabel(/^Allow HTTP/).check()
  }
  await form.getByText('The relay refuses all other requests.').waitFor()
  await form.getByRole('button', { name: 'Save' }).click()
  await form.waitFor({ state: 'detached' })
}

/** Run in the page: whether an element is where somebody sees it. */
function isInSight(element: Element): boolean {
  const { left, top, height } = element.getBoundingClientRect()
  return element.contains(document.elementFromPoint(left + 2, top + height / 2))
}

const notice = (page: Page, text: string | RegExp) => page.getByRole('status').filter({ hasText: text }).waitFor()

test('a key is added, used, locked, tried, rotated and removed', async () => {
  const world = await setUp()
  const { api, order, signInToTheSite } = world
  const page = await openConsole(world)
  await look(page, '01-sign-in')
  await page.getByLabel('Administrator token').fill('a-token-that-is-not-the-right-one')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByText('The relay does not know this token').waitFor()
  await look(page, '02-sign-in-refused')
  await signIn(page)
  await page.getByRole('heading', { name: 'No key yet' }).waitFor()
  await look(page, '03-no-keys')
  expect(await order()).toBe('KEY_NOT_FOUND')

  // Added, unlocked.
  const form = await fillIn(page, { url: `${api.url}/v1/*`, methods: ['GET', 'POST'] })
  await form.getByText('would send the secret unencrypted').waitFor()
  await form.getByLabel(/^Allow HTTP/).check()
  await form.getByRole('checkbox', { name: /Locked/ }).uncheck()
  const preview = form.getByRole('region', { name: 'What this key allows' })
  await preview.getByText('The relay refuses all other requests.').waitFor()
  expect(await preview.innerText()).toContain(
    `By GET or POST to ${api.url}, to /v1/*, where * is any one segment, in the header authorization.`,
  )
  expect(await preview.innerText()).toContain('Every visitor, signed in or not.')
  await look(page, '04-form')
  // Said before Save is pressed, and in sight at whatever is filled in.
  for (const width of [360, 1280]) {
    await page.setViewportSize({ width, height: 800 })
    const address = preview.locator('.sentence').filter({ hasText: api.url })
    await expect.poll(() => address.evaluate(isInSight)).toBe(true)
  }
  await look(page, '05-form-end', form.getByLabel('Bytes per day'))
  await form.getByRole('button', { name: 'Save' }).click()
  await notice(page, 'shop is saved')
  await look(page, '06-added')
  expect(await order()).toContain('"order":17')
  expect(api.calls.at(-1)?.headers.authorization).toBe(`Bearer ${first}`)

  // Locked.
  await page.getByRole('button', { name: 'Lock shop' }).click()
  await notice(page, 'shop is locked')
  await look(page, '07-locked')
  expect(await order()).toBe('SIGN_IN_REQUIRED')
  await signInToTheSite()
  expect(await order()).toContain('"order":17')

  // Tried by the administrator, who is no user of the site.
  await world.context.clearCookies()
  await page.getByRole('button', { name: 'Try it shop' }).click()
  const trial = page.getByRole('dialog', { name: 'Try shop' })
  await look(page, '08-try-it')
  await trial.getByRole('button', { name: 'Send' }).click()
  await trial.getByText('The API answered 200').waitFor()
  expect(api.calls.at(-1)).toMatchObject({ method: 'GET', headers: { authorization: `Bearer ${first}` } })
  await look(page, '09-tried', trial.getByText('The API answered 200'))
  await trial.getByRole('button', { name: 'Close' }).last().click()
  const recent = page.locator('section.recent')
  await recent.getByText('administrator (token)').waitFor()
  await recent.getByText('ada').waitFor()
  await look(page, '10-recent-requests')

  // Rotated.
  await page.getByRole('button', { name: 'Rotate shop' }).click()
  const rotation = page.getByRole('dialog', { name: 'Rotate shop' })
  await look(page, '11-rotate')
  await type(rotation.getByLabel('New value', { exact: true }), second)
  await rotation.getByRole('button', { name: 'Save' }).click()
  await notice(page, 'shop is rotated: version 2 is in use.')
  await look(page, '12-rotated')
  await signInToTheSite()
  expect(await order()).toContain('"order":17')
  expect(api.calls.at(-1)?.headers.authorization).toBe(`Bearer ${second}`)

  // Asked before it is unlocked, and edited.
  await page.getByRole('button', { name: 'Unlock shop' }).click()
  await page.getByRole('dialog').getByText('The relay refuses all other requests.').waitFor()
  await look(page, '13-confirm-unlock')
  await page.getByRole('button', { name: 'Keep it locked' }).click()
  await page.getByRole('button', { name: 'Edit shop' }).click()
  const editing = page.getByRole('dialog', { name: 'Edit shop' })
  await editing.getByText('The relay refuses all other requests.').waitFor()
  await look(page, '14-edit')
  // To go further it needs the value, from somebody who knows it.
  const again = editing.getByLabel('Client Secret Key', { exact: true })
  expect(await again.count()).toBe(0)
  await editing.getByLabel('PUT', { exact: true }).check()
  await editing.getByText(/Rule 1 lets the value go by PUT .* Give the value again/).waitFor()
  await look(page, '15-edit-further')
  await editing.getByRole('button', { name: 'Save' }).click()
  await editing.getByText('Paste the key from the API provider.').waitFor()
  await type(again, second)
  await editing.getByRole('button', { name: 'Save' }).click()
  await notice(page, 'shop is changed')
  expect(await order()).toContain('"order":17')
  expect(api.calls.at(-1)?.headers.authorization).toBe(`Bearer ${second}`)

  // Removed.
  await page.getByRole('button', { name: 'Remove shop' }).click()
  await look(page, '16-confirm-removal')
  await page.getByRole('dialog').getByRole('button', { name: 'Remove', exact: true }).click()
  await notice(page, 'shop is removed.')
  await look(page, '17-removed')
  expect(await order()).toBe('KEY_NOT_FOUND')
  expect(await page.locator('section.audit li').allInnerTexts()).toMatchObject([
    expect.stringContaining('removed'),
    expect.stringContaining('changed'),
    expect.stringContaining('rotated'),
    expect.stringContaining('locked'),
    expect.stringContaining('added'),
  ])

  // And who signs out has to sign in again.
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByLabel('Administrator token').waitFor()
}, 240_000)

test('the activity of a key, what was refused and why, and the way from a refusal to its rule', async () => {
  const world = await setUp()
  const { api, order } = world
  const page = await openConsole(world)
  await signIn(page)
  const form = await fillIn(page, { url: `${api.url}/v1/other` })
  await form.getByLabel(/^Allow HTTP/).check()
  await form.getByRole('checkbox', { name: /Locked/ }).uncheck()
  await form.getByText('The relay refuses all other requests.').waitFor()
  await form.getByRole('button', { name: 'Save' }).click()
  await notice(page, 'shop is saved')
  const activity = page.locator('section.activity')
  await activity.getByRole('heading', { name: 'Last hour' }).waitFor()
  expect(await activity.getByText('Refused', { exact: true }).count()).toBe(0)
  expect(await order()).toBe('NOT_ALLOWED')
  expect(await order()).toBe('NOT_ALLOWED')
  await page.getByRole('button', { name: 'Refresh' }).click()
  const refusal = activity.getByRole('listitem').filter({ hasText: 'No rule allows it.' })
  await refusal.getByText('2 times').waitFor()
  expect(await refusal.innerText()).toContain(`POST ${api.url}/v1/orders`)
  expect(await refusal.innerText()).toMatch(/visitor \S{6}/)
  await look(page, '20-refusals', refusal)

  await refusal.getByRole('button', { name: 'Show the rule that would allow it' }).click()
  const editing = page.getByRole('dialog', { name: 'Edit shop' })
  const addresses = editing.getByLabel('Address', { exact: true })
  await expect
    .poll(() => addresses.evaluateAll((all) => all.map((one) => (one as HTMLInputElement).value)))
    .toEqual([`${api.url}/v1/other`, `${api.url}/v1/orders`])
  // Nothing is saved, and the value could go further: the relay asks for it.
  const value = editing.getByLabel('Client Secret Key', { exact: true })
  await value.waitFor()
  await look(page, '21-suggested-rule', addresses.last())
  expect(await order()).toBe('NOT_ALLOWED')
  await type(value, first)
  await editing.getByRole('button', { name: 'Save' }).click()
  await notice(page, 'shop is changed')
  expect(await order()).toContain('"order":17')
  await page.getByRole('button', { name: 'Refresh' }).click()
  await expect
    .poll(async () => (await activity.locator('.period').first().innerText()).replace(/\s+/g, ' '))
    .toBe('Last hour Requests 1 Failed 0 Waiting 0 Tokens 0')
  await look(page, '22-activity')
}, 120_000)

test('with the keyboard alone', async () => {
  const world = await setUp()
  const page = await openConsole(world, { withAxe: false })
  const { keyboard } = page
  const focused = () =>
    page.evaluate(() => {
      const element = document.activeElement
      return (
        element?.getAttribute('aria-label') ??
        (element as HTMLInputElement)?.labels?.[0]?.textContent ??
        element?.textContent ??
        ''
      )
    })
  /** On with Tab until there; an element that Tab does not reach ends the test. */
  async function tabTo(name: string | RegExp): Promise<void> {
    const passed: string[] = []
    for (let steps = 0; steps < 60; steps++) {
      const at = (await focused()).trim()
      if (typeof name === 'string' ? at === name : name.test(at)) return
      passed.push(at)
      await keyboard.press('Tab')
    }
    throw new Error(`Tab does not reach ${String(name)}; it passed ${passed.join(' | ')}`)
  }

  // The token's field has the focus.
  await keyboard.type(token)
  await keyboard.press('Enter')
  await page.getByRole('heading', { name: 'No key yet' }).waitFor()
  await tabTo('Add a key')
  await keyboard.press('Enter')
  expect(await focused()).toBe('Name')
  await keyboard.press('Escape')
  expect(await page.getByRole('dialog').count()).toBe(0)
  // Back where it was opened.
  expect(await focused()).toBe('Add a key')
  await keyboard.press('Enter')
  await keyboard.type('shop')
  await tabTo('Client Secret Key')
  await keyboard.insertText(first)
  await tabTo(/^Locked/)
  await tabTo('Address')
  await keyboard.type(`${world.api.url}/v1/*`)
  await tabTo('POST')
  await keyboard.press('Space')
  await page.getByLabel(/^Allow HTTP/).waitFor()
  await tabTo(/^Allow HTTP/)
  await keyboard.press('Space')
  await page.getByRole('dialog').getByText('The relay refuses all other requests.').waitFor()
  await tabTo('Save')
  await keyboard.press('Enter')
  await notice(page, 'shop is saved')

  // The focus stays in the page; the key is opened and removed from where it is.
  await tabTo('Remove shop')
  await keyboard.press('Enter')
  await page.getByRole('dialog').waitFor()
  // What harms nobody is what Enter does.
  expect(await focused()).toBe('Keep it')
  await keyboard.press('Escape')
  expect(await focused()).toBe('Remove shop')
  await keyboard.press('Enter')
  await tabTo('Remove')
  await keyboard.press('Enter')
  await notice(page, 'shop is removed.')
  expect(await focused()).toBe('Add a key')
})

test('the value is nowhere: not in the database, the log, an answer, or the page and its memory', async () => {
  const world = await setUp()
  const { url, api, relay, folder, log, order, signInToTheSite } = world
  const page = await openConsole(world, { withAxe: false })
  const texts: { what: string; bytes: Buffer }[] = []
  const read: Promise<unknown>[] = []
  world.context.on('response', (response) => {
    const what = `${response.request().method()} ${new URL(response.url()).pathname}`
    texts.push({ what: `headers of ${what}`, bytes: Buffer.from(JSON.stringify(response.headers())) })
    read.push(
      response.body().then(
        (bytes) => texts.push({ what, bytes }),
        () => {},
      ),
    )
  })
  page.on('console', (message) => texts.push({ what: 'console', bytes: Buffer.from(message.text()) }))

  await signIn(page)
  await addKey(page, { url: `${api.url}/v1/*`, methods: ['GET', 'POST'] })
  await signInToTheSite()
  await order()
  await page.getByRole('button', { name: 'Rotate shop' }).click()
  await type(page.getByLabel('New value', { exact: true }), second)
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click()
  await notice(page, 'shop is rotated')
  await order()
  await page.getByRole('button', { name: 'Try it shop' }).click()
  await page.getByRole('button', { name: 'Send' }).click()
  await page.getByText('The API answered 200').waitFor()
  await page.getByRole('dialog').getByRole('button', { name: 'Close' }).last().click()
  await page.locator('section.recent').getByText('administrator (token)').waitFor()
  // The API was sent both, so what follows is not for want of a use.
  expect(api.calls.map(({ headers }) => headers.authorization)).toEqual(
    [first, second, second].map((one) => `Bearer ${one}`),
  )

  // Every route, as the administrator, and with what it refuses.
  const administrator = administratorOf(`${url}/relay`)
  const rules = { locked: true, allow: [{ url: `${api.url}/v1/*`, methods: ['POST'], allowPrivateNetwork: true }] }
  const routes: [string, string, unknown?][] = [
    ['GET', '/keys'],
    ['POST', '/keys/check', { name: 'shop', secret: second, isNew: false, ...rules }],
    ['POST', '/keys/check', { name: `shop ${second}`, secret: second, isNew: true, ...rules }],
    ['PUT', '/keys/shop', { secret: second, isNew: true, ...rules }],
    ['PUT', '/keys/shop', { secret: second, isNew: false, ...rules }],
    ['PUT', '/keys/other', { secret: `${second}\n`, isNew: true, ...rules }],
    ['PUT', '/keys/other', { secret: second, isNew: true, ...rules, [second]: second }],
    ['GET', '/keys/shop/requests'],
    ['GET', '/audit'],
    ['GET', '/requests'],
    ['GET', '/requests?ids=none'],
    ['DELETE', '/requests/none'],
    ['GET', '/queues/none'],
    ['GET', '/health'],
    ['DELETE', '/keys/none'],
    ['GET', '/nothing'],
  ]
  for (const [method, path, body] of routes) {
    const { body: answer } = await administrator.ask(method, path, body)
    texts.push({ what: `${method} ${path}`, bytes: Buffer.from(JSON.stringify(answer)) })
  }
  texts.push({ what: 'headers and answers', bytes: Buffer.from(administrator.answers.join('\n')) })
  for (const path of ['/metrics', '/console', '/console/app.js', '/console/app.css']) {
    const response = await fetch(`${url}/relay${path}`, { headers: { authorization: `Bearer ${token}` } })
    expect(response.status).toBe(200)
    texts.push({ what: path, bytes: Buffer.from(await response.arrayBuffer()) })
  }

  await Promise.all(read)
  const storage = await page.evaluate(async () =>
    JSON.stringify([
      { ...localStorage },
      { ...sessionStorage },
      await indexedDB.databases(),
      await caches.keys(),
      history.state,
      location.href,
    ]),
  )
  const inputs = await page.evaluate(() => [...document.querySelectorAll('input')].map(({ value }) => value).join('\n'))
  texts.push(
    { what: 'the DOM', bytes: Buffer.from(await page.content()) },
    { what: 'inputs', bytes: Buffer.from(inputs) },
    { what: 'storage', bytes: Buffer.from(storage) },
  )
  // While it runs, when the newest pages are in the -wal, and after it was closed.
  const files = (when: string) =>
    readdirSync(folder).map((name) => ({ what: `${name} ${when}`, bytes: readFileSync(join(folder, name)) }))
  texts.push(...files('while it runs'))
  const memory = await snapshot(page)
  await relay.close()
  texts.push(...files('after it was closed'), { what: 'the log', bytes: Buffer.from(JSON.stringify(log)) })

  // The search reaches what it should: each of these is known to hold something else.
  const holds = (what: string | RegExp, text: string) =>
    texts.some(
      (one) => (typeof what === 'string' ? one.what === what : what.test(one.what)) && one.bytes.includes(text),
    )
  expect(holds('PUT /relay/keys/shop', 'QRST')).toBe(true)
  expect(holds('POST /relay/requests', '"order')).toBe(true)
  expect(holds(/wal while it runs$/, 'shop')).toBe(true)
  expect(holds('relay.db after it was closed', 'shop')).toBe(true)
  expect(holds('the DOM', '••••')).toBe(true)
  expect(memory.includes('The relay holds their values')).toBe(true)

  const found = texts.flatMap(({ what, bytes }) =>
    [first, second].flatMap((secret) => {
      const form = findSecret(bytes, secret)
      return form ? [{ what, ...form }] : []
    }),
  )
  expect(found).toEqual([])
  for (const secret of [first, second])
    for (const part of [secret.slice(0, 14), secret.slice(-14)])
      expect(memory.includes(part) || memory.includes(JSON.stringify(part).slice(1, -1)), part).toBe(false)
}, 120_000)

/** All that the page's JavaScript can still reach. */
async function snapshot(page: Page): Promise<string> {
  const session = await page.context().newCDPSession(page)
  const chunks: string[] = []
  session.on('HeapProfiler.addHeapSnapshotChunk', ({ chunk }) => chunks.push(chunk))
  await session.send('HeapProfiler.enable')
  await session.send('HeapProfiler.collectGarbage')
  await session.send('HeapProfiler.takeHeapSnapshot', { reportProgress: false })
  await session.detach()
  return chunks.join('')
}

test('bad input is told at its field', async () => {
  const world = await setUp()
  const page = await openConsole(world)
  await signIn(page)
  await addKey(page, { name: 'taken', url: 'https://api.example.com/v1/items' })
  const good = { name: 'shop', secret: first, url: 'https://api.example.com/v1/items', methods: ['POST'] }

  const rows: [string, Partial<typeof good>, string, RegExp][] = [
    ['nothing', { name: '', secret: '', url: '', methods: [] }, 'Name', /Enter a name/],
    ['a name with spaces', { name: 'my key' }, 'Name', /^This is not a valid name for a key\. Use letters, digits/],
    ['__proto__', { name: '__proto__' }, 'Name', /^This is not a valid name for a key\./],
    ['a name that is taken', { name: 'taken' }, 'Name', /^This name is taken by another key\./],
    ['a value under 8 characters', { secret: 'sk-1234' }, 'Client Secret Key', /fewer than 8 characters/],
    ['no value', { secret: '' }, 'Client Secret Key', /Paste the key/],
    ['a rule for everything', { url: 'https://*/**' }, 'Address', /hosts of other people/],
    ['no address', { url: 'api.example.com' }, 'Address', /not a url/],
    ['unencrypted', { url: 'http://api.example.com/' }, 'Address', /unencrypted/],
  ]
  for (const [index, [what, bad, label, message]] of rows.entries()) {
    const form = await fillIn(page, { ...good, ...bad })
    const save = form.getByRole('button', { name: 'Save' })
    // Once the relay has said what it makes of it, if it is asked at all.
    await form.getByText('Asking the relay').waitFor({ state: 'detached' })
    await save.click()
    const field = form.getByLabel(label, { exact: true })
    await expect.poll(() => field.getAttribute('aria-invalid'), { message: what }).toBe('true')
    const describedBy = (await field.getAttribute('aria-describedby')) ?? ''
    const told = await page.evaluate(
      (ids) => document.getElementById(ids.split(' ')[0] ?? '')?.textContent,
      describedBy,
    )
    expect(told, what).toMatch(message)
    expect(told).not.toMatch(/relay does not start|allow\[/)
    await expect.poll(() => field.evaluate((element) => element === document.activeElement)).toBe(true)
    await look(page, `20-bad-${index}-${what.replaceAll(' ', '-')}`, field)
    await form.getByRole('button', { name: 'Cancel' }).click()
  }

  // A line break within what is pasted: a browser would leave it out and say nothing.
  const form = await fillIn(page, { ...good, secret: '' })
  const field = form.getByLabel('Client Secret Key', { exact: true })
  const paste = (text: string) =>
    field.evaluate((element, pasted) => {
      const clipboardData = new DataTransfer()
      clipboardData.setData('text/plain', pasted)
      element.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }))
    }, text)
  await paste('sk-one-line\nsk-another-line')
  await form.getByText(/line break/).waitFor()
  expect(await field.getAttribute('aria-invalid')).toBe('true')
  expect(await field.inputValue()).toBe('')
  await look(page, '21-bad-line-break', form.getByText(/line break/))
  await form.getByRole('button', { name: 'Cancel' }).click()
  expect((await administratorOf(`${world.url}/relay`).list()).map(({ name }) => name)).toEqual(['taken'])
}, 240_000)
