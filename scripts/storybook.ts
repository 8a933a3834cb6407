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

/** The entries of a Storybook built into this folder. */
export function readEntries(folder: string): Entry[] {
  const { entries } = JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8')) as { entries: Record<string, Entry> }
  return Object.values(entries)
}

/** What Storybook says of a story that has been played, and that axe has looked through. */
interface Finished {
  storyId: string
  status: 'success' | 'error' | 'aborted'
  reporters: { type: string; result?: Partial<AxeResults> }[]
}

/** Storybook's channel: sends it commands, and holds its last events. */
interface StorybookWindow {
  __STORYBOOK_ADDONS_CHANNEL__?: {
    last: (event: string) => [(string | Finished)?] | undefined
    emit: (event: string, what: object) => void
  }
}

/** Opens an entry, and waits for the end of its play function. Returns the errors, or null. */
export async function openEntry(page: Page, url: string, entry: Entry): Promise<string | null> {
  return finish(page, entry, () => page.goto(`${url}/iframe.html?id=${entry.id}&viewMode=${entry.type}`))
}

/** Switches a page to another entry, many times faster than opening it. An entry before it without errors is open. */
export async function turnTo(page: Page, entry: Entry): Promise<string | null> {
  return finish(page, entry, () =>
    page.evaluate(({ id: storyId, type: viewMode }) => {
      const channel = (window as StorybookWindow).__STORYBOOK_ADDONS_CHANNEL__!
      channel.emit('setCurrentStory', { storyId, viewMode })
    }, entry),
  )
}

async function finish(page: Page, { id, type }: Entry, show: () => Promise<unknown>): Promise<string | null> {
  const errors: string[] = []
  const note = ({ message }: Error) => errors.push(message)
  page.on('pageerror', note)
  await show()
  const status = await page
    .waitForFunction(
      ({ event, id }) => {
        const [said] = (window as StorybookWindow).__STORYBOOK_ADDONS_CHANNEL__?.last(event) ?? []
        if (typeof said !== 'object') return said === id && 'success'
        return said.storyId === id && said.status
      },
      { event: type === 'docs' ? 'docsRendered' : 'storyFinished', id },
    )
    .then((handle) => handle.jsonValue())
    .catch((error: Error) => error.message)
  page.off('pageerror', note)
  const found = await page.evaluate(() => {
    const channel = (window as StorybookWindow).__STORYBOOK_ADDONS_CHANNEL__
    const [error] = channel?.last('playFunctionThrewException') ?? []
    const [said] = channel?.last('storyFinished') ?? []
    const violations = (said as Finished | undefined)?.reporters.flatMap(({ result }) => result?.violations ?? [])
    return [
      ...(error ? [(error as unknown as Error).message] : []),
      ...(violations ?? []).map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(', ')}`),
    ]
  })
  errors.push(...found)
  // The page loads its code highlighter later.
  if (type === 'docs') await page.waitForLoadState('networkidle')
  return status === 'success' && errors.length === 0 ? null : [status, ...errors].join('; ')
}

const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js')

/** The axe violations of the shown entry: the rule, the elements, and their problems. */
export async function findViolations(page: Page): Promise<unknown[]> {
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.addScriptTag({ path: axe })
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: { run(context: string[], options: object): Promise<AxeResults> } }
    const { violations } = await axe.run(['#storybook-root, #storybook-docs'], {
      // Saves a selector for each element without a violation.
      resultTypes: ['violations'],
    })
    return violations.map(({ id, nodes }) => ({ id, nodes: nodes.map(({ html, any }) => [html, any[0]?.message]) }))
  })
}

/** The elements that overflow the window or their dialog, or null. */
export async function findOverflow(page: Page): Promise<string | null> {
  const wide = await page.evaluate(() =>
    [...document.querySelectorAll('html, dialog, dialog .body')]
      .filter((element) => element.scrollWidth > element.clientWidth)
      .map((element) => `${element.tagName} is ${element.scrollWidth - element.clientWidth} px too wide`),
  )
  return wide.length === 0 ? null : wide.join(', ')
}
