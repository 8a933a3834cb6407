/**
 * From the last byte of the API's answer to the answer on the screen: our hook
 * beside the same component written by hand, in Chromium, through one relay. The
 * sides take turns, so that what disturbs this machine disturbs them all.
 *
 *   npm run bench:time-to-screen
 *
 * The limit is a fetch that is held open for as long as the API takes: nothing
 * that polls can be faster, and a lost connection loses it its answer.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { SideName } from './page/main.tsx'
import type { Job } from './page/side.ts'
import { clockOffset, now, type BenchPage } from './parts/browser.ts'
import { median, numberOption, percentile, randomFrom, rounded, writeResult } from './parts/figures.ts'
import { startSite } from './parts/site.ts'
import { answerWith, startUpstream } from './parts/upstream.ts'

/** Of each side, at each `poll`. */
const jobs = numberOption('jobs', 40)
/** Visitors who each wait for a job of their own at the same time. */
const visitors = numberOption('visitors', 4)
const polls = [1_000, 5_000]
const [shortest, longest] = [200, 2_000]
/** Milliseconds, for what a side does after its answer is on the screen. */
const aftermath = 150

const sides: Record<SideName, string> = {
  heldFetch: 'a fetch held open (the limit)',
  ours: 'react-client-secret',
  tanstackQuery: 'by hand, TanStack Query',
  swr: 'by hand, SWR',
  setInterval: 'by hand, setInterval',
}
const sideNames = Object.keys(sides) as SideName[]

interface Measured {
  takes: number
  /** Milliseconds from the API's last byte to the commit. */
  toScreen: number
  requests: number
  renders: number
  /** Milliseconds. */
  mainThread: number
}

const answeredAt = new Map<string, number>()
const upstream = await startUpstream((call, outgoing) => {
  const { name, takes } = JSON.parse(call.body) as Job
  setTimeout(() => {
    // Before, because on a busy machine the answer can be on the screen before this process runs again.
    answeredAt.set(name, now())
    answerWith(call, outgoing, { job: name })
  }, takes!)
})
const site = await startSite(upstream)
const pages = await Promise.all(Array.from({ length: visitors }, site.visit))

let count = 0
async function measure({ page, usage }: BenchPage, side: SideName, poll: number, takes: number): Promise<Measured> {
  const name = `${side} ${(count += 1)}`
  const request = site.jobFor(name, takes)
  await page.evaluate(([side, request, poll]) => bench.show(side, [request], poll), [side, request, poll] as const)
  const before = await usage()
  await page.evaluate(() => bench.send())
  const [seen] = await page.evaluate(() => bench.shown())
  await sleep(aftermath)
  const after = await usage()
  return {
    takes,
    toScreen: seen!.committedAt - answeredAt.get(name)!,
    requests: await page.evaluate(() => bench.requests()),
    renders: seen!.renders,
    mainThread: after.mainThread - before.mainThread,
  }
}

/** Times spread evenly, in an order that is the same for all sides and in every run. */
function timesOfJobs(): number[] {
  const random = randomFrom(7)
  return Array.from({ length: jobs }, (_, index) => shortest + ((longest - shortest) * (index + 0.5)) / jobs)
    .map((takes) => ({ takes, place: random() }))
    .sort((one, other) => one.place - other.place)
    .map(({ takes }) => takes)
}

async function measureSides(poll: number) {
  const found = new Map<SideName, Measured[]>(sideNames.map((side) => [side, []]))
  const times = timesOfJobs()
  for (const side of sideNames) await Promise.all(pages.map((page) => measure(page, side, poll, shortest)))
  for (let from = 0; from < jobs; from += visitors) {
    const turn = (from / visitors) % sideNames.length
    for (const side of [...sideNames.slice(turn), ...sideNames.slice(0, turn)]) {
      const some = times.slice(from, from + visitors)
      found.get(side)!.push(...(await Promise.all(some.map((takes, at) => measure(pages[at]!, side, poll, takes)))))
    }
  }
  return found
}

const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length

function summary(measured: Measured[], poll: number) {
  const times = measured.map(({ toScreen }) => toScreen)
  const shorterThanPoll = measured.filter(({ takes }) => takes < poll)
  return {
    'p50, ms': rounded(median(times), 1),
    'p95, ms': rounded(percentile(times, 0.95), 1),
    'requests a job': rounded(mean(measured.map(({ requests }) => requests))),
    'the same, jobs shorter than poll': rounded(mean(shorterThanPoll.map(({ requests }) => requests))),
    'renders a job': rounded(mean(measured.map(({ renders }) => renders))),
    'main thread, ms a job': rounded(median(measured.map(({ mainThread }) => mainThread)), 1),
  }
}

const offsets = [...(await Promise.all(pages.map(clockOffset)))]
const result: Record<string, Record<string, ReturnType<typeof summary>>> = {}
for (const poll of polls) {
  const found = await measureSides(poll)
  const rows = Object.fromEntries([...found].map(([side, measured]) => [side, summary(measured, poll)]))
  console.log(`The API's last byte → on the screen, ${jobs} jobs a side of ${shortest} to ${longest} ms, poll ${poll}:`)
  console.table(Object.fromEntries(Object.entries(rows).map(([side, row]) => [sides[side as SideName], row])))
  result[`poll ${poll}`] = rows
}
offsets.push(...(await Promise.all(pages.map(clockOffset))))
const clocks = rounded(Math.max(...offsets.map(Math.abs)))
console.log(`The clocks of the pages and of the upstream differed by ${clocks} ms at most.`)

await site.close()
upstream.close()
writeResult('time-to-screen', { jobs, visitors, 'clocks, ms': clocks, ...result })
process.exit(0)
