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

/** Storybook's channel: sends it commands, and holds its last events. */
interface StorybookWindow {
  __STORYBOOK_ADDONS_CHANNEL__?: {
    last: (event: string) => [(string | { status?: string })?] | undefined
    on: (event: string, listener: (what: unknown) => void) => void
    emit: (event: string, what: object) => void
  }
}

/** Opens an entry, and waits for the end of its play function. Returns the errors, or null. */
export async function openEntry(page: Page, url: string, { id, type }: Entry): Promise<string | null> {
  const errors: string[] = []
  page.on('pageerror', ({ message }) => errors.push(message))
  await page.goto(`${url}/iframe.html?id=${id}&viewMode=${type}`)
  const event = type === 'docs' ? 'docsRendered' : 'storyFinished'
  const status = await page
    .waitForFunction(
      (name) => {
        const said = (window as StorybookWindow).__STORYBOOK_ADDONS_CHANNEL__?.last(name)
        return said && (typeof said[0] === 'object' ? (said[0].status ?? 'success') : 'success')
      },
      event,
      // By the clock, and not in each frame: a busy Chromium draws none for long.
      { polling: 100 },
    )
    .then((handle) => handle.jsonValue())
    .catch((error: Error) => error.message)
  const thrown = await page.evaluate(() => {
    const channel = (window as StorybookWindow).__STORYBOOK_ADDONS_CHANNEL__
    const [error] = channel?.last('playFunctionThrewException') ?? []
    return error && (error as unknown as Error).message
  })
  if (thrown) errors.push(thrown)
  // The page loads its code highlighter later.
  if (type === 'docs') await page.waitForLoadState('networkidle')
  return status === 'success' && errors.length === 0 ? null : [status, ...errors].join('; ')
}

/** Switches an open docs page to another one, many times faster than opening it. */
export async function turnTo(page: Page, { id }: Entry): Promise<void> {
  // Heard from Storybook, with its errors, and not looked for in each frame.
  await page.evaluate(
    (storyId) =>
      new Promise<void>((resolve, reject) => {
        const channel = (window as StorybookWindow).__STORYBOOK_ADDONS_CHANNEL__!
        channel.on('docsRendered', (shown) => shown === storyId && resolve())
        for (const event of ['storyThrewException', 'storyErrored', 'storyMissing'])
          channel.on(event, (what) => reject(new Error(`${storyId}: ${event} ${JSON.stringify(what)}`)))
        const seconds = 30
        setTimeout(() => {
          const shown = `${document.body.className}: ${document.body.innerText.slice(0, 200)}`
          reject(new Error(`${storyId}: not shown after ${seconds} s, but ${shown}`))
        }, seconds * 1_000)
        if (channel.last('docsRendered')?.[0] === storyId) resolve()
        else channel.emit('setCurrentStory', { storyId, viewMode: 'docs' })
      }),
    id,
  )
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
