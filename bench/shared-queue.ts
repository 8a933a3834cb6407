/**
 * Three relays on Postgres, 200 callers and one shared queue of 3 calls at once and 60 in any minute, for two minutes.
 * One caller sends 500 requests, then 20 callers send two each, then one caller sends one, then 178 callers send two
 * each. After 70 s, one relay ends by kill -9. The API counts the calls, also those of the killed relay until their end.
 *
 *   npm run bench:shared-queue                     takes 2 minutes
 *   npm run bench:shared-queue -- --seconds 240
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { startPostgres } from '../test/helpers/start-postgres.ts'
import { numberOption, percentile, rounded, writeResult } from './parts/figures.ts'
import { keyFor, noLimits, startRelayProcess } from './parts/relay.ts'
import { answerWith, startUpstream } from './parts/upstream.ts'

const seconds = numberOption('seconds', 125)
const killAfter = 70
const callers = 200
const ofFirst = 500
const ofOthers = 2
const queue = { shared: true as const, maxConcurrency: 3, perMinute: 60 }
const minute = 60_000
/** Milliseconds of a call. */
const callTakes = 1_500

interface Job {
  caller: string
  n: number
}

interface Arrival extends Job {
  at: number
}

const arrivals: Arrival[] = []
/** When each caller sent its first request. */
const firstSent = new Map<string, number>()
let atOnce = 0
let mostAtOnce = 0
const upstream = await startUpstream((call, outgoing) => {
  arrivals.push({ ...(JSON.parse(call.body) as Job), at: call.startedAt })
  mostAtOnce = Math.max(mostAtOnce, ++atOnce)
  // The API goes on with a call whose connection ends.
  setTimeout(() => {
    atOnce--
    answerWith(call, outgoing, {})
  }, callTakes)
})

const postgres = await startPostgres()
const options = {
  keys: { api: keyFor(upstream.url) },
  database: await postgres.database(),
  limits: noLimits,
  queues: { images: queue },
}
const relays = [await startRelayProcess(options), await startRelayProcess(options), await startRelayProcess(options)]
let turn = 0

/** Sends a request, and gives its place in the queue. */
async function submit({ caller, n }: Job): Promise<number> {
  if (!firstSent.has(caller)) firstSent.set(caller, performance.now())
  const response = await fetch(`${relays[turn++ % relays.length]!.url}/requests`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'client-session': caller.padEnd(32, '-') },
    body: JSON.stringify({
      clientSecretName: 'api',
      url: `${upstream.url}/`,
      method: 'POST',
      headers: { authorization: 'Bearer $CLIENT_SECRET' },
      data: { caller, n },
      queue: 'images',
    }),
  })
  if (response.status !== 202) throw new Error(`a request was not accepted: ${await response.text()}`)
  return ((await response.json()) as { inQueue: number }).inQueue
}

const started = performance.now()
const others = Array.from({ length: callers - 2 }, (_, number) => `other ${number}`)
const submitAll = async (caller: string, count: number) => {
  for (let n = 0; n < count; n++) await submit({ caller, n })
}
await submitAll('many', ofFirst)
const before = others.slice(0, 20)
await Promise.all(before.map((caller) => submitAll(caller, ofOthers)))
const place = await submit({ caller: 'one', n: 0 })
await Promise.all(others.slice(20).map((caller) => submitAll(caller, ofOthers)))
const sent = ofFirst + 1 + others.length * ofOthers
console.log(`${sent} requests of ${callers} callers submitted in ${rounded((performance.now() - started) / 1000, 1)} s`)

const end = started + seconds * 1000
await sleep(Math.max(0, started + killAfter * 1000 - performance.now()))
const killed = relays.pop()!
await killed.kill()
const runningAtKill = atOnce
console.log(`one relay was killed after ${killAfter} s; ${arrivals.length} calls so far, ${runningAtKill} running`)
await sleep(Math.max(0, end - performance.now()))
const counted = arrivals.filter(({ at }) => at <= end)
await Promise.all(relays.map((relay) => relay.kill()))
await postgres.remove()
upstream.close()

const times = counted.map(({ at }) => at)
const mostInMinute = Math.max(...times.map((from) => times.filter((at) => at >= from && at < from + minute).length))
/** Whole minutes of calls, and the time that they take: the bound allows 60 calls, and 60 more a minute later. */
const minutes = Math.floor((times.length - 1) / queue.perMinute)
const perMinute = (minutes * queue.perMinute * minute) / (times[minutes * queue.perMinute]! - times[0]!)
const below = (1 - perMinute / queue.perMinute) * 100
const byCaller = new Map<string, Arrival[]>()
for (const job of counted) byCaller.set(job.caller, [...(byCaller.get(job.caller) ?? []), job])
const violations = [...byCaller.values()].filter((jobs) =>
  jobs.some(({ n }, index) => index > 0 && n <= jobs[index - 1]!.n),
).length
const first = (caller: string) => byCaller.get(caller)?.[0]?.at ?? NaN
/** Seconds from the first request of a caller to its call. */
const waitOf = (caller: string) => (first(caller) - firstSent.get(caller)!) / 1000
const waits = before.map(waitOf)
const figures = {
  'relays, one of them killed': 3,
  callers,
  'requests that wait at the start': sent,
  'calls at the API': counted.length,
  'most at once': mostAtOnce,
  'most at once, allowed': queue.maxConcurrency,
  'most in any 60 s': mostInMinute,
  'most in any 60 s, allowed': queue.perMinute,
  'calls in a minute': rounded(perMinute, 1),
  'below the bound, %': rounded(below, 1),
  'calls that ran at the kill': runningAtKill,
  'place of the caller with one request': place,
  'its wait, s': rounded(waitOf('one'), 1),
  'its wait in the order of arrival, s': ((ofFirst + before.length * ofOthers) / queue.perMinute) * 60,
  'first requests of the 20 callers before it, p50 of the wait, s': rounded(percentile(waits, 0.5), 1),
  'first requests of the 20 callers before it, longest wait, s': rounded(Math.max(...waits), 1),
  'calls of the caller with 500 before it': byCaller.get('many')!.filter(({ at }) => at < first('one')).length,
  'calls of the caller with 500': byCaller.get('many')!.length,
  'callers with a call': byCaller.size,
  'most calls of another caller': Math.max(...others.map((caller) => byCaller.get(caller)?.length ?? 0)),
  'callers out of order': violations,
}
console.table(Object.fromEntries(Object.entries(figures).map(([name, value]) => [name, { value }])))
writeResult('shared-queue', { seconds, killAfter, queue, figures })
const isMet =
  mostAtOnce <= queue.maxConcurrency && mostInMinute <= queue.perMinute && violations === 0 && below >= 0 && below <= 5
console.log(isMet ? 'The aims are met.' : 'An aim is MISSED.')
process.exit(isMet ? 0 : 1)
