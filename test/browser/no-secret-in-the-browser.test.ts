import type { Browser } from 'playwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { launchChromium, startDemo } from '../helpers/demo.ts'
import { formsOf } from '../helpers/secret-forms.ts'
import { storageOf } from '../helpers/page-storage.ts'

// With characters that change in a url, in HTML and in JSON, so that a leak in any of them is looked for in its own form.
const secret = 'sk-canary+/=&"<4f7c1d9e2b>'

let demo: Awaited<ReturnType<typeof startDemo>>
let browser: Browser

beforeAll(async () => {
  demo = await startDemo(secret)
  browser = await launchChromium()
})

afterAll(async () => {
  await browser?.close()
  await demo?.stop()
})

interface DemoCall {
  method: string
  path: string
  hadKey: boolean
  body: string
}

test('a picture comes back from an API whose key the browser never had', async () => {
  const context = await browser.newContext()
  const page = await context.newPage()
  /** Everything the browser sent and got. */
  const traffic: { what: string; bytes: Buffer }[] = []
  const read: Promise<unknown>[] = []
  page.on('request', (request) => {
    traffic.push({
      what: `request ${request.url()}`,
      bytes: Buffer.from(JSON.stringify([request.url(), request.headers(), request.postData()])),
    })
  })
  page.on('response', (response) => {
    traffic.push({ what: `headers of ${response.url()}`, bytes: Buffer.from(JSON.stringify(response.headers())) })
    // A redirect has no body, and one that was aborted has none to give.
    read.push(
      response.body().then(
        (bytes) => traffic.push({ what: `body of ${response.url()}`, bytes }),
        () => {},
      ),
    )
  })
  page.on('console', (message) => traffic.push({ what: 'console', bytes: Buffer.from(message.text()) }))

  await page.goto(`${demo.url}/iframe.html?id=generate-a-picture--press-the-button&viewMode=story`)
  const prompt = 'an otter that keeps a secret'
  await page.getByLabel('What shall it show?').fill(prompt)
  await page.getByRole('button', { name: 'Generate' }).dblclick()
  const picture = page.getByAltText(prompt)
  await picture.waitFor()
  expect(await picture.evaluate((image: HTMLImageElement) => image.decode().then(() => image.naturalWidth))).toBe(512)

  const statuses = page.getByRole('list', { name: 'Statuses' }).locator('code')
  await expect.poll(() => statuses.allTextContents()).toEqual(['idle', 'sending', 'running', 'resolved'])

  // One call, with the real key: the gate compared it with the key that this test chose.
  const calls = ((await (await fetch(`${demo.url}/demo/calls`)).json()) as DemoCall[]).filter(({ body }) =>
    body.includes(prompt),
  )
  expect(calls).toMatchObject([{ method: 'POST', path: '/v1/images/generations', hadKey: true }])
  // And aimock behind the gate got it: its journal is at the same API.
  const journal = await journalOf(page)
  expect(journal.filter(({ body }) => JSON.stringify(body).includes(prompt))).toMatchObject([
    { path: '/v1/images/generations', response: { status: 200 } },
  ])

  const dom = await page.content()
  const storage = await storageOf(page)
  traffic.push({ what: 'the DOM', bytes: Buffer.from(dom) }, { what: 'storage', bytes: Buffer.from(storage) })
  await Promise.all(read)

  // That the search finds something at all is shown by what is known to be there.
  const texts = traffic.map(({ what, bytes }) => ({ what, text: bytes.toString('latin1') }))
  expect(texts.filter(({ text }) => text.includes('$CLIENT_SECRET')).length).toBeGreaterThan(1)
  expect(texts.some(({ what }) => what.startsWith('body of') && what.includes('/relay/requests'))).toBe(true)
  const found = texts.filter(({ text }) => formsOf(secret).some((form) => text.includes(form))).map(({ what }) => what)
  expect(found).toEqual([])
  await context.close()
})

test('the search finds the key in each form it looks for', () => {
  const around = (text: string) => Buffer.from(`before ${text} behind`)
  for (const offset of [0, 1, 2]) {
    const base64 = Buffer.concat([Buffer.alloc(offset), around(secret)]).toString('base64')
    expect(formsOf(secret).some((form) => base64.includes(form))).toBe(true)
  }
  for (const text of [secret, encodeURIComponent(secret), JSON.stringify(secret)])
    expect(formsOf(secret).some((form) => around(text).includes(form))).toBe(true)
})

/** aimock's own journal, asked for where the page's request went. */
async function journalOf(
  page: import('playwright').Page,
): Promise<{ path: string; body: unknown; response: { status: number } }[]> {
  const request = JSON.parse((await page.getByRole('region', { name: 'Code' }).textContent()) ?? '{}') as {
    url: string
  }
  const response = await fetch(`${new URL(request.url).origin}/__aimock/journal`, {
    headers: { authorization: `Bearer ${secret}` },
  })
  return (await response.json()) as { path: string; body: unknown; response: { status: number } }[]
}
