/**
 * Takes every story and docs page of the static Storybook, light and dark, each
 * after its play has ended, and looks it through with axe: npm run screenshots -- <folder>
 */
import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright'
import { chromiumArguments, findChromium } from './chromium.ts'
import { serveFolder } from './serve-folder.ts'
import { findViolations, openEntry, readEntries } from './storybook.ts'

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

const storybook = await mkdtemp(join(tmpdir(), 'storybook-'))
const { status } = spawnSync('npm', ['run', 'build-storybook', '--silent', '--', '--output-dir', storybook], {
  stdio: ['ignore', 'ignore', 'inherit'],
})
if (status !== 0) process.exit(status ?? 1)

const entries = readEntries(storybook)
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
    for (const entry of entries) {
      const page = await context.newPage()
      const problem = await openEntry(page, server.url, entry)
      const violations = await findViolations(page)
      if (problem !== null || violations.length > 0) {
        failed += 1
        console.error(`${entry.id}, ${colorScheme}:`, problem ?? '', ...violations)
      }
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
console.log(`${entries.length} pages, light and dark, are in ${folder}; ${failed} of them failed.`)
process.exitCode = failed === 0 ? 0 : 1
