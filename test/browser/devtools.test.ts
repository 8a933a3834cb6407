import { createRequire } from 'node:module'
import { build } from 'esbuild'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AxeResults } from 'axe-core'
import type { Browser, Page } from 'playwright'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { nodeListener } from '../../src/relay/node-listener.ts'
import { listen } from '../../stories/demo/openai.ts'
import { startApi } from '../helpers/api.ts'
import { launchChromium } from '../helpers/demo.ts'
import { keyFor, startRelay } from '../helpers/relay.ts'

/** A page with a stream and a request that the relay refuses. */
const source = (api: string) => `
import { createRoot } from 'react-dom/client'
import { ClientSecretProvider, useClientSecretRequest, useClientSecretStream } from './src/exports/index.ts'
import { ClientSecretDevtools } from './src/exports/devtools.ts'

const request = {
  clientSecretName: 'api', url: '${api}/v1/chat/completions', method: 'POST',
  headers: { Authorization: 'Bearer $CLIENT_SECRET' }, data: { prompt: 'private words' },
}
function Page() {
  const stream = useClientSecretStream(request)
  const refused = useClientSecretRequest({ ...request, url: 'https://elsewhere.example.com/a/rather/long/path/that/needs/more/than/one/line/on/a/phone' })
  return <main>
    <h1>Page</h1>
    <button onClick={() => stream.send()}>Ask</button>
    <button onClick={() => refused.send()}>Refused</button>
    <p>{stream.text}</p>
  </main>
}
createRoot(document.getElementById('root')).render(
  <ClientSecretProvider relay="/relay"><Page /><ClientSecretDevtools /></ClientSecretProvider>)
`

let browser: Browser
beforeAll(async () => {
  browser = await launchChromium()
})
afterAll(() => browser?.close())

const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js')
async function violations(page: Page): Promise<unknown[]> {
  await page.evaluate(await readFile(axe, 'utf8'))
  return page.evaluate(async () => {
    const { axe: run } = globalThis as unknown as { axe: { run(): Promise<AxeResults> } }
    return (await run.run()).violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])
  })
}

/** The page and its relay on one address. */
async function openSite(): Promise<string> {
  const api = await startApi((_call, outgoing) => {
    outgoing.writeHead(200, { 'content-type': 'text/event-stream' })
    for (const content of ['Otters ', 'hold ', 'hands.'])
      outgoing.write(`data: ${JSON.stringify({ choices: [{ delta: { content } }] })}\n\n`)
    outgoing.end('data: [DONE]\n\n')
  })
  const { relay } = await startRelay({ keys: { api: keyFor(api.url) } })
  const { outputFiles } = await build({
    stdin: { contents: source(api.url), resolveDir: process.cwd(), loader: 'tsx' },
    bundle: true,
    write: false,
    format: 'esm',
    jsx: 'automatic',
    logLevel: 'error',
    define: { 'process.env.NODE_ENV': '"development"', BUILD_IS_COMMONJS: 'false' },
  })
  const answer = nodeListener(relay)
  const html =
    '<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><title>Page</title><link rel="stylesheet" href="/page.css"><div id="root"></div><script type="module" src="/page.js"></script></html>'
  const server = createServer((incoming, outgoing) => {
    if (incoming.url!.startsWith('/relay/')) return void answer(incoming, outgoing)
    if (incoming.url === '/page.css')
      return void outgoing
        .writeHead(200, { 'content-type': 'text/css' })
        .end(
          'header { position: fixed; top: 0 } section { min-height: 100vh } button, span { width: 100% } li p { display: none }',
        )
    const isScript = incoming.url === '/page.js'
    outgoing.writeHead(200, {
      'content-type': isScript ? 'text/javascript' : 'text/html; charset=utf-8',
      // Strict, without a nonce. Chromium reports what it refuses as an error, and the panel would have no style.
      'content-security-policy': "default-src 'self'",
    })
    outgoing.end(isScript ? outputFiles[0]!.text : html)
  })
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return listen(server)
}

test('the panel in Chromium: with the keyboard alone, light and dark, on a phone and on a desk', async () => {
  const url = await openSite()
  for (const colorScheme of ['light', 'dark'] as const)
    for (const width of [360, 1280]) {
      const page = await browser.newPage({ colorScheme, viewport: { width, height: 740 } })
      const errors: string[] = []
      page.on('pageerror', ({ message }) => errors.push(message))
      // The refusal is one that Chromium reports by itself.
      page.on('console', (message) => {
        if (message.type() === 'error' && !message.text().includes('403 (Forbidden)')) errors.push(message.text())
      })
      await page.goto(url)
      await page.getByRole('button', { name: 'Ask' }).press('Enter')
      await page.getByText('Otters hold hands.').waitFor()
      await page.getByRole('button', { name: 'Refused' }).press('Enter')
      const toggle = page.getByRole('button', { name: 'Client secret requests: 2' })
      await toggle.press('Enter')
      const panel = page.getByRole('region', { name: 'Client secret requests' })
      await expect.poll(() => panel.innerText()).toMatch(/0 under way of 2/)
      const rows = panel.getByRole('listitem')
      for (const row of await rows.all()) await row.locator('summary').press('Enter')
      await expect
        .poll(() => rows.nth(0).innerText())
        .toMatch(/failed[\s\S]*NOT_ALLOWED The key "api" may not be used at/)
      expect(await rows.nth(1).innerText()).toMatch(/resolved[\s\S]*Bytes\s+\d+\s+Events\s+4/)
      expect(await panel.innerHTML()).not.toMatch(/private words|CLIENT_SECRET/)
      expect(await violations(page)).toEqual([])
      const box = (await panel.boundingBox())!
      // The styles of the page for its own elements are not those of the panel.
      expect(box.height).toBeLessThanOrEqual(480)
      expect((await panel.getByRole('button', { name: 'Clear' }).boundingBox())!.y).toBeGreaterThan(box.y)
      expect(box.x).toBeGreaterThanOrEqual(0)
      expect(box.x + box.width).toBeLessThanOrEqual(width)
      expect(await panel.evaluate((element) => element.scrollWidth - element.clientWidth)).toBe(0)
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width)
      if (process.env['SCREENSHOTS'])
        await page.screenshot({ path: `${process.env['SCREENSHOTS']}/devtools-${colorScheme}-${width}.png` })
      await page.keyboard.press('Escape')
      expect(await panel.count()).toBe(0)
      expect(await toggle.evaluate((element) => element === document.activeElement)).toBe(true)
      expect(errors).toEqual([])
      await page.close()
    }
})
