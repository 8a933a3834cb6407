/**
 * What a relay's memory comes to when visitors want as much of it at once as they
 * can think of, and how long a caller waits meanwhile who is signed in. Each flood
 * meets a relay of its own, with the limits as they are by default.
 *
 *   npm run bench:flood [-- --relay ../another-checkout/test/helpers/relay-program.ts]
 */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ClientSecretRecord, PollAnswer } from '../src/protocol/record.ts'
import type { Flood, FloodState } from './flood/crowd.ts'
import { readOptions } from '../src/relay/options.ts'
import { median, numberOption, percentile, rounded, writeResult } from './parts/figures.ts'
import { startProgram } from './parts/program.ts'
import { keyFor, startRelayProcess, type RelayProcess } from './parts/relay.ts'

/** Milliseconds after which a flood is judged that has not come to rest. */
const maxFlood = numberOption('longest', 900) * 1_000

const at = process.argv.indexOf('--relay')
const relayProgram = at === -1 ? undefined : resolve(process.argv[at + 1]!)

// The caller who is signed in: an administrator by this token.
const token = 'the-token-of-the-caller-who-is-signed-in'
process.env['CLIENT_SECRET_ADMIN_TOKEN'] = token

const [api, apiUrl] = await startProgram<string>('flood/api.ts')
const [crowd] = await startProgram('flood/crowd.ts')
const visitors = Array.from({ length: 100 }, (_, n) => `the session of visitor ${n} of the flood`)

const request = (fields: object) =>
  JSON.stringify({
    clientSecretName: 'api',
    method: 'POST',
    headers: { authorization: 'Bearer $CLIENT_SECRET' },
    ...fields,
  })

type Asked = Omit<Flood, 'url'>
const submits = (count: number, fields: object): Pick<Flood, 'method' | 'callers' | 'body'> => ({
  method: 'POST',
  callers: visitors.slice(0, count).map((session) => ({ session, path: '/requests' })),
  body: request(fields),
})

interface Scenario {
  flood: Asked | ((relay: RelayProcess) => Promise<Asked>)
  /** Whether the flood has come to rest, after so many milliseconds. */
  isOver: (state: FloodState, elapsed: number) => Promise<boolean>
}

const answered = ({ answers }: FloodState) => Object.values(answers).reduce((sum, count) => sum + count, 0)
/** Answered, or held by the API. */
const until = (count: number) => async (state: FloodState) =>
  answered(state) + (await api.ask<number>({ release: false })) >= count
/** Where answers wait that nobody reads, there is no other end. */
const halfAMinute = async (_state: FloodState, elapsed: number) => elapsed > 30_000
/** A body of so many bytes: of one long text, or of what JSON makes most objects of. */
const bodies = (callers: number, data: object): Scenario => ({
  flood: {
    ...submits(callers, { url: `${apiUrl}/hold`, data }),
    each: 600 / callers,
    atOnce: 600,
    isRead: true,
  },
  isOver: until(600),
})

const scenarios: Record<string, Scenario> = {
  '600 requests of 1 MB at once, of one visitor': bodies(1, { text: 'x'.repeat(1_000_000) }),
  '600 requests of 1 MB at once, of 100 visitors': bodies(100, { text: 'x'.repeat(1_000_000) }),
  '600 requests of 1 MB of {} at once, of one visitor': bodies(1, {
    list: Array.from({ length: 333_000 }, () => ({})),
  }),
  '100 polls of each of 100 visitors': {
    async flood(relay) {
      const callers = await Promise.all(
        visitors.map(async (session) => {
          const { id } = await submitQueued(relay, session, `${apiUrl}/hold`)
          const { version } = await newest(relay, { 'client-session': session }, id)
          return { session, path: `/requests?wait=20000&ids=${id}:${version}` }
        }),
      )
      return { method: 'GET', callers, each: 100, atOnce: 10_000, isRead: true }
    },
    // Held for a while, or not at all.
    isOver: async ({ sent }, elapsed) => sent === 10_000 && elapsed > 15_000,
  },
  '1,000 answers of 9 MB, kept in memory': {
    flood: {
      ...submits(2, { url: `${apiUrl}/large`, data: {} }),
      each: 500,
      atOnce: 16,
      isRead: true,
    },
    isOver: until(1_000),
  },
  '200 answers of 9 MB at once, whose callers read nothing': {
    flood: {
      ...submits(20, { url: `${apiUrl}/large`, data: {} }),
      each: 10,
      atOnce: 200,
      isRead: false,
    },
    isOver: halfAMinute,
  },
  '200 polls of an answer of 9 MB, whose callers read nothing': {
    async flood(relay) {
      const session = visitors[0]!
      const { id } = await submitQueued(relay, session, `${apiUrl}/large`)
      while ((await newest(relay, { 'client-session': session }, id)).status !== 'resolved') await sleep(100)
      return {
        method: 'GET',
        callers: [{ session, path: `/requests?ids=${id}` }],
        each: 200,
        atOnce: 200,
        isRead: false,
      }
    },
    isOver: halfAMinute,
  },
}

async function submit(relay: RelayProcess, headers: Record<string, string>, fields: object) {
  const response = await fetch(`${relay.url}/requests`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: request(fields),
  })
  return { status: response.status, record: (await response.json()) as ClientSecretRecord }
}

async function submitQueued(relay: RelayProcess, session: string, url: string): Promise<ClientSecretRecord> {
  const { record } = await submit(relay, { 'client-session': session }, { url, data: {}, queue: 'flood' })
  return record
}

/** The record as it is once its call has begun. */
async function newest(relay: RelayProcess, headers: Record<string, string>, id: string): Promise<ClientSecretRecord> {
  for (;;) {
    const response = await fetch(`${relay.url}/requests?ids=${id}`, { headers })
    const { records } = (await response.json()) as PollAnswer
    if (records[0] && records[0].status !== 'pending') return records[0]
    await sleep(20)
  }
}

/** Megabytes that a process has had at most; 0 when it is dead. */
function peakOf({ pid }: { pid: number }): number {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024
  } catch {
    return 0
  }
}

/** Sends a request every 100 ms, and polls one that goes on, until it is told to stop. */
async function signedIn(relay: RelayProcess) {
  const headers = { authorization: `Bearer ${token}` }
  const times: number[] = []
  const notServed = { requests: 0, polls: 0 }
  let isOver = false
  const { record } = await submit(relay, headers, { url: `${apiUrl}/hold`, data: {}, queue: 'mine' })
  const { version } = await newest(relay, headers, record.id)
  async function run(): Promise<void> {
    while (!isOver) {
      const from = performance.now()
      const { status } = await submit(relay, headers, { url: `${apiUrl}/at-once`, data: {} }).catch(() => ({
        status: 0,
      }))
      if (status === 200) times.push(performance.now() - from)
      else notServed.requests++
      const path = `/requests?ids=${record.id}:${version}&wait=100`
      const poll = await fetch(relay.url + path, { headers }).catch(() => undefined)
      if (!poll?.ok) notServed.polls++
      await poll?.arrayBuffer().catch(() => {})
    }
  }
  const running = run()
  return {
    async stop() {
      isOver = true
      await Promise.race([running, sleep(5_000)])
      return { times, notServed }
    },
  }
}

async function measure({ flood, isOver }: Scenario) {
  const relay = await startRelayProcess(
    { keys: { api: keyFor(apiUrl) } },
    relayProgram ? { program: relayProgram } : {},
  )
  const before = peakOf(relay)
  const caller = await signedIn(relay)
  const asked = typeof flood === 'function' ? await flood(relay) : flood
  await sleep(500)
  await crowd.ask({ start: { ...asked, url: relay.url } satisfies Flood })
  let state = await crowd.ask<FloodState>({})
  let peak = before
  let isAlive = true
  const startedAt = Date.now()
  const elapsed = () => Date.now() - startedAt
  while (isAlive && elapsed() < maxFlood && !(await isOver(state, elapsed()))) {
    await sleep(100)
    state = await crowd.ask<FloodState>({})
    const now = peakOf(relay)
    isAlive = now > 0
    peak = Math.max(peak, now)
  }
  peak = Math.max(peak, peakOf(relay))
  const { times, notServed } = await caller.stop()
  state = await crowd.ask<FloodState>({ stop: true })
  await api.ask({ release: true })
  await relay.kill()
  return {
    answers: state.answers,
    'memory before, MB': Math.round(before),
    'peak, MB': Math.round(peak),
    'the relay died': isAlive ? 'no' : 'yes',
    'signed in: served': times.length,
    'signed in: requests not served': notServed.requests,
    'signed in: polls not served': notServed.polls,
    'p50, ms': rounded(median(times), 1),
    'p99, ms': rounded(percentile(times, 0.99), 1),
    'longest, ms': rounded(Math.max(...times), 1),
  }
}

/**
 * Megabytes within which a relay stays, whatever visitors do. A byte under way is
 * there up to seven times: as it was sent, as a text in what was read as JSON, as
 * JSON of the record, in the database, in the call of the API, and on its way out.
 */
function boundOf({ bytesInFlight, bytesInMemory, heldPolls }: ReturnType<typeof readOptions>['limits'], base: number) {
  const megabytes = (bytes: number) => bytes / 2 ** 20
  const ofVisitors = megabytes(bytesInFlight) / 2
  // As much of answers that wait to be written, and of those that are kept for who asks again, as direct.ts has of each.
  const keptAndUnwritten = 2 * megabytes(2 * 32_000_000)
  return base + 7 * ofVisitors + 1.25 * megabytes(bytesInMemory) + keptAndUnwritten + megabytes(heldPolls * 25_000)
}

const found: Record<string, Awaited<ReturnType<typeof measure>>> = {}
for (const [name, scenario] of Object.entries(scenarios)) {
  found[name] = await measure(scenario)
  console.log(name, found[name])
}
await Promise.all([api.kill(), crowd.kill()])
const { limits } = readOptions({ keys: { api: keyFor(apiUrl) } }, {})
const base = Math.max(...Object.values(found).map((one) => one['memory before, MB']))
const bound = Math.round(boundOf(limits, base))
const peak = Math.max(...Object.values(found).map((one) => one['peak, MB']))
console.log(`at most ${peak} MB; the bound that the limits say is ${bound} MB: ${peak <= bound ? 'kept' : 'BROKEN'}`)
writeResult(relayProgram ? 'flood-before' : 'flood', { 'bound, MB': bound, floods: found })
process.exit(0)
