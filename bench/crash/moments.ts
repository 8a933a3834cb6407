import { setTimeout as sleep } from 'node:timers/promises'
import { startPostgres } from '../../test/helpers/start-postgres.ts'
import { cuttable, type Cuttable } from '../parts/cuttable.ts'
import { randomFrom, rounded } from '../parts/figures.ts'
import { keyFor, noLimits, startRelayProcess, type RelayProcess } from '../parts/relay.ts'
import { answerWith, startUpstream } from '../parts/upstream.ts'
import { watchedWay, type WatchedWay } from '../parts/watched-way.ts'
import { checkHistory, promises, type ApiCall, type Broken } from './check-history.ts'
import { createSender, type Answer, type Planned } from './sender.ts'

interface Options {
  blows: number
  seed: number
  /** Relays that are hit. Another one never is. */
  victims?: number
  /** Tells the relays that they may repeat a POST or PATCH, and the checker that they may not: a relay that is wrong. */
  isMutant?: boolean
  /** Only blows of this kind, at these moments. */
  only?: { moment: Moment; blow: Blow }
}

/** A relay that is hit, and its way to Postgres. */
interface Victim {
  number: number
  relay: RelayProcess | undefined
  way: WatchedWay
  cable: Cuttable
}

/** Found from outside: by the statement on its way to Postgres, or by the call at the API. */
export type Moment =
  'take → call' | 'shared take → call' | 'claim → call' | 'call → write' | 'write' | 'claim → withdrawal'
export type Blow =
  | 'kill -9'
  | 'frozen for 2 s'
  | 'frozen for 13 s'
  | 'database refused for 3 s'
  | 'database refused for 8 s'
  | 'database silent for 3 s'
  | 'database silent for 13 s'
  | 'late'

const moments: Moment[] = ['take → call', 'shared take → call', 'claim → call', 'call → write', 'write']
const blowsAtMoments: Blow[] = [
  'kill -9',
  'frozen for 2 s',
  'frozen for 13 s',
  'database refused for 3 s',
  // Longer than the others wait for a relay without a session.
  'database refused for 8 s',
  'database silent for 3 s',
  'kill -9',
  'database silent for 13 s',
]

/** The statements, as the relay writes them. */
const statements = {
  take: 'WITH asked',
  sharedTake: 'INSERT INTO shared_calls',
  claim: 'INSERT INTO records',
  write: 'WITH ended',
  withdrawal: 'DELETE FROM records WHERE id IN',
}

/** Milliseconds in which a moment must come. */
const patience = 5_000
/** Milliseconds after the last blow in which everything must be answered. */
const calm = 60_000

/** Strikes relays on one Postgres at chosen moments, and judges the history. */
export async function playMoments({ blows: count, seed, victims: victimCount = 6, isMutant = false, only }: Options) {
  const random = randomFrom(seed)
  const calls: ApiCall[] = []
  /** Called with the next call of a relay at the API. */
  const atCall = new Map<number, () => void>()
  const upstream = await startUpstream((call, outgoing) => {
    const name = call.url.searchParams.get('name')!
    const seen: ApiCall = { name, startedAt: call.startedAt, endedAt: undefined }
    calls.push(seen)
    const relay = Number(/relay-(\d+)/.exec(String(call.headers.authorization))?.[1])
    const happen = atCall.get(relay)
    atCall.delete(relay)
    happen?.()
    // The API goes on with a call whose relay is gone.
    const takes = happen ? 300 : 10 + 100 * random()
    setTimeout(() => {
      seen.endedAt = performance.now()
      answerWith(call, outgoing, { you: name })
    }, takes)
  })
  const postgres = await startPostgres({ max_connections: '200' })
  const database = await postgres.database()
  const start = (number: number, address: string) => {
    const rule = { url: `${upstream.url}/retryable/**`, methods: ['POST', 'PATCH'] as const, retryable: true }
    const key = keyFor(upstream.url, { ...rule, methods: [...rule.methods] }, { retryable: isMutant })
    return startRelayProcess({
      keys: { api: { ...key, secret: `sk-of-relay-${number}-4f7c1d9e` } },
      database: address,
      limits: noLimits,
      queues: { shared: { shared: true, maxConcurrency: 1_000 } },
    })
  }

  const anchor = await start(0, database)
  const victims: Victim[] = []
  for (let number = 1; number <= victimCount; number++) {
    const cable = await cuttable(postgres.port)
    const way = await watchedWay(Number(new URL(cable.through(database)).port))
    victims.push({ number, cable, way, relay: await start(number, way.through(database)) })
  }

  const requests: Planned[] = []
  const senders: { planned: Planned[]; sender: ReturnType<typeof createSender> }[] = []
  const following: Promise<void>[] = []
  const failures: string[] = []
  const done = new Map<string, number>()
  const lastUrls = new Map<number, string>()
  let planned = 0
  let given = 0
  const started = performance.now()

  /** As a load balancer without a health check would: one relay after another, dead ones too. */
  function urlOf(first: Victim, attempt: number): string {
    const relays = [first, ...victims.filter((one) => one !== first)]
    const victim = relays[attempt % (relays.length + 1)]
    if (!victim) return anchor.url
    if (victim.relay) lastUrls.set(victim.number, victim.relay.url)
    return lastUrls.get(victim.number)!
  }

  /** Some requests of one caller, the first ones at this relay: three of a queue, and a direct one. */
  function send(blow: number, victim: Victim, moment: Moment): void {
    const sender = createSender(upstream.url, `caller ${blow} `.padEnd(32, '-').replaceAll(' ', '-'), (attempt) =>
      urlOf(victim, attempt),
    )
    const isShared = moment === 'shared take → call'
    const methods = ['POST', 'PUT', 'PATCH', 'POST', 'GET'] as const
    const method = only ? 'POST' : methods[blow % methods.length]!
    const isRetryable = !only && blow % methods.length === 3
    const path = isRetryable ? '/retryable/' : '/plain/'
    const inQueue = [0, 1, 2].map((number): Planned => ({
      name: `${method} ${blow}/${number}`,
      method,
      isRetryable,
      path,
      queue: { name: `queue ${blow}`, number },
      queueName: isShared ? 'shared' : `queue ${blow}`,
    }))
    const directMethod = only ? 'POST' : (['POST', 'PUT', 'PATCH'] as const)[blow % 3]!
    const direct: Planned = {
      name: `direct ${directMethod} ${blow}`,
      method: directMethod,
      isRetryable: false,
      path: '/plain/',
    }
    requests.push(...inQueue, direct)
    senders.push({ planned: [...inQueue, direct], sender })
    const isFirstDirect = moment === 'claim → call' || moment === 'claim → withdrawal'
    const follow = async (one: Planned) => {
      const { settled } = await sender.send(one)
      following.push(settled.then((answer: Answer) => void (one.answer = answer)))
    }
    const sendQueue = async () => {
      // Each when the one before was accepted.
      for (const one of inQueue) await follow(one)
    }
    following.push(
      (async () => {
        if (isFirstDirect) await Promise.all([follow(direct), sleep(20).then(sendQueue)])
        else await Promise.all([sendQueue(), sleep(20).then(() => follow(direct))])
      })(),
    )
  }

  /** Resolves to false if the moment does not come. */
  async function waitFor(victim: Victim, moment: Moment, happen: () => void): Promise<boolean> {
    const { way, number } = victim
    let come = (_hasCome: boolean) => {}
    const came = new Promise<boolean>((resolve) => (come = resolve))
    let isOver = false
    const fire = () => {
      if (isOver) return
      happen()
      come(true)
    }
    if (moment === 'take → call') way.atAnswer(statements.take, fire)
    else if (moment === 'shared take → call') way.atAnswer(statements.sharedTake, fire)
    else if (moment === 'claim → call') way.atAnswer(statements.claim, fire)
    else if (moment === 'write') way.atStatement(statements.write, fire)
    else if (moment === 'call → write') atCall.set(number, fire)
    else way.deliverLate(statements.claim, statements.withdrawal, 3_000, fire)
    const timer = setTimeout(() => come(false), patience)
    const hasCome = await came
    clearTimeout(timer)
    // An answer may still come, too late.
    isOver = true
    way.forget()
    atCall.delete(number)
    return hasCome
  }

  async function strike(victim: Victim, blow: number, moment: Moment, kind: Blow): Promise<void> {
    const relay = victim.relay!
    const signal = (name: NodeJS.Signals) => process.kill(relay.pid, name)
    const seconds = Number(/for (\d+) s/.exec(kind)?.[1] ?? 0)
    const happen = () => {
      if (kind === 'kill -9') signal('SIGKILL')
      else if (kind.startsWith('frozen')) signal('SIGSTOP')
      else if (kind.startsWith('database silent')) victim.cable.swallow()
      else if (kind.startsWith('database refused')) void victim.cable.refuse()
    }
    const coming = waitFor(victim, moment, happen)
    send(blow, victim, moment)
    const hasCome = await coming
    if (hasCome) {
      given++
      done.set(`${moment}: ${kind}`, (done.get(`${moment}: ${kind}`) ?? 0) + 1)
      if (given % 20 === 0) console.log(`${given} blows after ${Math.round((performance.now() - started) / 1000)} s`)
    }
    if (kind === 'kill -9' && hasCome) {
      await relay.kill()
      victim.relay = undefined
      await sleep(1_000 * random())
      victim.relay = await start(victim.number, victim.way.through(database))
      return
    }
    await sleep(hasCome ? seconds * 1_000 : 0)
    if (kind.startsWith('frozen') && hasCome) signal('SIGCONT')
    if (kind.startsWith('database')) await victim.cable.mend()
    const silence = await silenceOf(relay)
    if (!silence) return
    failures.push(`relay ${victim.number}, after ${kind} at ${moment}: ${silence}`)
    await relay.kill()
    victim.relay = await start(victim.number, victim.way.through(database))
  }

  async function strikeAgainAndAgain(victim: Victim): Promise<void> {
    // Until enough blows have met their moments; some moments may not come.
    while (given < count && planned < 2 * count) {
      const blow = planned++
      // Each kind at each moment, and now and then a late claim.
      const isLate = !only && blow % 9 === 8
      const moment = only?.moment ?? (isLate ? 'claim → withdrawal' : moments[blow % moments.length]!)
      const kind =
        only?.blow ?? (isLate ? 'late' : blowsAtMoments[Math.floor(blow / moments.length) % blowsAtMoments.length]!)
      await strike(victim, blow, moment, kind)
      await sleep(500 * random())
    }
  }

  await Promise.all(victims.map(strikeAgainAndAgain))
  for (let waited = 0; waited < calm && requests.some(({ answer }) => !answer); waited += 100) await sleep(100)
  const took = performance.now() - started
  for (const { number, relay } of victims) {
    const silence = await silenceOf(relay!)
    if (silence) failures.push(`relay ${number}, at the end: ${silence}`)
  }
  // Also of those that were not answered.
  for (const { planned, sender } of senders) {
    const history = await sender.history()
    for (const one of planned) one.record = history.get(one.name)
  }
  await Promise.all([anchor, ...victims.map(({ relay }) => relay!)].map((relay) => relay.kill()))
  for (const { way, cable } of victims) {
    way.close()
    await cable.close()
  }
  await postgres.remove()
  upstream.close()

  const broken = checkHistory({ requests, calls, relays: failures })
  return { figures: figuresOf(), broken, given, done: Object.fromEntries([...done].sort()) }

  function figuresOf() {
    return {
      'blows at their moments': given,
      'moments that did not come': planned - given,
      'requests sent': requests.length,
      resolved: requests.filter(({ answer }) => answer?.status === 'resolved').length,
      interrupted: requests.filter(({ answer }) => answer?.code === 'INTERRUPTED').length,
      'calls of the API': calls.length,
      ...countsOf(broken),
      'the run took, s': rounded(took / 1000, 0),
    }
  }
}

function countsOf(broken: Broken): Record<string, number> {
  return Object.fromEntries(promises.map((promise) => [promise, broken[promise]?.length ?? 0]))
}

/** How a relay answers, if it does not answer well within 20 seconds; undefined if it does. */
async function silenceOf({ url, pid }: RelayProcess): Promise<string | undefined> {
  let last = ''
  for (const until = performance.now() + 20_000; performance.now() < until; await sleep(200)) {
    const signal = AbortSignal.timeout(5_000)
    const headers = { 'client-session': 'a-session-of-enough-characters' }
    const response = await fetch(`${url}/queues/any`, { headers, signal }).catch((error: unknown) => String(error))
    if (typeof response === 'string') last = response
    else if (response.status === 200) return undefined
    else last = await response.text()
    if (!isAlive(pid)) return 'its process ended by itself'
  }
  return last
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
