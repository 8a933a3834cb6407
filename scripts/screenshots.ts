/**
 * Takes screenshots of every story and docs page of the static Storybook after
 * its play function, light and dark, in phone and desktop width. Checks each
 * with axe and for a horizontal scroll bar:
 *
 *   npm run screenshots -- <folder> [part of an id, such as "console"]
 */
import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright'
import { chromiumArguments, findChromium } from './chromium.ts'
import { serveFolder } from './serve-folder.ts'
import { findOverflow, findViolations, openEntry, readEntries } from './storybook.ts'

const [folder, part = ''] = process.argv.slice(2)
const executablePath = findChromium()
if (!folder || !executablePath) {
  console.error(
    folder
      ? 'Chromium not found. Install it, or set CHROMIUM_PATH.'
      : 'Name the folder for the screenshots: npm run screenshots -- <folder>',
  )
  process.exit(2)
}

const storybook = await mkdtemp(join(tmpdir(), 'storybook-'))
const { status } = spawnSync('npm', ['run', 'build-storybook', '--silent', '--', '--output-dir', storybook], {
  stdio: ['ignore', 'ignore', 'inherit'],
})
if (status !== 0) process.exit(status ?? 1)

const entries = readEntries(storybook).filter(({ id }) => id.includes(part))
const server = await serveFolder(storybook)
const browser = await chromium.launch({ executablePath, args: chromiumArguments })
await mkdir(folder, { recursive: true })
let failed = 0

try {
  for (const colorScheme of ['light', 'dark'] as const) {
    const context = await browser.newContext({ colorScheme, reducedMotion: 'reduce' })
    for (const entry of entries) {
      const page = await context.newPage()
      await page.setViewportSize({ width: 1280, height: 800 })
      const problems: unknown[] = [await openEntry(page, server.url, entry)]
      for (const width of [1280, 360]) {
        await page.setViewportSize({ width, height: 800 })
        await page.screenshot({ path: join(folder, `${entry.id}.${width}.${colorScheme}.png`), fullPage: true })
        problems.push(...(await findViolations(page)))
        problems.push(await findOverflow(page))
      }
      const found = problems.filter((problem) => problem !== null)
      if (found.length > 0) {
        failed += 1
        console.error(`${entry.id}, ${colorScheme}:`, ...found)
      }
      await page.close()
    }
    await context.close()
  }
} finally {
  await browser.close()
  server.close()
  await rm(storybook, { recursive: true })
}
console.log(
  `Wrote ${entries.length} pages, light and dark, 360 and 1280 px wide, to ${folder}. ${failed} of ${2 * entries.length} failed.`,
)
process.exitCode = failed === 0 ? 0 : 1
