/**
 * How soon a poll that is held at one relay is answered when another one settles
 * the record, on Postgres; and what 1,000 polls that are held at once take from
 * the relay and from everybody else.
 *
 *   npm run bench:polls
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { ClientSecretRecord, PollAnswer } from '../src/protocol/record.ts'
import { startPostgres } from '../test/helpers/start-postgres.ts'
import { median, numberOption, percentile, rounded, writeResult } from './parts/figures.ts'
import { keyFor, noLimits, startRelayProcess, usageOf, type RelayProcess } from './parts/relay.ts'
import { answerWith, startUpstream } from './parts/upstream.ts'

const wakes = numberOption('wakes', 300)
const polls = numberOption('polls', 1_000)
/** Calls of each kind in one turn, and turns without and with polls that are held. */
const callsInTurn = 60
const turns = 4

/** The calls that are let go when the bench says so. */
const doors = new Map<string, () => void>()
const upstream = await startUpstream((call, outgoing) => {
  const answer = () => answerWith(call, outgoing, { answered: true })
  if (call.url.pathname === '/at-once') answer()
  else doors.set(call.url.searchParams.get('name')!, answer)
})
const postgres = await startPostgres()
const options = {
  keys: { api: keyFor(upstream.url) },
  database: await postgres.database(),
  limits: { ...noLimits, upstreamTimeout: 3_600_000 },
}
const relays = [await startRelayProcess(options), await startRelayProcess(options)] as const

const sessionOf = (name: string) => `the session of the bench's ${name}`
async function ask<Answer>(relay: RelayProcess, path: string, name: string, init: RequestInit = {}): Promise<Answer> {
  const headers = { 'client-session': sessionOf(name), 'content-type': 'application/json' }
  const response = await fetch(`${relay.url}${path}`, { ...init, headers })
  const answer = (await response.json()) as Answer
  if (!response.ok) throw new Error(JSON.stringify(answer))
  return answer
}

const request = { clientSecretName: 'api', method: 'POST', headers: { authorization: 'Bearer $CLIENT_SECRET' } }
function submit(relay: RelayProcess, name: string, fields: object): Promise<ClientSecretRecord> {
  return ask(relay, '/requests', name, { method: 'POST', body: JSON.stringify({ ...request, ...fields }) })
}

async function measureWakes() {
  const [here, there] = relays
  const times: number[] = []
  for (let count = -20; count < wakes; count++) {
    const name = `wake ${count}`
    const { id } = await submit(here, 'waker', { url: `${upstream.url}/`, params: { name }, data: {}, poll: 1 })
    while (!doors.has(name)) await sleep(1)
    const { records } = await ask<PollAnswer>(there, `/requests?ids=${id}`, 'waker')
    const held = ask<PollAnswer>(there, `/requests?ids=${id}:${records[0]!.version}&wait=20000`, 'waker')
    // Until the poll is held.
    await sleep(15)
    const from = performance.now()
    doors.get(name)!()
    const [record] = (await held).records
    if (record?.status !== 'resolved') throw new Error(`the poll was answered with a record that is ${record?.status}`)
    if (count >= 0) times.push(performance.now() - from)
  }
  return times
}

const relay = relays[0]
const others: Record<string, () => Promise<unknown>> = {
  'a direct request': () => submit(relay, 'other', { url: `${upstream.url}/at-once`, data: {} }),
  'a submit that runs in the background': () =>
    submit(relay, 'other', { url: `${upstream.url}/at-once`, data: {}, poll: 1 }),
  'a poll that is not held': async () => ask(relay, `/requests?ids=${await known}`, 'other'),
  'a page of the history': () => ask(relay, '/requests?limit=20', 'other'),
  'a count': () => ask(relay, '/queues/none', 'other'),
}
const known = submit(relay, 'other', { url: `${upstream.url}/at-once`, data: {} }).then(({ id }) => id)

async function timesOfOthers(): Promise<Record<string, number[]>> {
  const times: Record<string, number[]> = {}
  for (let count = 0; count < callsInTurn; count++) {
    for (const [name, call] of Object.entries(others)) {
      const from = performance.now()
      await call()
      times[name] = [...(times[name] ?? []), performance.now() - from]
    }
  }
  return times
}

function join(one: Record<string, number[]>, other: Record<string, number[]>): Record<string, number[]> {
  return Object.fromEntries(Object.keys(other).map((name) => [name, [...(one[name] ?? []), ...other[name]!]]))
}

async function measureHeld() {
  // A request of each of 1,000 callers, which nobody answers.
  const waiting: { name: string; id: string }[] = []
  for (let from = 0; from < polls; from += 50) {
    const some = Array.from({ length: 50 }, async (_, index) => {
      const name = `holder ${from + index}`
      const { id } = await submit(relay, name, { url: `${upstream.url}/`, params: { name }, data: {}, poll: 1 })
      return { name, id }
    })
    waiting.push(...(await Promise.all(some)))
  }
  await sleep(3_000)
  let isHolding = false
  const holders = new Set<Promise<void>>()
  let held = 0
  async function hold({ name, id }: { name: string; id: string }, signal: AbortSignal): Promise<void> {
    for (let version = ''; isHolding;) {
      const path = `/requests?ids=${version ? `${id}:${version}` : id}&wait=25000`
      held++
      const answer = await ask<PollAnswer>(relay, path, name, { signal }).catch(() => undefined)
      held--
      version = answer?.records[0]?.version ?? version
    }
  }

  let idle: Record<string, number[]> = {}
  let busy: Record<string, number[]> = {}
  const usage = { memoryIdle: 0, memoryHeld: 0, processorIdle: 0, processorHeld: 0 }
  await timesOfOthers()
  for (let turn = 0; turn < turns; turn++) {
    const idleFrom = usageOf(relay)
    await sleep(3_000)
    usage.processorIdle = (usageOf(relay).processor - idleFrom.processor) / 3
    if (turn === 0) usage.memoryIdle = idleFrom.memory
    idle = join(idle, await timesOfOthers())
    isHolding = true
    const leaving = new AbortController()
    for (const one of waiting) {
      const holder = hold(one, leaving.signal)
      holders.add(holder)
    }
    await sleep(4_000)
    const heldFrom = usageOf(relay)
    await sleep(3_000)
    usage.processorHeld = (usageOf(relay).processor - heldFrom.processor) / 3
    usage.memoryHeld = Math.max(usage.memoryHeld, heldFrom.memory)
    if (held !== polls) throw new Error(`${held} polls are held, not ${polls}`)
    busy = join(busy, await timesOfOthers())
    isHolding = false
    leaving.abort()
    await Promise.all(holders)
    holders.clear()
    await sleep(1_000)
  }
  const rows = Object.keys(others).map((name) => {
    const [without, with_] = [median(idle[name]!), median(busy[name]!)]
    return {
      call: name,
      'idle p50, ms': rounded(without),
      'held p50, ms': rounded(with_),
      'held / idle': rounded(with_ / without),
      'idle p95, ms': rounded(percentile(idle[name]!, 0.95)),
      'held p95, ms': rounded(percentile(busy[name]!, 0.95)),
    }
  })
  return { rows, usage }
}

const times = await measureWakes()
const wake = { polls: times.length, 'p50, ms': rounded(median(times)), 'p95, ms': rounded(percentile(times, 0.95)) }
console.log('The API answers one relay → the poll held at another is answered (aim: p95 at most 50 ms)')
console.table([wake])
const { rows, usage } = await measureHeld()
console.log(`Other calls of a relay while ${polls} polls are held there (aim: at most twice the idle time)`)
console.table(Object.fromEntries(rows.map(({ call, ...rest }) => [call, rest])))
const megabytes = (value: number) => `${rounded(value, 0)} MB`
const percent = (value: number) => `${rounded(value * 100, 1)} % of one core`
console.log(
  `memory of the relay: ${megabytes(usage.memoryIdle)} before, ${megabytes(usage.memoryHeld)} with ${polls} polls held`,
)
console.log(`processor: ${percent(usage.processorIdle)} before, ${percent(usage.processorHeld)} while they are held`)
await Promise.all(relays.map((one) => one.kill()))
await postgres.remove()
upstream.close()
writeResult('polls', { wake, held: { polls, rows, usage } })
const isMet = wake['p95, ms'] <= 50 && rows.every((row) => row['held / idle'] <= 2)
console.log(isMet ? 'The aims are met.' : 'An aim is MISSED.')
process.exit(0)
