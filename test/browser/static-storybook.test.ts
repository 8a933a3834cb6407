import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { serveFolder } from '../../scripts/serve-folder.ts'
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

  // From the front page, as a reader comes.
  await page.goto(server.url)
  await page.getByRole('link', { name: 'Press The Button' }).click()
  const story = page.frameLocator('#storybook-preview-iframe')
  await story.getByLabel('What shall it show?').fill('an otter without a relay')
  await story.getByRole('button', { name: 'Generate' }).click()
  const picture = story.getByAltText('an otter without a relay')
  await picture.waitFor()
  expect(await picture.evaluate((image: HTMLImageElement) => image.decode().then(() => image.naturalWidth))).toBe(512)
  const statuses = story.getByRole('list', { name: 'Statuses' }).locator('code')
  await expect.poll(() => statuses.allTextContents()).toEqual(['idle', 'sending', 'pending', 'running', 'resolved'])

  expect(failures).toEqual([])
  const elsewhere = requests.filter((url) => !/^(data|blob):/.test(url) && new URL(url).origin !== server.url)
  expect(elsewhere).toEqual([])
  expect(requests.length).toBeGreaterThan(10)
  await context.close()
})
