import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright'
import { afterAll, beforeAll, expect, inject, onTestFinished, test, vi } from 'vitest'
import { launchChromium } from '../helpers/demo.ts'
import { door, json, openApi } from '../helpers/api.ts'
import { makeApp, openHandles, type App, type Framework, type RunningApp } from './app.ts'

/** A png of one pixel. */
const onePixel = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPj/HwADBwIAMCbHYQAAAABJRU5ErkJggg=='
const secret = 'sk-canary-4f7c1d9e2b0a8c6d5e3f'

async function open(browser: Browser, url: string): Promise<Page> {
  const page = await browser.newPage()
  onTestFinished(() => page.close())
  await page.goto(url)
  // Before hydration, clicks have no effect.
  const isHydrated = () =>
    Object.keys(document.querySelector('button') ?? {}).some((name) => name.startsWith('__react'))
  await page.waitForFunction(isHydrated)
  return page
}

/** The component of the page Start: a button, then the picture. */
const button = (page: Page, name = 'Generate') => page.getByRole('button', { name })
const picture = (page: Page) => page.getByAltText('an otter')

/** Requests a picture from the relay, and returns the status or the error code. */
async function ask(url: string, apiUrl: string): Promise<string> {
  const response = await fetch(`${url}/relay/requests`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'client-session': '0123456789012345678901',
      'idempotency-key': randomUUID(),
    },
    body: JSON.stringify({
      clientSecretName: 'openai',
      url: `${apiUrl}/v1/images/generations`,
      method: 'POST',
      headers: { authorization: 'Bearer $CLIENT_SECRET' },
    }),
  }).catch(() => null)
  const answer = (await response?.json().catch(() => null)) as { status?: string; error?: { code: string } } | null
  return answer?.error?.code ?? answer?.status ?? 'no answer'
}

/** The tests for each framework: built and started, and in its dev server. */
export function testFramework(framework: Framework): void {
  let browser: Browser
  let app: App
  let api: Awaited<ReturnType<typeof openApi>>
  let opening = Promise.resolve()

  beforeAll(async () => {
    browser = await launchChromium()
    api = await openApi(async (_call, outgoing) => {
      await opening
      json(outgoing, { data: [{ b64_json: onePixel }] })
    })
    app = await makeApp(framework, inject('tarball'), api.url, secret)
  })
  afterAll(async () => {
    await browser?.close()
    await devServer?.stop()
    api?.close()
    await app?.remove()
  })

  test('init sets up the generated app, and the second time it writes nothing', () => {
    const [first, second] = app.inits
    expect(first).toMatch(/Wrote relay\.config\.ts, .*\.env\.example/)
    expect(second).toContain('Nothing to write: all of it is there.')
  })

  /** Shared by the tests of the dev server. */
  let devServer: RunningApp | undefined

  test('is built and started as documented: one call at the API, and the picture', async () => {
    await app.build()
    const { url, stop } = await app.run('start')
    onTestFinished(stop)
    const page = await open(browser, url)
    await button(page).click()
    await picture(page).waitFor({ timeout: 30_000 })
    expect(await picture(page).getAttribute('src')).toBe(`data:image/png;base64,${onePixel}`)
    expect(api.calls.map(({ path, headers }) => [path, headers.authorization])).toEqual([
      ['/v1/images/generations', `Bearer ${secret}`],
    ])
  })

  test('in the dev server, an answer survives an edit of its component', async () => {
    const { opened, open: answer } = door()
    opening = opened
    onTestFinished(answer)
    api.calls.length = 0
    const { url } = (devServer ??= await app.run('dev'))
    const page = await open(browser, url)
    const component = 'App.tsx' in framework.recipe ? 'App.tsx' : 'src/App.tsx'
    await button(page).click()
    await vi.waitUntil(() => api.calls.length > 0, { timeout: 30_000 })
    // A page reload would remove it.
    await page.evaluate(() => void Object.assign(globalThis, { isTheSamePage: true }))
    onTestFinished(() => app.edit(component, (text) => text.replace('Paint it', 'Generate')))
    await app.edit(component, (text) => text.replace('Generate', 'Paint it'))
    await button(page, 'Paint it').waitFor()
    expect(await page.evaluate(() => 'isTheSamePage' in globalThis)).toBe(true)
    answer()
    await picture(page).waitFor({ timeout: 30_000 })
    expect(api.calls).toHaveLength(1)
  })

  test('in the dev server, an edited rule counts from the next call on, and ten edits leave one database open', async () => {
    const { url, output } = (devServer ??= await app.run('dev'))
    const outcome = async (expected: string) => {
      // Waits until the dev server has seen the edit.
      await vi
        .waitUntil(async () => (await ask(url, api.url)) === expected, { timeout: 30_000, interval: 100 })
        .catch(async () => expect.fail(`${await ask(url, api.url)} and not ${expected}:\n${output()}`))
    }
    await outcome('resolved')
    for (let n = 1; n <= 10; n++) {
      const [before, after] = n % 2 === 1 ? ['v1/images/**', 'v1/audio/**'] : ['v1/audio/**', 'v1/images/**']
      await app.edit('relay.config.ts', (text) => text.replace(before, after))
      await outcome(n % 2 === 1 ? 'NOT_ALLOWED' : 'resolved')
    }
    if (process.platform === 'linux') expect(await openHandles(join(app.folder, 'relay.db'))).toBe(1)
    expect(output()).not.toMatch(/in use by another relay|could not start/)
  })
}
