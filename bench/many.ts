/**
 * 1, 100 and 1,000 requests that are followed on one page: what it takes from
 * the page and from the relay while nothing happens, and how soon the answers
 * are on the screen when they all come within a few seconds. Our hook beside the
 * same component written by hand with TanStack Query, in turns, each on a fresh
 * page; medians of the rounds.
 *
 *   npm run bench:many
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { SideName } from './page/main.tsx'
import type { Job } from './page/side.ts'
import { clockOffset, now, type BenchPage } from './parts/browser.ts'
import { median, numberOption, percentile, rounded, writeResult } from './parts/figures.ts'
import { usageOf } from './parts/relay.ts'
import { startSite } from './parts/site.ts'
import { answerWith, startUpstream } from './parts/upstream.ts'

const poll = 1_000
const counts = [1, 100, 1_000]
/** Seconds in which nothing happens, and in which then all answers come. */
const seconds = numberOption('seconds', 5)
const rounds = numberOption('rounds', 3)

const sides = { ours: 'react-client-secret', tanstackQuery: 'by hand, TanStack Query' } satisfies Partial<
  Record<SideName, string>
>
type Measured = keyof typeof sides
const sideNames = Object.keys(sides) as Measured[]

/** The calls that are let go when the bench says so. */
const doors = new Map<string, () => void>()
const upstream = await startUpstream((call, outgoing) => {
  const { name } = JSON.parse(call.body) as Job
  doors.set(name, () => answerWith(call, outgoing, { job: name }))
})
const site = await startSite(upstream)

/** What a page and the relay took between two moments, a second. */
async function watch({ page, usage }: BenchPage) {
  const state = async () => ({
    at: performance.now(),
    page: await usage(),
    relay: usageOf(site.relay),
    requests: await page.evaluate(() => bench.requests()),
  })
  const before = await state()
  return async () => {
    const after = await state()
    const took = (after.at - before.at) / 1_000
    return {
      'requests a second': rounded((after.requests - before.requests) / took, 1),
      'page, % of a core': rounded((after.page.processor - before.page.processor) / took / 10, 1),
      'relay, % of a core': rounded(((after.relay.processor - before.relay.processor) / took) * 100, 1),
    }
  }
}

async function heapOf({ collectGarbage, usage }: BenchPage): Promise<number> {
  await collectGarbage()
  return (await usage()).heap
}

async function measure(side: Measured, count: number) {
  doors.clear()
  const benchPage = await site.visit()
  const { page } = benchPage
  await clockOffset(benchPage)
  const heapBefore = await heapOf(benchPage)
  const requests = Array.from({ length: count }, (_, index) => site.jobFor(`${side} ${index} of ${count}`, null))
  await page.evaluate(([side, requests, poll]) => bench.show(side, requests, poll), [side, requests, poll] as const)
  await page.evaluate(() => bench.send())
  while (doors.size < count) await sleep(50)
  // Until what sending them has set off is over.
  await sleep(3_000)

  const idle = await watch(benchPage)
  await sleep(seconds * 1_000)
  const atRest = await idle()
  const heap = (await heapOf(benchPage)) - heapBefore

  const answering = await measureAnswers(benchPage)
  await benchPage.close()
  return { atRest: { ...atRest, 'memory, MB': rounded(heap, 1) }, answering }
}

/** Answers all of them, one after the other. */
async function measureAnswers(benchPage: BenchPage) {
  const answeredAt = new Map<string, number>()
  const busy = await watch(benchPage)
  for (const [name, open] of doors) {
    answeredAt.set(name, now())
    open()
    await sleep((seconds * 1_000) / doors.size)
  }
  const seen = await benchPage.page.evaluate(() => bench.shown())
  const took = await busy()
  const times = seen.map(({ name, committedAt }) => committedAt - answeredAt.get(name)!)
  return { ...took, 'p50, ms': rounded(median(times), 1), 'p95, ms': rounded(percentile(times, 0.95), 1) }
}

type Figures = Awaited<ReturnType<typeof measure>>

/** The median of each figure. */
function medians<Row extends Record<string, number>>(rows: Row[]): Row {
  const names = Object.keys(rows[0]!) as (keyof Row)[]
  return Object.fromEntries(names.map((name) => [name, median(rows.map((row) => row[name]!))])) as Row
}

const result: Record<string, Partial<Record<Measured, Figures>>> = {}
for (const count of counts) {
  const found: Record<Measured, Figures[]> = { ours: [], tanstackQuery: [] }
  for (let round = 0; round < rounds; round++) {
    for (const side of sideNames) found[side].push(await measure(side, count))
  }
  result[`followed ${count}`] = Object.fromEntries(
    sideNames.map((side) => [
      side,
      {
        atRest: medians(found[side].map(({ atRest }) => atRest)),
        answering: medians(found[side].map(({ answering }) => answering)),
      },
    ]),
  )
}

await site.close()
upstream.close()

function table(phase: 'atRest' | 'answering') {
  const rows = Object.entries(result).flatMap(([followed, found]) =>
    Object.entries(found).map(([side, one]) => [`${followed}: ${sides[side as Measured]}`, one[phase]]),
  )
  console.table(Object.fromEntries(rows))
}
console.log(`Followed on one page with poll ${poll}, while nothing happens:`)
table('atRest')
console.log(`While all of them are answered within ${seconds} s; from the API's last byte to the screen:`)
table('answering')
writeResult('many', { poll, seconds, rounds, ...result })
process.exit(0)
