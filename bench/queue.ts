/**
 * How soon the next request of a queue starts when the one before has ended, and
 * how long 1,000 requests in 1,000 queues take: our relay on SQLite and on
 * Postgres, beside pg-boss as it comes (`work()`) and beside the barest loop
 * there is around its `fetch`. All in one run, in turns, medians of the rounds:
 * these machines are noisy.
 *
 *   npm run bench:queue
 *
 * Everything waits already when the time begins, and it is measured at the
 * upstream, from the first call on: who takes requests in how fast is another matter.
 */
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { PgBoss } from 'pg-boss'
import { request } from 'undici'
import { createRelay } from '../src/relay/create-relay.ts'
import { createRecords } from '../src/relay/database/records.ts'
import { openStorage } from '../src/relay/execution/queue/open-storage.ts'
import { startPostgres } from '../test/helpers/start-postgres.ts'
import { median, numberOption, percentile, rounded, writeResult } from './parts/figures.ts'
import { keyFor, noLimits } from './parts/relay.ts'
import { answerWith, startUpstream } from './parts/upstream.ts'

const rounds = numberOption('rounds', 5)
const inOneQueue = numberOption('in-one-queue', 300)
const many = numberOption('queues', 1_000)
/** As many as a relay has under way at a time. */
const atOnce = 100
/** What takes half a second and more each is not asked as often. */
const fewInOneQueue = 6

const upstream = await startUpstream((call, outgoing) => {
  setTimeout(() => answerWith(call, outgoing, {}), 1)
})

/** One way to run jobs, each of which is in a queue by its name. */
interface Runner {
  name: string
  /** Jobs of the gap in one queue. */
  inOneQueue: number
  /** Puts the jobs where they wait, gives what lets them go, and that what ends it. */
  prepare(queues: string[]): Promise<{ go: () => Promise<unknown> | void; end: () => Promise<unknown> }>
}

const quiet = { info() {}, warn: console.warn, error: console.error }

function relayOn(name: string, database: string): Runner {
  return {
    name,
    inOneQueue,
    async prepare(queues) {
      const { database: filled } = await openStorage(database, quiet)
      const records = createRecords(filled)
      for (const queue of queues) {
        await records.insert(
          {
            owner: 'visitor:bench',
            idempotencyKey: randomUUID(),
            lifetime: 86_400_000,
            request: {
              clientSecretName: 'api',
              url: `${upstream.url}/`,
              method: 'POST',
              headers: { authorization: 'Bearer $CLIENT_SECRET' },
              data: { queue },
              queue,
            },
          },
          async () => {},
        )
      }
      await filled.close()
      let relay: ReturnType<typeof createRelay> | undefined
      return {
        // A relay that starts takes up what an earlier one has left.
        async go() {
          relay = createRelay({ keys: { api: keyFor(upstream.url) }, database, limits: noLimits, logger: quiet })
          await relay.ready
        },
        end: async () => relay?.close(),
      }
    },
  }
}

/** As a job of pg-boss calls the API. */
async function call(data: object): Promise<void> {
  const response = await request(upstream.url, {
    method: 'POST',
    headers: { authorization: 'Bearer sk', 'content-type': 'application/json' },
    body: JSON.stringify(data),
  })
  await response.body.text()
}

async function bossWith(address: string, queues: string[]) {
  const boss = new PgBoss({ connectionString: address, supervise: false, schedule: false })
  boss.on('error', console.error)
  await boss.start()
  const name = `jobs-${randomUUID()}`
  // The policy with an order: one of a key at a time, the oldest first.
  await boss.createQueue(name, { policy: 'key_strict_fifo' })
  for (const queue of queues) await boss.send(name, { queue }, { singletonKey: queue })
  return { boss, name }
}

function bareLoop(address: string): Runner {
  return {
    name: 'bare pg-boss fetch loop',
    inOneQueue,
    async prepare(queues) {
      const { boss, name } = await bossWith(address, queues)
      let left = queues.length
      let active = 0
      const run = async ({ id, data }: { id: string; data: object }) => {
        await call(data)
        await boss.complete(name, id)
        left--
        active--
      }
      return {
        async go() {
          while (left > 0) {
            const free = atOnce - active
            const jobs = free > 0 ? await boss.fetch<object>(name, { batchSize: free }) : []
            active += jobs.length
            const running = jobs.map(run)
            // In one queue there is nothing to fetch before the job has ended.
            if (queues[1] === queues[0]) await Promise.all(running)
            else if (jobs.length === 0) await new Promise((resolve) => setImmediate(resolve))
          }
        },
        end: () => boss.stop({ graceful: false }),
      }
    },
  }
}

/** pg-boss as it comes, but for the shortest pause between two looks that it allows. */
function stockWork(address: string): Runner {
  return {
    name: `pg-boss work(), a look every 0.5 s, ${atOnce} jobs a look`,
    inOneQueue: fewInOneQueue,
    async prepare(queues) {
      const { boss, name } = await bossWith(address, queues)
      return {
        go: () =>
          boss.work<object>(name, { pollingIntervalSeconds: 0.5, batchSize: atOnce }, async (jobs) => {
            await Promise.all(jobs.map(({ data }) => call(data)))
          }),
        end: () => boss.stop({ graceful: false }),
      }
    },
  }
}

/** The least that a queue on Postgres can do between two jobs: to write that one has ended, and that the next has begun. */
async function timesOfTwoCommits(address: string): Promise<number[]> {
  const client = new pg.Client(address)
  await client.connect()
  await client.query('CREATE TABLE IF NOT EXISTS two_commits (id INT PRIMARY KEY, times INT NOT NULL)')
  await client.query('INSERT INTO two_commits VALUES (1, 0) ON CONFLICT DO NOTHING')
  const times: number[] = []
  for (let count = 0; count < inOneQueue; count++) {
    const from = performance.now()
    for (let step = 0; step < 2; step++)
      await client.query('UPDATE two_commits SET times = times + 1 WHERE id = $1', [1])
    times.push(performance.now() - from)
  }
  await client.end()
  return times
}

async function run(runner: Runner, queues: string[]) {
  const { go, end } = await runner.prepare(queues)
  upstream.calls.length = 0
  const going = go()
  while (upstream.calls.length < queues.length || upstream.calls.some(({ endedAt }) => endedAt === undefined))
    await sleep(5)
  await going
  await end()
  const calls = [...upstream.calls]
  const gaps = calls.slice(1).map((one, index) => one.startedAt - calls[index]!.endedAt!)
  return { gaps, took: Math.max(...calls.map(({ endedAt }) => endedAt!)) - calls[0]!.startedAt }
}

const folder = mkdtempSync(join(tmpdir(), 'queue-'))
const postgres = await startPostgres()
const [forRelay, forBare, forStock] = await Promise.all([1, 2, 3].map(() => postgres.database()))
const runners = [
  relayOn('our relay on SQLite', join(folder, 'relay.db')),
  relayOn('our relay on Postgres', forRelay!),
  bareLoop(forBare!),
  stockWork(forStock!),
]
const found = runners.map(() => ({ p50: [] as number[], p95: [] as number[], took: [] as number[] }))
const twoCommits = { p50: [] as number[], p95: [] as number[] }
// One more in the beginning, which makes the tables and warms up.
for (let round = -1; round < rounds; round++) {
  for (const [index, runner] of runners.entries()) {
    const one = await run(
      runner,
      Array.from({ length: runner.inOneQueue }, () => 'one'),
    )
    const all = await run(
      runner,
      Array.from({ length: many }, (_, n) => `queue ${n}`),
    )
    if (round < 0) continue
    found[index]!.p50.push(median(one.gaps))
    found[index]!.p95.push(percentile(one.gaps, 0.95))
    found[index]!.took.push(all.took)
  }
  const least = await timesOfTwoCommits(forBare!)
  if (round < 0) continue
  twoCommits.p50.push(median(least))
  twoCommits.p95.push(percentile(least, 0.95))
}
await postgres.remove()
rmSync(folder, { recursive: true })
upstream.close()

const [sqlite, onPostgres, bare] = found.map(({ p50, p95, took }) => ({
  p50: median(p50),
  p95: median(p95),
  took: median(took),
}))
const rows = found.map(({ p50, p95, took }, index) => ({
  what: runners[index]!.name,
  'gap p50, ms': rounded(median(p50)),
  'gap p95, ms': rounded(median(p95)),
  [`${many} in ${many} queues, ms`]: rounded(median(took), 0),
  'beside the bare loop': rounded(median(took) / bare!.took),
}))
const least = { p50: rounded(median(twoCommits.p50)), p95: rounded(median(twoCommits.p95)) }
console.log(`Medians of ${rounds} rounds. The API takes 1 ms; a gap is from its answer to the next call.`)
console.table(Object.fromEntries(rows.map(({ what, ...rest }) => [what, rest])))
console.log(
  `Two bare statements that commit, one after another, on the same Postgres in the same run: p50 ${least.p50} ms, p95 ${least.p95} ms; no queue that writes down what it does has a shorter gap.`,
)
writeResult('queue', { rounds, inOneQueue, many, rows, twoCommits: least, all: found })
const aims = {
  'gap p50 on SQLite at most 1 ms': sqlite!.p50 <= 1,
  'gap p50 on Postgres at most 5 ms': onPostgres!.p50 <= 5,
  [`the ${many} on Postgres at most 1.3 × the bare loop`]: onPostgres!.took <= bare!.took * 1.3,
}
for (const [aim, isMet] of Object.entries(aims)) console.log(`${isMet ? 'met' : 'MISSED'}: ${aim}`)
process.exit(0)
