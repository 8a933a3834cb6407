import { globSync } from 'node:fs'
import type { Browser, Page } from 'playwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openEntry, turnTo, type Entry } from '../../scripts/storybook.ts'
import { launchChromium, startDemo } from '../helpers/demo.ts'

const files = globSync('stories/**/*.stories.tsx')

let demo: Awaited<ReturnType<typeof startDemo>>
let browser: Browser
let page: Page
/** The stories of each file. */
let stories: Record<string, Entry[]>

beforeAll(async () => {
  demo = await startDemo('sk-secret-of-the-stories')
  browser = await launchChromium()
  page = await browser.newPage()
  const { entries } = (await (await fetch(`${demo.url}/index.json`)).json()) as {
    entries: Record<string, Entry & { importPath: string }>
  }
  const all = Object.values(entries).filter(({ type }) => type === 'story')
  stories = Object.fromEntries(files.map((file) => [file, all.filter(({ importPath }) => importPath === `./${file}`)]))
})

afterAll(async () => {
  await browser?.close()
  await demo?.stop()
})

// An entry fails if its play function throws, and if axe finds something; see .storybook/preview.tsx.
test.each(files)('%s', async (file) => {
  const failed: Record<string, string> = {}
  expect(stories[file]!.length).toBeGreaterThan(0)
  let isOpen = false
  for (const story of stories[file]!) {
    const failure: string | null = await (isOpen ? turnTo(page, story) : openEntry(page, demo.url, story))
    isOpen = failure === null
    if (failure) failed[story.id] = failure
  }
  expect(failed).toEqual({})
})
