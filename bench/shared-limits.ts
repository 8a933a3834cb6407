/**
 * Limits that all relays of one Postgres share: how many requests 1, 3 and 5 relays let through together, one relay after
 * another and all at once, and what counting costs.
 *
 *   npm run bench:shared-limits        takes half a minute
 */
import { consoleLogger } from '../src/relay/common/logger.ts'
import { createLimitCounts } from '../src/relay/database/limit-counts.ts'
import { openPostgres } from '../src/relay/database/postgres-database.ts'
import { startPostgres } from '../test/helpers/start-postgres.ts'
import { percentile, rounded, writeResult } from './parts/figures.ts'
import { keyFor, noLimits, startRelayProcess } from './parts/relay.ts'
import { answerWith, startUpstream } from './parts/upstream.ts'

const requestsPerMinute = 600
const unsettled = 100
/** Requests of each pattern: more than the limits. */
const sends = 1_000
const connections = 50

const upstream = await startUpstream((call, outgoing) => answerWith(call, outgoing, {}))
const silent = await startUpstream(() => {})
const postgres = await startPostgres()

interface Send {
  relay: string
  caller: string
  clientSecretName: string
  queue?: string
}

async function send({ relay, caller, clientSecretName, queue }: Send): Promise<boolean> {
  const response = await fetch(`${relay}/requests`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'client-session': caller.padEnd(32, '-') },
    body: JSON.stringify({
      clientSecretName,
      url: `${queue === undefined ? upstream.url : silent.url}/`,
      method: 'POST',
      headers: { authorization: 'Bearer $CLIENT_SECRET' },
      queue,
    }),
  })
  await response.text()
  if (response.ok) return true
  if (response.status === 429) return false
  throw new Error(`a relay answered ${response.status}`)
}

/** Sends all, so many at once, and gives the number of accepted ones. */
async function accepted(all: Send[]): Promise<number> {
  let count = 0
  const rest = all.values()
  const worker = async () => {
    for (const one of rest) if (await send(one)) count++
  }
  await Promise.all(Array.from({ length: connections }, worker))
  return count
}

const rows: object[] = []
for (const relayCount of [1, 3, 5]) {
  const database = await postgres.database()
  const keys = {
    open: keyFor(upstream.url),
    limited: { ...keyFor(upstream.url), limits: { requestsPerMinute } },
    few: { ...keyFor(silent.url), limits: { unsettled } },
  }
  const ofCaller = { ...noLimits, requestsPerMinute }
  const relays = await Promise.all(
    Array.from({ length: relayCount }, () => startRelayProcess({ keys, database, limits: ofCaller })),
  )
  const all = (of: (n: number) => Omit<Send, 'relay'>) =>
    Array.from({ length: sends }, (_, n) => ({ relay: relays[n % relayCount]!.url, ...of(n) }))
  const inTurn = (caller: string) =>
    relays.flatMap(({ url }) => Array.from({ length: sends }, () => ({ relay: url, caller, clientSecretName: 'open' })))
  rows.push({
    relays: relayCount,
    'of a caller, one relay after another': await accepted(inTurn('turn')),
    'of a caller, all at once': await accepted(all(() => ({ caller: 'once', clientSecretName: 'open' }))),
    'of a key, all at once': await accepted(all((n) => ({ caller: `of key ${n % 10}`, clientSecretName: 'limited' }))),
    'unsettled of a key, all at once': await accepted(
      all((n) => ({ caller: `few ${n % 10}`, clientSecretName: 'few', queue: `q${n}` })),
    ),
  })
  await Promise.all(relays.map((relay) => relay.kill()))
}
console.log(`limits: ${requestsPerMinute} requests in a minute, ${unsettled} unsettled requests`)
console.table(rows)

const database = await openPostgres(await postgres.database(), consoleLogger)
const counts = createLimitCounts(database)
const one = { name: 'a', points: 1, duration: 60_000 }
const alone: number[] = []
for (let n = 0; n < 2_000; n++) {
  const at = performance.now()
  await counts.add(one)
  alone.push(performance.now() - at)
}
const at = performance.now()
for (let n = 0; n < 200; n++) await Promise.all(Array.from({ length: 100 }, () => counts.add(one)))
const together = (performance.now() - at) / 20_000
const cost = {
  'alone, p50 ms': rounded(percentile(alone.slice(500), 0.5)),
  'alone, p99 ms': rounded(percentile(alone.slice(500), 0.99)),
  'each of 100 at once, ms': rounded(together, 3),
}
console.log('a shared limit costs a request')
console.table(cost)
await database.close()
await postgres.remove()
upstream.close()
silent.close()
writeResult('shared-limits', { requestsPerMinute, unsettled, sends, rows, cost })
process.exit()
