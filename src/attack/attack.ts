import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { inspect } from 'node:util'
import { createRelayOn } from '../relay/create-relay.ts'
import type { RelayOptions } from '../relay/options.ts'
import { masterKeyVariable, newMasterKey } from '../relay/keys/encryption.ts'
import { administratorHeader, createAttacker, userHeader, type Gathered } from './attacker.ts'
import { makeCanary, type Canary } from './canary.ts'
import { startCatchers, type FakeInternet } from './fake-internet.ts'
import { corpus } from './corpus.ts'
import { detectLeaks } from './detect-leaks.ts'
import { createNaiveRelay } from './vulnerable-relay.ts'
import { targetsOf, type Target } from './target.ts'
import { spread, type Vector } from './vector.ts'
import { oracles } from './vectors/oracles.ts'
import { everythingKept } from './vectors/traces.ts'
import type { Identity } from '../relay/http/identify.ts'
import type { Evidence } from './evidence.ts'

export type Handler = (request: Request) => Response | Promise<Response>

/** Puts a handler behind real HTTP, on a free port. */
export type Serve = (fetch: Handler) => Promise<{ url: string; close(): Promise<void> }>

/** What came of one vector. */
export interface Outcome {
  vector: Vector
  evidence: Evidence[]
  /** What was measured on the way and is no verdict. */
  notes: string[]
}

export interface AttackResult {
  relay: Outcome[]
  /** The same vectors at the naive relay; evidence only of the kind that a vector aims at. */
  control: Outcome[]
}

export interface AttackOptions {
  /** Requests of each attacker who learns. Default 2,000. */
  budget?: number
  /** Rows of the threat model to try. Default: all. */
  rows?: readonly number[]
}

/** So many relays are attacked at the same time, each with a part of the vectors, because they mostly wait. */
const lanes = 4

/** In so many requests a naive relay has told some characters to whoever can learn from it at all. */
const enoughForTheControl = 200

/** Milliseconds after which a vector has made the relay hang. */
const maxVector = 120_000

/**
 * Attacks a relay with these options, and a naive one as the control. The secrets
 * are replaced by canaries, the internet by catchers; the relay's own code is all
 * there.
 */
export async function attack(
  options: RelayOptions,
  serve: Serve,
  { budget = 2_000, rows }: AttackOptions = {},
): Promise<AttackResult> {
  // Those of several values and those with a token are tried by the tests.
  const keys = Object.fromEntries(
    Object.entries(options.keys ?? {}).filter(
      ([, key]) => typeof key.secret !== 'object' && key.token === undefined && key.sign === undefined,
    ),
  )
  if (Object.keys(keys).length === 0)
    throw new Error('The config has no keys, so there is nothing to attack. Registered keys are not looked at.')
  const canaries = new Map(Object.entries(keys).map(([name, key], index) => [name, makeCanary(index, prefixOf(key))]))
  const targets = targetsOf(keys, canaries)
  const vectors = [
    ...corpus(targets, options),
    // Of each lane one looks at what all before it have left.
    ...Array.from({ length: lanes }, (_, lane) => everythingKept(lane)),
    // Those who learn leave too much to be looked at, and nothing new.
    ...oracles(targets),
  ].filter(({ row }) => !rows || rows.includes(row))
  const folder = await mkdtemp(join(tmpdir(), 'relay-attack-'))
  try {
    const inLanes = async (start: (lane: number, catchers: FakeInternet, log: string[]) => Promise<Defender>) => {
      const parts = await Promise.all(
        Array.from({ length: lanes }, (_, lane) =>
          attackOne(spread(vectors, lanes, lane), targets, serve, (catchers, log) => start(lane, catchers, log)),
        ),
      )
      return vectors.map((_, index) => parts[index % lanes]![Math.floor(index / lanes)]!)
    }
    const [relay, control] = await Promise.all([
      inLanes(async (lane, catchers, log) => ({
        ...(await startRelay({ ...options, keys }, canaries, join(folder, `relay-${lane}.db`), catchers, log)),
        budget,
      })),
      inLanes(async (lane, catchers, log) => {
        const file = join(folder, `naive-${lane}.jsonl`)
        const naive = createNaiveRelay(targets, catchers, file, log)
        return {
          fetch: (request) => naive.fetch(request),
          file,
          close: async () => {},
          budget: Math.min(budget, enoughForTheControl),
          isControl: true,
        }
      }),
    ])
    return { relay, control }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** As a site's own function may give it: as JSON it is whatever that says. */
const identityOf = (user: string | null) => (user?.startsWith('{') ? (JSON.parse(user) as Identity) : user)

/** A value has to begin with the prefix that its key says is public. */
const prefixOf = (key: object): string | undefined =>
  'publicPrefix' in key && typeof key.publicPrefix === 'string' ? key.publicPrefix : undefined

interface Defender {
  fetch: Handler
  /** The files that begin with this name are its database. */
  file: string
  close(): Promise<void>
  /** Requests of each attacker who learns. */
  budget: number
  /** Of the control counts only what a vector aims at: it logs and stores everything anyway. */
  isControl?: boolean
}

const unlimited = {
  requestsPerMinute: 1_000_000,
  bytesPerDay: undefined,
  unsettledPerCaller: 1_000_000,
  heldPollsPerCaller: 1_000,
}

async function startRelay(
  options: RelayOptions,
  canaries: ReadonlyMap<string, Canary>,
  file: string,
  { network }: FakeInternet,
  log: string[],
): Promise<Omit<Defender, 'budget'>> {
  const write = (details: object, message: string) =>
    void log.push(`${message} ${inspect(details, { depth: 12, maxStringLength: null, maxArrayLength: null })}`)
  const relay = createRelayOn(
    network,
    {
      ...options,
      keys: Object.fromEntries(
        Object.entries(options.keys ?? {}).map(([name, key]) => [
          name,
          { ...key, limits: undefined, secret: canaries.get(name)?.value },
        ]),
      ),
      // Whoever names a user is that user; whoever names none is a visitor.
      authenticate: (request) => identityOf(request.headers.get(userHeader)),
      administrator: (request) => request.headers.get(administratorHeader) === 'yes',
      database: file,
      // Not tried here, and in the way of a thousand attempts of one caller.
      limits: { ...options.limits, ...unlimited, upstreamTimeout: 2_000 },
      hosts: undefined,
      trustProxy: undefined,
      shutdownTimeout: 500,
      logger: { info: write, warn: write, error: write },
    },
    // So that keys can be registered, and that nothing of this machine's own is in play.
    { [masterKeyVariable]: newMasterKey() },
  )
  await relay.ready
  return { fetch: (request) => relay.fetch(request), file, close: relay.close }
}

/** One vector after the other, so that everything that comes out is known to be of this one. */
async function attackOne(
  vectors: readonly Vector[],
  targets: readonly Target[],
  serve: Serve,
  start: (catchers: FakeInternet, log: string[]) => Promise<Defender>,
): Promise<Outcome[]> {
  const privateHosts = new Set(targets.filter(({ rule }) => rule.allowPrivateNetwork).map(({ host }) => host))
  const catchers = await startCatchers(privateHosts)
  const log: string[] = []
  const defender = await start(catchers, log)
  const served = await serve(defender.fetch)
  const readDatabase = databaseReader(defender.file)
  const crashes: unknown[] = []
  const crashed = (error: unknown) => void crashes.push(error)
  process.on('uncaughtException', crashed).on('unhandledRejection', crashed)
  try {
    const outcomes: Outcome[] = []
    for (const vector of vectors) {
      // What can give nothing away is no measure for the control.
      if (defender.isControl && !vector.canLeak) {
        outcomes.push({ vector, evidence: [], notes: [] })
        continue
      }
      const gathered: Gathered = { replies: [], blamed: [], notes: [] }
      log.length = 0
      crashes.length = 0
      catchers.begin({})
      const ended = vector.run(createAttacker(served.url, catchers, defender.budget, gathered)).then(
        () => null,
        (error: unknown) => String(error),
      )
      const failure = await Promise.race([ended, sleep(maxVector, 'the relay hangs', { ref: false })])
      const { caught, lookups } = catchers
      const files = vector.aim === 'database' ? await readDatabase() : []
      const only = defender.isControl ? vector.aim : undefined
      const { mayCall } = vector
      const evidence = detectLeaks({ ...gathered, caught, lookups, log, files, mayCall, only }, targets)
      for (const problem of [failure, ...crashes])
        if (problem !== null && !only) evidence.push({ channel: 'failure', where: inspect(problem) })
      outcomes.push({ vector, evidence, notes: gathered.notes })
    }
    return outcomes
  } finally {
    process.off('uncaughtException', crashed).off('unhandledRejection', crashed)
    await served.close()
    await defender.close()
    catchers.close()
  }
}

const pageSize = 4096

/**
 * What was written into the database since the last look, page by page: whole
 * files grow, and what did not leak then does not leak now.
 */
function databaseReader(file: string): () => Promise<Buffer[]> {
  const before = new Map<string, Buffer>()
  return async () => {
    const folder = dirname(file)
    const names = (await readdir(folder)).filter((name) => name.startsWith(basename(file)))
    return Promise.all(
      names.map(async (name) => {
        const now = await readFile(join(folder, name))
        const old = before.get(name) ?? Buffer.alloc(0)
        before.set(name, now)
        const pages: Buffer[] = []
        for (let at = 0; at < now.length; at += pageSize) {
          const page = now.subarray(at, at + pageSize)
          if (!page.equals(old.subarray(at, at + pageSize))) pages.push(page)
        }
        // Unused space is zeros, and there is much of it.
        return Buffer.from(
          Buffer.concat(pages)
            .toString('latin1')
            .replace(/\0{8,}/g, '\0'),
          'latin1',
        )
      }),
    )
  }
}
