import type { Browser, Page } from 'playwright'

/** Milliseconds since 1970, finer than `Date.now()`; the clock of `bench.now()` in the page. */
export const now = () => performance.timeOrigin + performance.now()

/** Milliseconds by which two clocks may differ before what they say together means nothing. */
const maxOffset = 2

export interface BenchPage {
  page: Page
  usage: () => Promise<PageUsage>
  /** Takes out of memory what nobody holds any more. */
  collectGarbage: () => Promise<void>
  close: () => Promise<void>
}

export interface PageUsage {
  /** Milliseconds that the main thread worked. */
  mainThread: number
  /** Milliseconds of a processor that the page's process took, all its threads together. */
  processor: number
  /** Megabytes of JavaScript objects. */
  heap: number
}

/** Opens the page of the benches as a visitor of its own. */
export async function openBenchPage(browser: Browser, url: string): Promise<BenchPage> {
  const context = await browser.newContext()
  const page = await context.newPage()
  page.on('pageerror', (error) => {
    throw new Error(`the page failed: ${error.message}`, { cause: error })
  })
  await page.goto(url)
  const devtools = await context.newCDPSession(page)
  await devtools.send('Performance.enable')
  return {
    page,
    async usage() {
      const { metrics } = await devtools.send('Performance.getMetrics')
      const of = (name: string) => {
        const found = metrics.find((metric) => metric.name === name)
        if (!found) throw new Error(`This Chromium has no metric ${name}.`)
        return found.value
      }
      return {
        mainThread: of('TaskDuration') * 1_000,
        processor: of('ProcessTime') * 1_000,
        heap: of('JSHeapUsedSize') / 1_000_000,
      }
    },
    async collectGarbage() {
      await devtools.send('HeapProfiler.collectGarbage')
    },
    close: () => context.close(),
  }
}

/**
 * By how much the clock of a page is ahead of ours, in milliseconds: where the
 * answer of the fastest of many calls lies, seen from its middle.
 */
export async function clockOffset({ page }: BenchPage): Promise<number> {
  let fastest = { took: Infinity, offset: NaN }
  for (let count = 0; count < 50; count++) {
    const from = now()
    const theirs = await page.evaluate(() => bench.now())
    const took = now() - from
    if (took < fastest.took) fastest = { took, offset: theirs - (from + took / 2) }
  }
  // Where in the call the page was asked is not known.
  if (Math.abs(fastest.offset) - fastest.took / 2 > maxOffset)
    throw new Error(`The clocks of the page and of the upstream differ by ${fastest.offset} ms.`)
  return fastest.offset
}
