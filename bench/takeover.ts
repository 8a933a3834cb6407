/**
 * When relays take over from a dead one, and when they take a living one for dead. Relays on one Postgres run one PUT
 * each, in a queue of its caller or in a shared one, and the API does not answer. First the database of each relay is
 * cut off: no PUT may be called again. Then the relays end by kill -9: each PUT is called again by a relay that lives.
 *
 *   npm run bench:takeover                     takes about a minute
 *   npm run bench:takeover -- --cut 8 --relays 20
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { startPostgres } from '../test/helpers/start-postgres.ts'
import { cuttable } from './parts/cuttable.ts'
import { median, numberOption, rounded, writeResult } from './parts/figures.ts'
import { keyFor, noLimits, startRelayProcess, type RelayProcess } from './parts/relay.ts'
import { answerWith, startUpstream } from './parts/upstream.ts'

const relayCount = numberOption('relays', 10)
/** Seconds. */
const cut = numberOption('cut', 4)
/** Seconds after which a relay that was silent has long been taken over. */
const patience = 25

interface Call {
  relay: number
  at: number
  answer: () => void
}

/** The calls of each PUT, in order. */
const calls = new Map<string, Call[]>()
const upstream = await startUpstream((call, outgoing) => {
  const { name } = JSON.parse(call.body) as { name: string }
  const relay = Number(/relay-(\d+)/.exec(String(call.headers.authorization))![1])
  const answer = () => answerWith(call, outgoing, {})
  calls.set(name, [...(calls.get(name) ?? []), { relay, at: performance.now(), answer }])
})
const postgres = await startPostgres({ max_connections: String(10 * (relayCount + 3)) })
const database = await postgres.database()

/** The key of each relay has its number. */
const start = (number: number, address: string) =>
  startRelayProcess({
    keys: { api: { ...keyFor(upstream.url), secret: `sk-of-relay-${number}-4f7c1d9e` } },
    database: address,
    limits: noLimits,
    queues: { shared: { shared: true, maxConcurrency: 1_000 } },
  })
// One that lives and is never cut off.
const first = await start(0, database)
const cables = await Promise.all(Array.from({ length: relayCount }, () => cuttable(postgres.port)))
const relays: RelayProcess[] = []
for (const [index, cable] of cables.entries()) relays.push(await start(index + 1, cable.through(database)))

/** Sends one PUT to each relay, and waits for their calls. */
async function callEach(round: string): Promise<string[]> {
  const names = relays.map((_, index) => `${round} ${index + 1}`)
  for (const [index, name] of names.entries()) {
    const response = await fetch(`${relays[index]!.url}/requests`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'client-session': name.padEnd(32, '-') },
      body: JSON.stringify({
        clientSecretName: 'api',
        url: `${upstream.url}/`,
        method: 'PUT',
        headers: { authorization: '$CLIENT_SECRET' },
        data: { name },
        queue: index % 2 ? 'shared' : 'own',
      }),
    })
    if (response.status !== 202) throw new Error(await response.text())
  }
  while (names.some((name) => !calls.has(name))) await sleep(10)
  return names
}

const ofCuts = await callEach('cut')
const cutOff = new Set(ofCuts.map((name) => calls.get(name)![0]!.relay).filter((relay) => relay > 0))
await Promise.all(
  [...cutOff].map(async (relay) => {
    const cable = cables[relay - 1]!
    // At any moment between two heartbeats; refused for one half, and silent for the other.
    await sleep(Math.random() * 2_000)
    if (relay % 4 < 2) await cable.refuse()
    else cable.swallow()
    await sleep(cut * 1000)
    await cable.mend()
  }),
)
await sleep(patience * 1000)
const isCutOff = (name: string) => cutOff.has(calls.get(name)![0]!.relay)
const cuts = ofCuts.filter(isCutOff).length
const takenForDead = ofCuts.filter((name) => isCutOff(name) && calls.get(name)!.length > 1).length
for (const name of ofCuts) for (const { answer } of calls.get(name)!) answer()

const ofKills = await callEach('kill')
const killedAt = new Map<number, number>()
await Promise.all(
  relays.map(async (relay, index) => {
    await sleep(Math.random() * 2_000)
    killedAt.set(index + 1, performance.now())
    await relay.kill()
  }),
)
const ofDead = ofKills.filter((name) => calls.get(name)![0]!.relay > 0)
const end = performance.now() + patience * 1000
const isTakenOver = (name: string) => calls.get(name)!.at(-1)!.relay === 0
while (!ofDead.every(isTakenOver) && performance.now() < end) await sleep(10)
const times = ofDead
  .filter(isTakenOver)
  .map((name) => (calls.get(name)!.at(-1)!.at - killedAt.get(calls.get(name)![0]!.relay)!) / 1000)

const figures = {
  'cuts of a living relay': cuts,
  'seconds of a cut': cut,
  'taken for dead': takenForDead,
  'calls of killed relays': ofDead.length,
  'taken over': times.length,
  'takeover, p50 s': rounded(median(times), 1),
  'takeover, longest s': rounded(Math.max(...times), 1),
}
console.table(Object.fromEntries(Object.entries(figures).map(([name, value]) => [name, { value }])))
await first.kill()
await Promise.all(cables.map((cable) => cable.close()))
await postgres.remove()
upstream.close()
writeResult('takeover', { relays: relayCount, figures })
process.exit(takenForDead === 0 && times.length === ofDead.length ? 0 : 1)
