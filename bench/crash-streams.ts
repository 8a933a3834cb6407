/**
 * Reloads real pages and kills relays at random moments of streams, and compares each text with that of the API: byte
 * for byte, no duplicate, no gap, one call of the API each.
 *
 *   npm run crash:streams               20 reloads, and kills at 10 moments, with two relays on one Postgres
 *   npm run crash:streams -- --seed 7   other moments
 *
 * Ends with 1 when a promise is broken.
 */
import { startPostgres } from '../test/helpers/start-postgres.ts'
import { startChatWorld } from '../test/sdks/kept-chat-world.ts'
import { killAtRandom, reloadAtRandom, type Moment, type PageName } from '../test/sdks/random-moments.ts'
import { numberOption, randomFrom, writeResult } from './parts/figures.ts'
import { keyFor, startRelayProcess, type RelayProcess } from './parts/relay.ts'

const seed = numberOption('seed', Date.now() % 1_000_000)
const reloads = numberOption('reloads', 20)
const kills = numberOption('kills', 10)
/** Pages at a time. */
const atOnce = 5
const reloadedPages: PageName[] = ['stream', 'inline', 'queued-stream', 'queued-inline', 'queued-stream']
const random = randomFrom(seed)
console.log(`seed ${seed}`)

const postgres = await startPostgres()
const database = await postgres.database()
let apiUrl = ''
/** Fewer than pages at a time, so that some of them wait. */
const queues = { chat: { shared: true, maxConcurrency: 2 } } as const
const started: RelayProcess[] = []
async function startRelay(): Promise<RelayProcess> {
  const relay = await startRelayProcess({ keys: { openai: keyFor(apiUrl) }, queues, database })
  started.push(relay)
  return relay
}
let streaming!: RelayProcess
const world = await startChatWorld(async (url) => {
  apiUrl = url
  streaming = await startRelay()
  return streaming.url
})

const reloaded: Moment[] = []
while (reloaded.length < reloads) {
  const pages = Array.from({ length: Math.min(atOnce, reloads - reloaded.length) }, (_, n) => n)
  reloaded.push(...(await Promise.all(pages.map((n) => reloadAtRandom(world, reloadedPages[n]!, random)))))
}

/** All pages of a round lose the same relay, each at a moment of its own. */
const killed: Moment[] = []
while (killed.length < kills) {
  const other = await startRelay()
  const count = Math.min(atOnce, kills - killed.length)
  let ready = 0
  let kill!: () => void
  const isKilled = new Promise<void>((resolve) => (kill = resolve)).then(async () => {
    await streaming.kill()
    world.useRelay(other.url)
  })
  // The last page that is ready for the blow strikes it.
  const strike = () => {
    ready += 1
    if (ready === count) kill()
    return isKilled
  }
  killed.push(
    ...(await Promise.all(
      Array.from({ length: count }, (_, n) => killAtRandom(world, n % 2 ? 'stream' : 'queued-stream', random, strike)),
    )),
  )
  streaming = other
}

await world.close()
await Promise.all(started.map((relay) => relay.kill()))
await postgres.remove()

console.log('Reloads:')
console.table(reloaded.map(({ problems, ...one }) => ({ ...one, problems: problems.join('; ') })))
console.log('Relay killed:')
console.table(killed.map(({ problems, ...one }) => ({ ...one, problems: problems.join('; ') })))
const broken = [...reloaded, ...killed].filter(({ problems }) => problems.length > 0)
const calls = [...reloaded, ...killed].reduce((sum, one) => sum + one.calls, 0)
console.log(
  `${reloaded.length} reloads, ${killed.length} kills, ${calls} calls of the API, ${broken.length} broken promises`,
)
writeResult('crash-streams', { seed, reloads: reloaded, kills: killed, broken: broken.length })
process.exit(broken.length > 0 ? 1 : 0)
