import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { AxeResults } from 'axe-core'
import type { Page } from 'playwright'

/** A story, or a page of documentation. */
export interface Entry {
  id: string
  type: 'story' | 'docs'
}

/** What there is in a Storybook that was built into this folder. */
export function readEntries(folder: string): Entry[] {
  const { entries } = JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8')) as { entries: Record<string, Entry> }
  return Object.values(entries)
}

/** How Storybook's page is told what to show, and what it has said last of it. */
interface StorybookWindow {
  __STORYBOOK_ADDONS_CHANNEL__?: {
    last: (event: string) => [(string | { status?: string })?] | undefined
    emit: (event: string, what: object) => void
  }
}

/** Opens an entry, and waits until its play has ended; gives what went wrong, or null. */
export async function openEntry(page: Page, url: string, { id, type }: Entry): Promise<string | null> {
  const errors: string[] = []
  page.on('pageerror', ({ message }) => errors.push(message))
  await page.goto(`${url}/iframe.html?id=${id}&viewMode=${type}`)
  const event = type === 'docs' ? 'docsRendered' : 'storyFinished'
  const status = await page
    .waitForFunction((name) => {
      const said = (window as StorybookWindow).__STORYBOOK_ADDONS_CHANNEL__?.last(name)
      return said && (typeof said[0] === 'object' ? (said[0].status ?? 'success') : 'success')
    }, event)
    .then((handle) => handle.jsonValue())
    .catch((error: Error) => error.message)
  // What draws the blocks of code of a page comes after it.
  if (type === 'docs') await page.waitForLoadState('networkidle')
  return status === 'success' && errors.length === 0 ? null : [status, ...errors].join('; ')
}

/** Shows another page of documentation where one is open already, which is many times faster. */
export async function turnTo(page: Page, { id }: Entry): Promise<void> {
  await page.evaluate((storyId) => {
    const channel = (window as StorybookWindow).__STORYBOOK_ADDONS_CHANNEL__!
    channel.emit('setCurrentStory', { storyId, viewMode: 'docs' })
  }, id)
  await page.waitForFunction(
    (storyId) => (window as StorybookWindow).__STORYBOOK_ADDONS_CHANNEL__?.last('docsRendered')?.[0] === storyId,
    id,
  )
}

const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js')

/** What axe finds in the entry that is shown: the rule, the elements, and what is wrong with them. */
export async function findViolations(page: Page): Promise<unknown[]> {
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.addScriptTag({ path: axe })
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: { run(context: string[]): Promise<AxeResults> } }
    const { violations } = await axe.run(['#storybook-root, #storybook-docs'])
    return violations.map(({ id, nodes }) => ({ id, nodes: nodes.map(({ html, any }) => [html, any[0]?.message]) }))
  })
}

/** The elements that are wider than the window, or than the dialog they are in; null when there is none. */
export async function findOverflow(page: Page): Promise<string | null> {
  const wide = await page.evaluate(() =>
    [...document.querySelectorAll('html, dialog, dialog .body')]
      .filter((element) => element.scrollWidth > element.clientWidth)
      .map((element) => `${element.tagName} is ${element.scrollWidth - element.clientWidth} px too wide`),
  )
  return wide.length === 0 ? null : wide.join(', ')
}
