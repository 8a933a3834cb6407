import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright'
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test, vi } from 'vitest'
import { launchChromium } from '../helpers/demo.ts'
import { door, json, openApi } from '../helpers/api.ts'
import { makeApp, openHandles, type App, type Framework } from './app.ts'
import { googleFonts, reactRouterTemplate } from './templates.ts'

const frameworks: Framework[] = [
  {
    name: 'Next',
    generator: ['create-next-app@latest', 'app', '--yes', '--disable-git', '--skip-install'],
    host: 'localhost',
    beside: async () => ({ 'google-fonts.js': googleFonts }),
    // Its fonts are those of Google, which a build asks for.
    env: (folder) => ({ NEXT_FONT_GOOGLE_MOCKED_RESPONSES: join(folder, 'google-fonts.js') }),
    recipe: {
      'relay.ts': 'relay.ts',
      'App.tsx': 'App.tsx',
      'app/page.tsx': 'app/page.tsx',
      'app/relay/[...path]/route.ts': 'app/relay/[...path]/route.ts',
    },
    start: (port) => ({ args: ['start', '--', '--port', port] }),
    dev: (port) => ({ args: ['dev', '--', '--port', port] }),
  },
  {
    name: 'Vite',
    generator: ['create-vite@latest', 'app', '--template', 'react-ts', '--no-interactive'],
    recipe: { 'relay.ts': 'relay.ts', 'vite.config.ts': 'vite.config.ts', 'src/App.tsx': 'App.tsx' },
    start: (port) => ({ args: ['preview', '--', '--port', port, '--host', '127.0.0.1'] }),
    dev: (port) => ({ args: ['dev', '--', '--port', port, '--host', '127.0.0.1'] }),
  },
  {
    name: 'React Router',
    generator: [
      'create-react-router@latest',
      'app',
      '--yes',
      '--no-git-init',
      '--no-install',
      '--template',
      './template',
    ],
    beside: reactRouterTemplate,
    recipe: {
      'relay.ts': 'relay.ts',
      'App.tsx': 'App.tsx',
      'app/routes.ts': 'app/routes.ts',
      'app/routes/home.tsx': 'app/routes/home.tsx',
      'app/routes/relay.ts': 'app/routes/relay.ts',
    },
    start: (port) => ({ args: ['start'], env: { PORT: port, HOST: '127.0.0.1' } }),
    dev: (port) => ({ args: ['dev', '--', '--port', port, '--host', '127.0.0.1'] }),
  },
]

/** A png of one pixel. */
const onePixel = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPj/HwADBwIAMCbHYQAAAABJRU5ErkJggg=='
const secret = 'sk-canary-4f7c1d9e2b0a8c6d5e3f'
let browser: Browser

beforeAll(async () => {
  browser = await launchChromium()
})
afterAll(() => browser?.close())

async function open(url: string): Promise<Page> {
  const page = await browser.newPage()
  onTestFinished(() => page.close())
  await page.goto(url)
  // Before that, nobody hears a click.
  const isHydrated = () =>
    Object.keys(document.querySelector('button') ?? {}).some((name) => name.startsWith('__react'))
  await page.waitForFunction(isHydrated)
  return page
}

/** The component of Start: it has a button, and then the picture. */
const button = (page: Page, name = 'Generate') => page.getByRole('button', { name })
const picture = (page: Page) => page.getByAltText('an otter')

/** Asks the relay for a picture, and says what came of it. */
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

describe.each(frameworks)('$name', (framework) => {
  let app: App
  let api: Awaited<ReturnType<typeof openApi>>
  let opening = Promise.resolve()

  beforeAll(async () => {
    api = await openApi(async (_call, outgoing) => {
      await opening
      json(outgoing, { data: [{ b64_json: onePixel }] })
    })
    app = await makeApp(framework, inject('tarball'), api.url, secret)
  })
  afterAll(async () => {
    api?.close()
    await app?.remove()
  })

  async function run(how: 'start' | 'dev') {
    api.calls.length = 0
    const running = await app.run(how)
    onTestFinished(() => running.stop())
    return running
  }

  test('is built and started as documented: one call at the API, and the picture', async () => {
    await app.build()
    const { url } = await run('start')
    const page = await open(url)
    await button(page).click()
    await picture(page).waitFor({ timeout: 10_000 })
    expect(await picture(page).getAttribute('src')).toBe(`data:image/png;base64,${onePixel}`)
    expect(api.calls.map(({ path, headers }) => [path, headers.authorization])).toEqual([
      ['/v1/images/generations', `Bearer ${secret}`],
    ])
  })

  test('in the dev server, an answer survives an edit of its component', async () => {
    const { opened, open: answer } = door()
    opening = opened
    onTestFinished(answer)
    const { url } = await run('dev')
    const page = await open(url)
    const component = 'App.tsx' in framework.recipe ? 'App.tsx' : 'src/App.tsx'
    await button(page).click()
    await vi.waitUntil(() => api.calls.length > 0, { timeout: 30_000 })
    // Gone if the page is loaded anew.
    await page.evaluate(() => void Object.assign(globalThis, { isTheSamePage: true }))
    onTestFinished(() => app.edit(component, (text) => text.replace('Paint it', 'Generate')))
    await app.edit(component, (text) => text.replace('Generate', 'Paint it'))
    await button(page, 'Paint it').waitFor()
    expect(await page.evaluate(() => 'isTheSamePage' in globalThis)).toBe(true)
    answer()
    await picture(page).waitFor({ timeout: 10_000 })
    expect(api.calls).toHaveLength(1)
  })

  test('in the dev server, an edited rule counts from the next call on, and ten edits leave one database open', async () => {
    const { url, output } = await run('dev')
    const outcome = async (expected: string) => {
      // Until the dev server has seen the edit, which takes it a moment.
      await vi
        .waitUntil(async () => (await ask(url, api.url)) === expected, { timeout: 15_000, interval: 100 })
        .catch(async () => expect.fail(`${await ask(url, api.url)} and not ${expected}:\n${output()}`))
    }
    await outcome('resolved')
    for (let n = 1; n <= 10; n++) {
      const [before, after] = n % 2 === 1 ? ['v1/images/**', 'v1/audio/**'] : ['v1/audio/**', 'v1/images/**']
      await app.edit('relay.ts', (text) => text.replace(before, after))
      await outcome(n % 2 === 1 ? 'NOT_ALLOWED' : 'resolved')
    }
    if (process.platform === 'linux') expect(await openHandles(join(app.folder, 'relay.db'))).toBe(1)
    expect(output()).not.toMatch(/in use by another relay|could not start/)
  })
})
