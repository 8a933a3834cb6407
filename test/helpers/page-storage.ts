import type { Page } from 'playwright'

/** What the page keeps in its browser, as one text. */
export function storageOf(page: Page): Promise<string> {
  return page.evaluate(async () =>
    JSON.stringify([
      { ...localStorage },
      { ...sessionStorage },
      document.cookie,
      await indexedDB.databases(),
      await caches.keys(),
    ]),
  )
}
