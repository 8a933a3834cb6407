/**
 * Takes every story and docs page of the static Storybook, light and dark, each
 * after its play has ended: npm run screenshots -- <folder>
 */
import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type Page } from 'playwright'
import { chromiumArguments, findChromium } from './chromium.ts'
import { serveFolder } from './serve-folder.ts'

const [folder] = process.argv.slice(2)
const executablePath = findChromium()
if (!folder || !executablePath) {
  console.error(
    folder
      ? 'There is no Chromium. Install it, or set CHROMIUM_PATH.'
      : 'Say where to: npm run screenshots -- <folder>',
  )
  process.exit(2)
}

interface Entry {
  id: string
  type: 'story' | 'docs'
}

/** What Storybook's page says when an entry is shown, and what it says then to those who ask later. */
interface StorybookWindow {
  __STORYBOOK_ADDONS_CHANNEL__?: { last: (event: string) => [{ status?: string }?] | undefined }
}

const storybook = await mkdtemp(join(tmpdir(), 'storybook-'))
const { status } = spawnSync('npm', ['run', 'build-storybook', '--silent', '--', '--output-dir', storybook], {
  stdio: ['ignore', 'ignore', 'inherit'],
})
if (status !== 0) process.exit(status ?? 1)

const { entries } = JSON.parse(await readFile(join(storybook, 'index.json'), 'utf8')) as {
  entries: Record<string, Entry>
}
const server = await serveFolder(storybook)
const browser = await chromium.launch({ executablePath, args: chromiumArguments })
await mkdir(folder, { recursive: true })
let failed = 0

try {
  for (const colorScheme of ['light', 'dark'] as const) {
    const context = await browser.newContext({
      colorScheme,
      reducedMotion: 'reduce',
      viewport: { width: 1100, height: 800 },
    })
    for (const entry of Object.values(entries)) {
      const page = await context.newPage()
      if (!(await isShown(page, entry))) failed += 1
      await page.screenshot({ path: join(folder, `${entry.id}.${colorScheme}.png`), fullPage: true })
      await page.close()
    }
    await context.close()
  }
} finally {
  await browser.close()
  server.close()
  await rm(storybook, { recursive: true })
}
console.log(`${Object.keys(entries).length} pages, light and dark, are in ${folder}; ${failed} of them failed.`)
process.exitCode = failed === 0 ? 0 : 1

/** Opens an entry; false when it, or its play, failed. */
async function isShown(page: Page, { id, type }: Entry): Promise<boolean> {
  const errors: string[] = []
  page.on('pageerror', ({ message }) => errors.push(message))
  await page.goto(`${server.url}/iframe.html?id=${id}&viewMode=${type}`)
  const event = type === 'docs' ? 'docsRendered' : 'storyFinished'
  const ended = await page
    .waitForFunction((name) => {
      const said = (window as StorybookWindow).__STORYBOOK_ADDONS_CHANNEL__?.last(name)
      return said && { status: said[0]?.status ?? 'success' }
    }, event)
    .then((handle) => handle.jsonValue())
    .catch((error: Error) => ({ status: error.message }))
  const isGood = ended && ended.status === 'success' && errors.length === 0
  if (!isGood) console.error(`${id}: ${ended ? ended.status : 'nothing'} ${errors.join('; ')}`)
  return isGood === true
}
