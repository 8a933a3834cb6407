import type { Browser, Page } from 'playwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { launchChromium, startDemo } from '../helpers/demo.ts'

let demo: Awaited<ReturnType<typeof startDemo>>
let browser: Browser

beforeAll(async () => {
  demo = await startDemo('sk-for-the-reload-test')
  browser = await launchChromium()
})

afterAll(async () => {
  await browser?.close()
  await demo?.stop()
})

interface DemoCall {
  body: string
  isBrokenOff: boolean
}

async function calls(): Promise<DemoCall[]> {
  const all = (await (await fetch(`${demo.url}/demo/calls`)).json()) as DemoCall[]
  return all.filter(({ body }) => body.includes('an otter that is reloaded'))
}

async function open(args = ''): Promise<Page> {
  const page = await (await browser.newContext()).newPage()
  await page.goto(`${demo.url}/iframe.html?id=survives-a-reload--press-and-reload&viewMode=story&args=${args}`)
  return page
}

test('reloaded ten times, at ten moments of a running request, the answer arrives and the API is called once each time', async () => {
  const page = await open()
  for (let round = 1; round <= 10; round++) {
    await page.getByRole('button', { name: 'Generate' }).click()
    await page.getByText('running').first().waitFor()
    // The API takes 2,400 ms.
    await page.waitForTimeout(round * 200)
    await page.reload()
    await page.getByAltText('an otter').waitFor()
    expect(await calls()).toHaveLength(round)
    await page.getByRole('button', { name: 'Reset' }).click()
  }
  await page.context().close()
}, 120_000)

test('reloaded before the relay answers, the answer arrives and the API is called once', async () => {
  const page = await open()
  const before = (await calls()).length
  let arrived = () => {}
  const hasArrived = new Promise<void>((resolve) => (arrived = resolve))
  await page.route('**/relay/requests', async (route) => {
    if (route.request().method() !== 'POST') return route.continue()
    await route.fetch()
    // The page does not get this answer.
    arrived()
  })
  await page.getByRole('button', { name: 'Generate' }).click()
  await hasArrived
  await page.getByText('sending').first().waitFor()
  await page.unroute('**/relay/requests')
  await page.reload()
  await page.getByAltText('an otter').waitFor()
  expect(await calls()).toHaveLength(before + 1)
  await page.context().close()
})

test('cancel after the reload ends the call of the API', async () => {
  // So that it still runs when the page is there again, also on a busy machine.
  const page = await open('prompt:an+otter+that+is+reloaded+slowly')
  const before = (await calls()).length
  await page.getByRole('button', { name: 'Generate' }).click()
  await page.getByText('running').first().waitFor()
  await page.reload()
  await page.getByRole('button', { name: 'Cancel' }).click()
  await page.getByText('The request was cancelled').waitFor()
  const after = await calls()
  expect(after).toHaveLength(before + 1)
  await expect.poll(async () => (await calls()).at(-1)?.isBrokenOff).toBe(true)
  await page.context().close()
})

/** Urls of the polls that the page sends, each with its time. */
function watchPolls(page: Page): { at: number }[] {
  const polls: { at: number }[] = []
  page.on('request', (request) => {
    if (request.url().includes('/relay/requests?ids=')) polls.push({ at: Date.now() })
  })
  return polls
}

test('the network cut for 5 s in the middle of the polling: the answer arrives, and the API was called once', async () => {
  const page = await open()
  const before = (await calls()).length
  await page.getByRole('button', { name: 'Generate' }).click()
  await page.getByText('running').first().waitFor()
  await page.context().setOffline(true)
  await page.waitForTimeout(5_000)
  expect(await page.getByAltText('an otter').count()).toBe(0)
  await page.context().setOffline(false)
  await page.getByAltText('an otter').waitFor()
  expect(await calls()).toHaveLength(before + 1)
  await page.context().close()
})

test('a page hidden for 5 s in the middle of the polling sends no poll, and one at once when it is seen again', async () => {
  const page = await open()
  const polls = watchPolls(page)
  const before = (await calls()).length
  await page.getByRole('button', { name: 'Generate' }).click()
  await page.getByText('running').first().waitFor()
  const show = (state: 'hidden' | 'visible') =>
    page.evaluate((now) => {
      Object.defineProperty(document, 'visibilityState', { value: now, configurable: true })
      document.dispatchEvent(new Event('visibilitychange'))
    }, state)
  await show('hidden')
  const hiddenAt = Date.now()
  await page.waitForTimeout(5_000)
  expect(polls.filter(({ at }) => at > hiddenAt)).toEqual([])
  await show('visible')
  await page.getByAltText('an otter').waitFor()
  expect(polls.filter(({ at }) => at > hiddenAt)).toHaveLength(1)
  expect(await calls()).toHaveLength(before + 1)
  await page.context().close()
})
