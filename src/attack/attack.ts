import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { inspect } from 'node:util'
import { createRelayOn } from '../relay/create-relay.ts'
import type { RelayOptions } from '../relay/options.ts'
import { masterKeyVariable, newMasterKey } from '../relay/keys/encryption.ts'
import { administratorHeader, createAttacker, userHeader, type FetchThrough, type Gathered } from './attacker.ts'
import { startFakeInternet, type FakeInternet } from './fake-internet.ts'
import { corpus } from './corpus.ts'
import { detectLeaks } from './detect-leaks.ts'
import { createVulnerableRelay } from './vulnerable-relay.ts'
import { exchangedSecrets, exchangesOf, fakeKeysOf, secretOf, targetsOf, type FakeKey } from './fake-keys.ts'
import type { Target } from './target.ts'
import { spread, type Vector } from './vector.ts'
import { oracles } from './vectors/oracles.ts'
import { everythingKept } from './vectors/traces.ts'
import type { Identity } from '../relay/http/identify.ts'
import type { Evidence } from './evidence.ts'

export type Handler = (request: Request) => Response | Promise<Response>

/** Puts a handler behind real HTTP, on a free port. */
export type Serve = (fetch: Handler) => Promise<{ url: string; close(): Promise<void> }>

/** The result of one vector. */
export interface Outcome {
  vector: Vector
  evidence: Evidence[]
  /** Measurements that are not verdicts. */
  notes: string[]
}

export interface AttackResult {
  relay: Outcome[]
  /** The same vectors against the vulnerable relay, with evidence only from the channel that a vector aims at. */
  control: Outcome[]
}

export interface AttackOptions {
  /** Requests of each learning attacker. Default 2,000. */
  budget?: number
  /** Whether to try this vector. Default: all. */
  picks?: (vector: Vector) => boolean
  /** Sends each fetch of the corpus this way too. */
  fetchThrough?: FetchThrough
}

/** The number of relays attacked in parallel, each with a part of the vectors. Most of the time they wait. */
const lanes = 4

/** Requests that suffice to learn some characters from the vulnerable relay. */
const enoughForTheControl = 200

/** A vector that takes longer has made the relay hang, in milliseconds. */
const maxVector = 300_000

/**
 * Attacks a relay with these options, and a vulnerable relay as the control.
 * Canaries replace the secrets, and a fake internet replaces the APIs. The relay's
 * own code runs unchanged.
 */
export async function attack(
  options: RelayOptions,
  serve: Serve,
  { budget = 2_000, picks = () => true, fetchThrough }: AttackOptions = {},
): Promise<AttackResult> {
  const keys = fakeKeysOf(options.keys ?? {})
  if (keys.length === 0)
    throw new Error(
      'The config has no keys to attack. The attack does not include registered keys, and keys whose token has the grant jwt-bearer. Add another key to the option keys.',
    )
  const declared = targetsOf(keys)
  // A value without a place has nothing to begin with. It must not leak either.
  const targets = declared.filter(({ places }) => places.length > 0)
  const watched = [...declared, ...exchangedSecrets(keys)]
  const vectors = [
    ...corpus(targets, options),
    // One per lane inspects the data left by all vectors before it.
    ...Array.from({ length: lanes }, (_, lane) => everythingKept(lane)),
    // After that check, because the learners leave much data and nothing new.
    ...oracles(targets),
  ].filter(picks)
  const folder = await mkdtemp(join(tmpdir(), 'relay-attack-'))
  try {
    const inLanes = async (start: (lane: number, internet: FakeInternet, log: string[]) => Promise<Defender>) => {
      const parts = await Promise.all(
        Array.from({ length: lanes }, (_, lane) =>
          attackOne(
            spread(vectors, lanes, lane),
            watched,
            () => startInternet(watched, keys),
            serve,
            (internet, log) => start(lane, internet, log),
            fetchThrough,
          ),
        ),
      )
      return vectors.map((_, index) => parts[index % lanes]![Math.floor(index / lanes)]!)
    }
    const [relay, control] = await Promise.all([
      inLanes(async (lane, internet, log) => ({
        ...(await startRelay(options, keys, join(folder, `relay-${lane}.db`), internet, log)),
        budget,
      })),
      inLanes(async (lane, internet, log) => {
        const file = join(folder, `vulnerable-${lane}.jsonl`)
        const vulnerable = createVulnerableRelay(watched, internet, file, log)
        return {
          fetch: (request) => vulnerable.fetch(request),
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

/** The identity as a site's own function may return it. Text that starts with `{` is parsed as JSON. */
const identityOf = (user: string | null) => (user?.startsWith('{') ? (JSON.parse(user) as Identity) : user)

interface Defender {
  fetch: Handler
  /** The prefix of its database files. */
  file: string
  close(): Promise<void>
  /** Requests of each learning attacker. */
  budget: number
  /** For the control, only the channel that a vector aims at counts, because it logs and stores everything. */
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
  keys: readonly FakeKey[],
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
        keys.map((key) => [key.name, { ...key.options, limits: undefined, secret: secretOf(key) }]),
      ),
      // The header names the user. Without it, the caller is a visitor.
      authenticate: (request) => identityOf(request.headers.get(userHeader)),
      administrator: (request) => request.headers.get(administratorHeader) === 'yes',
      database: file,
      // The attack does not test limits, and one caller makes thousands of attempts.
      limits: { ...options.limits, ...unlimited, upstreamTimeout: 2_000 },
      hosts: undefined,
      trustProxy: undefined,
      shutdownTimeout: 500,
      logger: { info: write, warn: write, error: write },
    },
    // Allows registered keys, and keeps this machine's own master key out.
    { [masterKeyVariable]: newMasterKey() },
  )
  await relay.ready
  return { fetch: (request) => relay.fetch(request), file, close: relay.close }
}

const startInternet = (watched: readonly Target[], keys: readonly FakeKey[]) =>
  startFakeInternet(
    new Set(watched.filter(({ rule }) => rule.allowPrivateNetwork).map(({ host }) => host)),
    exchangesOf(keys),
  )

/** Runs one vector after the other, so that every leak belongs to a known vector. */
async function attackOne(
  vectors: readonly Vector[],
  watched: readonly Target[],
  startInternet: () => Promise<FakeInternet>,
  serve: Serve,
  start: (internet: FakeInternet, log: string[]) => Promise<Defender>,
  fetchThrough: FetchThrough | undefined,
): Promise<Outcome[]> {
  const internet = await startInternet()
  const log: string[] = []
  const defender = await start(internet, log)
  const served = await serve(defender.fetch)
  const readDatabase = databaseReader(defender.file)
  const crashes: unknown[] = []
  const crashed = (error: unknown) => void crashes.push(error)
  process.on('uncaughtException', crashed).on('unhandledRejection', crashed)
  try {
    const outcomes: Outcome[] = []
    for (const vector of vectors) {
      // A vector that cannot leak says nothing about the control.
      if (defender.isControl && !vector.canLeak) {
        outcomes.push({ vector, evidence: [], notes: [] })
        continue
      }
      const gathered: Gathered = { replies: [], blamed: [], notes: [] }
      log.length = 0
      crashes.length = 0
      internet.begin({})
      const ended = vector
        .run(createAttacker(served.url, internet, defender.budget, gathered, fetchThrough))
        .then(() => null, inWords)
      const failure = await Promise.race([ended, sleep(maxVector, 'the relay hangs', { ref: false })])
      const { caught, lookups } = internet
      const files = vector.aim === 'database' ? await readDatabase() : []
      const only = defender.isControl ? vector.aim : undefined
      const { mayCall } = vector
      const evidence = detectLeaks({ ...gathered, caught, lookups, log, files, mayCall, only }, watched)
      for (const problem of [failure, ...crashes])
        if (problem !== null && !only) evidence.push({ channel: 'failure', where: inspect(problem) })
      outcomes.push({ vector, evidence, notes: gathered.notes })
    }
    return outcomes
  } finally {
    process.off('uncaughtException', crashed).off('unhandledRejection', crashed)
    await served.close()
    await defender.close()
    internet.close()
  }
}

/** An error and its causes. */
function inWords(error: unknown): string {
  return error instanceof Error && error.cause ? `${error} Cause: ${inWords(error.cause)}` : String(error)
}

const pageSize = 4096

/**
 * Reads the database pages written since the last call. Whole files would grow,
 * and pages that did not leak before do not leak now.
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
        // Most of the unused space is zeros.
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
