/**
 * Kills relays at random moments while requests go through ten queues, and
 * counts at the upstream what becomes of the promises: nothing lost, the order
 * kept, nothing that may happen once sent twice.
 *
 *   npm run crash               three relays on one Postgres, then one on a SQLite file
 *   npm run crash -- --cut      three relays on one Postgres that is cut off and restarted
 *   npm run crash -- --moments  seven relays on one Postgres, hit at chosen moments: 200 blows, or --blows 20
 *   npm run crash -- --seed 7   other moments
 *
 * Ends with 1 when a promise is broken.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createClient } from '../src/client/create-client.ts'
import { isClientSecretError } from '../src/protocol/errors.ts'
import { isSettled, type ClientSecretRecord } from '../src/protocol/record.ts'
import type { Method } from '../src/protocol/request.ts'
import { startPostgres } from '../test/helpers/start-postgres.ts'
import { playMoments } from './crash/moments.ts'
import { cuttable } from './parts/cuttable.ts'
import { median, numberOption, randomFrom, rounded, writeResult } from './parts/figures.ts'
import { keyFor, noLimits, startRelayProcess, type RelayProcess } from './parts/relay.ts'
import { answerWith, startUpstream, type UpstreamCall } from './parts/upstream.ts'

interface QueueKind {
  method: Method
  /** Its rule says that it may be sent again. */
  retryable: boolean
}

const queues: QueueKind[] = [
  { method: 'POST', retryable: false },
  { method: 'POST', retryable: false },
  { method: 'POST', retryable: false },
  { method: 'PATCH', retryable: false },
  { method: 'PATCH', retryable: false },
  { method: 'POST', retryable: true },
  { method: 'PATCH', retryable: true },
  { method: 'PUT', retryable: false },
  { method: 'GET', retryable: false },
  { method: 'GET', retryable: false },
]
const isNonIdempotent = ({ method, retryable }: QueueKind) => (method === 'POST' || method === 'PATCH') && !retryable

/** One request, from the sender's side. */
interface Submitted {
  name: string
  queue: number
  number: number
  /** When it was answered that it is taken. */
  takenAt: number
  record?: ClientSecretRecord
  settled?: ClientSecretRecord
  problem?: string | undefined
}

/** Something that was done to the relays or to their database. */
interface Blow {
  what: string
  at: number
  /** Milliseconds. */
  lasts: number
}

interface Scene {
  /** The relays by place; undefined while one is being started. */
  relays: (RelayProcess | undefined)[]
  /** Kills the relay in a place and starts another there. */
  strike: (place: number) => Promise<void>
  blow: (what: string, lasts?: number) => void
  random: () => number
}

interface Plan {
  name: string
  /** Of each relay. */
  databases: string[]
  requestsPerQueue: number
  /** Milliseconds between two submits to one queue, on average. */
  pause: number
  /** Milliseconds that a call of the upstream takes at least and at most. */
  callTakes: [number, number]
  disturb(scene: Scene): Promise<void>
}

const seed = numberOption('seed', Math.floor(Math.random() * 1_000_000))
/** Milliseconds after the last blow in which everything must be settled. */
const patience = 120_000

async function play(plan: Plan) {
  const random = randomFrom(seed)
  const [shortest, longest] = plan.callTakes
  const upstream = await startUpstream((call, outgoing) => {
    setTimeout(() => answerWith(call, outgoing, { you: nameOf(call) }), shortest + random() * (longest - shortest))
  })
  const start = (database: string) =>
    startRelayProcess({
      keys: {
        api: keyFor(upstream.url, { url: `${upstream.url}/retryable/**`, methods: ['POST', 'PATCH'], retryable: true }),
      },
      database,
      limits: noLimits,
    })
  const relays: Scene['relays'] = await Promise.all(plan.databases.map(start))
  const blows: Blow[] = []
  const startTimes: number[] = []
  const scene: Scene = {
    relays,
    random,
    blow: (what, lasts = 0) => void blows.push({ what, at: performance.now(), lasts }),
    async strike(place) {
      const relay = relays[place]
      if (!relay) return
      relays[place] = undefined
      scene.blow(`kill -9 of relay ${place + 1}`)
      await relay.kill()
      const from = performance.now()
      relays[place] = await start(plan.databases[place]!)
      startTimes.push(performance.now() - from)
    },
  }

  // As a load balancer without a health check would: one relay after another, dead ones too.
  const lastUrls = relays.map((relay) => relay!.url)
  let turn = 0
  const client = createClient({
    relay: 'http://relay.test',
    fetch: (input, init) => {
      const place = turn++ % relays.length
      const url = (lastUrls[place] = relays[place]?.url ?? lastUrls[place]!)
      return fetch((input as string).replace('http://relay.test', url), init)
    },
  })

  /** Sends until it is taken: what was not answered again and again with the same key, as createClient does, and on. */
  async function submit(queue: number, number: number): Promise<Submitted> {
    const { method, retryable } = queues[queue]!
    const name = `${method} ${queue}/${number}`
    let record: ClientSecretRecord | undefined
    for (;;) {
      const params = {
        clientSecretName: 'api',
        method,
        url: `${upstream.url}/${retryable ? 'retryable' : 'plain'}/${queue}`,
        headers: { authorization: 'Bearer $CLIENT_SECRET' },
        params: { queue, number },
        ...(method === 'GET' ? {} : { data: { number } }),
        queue: `queue ${queue}`,
      }
      const options = {
        idempotencyKey: `${plan.name} ${queue}/${number}`,
        onUpdate: (taken: ClientSecretRecord) => (record = taken),
      }
      // One that was taken before, unheard, may be settled by now: its failure is then thrown here, and in its record.
      const error = await client.send(params, options).then(
        () => undefined,
        (thrown: unknown) => thrown,
      )
      const takenAt = performance.now()
      if (record) return { name, queue, number, takenAt, record }
      if (!isClientSecretError(error) || !['NETWORK_ERROR', 'UNAVAILABLE'].includes(error.code))
        return { name, queue, number, takenAt, problem: String(error) }
    }
  }

  /** Until it is settled, whatever happens to the relays meanwhile. */
  async function follow(submitted: Submitted): Promise<void> {
    const { record } = submitted
    if (!record) return
    if (isSettled(record)) {
      submitted.settled = record
      return
    }
    try {
      await client.follow(record, {
        onUpdate: (news) => {
          if (isSettled(news)) submitted.settled = news
        },
      })
    } catch (error) {
      // A failure of the request itself is in its record.
      submitted.problem ??= submitted.settled ? undefined : String(error)
    }
  }

  const all: Submitted[] = []
  let isOver = false
  const started = performance.now()
  const following: Promise<void>[] = []
  const sending = queues.map(async (_kind, queue) => {
    for (let number = 0; number < plan.requestsPerQueue; number++) {
      const submitted = await submit(queue, number)
      all.push(submitted)
      following.push(follow(submitted))
      // When nothing happens any more there is nothing to wait for.
      for (const until = performance.now() + random() * 2 * plan.pause; !isOver && performance.now() < until;)
        await sleep(20)
    }
  })
  await plan.disturb(scene)
  isOver = true
  await Promise.all(sending)
  await Promise.race([Promise.all(following), sleep(patience, undefined, { ref: false })])
  const took = performance.now() - started
  await Promise.all(relays.map(async (relay) => relay?.kill()))
  upstream.close()
  return detectLeaks(plan, { all, calls: upstream.calls, blows, took, startTimes })
}

function nameOf({ method, url: { searchParams } }: UpstreamCall): string {
  return `${method} ${searchParams.get('queue')}/${searchParams.get('number')}`
}

interface Happened {
  all: Submitted[]
  calls: UpstreamCall[]
  blows: Blow[]
  took: number
  startTimes: number[]
}

function detectLeaks(plan: Plan, { all, calls, blows, took, startTimes }: Happened) {
  const byName = grouped(calls, nameOf)
  const callsOf = (submitted: Submitted) => byName.get(submitted.name) ?? []
  const codeOf = ({ settled }: Submitted) => settled?.error?.code
  const interrupted = all.filter((one) => codeOf(one) === 'INTERRUPTED')
  const lost = all.filter((one) => !one.settled)
  const kindOf = ({ queue }: Submitted) => queues[queue]!

  let orderViolations = 0
  let overlaps = 0
  const stood: { from: number; to: number; queue: number }[] = []
  const takenAt = new Map(all.map((one) => [one.name, one.takenAt]))
  for (const [queue, inQueue] of grouped(calls, ({ url }) => Number(url.searchParams.get('queue')))) {
    inQueue.forEach((call, index) => {
      const before = inQueue[index - 1]
      if (before && numberOf(call) < numberOf(before)) orderViolations++
      if (before && (before.endedAt ?? Infinity) > call.startedAt) overlaps++
      const from = Math.max(before?.endedAt ?? 0, takenAt.get(nameOf(call)) ?? 0)
      stood.push({ from, to: call.startedAt, queue })
    })
  }
  const stoodAfter = blows.map(({ what, at, lasts }) => ({
    what,
    // Whoever was standing when it came, or began to stand within the moment in which connections break.
    longest: Math.max(
      0,
      ...stood
        .filter(({ from, to }) => from <= at + lasts + 500 && to > at)
        .map(({ from, to }) => to - Math.max(from, at)),
    ),
  }))
  const maxStood = Math.max(0, ...stood.map(({ from, to }) => to - from))

  const distribution = (kind: (one: Submitted) => boolean) => {
    const counts: Record<string, number> = {}
    for (const one of all.filter(kind)) {
      const times = `${callsOf(one).length}`
      counts[times] = (counts[times] ?? 0) + 1
    }
    return Object.entries(counts)
      .map(([times, requests]) => `${requests} × ${times}`)
      .join(', ')
  }
  const broken = {
    lost: lost.map((one) => `${one.name} (${one.problem ?? 'never settled'})`),
    'out of order': Array.from({ length: orderViolations }, () => 'a call after a later one of its queue'),
    'two at a time in one queue': Array.from({ length: overlaps }, () => 'a call before the one before had ended'),
    'sent twice though it may be sent once': all
      .filter((one) => isNonIdempotent(kindOf(one)) && callsOf(one).length > 1)
      .map(({ name }) => name),
    'sent again with another Idempotency-Key': all
      .filter((one) => kindOf(one).retryable)
      .filter((one) => new Set(callsOf(one).map(({ headers }) => headers['idempotency-key'] ?? '')).size > 1)
      .map(({ name }) => name),
    'failed though it can be repeated': interrupted
      .filter((one) => !isNonIdempotent(kindOf(one)))
      .map(({ name }) => name),
    'failed for another reason': all
      .filter((one) => one.settled && one.settled.status !== 'resolved' && codeOf(one) !== 'INTERRUPTED')
      .map((one) => `${one.name} (${codeOf(one)})`),
    'resolved without its own answer': all
      .filter((one) => one.settled?.status === 'resolved' && one.settled.response?.body !== `{"you":"${one.name}"}`)
      .map(({ name }) => name),
    'one request, two records': all.length === new Set(all.map(({ record }) => record?.id)).size ? [] : ['see ids'],
  }

  const figures = {
    'requests submitted': all.length,
    answered: all.length - lost.length,
    'of these resolved': all.filter((one) => one.settled?.status === 'resolved').length,
    'of these interrupted': interrupted.length,
    [startTimes.length > 0 ? 'relays killed and started again' : 'blows to the connection']: blows.length,
    'calls of a POST or PATCH (requests × calls)': distribution((one) => isNonIdempotent(kindOf(one))),
    'calls of a retryable POST or PATCH': distribution((one) => kindOf(one).retryable),
    'calls of a GET or PUT': distribution((one) => ['GET', 'PUT'].includes(kindOf(one).method)),
    'order violations': orderViolations,
    'two at a time in one queue': overlaps,
    lost: lost.length,
    'longest time a queue stood still, s': rounded(maxStood / 1000, 1),
    'the same after a blow, median of those that hit, s': rounded(
      median(stoodAfter.map(({ longest }) => longest).filter((longest) => longest > 0)) / 1000,
      1,
    ),
    ...(startTimes.length > 0 && {
      'a relay was started again within, median, s': rounded(median(startTimes) / 1000, 1),
    }),
    'the run took, s': rounded(took / 1000, 0),
  }
  console.log(`\n${plan.name}`)
  console.table(Object.fromEntries(Object.entries(figures).map(([name, value]) => [name, { value }])))
  console.log(`interrupted: ${interrupted.map(({ name }) => name).join(', ') || 'none'}`)
  if (blows.some(({ what }) => !what.startsWith('kill'))) {
    for (const { what, longest } of stoodAfter)
      console.log(`${what}: a queue stood still for ${rounded(longest / 1000, 1)} s at most`)
  }
  const promises = Object.entries(broken).filter(([, cases]) => cases.length > 0)
  for (const [promise, cases] of promises) console.error(`BROKEN: ${promise}: ${cases.slice(0, 20).join(', ')}`)
  return {
    name: plan.name,
    figures,
    interrupted: interrupted.map(({ name }) => name),
    blows: stoodAfter.map(({ what, longest }, index) => ({
      what,
      atSecond: rounded((blows[index]!.at - blows[0]!.at) / 1000, 1),
      stoodStill: rounded(longest / 1000, 1),
    })),
    broken: Object.fromEntries(promises),
  }
}

function grouped<Item, Key>(items: readonly Item[], keyOf: (item: Item) => Key): Map<Key, Item[]> {
  const groups = new Map<Key, Item[]>()
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item])
  return groups
}

function numberOf({ url }: UpstreamCall): number {
  return Number(url.searchParams.get('number'))
}

/**
 * Rounds of kills, any relay at any moment of the beginning of a round; the rest
 * of a round leaves the time after which a relay takes over from others, by design:
 * it must itself have been there for 10 s, or it could not tell who else is.
 */
function killInRounds({ rounds, kills, within, calm }: Record<'rounds' | 'kills' | 'within' | 'calm', number>) {
  return async ({ relays, strike, random }: Scene): Promise<void> => {
    await sleep(2_000)
    for (let count = 0; count < rounds; count++) {
      const begin = performance.now()
      const moments = Array.from({ length: kills }, () => random() * within).sort((one, other) => one - other)
      const striking: Promise<void>[] = []
      for (const moment of moments) {
        await sleep(Math.max(0, begin + moment - performance.now()))
        const alive = async (): Promise<number[]> => {
          const places = [...relays.keys()].filter((place) => relays[place])
          return places.length > 0 ? places : sleep(10).then(alive)
        }
        const places = await alive()
        striking.push(strike(places[Math.floor(random() * places.length)]!))
      }
      await Promise.all(striking)
      await sleep(calm)
    }
  }
}

async function onPostgres() {
  const postgres = await startPostgres()
  try {
    const database = await postgres.database()
    return await play({
      name: 'Three relays on one Postgres, killed at random moments',
      databases: [database, database, database],
      requestsPerQueue: 32,
      pause: 4_000,
      callTakes: [100, 1_500],
      disturb: killInRounds({ rounds: 7, kills: 3, within: 7_000, calm: 17_000 }),
    })
  } finally {
    await postgres.remove()
  }
}

async function onSqlite() {
  const folder = mkdtempSync(join(tmpdir(), 'crash-'))
  try {
    return await play({
      name: 'One relay on a SQLite file, killed at random moments',
      databases: [join(folder, 'relay.db')],
      requestsPerQueue: 25,
      pause: 1_500,
      callTakes: [20, 600],
      disturb: killInRounds({ rounds: 21, kills: 1, within: 1_000, calm: 500 }),
    })
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Milliseconds for which a connection is cut, and between two blows. */
const cutFor = 10_000
const rest = 10_000

async function onPostgresThatIsAway() {
  const postgres = await startPostgres()
  try {
    const database = await postgres.database()
    const cables = await Promise.all([1, 2, 3].map(() => cuttable(postgres.port)))
    const result = await play({
      name: 'Three relays on one Postgres that is cut off and restarted',
      databases: cables.map((cable) => cable.through(database)),
      // Nearly as many as the API gets done, so that something waits in most queues when a blow comes.
      requestsPerQueue: 60,
      pause: 1_200,
      callTakes: [100, 1_500],
      async disturb({ blow }) {
        await sleep(3_000)
        blow('the connections of all relays broken and refused for 10 s', cutFor)
        await Promise.all(cables.map((cable) => cable.refuse()))
        await sleep(cutFor)
        await Promise.all(cables.map((cable) => cable.mend()))
        await sleep(rest)
        blow('the cables of all relays pulled for 10 s: nothing arrives, nobody is told', cutFor)
        cables.forEach((cable) => cable.swallow())
        await sleep(cutFor)
        await Promise.all(cables.map((cable) => cable.mend()))
        await sleep(rest)
        blow('the cable of one of the relays pulled for 10 s', cutFor)
        cables[0]!.swallow()
        await sleep(cutFor)
        await cables[0]!.mend()
        await sleep(rest)
        blow('Postgres stopped, and started again after 3 s', 3_000)
        await postgres.stop()
        await sleep(3_000)
        await postgres.start()
        await sleep(rest)
      },
    })
    await Promise.all(cables.map((cable) => cable.close()))
    return result
  } finally {
    await postgres.remove()
  }
}

async function atMoments() {
  const { figures, broken, done } = await playMoments({ blows: numberOption('blows', 200), seed })
  console.table(Object.fromEntries(Object.entries(figures).map(([name, value]) => [name, { value }])))
  console.table(Object.fromEntries(Object.entries(done).map(([name, times]) => [name, { times }])))
  for (const [promise, cases] of Object.entries(broken))
    console.error(`BROKEN: ${promise}: ${cases.slice(0, 20).join(', ')}`)
  return { name: 'Seven relays on one Postgres, hit at chosen moments', figures, done, broken }
}

const isCut = process.argv.includes('--cut')
const isAtMoments = process.argv.includes('--moments')
console.log(`seed ${seed} (--seed ${seed} kills at the same moments)`)
const runs = isAtMoments
  ? [await atMoments()]
  : isCut
    ? [await onPostgresThatIsAway()]
    : [await onPostgres(), await onSqlite()]
writeResult(isAtMoments ? 'crash-moments' : isCut ? 'crash-cut' : 'crash', { seed, runs })
const isBroken = runs.some(({ broken }) => Object.keys(broken).length > 0)
console.log(isBroken ? 'A promise was BROKEN, see above.' : 'All promises were kept.')
process.exit(isBroken ? 1 : 0)
