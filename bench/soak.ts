/**
 * Whether a relay on Postgres gives everything back. For 20 minutes it works at 60 % of a core on requests of every
 * kind: direct, queued, in a shared queue, cancelled, left by their callers, and streams that are read, kept or left.
 * Then it rests until the last record has expired. Meanwhile: its memory, descriptors and connections, and the rows of
 * all tables.
 *
 *   npm run bench:soak
 *   npm run bench:soak -- --minutes 2 --seed 7
 */
import { readdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { startPostgres } from '../test/helpers/start-postgres.ts'
import { numberOption, randomFrom, rounded, writeResult } from './parts/figures.ts'
import { keyFor, noLimits, startRelayProcess, usageOf } from './parts/relay.ts'
import { records as sample } from './parts/sample.ts'
import { answerWith, startUpstream } from './parts/upstream.ts'

const minutes = numberOption('minutes', 20)
const random = randomFrom(numberOption('seed', 1))
/** Of a core, by the relay. */
const target = 0.6
/** Seconds that a record lives. */
const expires = 30
/** Seconds of rest: the last record has expired, and the counts of the last minute too. */
const rest = expires + 150
/** Milliseconds between two figures, and between two corrections of the rate. */
const sampleEvery = 30_000
const correctEvery = 2_000
const tick = 20
const maxUnderWay = 200

const large = sample(100_000)
const small = sample(1_000)
const upstream = await startUpstream((call, outgoing) => {
  // This program forgets the calls, as it wants to know what the relay keeps.
  upstream.calls.length = 0
  if (call.url.pathname === '/events') {
    outgoing.writeHead(200, { 'content-type': 'text/event-stream' })
    const write = (left: number) => {
      outgoing.write(`data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: ' otter' } }] })}\n\n`)
      if (left > 1) setTimeout(write, 20, left - 1)
      else outgoing.end()
    }
    return write(20)
  }
  const answer = () => answerWith(call, outgoing, call.url.pathname === '/large' ? large : small)
  if (call.url.pathname === '/slow') setTimeout(answer, 300)
  else answer()
})
const postgres = await startPostgres()
const database = await postgres.database()
const relay = await startRelayProcess(
  {
    keys: { api: { ...keyFor(upstream.url, { stream: true }), locked: false } },
    database,
    limits: { ...noLimits, disconnectGracePeriod: 1_000 },
    queues: { shared: { shared: true, maxConcurrency: 20 } },
  },
  { log: true },
)
const watch = new pg.Client(database)
await watch.connect()

let sessions = 0
const headersOf = () => ({
  'content-type': 'application/json',
  // Some callers return, and others come once.
  'client-session': `a visitor of the soak, with number ${random() < 0.5 ? Math.floor(random() * 200) : ++sessions}`,
})
const described = (path: string, fields: { queue?: string; keep?: true } = {}) => ({
  clientSecretName: 'api',
  url: `${upstream.url}${path}`,
  method: 'POST',
  headers: { authorization: 'Bearer $CLIENT_SECRET' },
  data: { text: 'an otter' },
  expires,
  ...fields,
})

interface Sent {
  id: string
  status: string
}
type Headers = ReturnType<typeof headersOf>

async function submit(headers: Headers, request: object, signal?: AbortSignal): Promise<Sent> {
  const init = { method: 'POST', headers, body: JSON.stringify(request), signal: signal ?? null }
  const response = await fetch(`${relay.url}/requests`, init)
  const record = (await response.json()) as Sent
  if (!response.ok) throw new Error(JSON.stringify(record))
  return record
}

async function settled(headers: Headers, { id, status }: Sent): Promise<string> {
  for (let now = status; ;) {
    if (now !== 'pending' && now !== 'running') return now
    const response = await fetch(`${relay.url}/requests?ids=${id}&wait=20000`, { headers })
    const { records } = (await response.json()) as { records: Sent[] }
    now = records[0]?.status ?? 'absent'
  }
}

async function read(
  headers: Headers,
  { data, ...request }: ReturnType<typeof described>,
  chunks: number,
): Promise<void> {
  const leave = new AbortController()
  const init = {
    method: 'POST',
    headers: { ...headers, 'client-secret-request': btoa(JSON.stringify(request)) },
    body: JSON.stringify(data),
  }
  const response = await fetch(`${relay.url}/fetch`, { ...init, signal: leave.signal })
  if (!response.ok) throw new Error(await response.text())
  let seen = 0
  for await (const chunk of response.body!) {
    seen += chunk.length > 0 ? 1 : 0
    if (seen === chunks) break
  }
  leave.abort()
}

/** What callers do, with how often. */
const jobs: [number, string, (headers: Headers) => Promise<unknown>][] = [
  [50, 'direct', (headers) => submit(headers, described('/'))],
  [5, 'direct, 100 kB', (headers) => submit(headers, described('/large'))],
  [15, 'queued', async (headers) => settled(headers, await submit(headers, described('/', { queue: 'own' })))],
  [8, 'shared', async (headers) => settled(headers, await submit(headers, described('/', { queue: 'shared' })))],
  [
    5,
    'cancelled',
    async (headers) => {
      const { id } = await submit(headers, described('/slow', { queue: 'own' }))
      await fetch(`${relay.url}/requests/${id}`, { method: 'DELETE', headers })
    },
  ],
  [
    5,
    'left',
    (headers) =>
      submit(headers, described('/slow'), AbortSignal.timeout(100)).catch((error: unknown) => ignoreLeft(error)),
  ],
  [6, 'stream', (headers) => read(headers, described('/events'), Infinity)],
  [4, 'kept stream', (headers) => read(headers, described('/events', { keep: true }), Infinity)],
  [2, 'stream, left', (headers) => read(headers, described('/events', { keep: true }), 3)],
]
const weight = jobs.reduce((sum, [part]) => sum + part, 0)

function ignoreLeft(error: unknown): void {
  if ((error as Error).name !== 'TimeoutError') throw error
}

const done: Record<string, number> = {}
const failures: Record<string, number> = {}
let underWay = 0

function start(): void {
  let at = random() * weight
  const [, name, run] = jobs.find(([part]) => (at -= part) < 0)!
  underWay++
  run(headersOf())
    .then(
      () => void (done[name] = (done[name] ?? 0) + 1),
      (error: unknown) => {
        const what = `${name}: ${String(error)
          .replace(/,"requestId.*/, '')
          .slice(0, 200)}`
        failures[what] = (failures[what] ?? 0) + 1
      },
    )
    .finally(() => underWay--)
}

async function count(sql: string): Promise<number> {
  return Number((await watch.query<{ count: string }>(sql)).rows[0]!.count)
}

const tables = [
  'records',
  'stream_pieces',
  'shared_turns',
  'shared_calls',
  'limit_counts',
  'relays',
  'client_secret_queue.job',
]
const started = performance.now()
let lastProcessor = usageOf(relay).processor

async function figures() {
  const { memory, processor } = usageOf(relay)
  const core = (processor - lastProcessor) / ((performance.now() - lastSample) / 1000)
  lastProcessor = processor
  lastSample = performance.now()
  const rows: Record<string, number> = {}
  for (const table of tables) rows[table] = await count(`SELECT count(*) FROM ${table}`)
  return {
    minute: rounded((performance.now() - started) / 60_000, 1),
    core: rounded(core),
    'memory, MB': Math.round(memory),
    descriptors: readdirSync(`/proc/${relay.pid}/fd`).length,
    connections: await count(
      `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`,
    ),
    'database, MB': Math.round((await count('SELECT pg_database_size(current_database()) AS count')) / 2 ** 20),
    ...rows,
    done: Object.values(done).reduce((sum, part) => sum + part, 0),
  }
}
let lastSample = performance.now()

const series = [await figures()]
const end = started + minutes * 60_000
let rate = 50
let owed = 0
let corrected = { at: performance.now(), processor: usageOf(relay).processor }
while (performance.now() < end) {
  const before = performance.now()
  await sleep(tick)
  const time = performance.now()
  owed = Math.min(owed + (rate * (time - before)) / 1000, maxUnderWay)
  for (; owed >= 1; owed--) if (underWay < maxUnderWay) start()
  if (time - corrected.at >= correctEvery) {
    const { processor } = usageOf(relay)
    const core = (processor - corrected.processor) / ((time - corrected.at) / 1000)
    // On a busy machine the relay gets less of a core, however much it has to do.
    const change = underWay > 100 ? 0.8 : Math.min(1.2, Math.max(0.8, target / Math.max(core, 0.01)))
    rate = Math.max(5, rate * change)
    corrected = { at: time, processor }
  }
  if (time - lastSample >= sampleEvery) {
    series.push(await figures())
    console.log(JSON.stringify(series.at(-1)))
  }
}
while (underWay > 0) await sleep(100)
series.push(await figures())
await sleep(rest * 1000)
series.push(await figures())

console.table(series)
console.table(done)
if (Object.keys(failures).length > 0) console.table(failures)
const last = series.at(-1)!
const left = tables.filter((table) => table !== 'relays' && last[table as keyof typeof last] !== 0)
console.log(left.length === 0 ? 'No row is left in any table.' : `Rows are left in: ${left.join(', ')}`)
await watch.end()
await relay.kill()
await postgres.remove()
upstream.close()
writeResult('soak', { minutes, expires, done, failures, series })
process.exit(left.length === 0 && Object.keys(failures).length === 0 ? 0 : 1)
