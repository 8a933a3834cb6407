import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { serveFolder } from '../../scripts/serve-folder.ts'
import { findOverflow, findViolations, openEntry, readEntries, turnTo } from '../../scripts/storybook.ts'
import { launchChromium } from '../helpers/demo.ts'

const folder = mkdtempSync(join(tmpdir(), 'static-storybook-'))
let server: Awaited<ReturnType<typeof serveFolder>>
let browser: Browser

beforeAll(async () => {
  execFileSync('npm', ['run', 'build-storybook', '--silent', '--', '--output-dir', folder], { stdio: 'pipe' })
  server = await serveFolder(folder)
  browser = await launchChromium()
}, 180_000)

afterAll(async () => {
  await browser?.close()
  server?.close()
  rmSync(folder, { recursive: true, force: true })
})

test('built into files, a story comes to its answer without a relay, and asks nobody but its file server', async () => {
  const context = await browser.newContext()
  const page = await context.newPage()
  const requests: string[] = []
  const failures: string[] = []
  page.on('request', (request) => requests.push(request.url()))
  page.on('requestfailed', (request) => failures.push(request.url()))
  page.on('response', (response) => {
    if (!response.ok()) failures.push(`${response.status()} ${response.url()}`)
  })
  page.on('pageerror', (error) => failures.push(error.message))

  await page.goto(`${server.url}/?path=/story/generate-a-picture--press-the-button`)
  const story = page.frameLocator('#storybook-preview-iframe')
  await story.getByLabel('What shall it show?').fill('an otter without a relay')
  await story.getByRole('button', { name: 'Generate' }).click()
  const picture = story.getByAltText('an otter without a relay')
  await picture.waitFor()
  expect(await picture.evaluate((image: HTMLImageElement) => image.decode().then(() => image.naturalWidth))).toBe(512)
  const statuses = story.getByRole('list', { name: 'Statuses' }).locator('code')
  await expect.poll(() => statuses.allTextContents()).toEqual(['idle', 'sending', 'running', 'resolved'])

  expect(failures).toEqual([])
  const elsewhere = requests.filter((url) => !/^(data|blob):/.test(url) && new URL(url).origin !== server.url)
  expect(elsewhere).toEqual([])
  expect(requests.length).toBeGreaterThan(10)
  await context.close()
})

test('built into files, the stories of the chat play to their end: streamed, stopped, broken off', async () => {
  const context = await browser.newContext()
  const page = await context.newPage()
  const chats = readEntries(folder).filter(({ id, type }) => id.startsWith('chat--') && type === 'story')
  expect(chats.length).toBeGreaterThanOrEqual(3)
  const failed: Record<string, string> = {}
  for (const entry of chats) {
    const failure = await openEntry(page, server.url, entry)
    if (failure) failed[entry.id] = failure
  }
  expect(failed).toEqual({})
  await context.close()
})

// The stories are looked through as they are played; see .storybook/preview.tsx.
test.each([
  ['light', 'even'],
  ['light', 'odd'],
  ['dark', 'even'],
  ['dark', 'odd'],
] as const)(
  'the pages of documentation, %s, %s: axe finds nothing, none is wider than a phone, and each link leads to a page',
  async (colorScheme, half) => {
    const context = await browser.newContext({ colorScheme })
    const pages = readEntries(folder).filter(({ type }) => type === 'docs')
    expect(pages.length).toBeGreaterThan(10)
    const page = await context.newPage()
    expect(await openEntry(page, server.url, pages[0]!)).toBeNull()
    const found: Record<string, unknown> = {}
    const ids = pages.map(({ id }) => id)
    for (const entry of pages.filter((_, index) => index % 2 === (half === 'even' ? 0 : 1))) {
      await turnTo(page, entry)
      const violations = await findViolations(page)
      if (violations.length > 0) found[entry.id] = violations
      for (const width of [360, 1280]) {
        await page.setViewportSize({ width, height: 800 })
        const overflow = await findOverflow(page)
        if (overflow) found[`${entry.id}, ${width} px`] = overflow
      }
      const links = await page
        .locator('#storybook-docs a')
        .evaluateAll((all) => all.map((a) => a.getAttribute('href')!))
      const dead = links.filter((link) => {
        const id = /^(?:\.\/)?\?path=\/docs\/([\w-]+)/.exec(link)?.[1]
        return id === undefined ? !/^(https:|#)/.test(link) : !ids.includes(id)
      })
      if (dead.length > 0) found[`${entry.id}, links`] = dead
    }
    expect(found).toEqual({})
    await context.close()
  },
)
