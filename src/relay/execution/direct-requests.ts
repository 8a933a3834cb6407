import { setTimeout as sleep } from 'node:timers/promises'
import { ClientSecretError, isClientSecretError } from '../../protocol/errors.ts'
import { isSettled } from '../../protocol/record.ts'
import type { ClientSecretRequest } from '../../protocol/request.ts'
import { cancellationOf, type PubSub } from '../database/pub-sub.ts'
import { databaseAway } from '../database/database.ts'
import { isVisitor } from '../common/caller.ts'
import type { Logger } from '../common/logger.ts'
import { jsonText } from '../common/json-text.ts'
import { retryWhileUnavailable } from '../common/retry-while-unavailable.ts'
import type { MostUnsettled, Records } from '../database/records.ts'
import type { Draft, NewRecord, Outcome, RecordSummary, StoredRecord } from '../database/stored-record.ts'
import type { RawCall } from '../upstream/stream-answer.ts'
import { isAborted, type Runner, type RunSteps } from './runner.ts'

/** Requests whose callers wait for the answer in the call that sends them. */
export interface DirectRequests {
  /**
   * Runs a request; or joins the same one that was sent before, whose answer is given when there is room for it once
   * more. Throws what `most` says where it would be one more than that at this relay. The answer to a `raw` call goes
   * where that says, and its record has no body; whoever joins it gets the record alone.
   */
  send(newRecord: NewRecord, getRoom: () => Promise<void>, most?: MostUnsettled, raw?: RawCall): Promise<Sent>
  /** How many of this owner's, or of this key's, are under way here. */
  underWay(name: { owner: string } | { keyName: string }): number
  /** Ends a request that is under way here and not in the records yet; false when there is none. */
  cancel(owner: string, idempotencyKey: string): boolean
  /** Whether this owner has used the idempotency key for a GET here, not long ago. */
  isKnown(owner: string, idempotencyKey: string): boolean
  /** Resolves when the records have all that was answered before; soon, also while the database is away. */
  written(): Promise<void>
}

interface DirectDeps {
  records: Records
  runner: Runner
  pubSub: PubSub
  /** Sees to it that the others do not take this relay for dead as it begins something. */
  ensureSeen: () => Promise<void>
  logger: Logger
}

/** Milliseconds in which answers gather, to be written together. */
const gathering = 10
/** Milliseconds for which an answer is kept, for a caller that lost it on the way and asks again. */
const keptFor = 10_000
/**
 * Answers that wait to be written, and answers that are kept, in characters of what is written of them; at each
 * relay. Visitors together have half, so that they take it from nobody who is signed in.
 */
const maxUnwritten = 32_000_000
const maxKept = 32_000_000
/** Claims that wait to be taken away; and those that are, in one statement. */
const maxAbandoned = 10_000
const withdrawnAtOnce = 1_000
/** Milliseconds that somebody waits for what is not written yet. */
const maxWait = 2_000

/**
 * A request that changes something leaves its claim in the records before the
 * call, so that it is one call at whichever relay it is sent again, and after a
 * crash; and its end before the answer, so that the records never say otherwise
 * than its sender was told, whoever dies. Only a database that is away is not
 * waited for. A GET changes nothing and leaves no claim: sent again, it is one
 * call at the same relay, and may be another one elsewhere. It is answered as
 * soon as its API has answered, and its record is written afterwards.
 */
export function createDirectRequests({ records, runner, pubSub, ensureSeen, logger }: DirectDeps): DirectRequests {
  const gets = new Map<string, Get>()
  const kept = { size: 0, ofVisitors: 0 }
  const counts = createCounts()
  const unwritten = createUnwritten()
  /** Claims and restarts that were not answered: whether they are there is not known, and they are undone. */
  const abandoned = new Map<string, Promise<void>>()
  let claimsToWithdraw: { id: string; done: () => void }[] = []

  async function send(
    newRecord: NewRecord,
    getRoom: () => Promise<void>,
    most?: MostUnsettled,
    raw?: RawCall,
  ): Promise<Sent> {
    if (unwritten.isFullFor(newRecord.owner)) await unwritten.all()
    if (unwritten.isFullFor(newRecord.owner)) {
      const message = 'The relay has more answers than it can write into its records. Try again.'
      throw new ClientSecretError('UNAVAILABLE', message, { retryAfter: 1 })
    }
    return newRecord.request.method === 'GET'
      ? get(newRecord, getRoom, most, raw)
      : claimed(newRecord, getRoom, most, raw)
  }

  function get(newRecord: NewRecord, getRoom: () => Promise<void>, most?: MostUnsettled, raw?: RawCall): Sent {
    const name = nameOf(newRecord.owner, newRecord.idempotencyKey)
    const before = gets.get(name)
    if (before && before.draft.expiresAt > Date.now()) {
      checkSameRequest(jsonText(before.draft.request) === jsonText(newRecord.request))
      return { id: before.draft.id, answer: before.answer.then((settled) => getRoom().then(() => settled)) }
    }
    const draft = records.draft(newRecord)
    checkUnderWay(draft, most)
    const mine: Get = { draft, isRunning: true, isCancelled: false, answer: unanswered }
    gets.set(name, mine)
    const forget = () => void (gets.get(name) === mine && gets.delete(name))
    const keep = (size: number) => {
      mine.isRunning = false
      const ofVisitor = isVisitor(draft.owner) ? size : 0
      if (kept.size + size > maxKept || kept.ofVisitors + ofVisitor > maxKept / 2) return forget()
      kept.size += size
      kept.ofVisitors += ofVisitor
      const over = () => {
        kept.size -= size
        kept.ofVisitors -= ofVisitor
        forget()
      }
      setTimeout(over, keptFor).unref()
    }
    const running = run(draft, {
      raw,
      start: async () => draft,
      // Twice does no harm.
      show: async () => true,
      isCurrent: async () => !mine.isCancelled,
      end: (settled) => void later(settled, () => sleep(gathering).then(() => records.insertSettled(settled))),
    })
    running.then((settled) => keep(sizeOf(settled)), forget)
    mine.answer = running
    return { id: draft.id, answer: mine.answer }
  }

  async function claimed(
    newRecord: NewRecord,
    getRoom: () => Promise<void>,
    most?: MostUnsettled,
    raw?: RawCall,
  ): Promise<Sent> {
    if (abandoned.size >= maxAbandoned) throw databaseAway()
    const draft = records.draft(newRecord)
    checkUnderWay(draft, most)
    let other: StoredRecord | undefined
    let isTakenOver = false
    async function start(): Promise<StoredRecord | null> {
      await ensureSeen()
      const { record, isNew, isSameRequest } = await records.claim(draft).catch((error: unknown) => {
        abandon(draft)
        throw error
      })
      const abandoning = abandoned.get(record.id)
      if (abandoning) return abandoning.then(start)
      checkSameRequest(isSameRequest)
      if (isNew) return record
      other = record
      if (!mayRestart(record, record.request)) return null
      const restarted = await records.restart(record, draft.relay).catch((error: unknown) => {
        abandonRestart(record, draft.relay)
        throw error
      })
      // Somebody else was faster, and it runs again.
      if (!restarted) other = (await records.read(record.owner, record.id)) ?? record
      return restarted
    }
    let answer: Promise<StoredRecord> | undefined
    const record = await new Promise<StoredRecord | null>((begun, failed) => {
      // Claimed within the run, which hears from before the claim on when the request is cancelled.
      answer = run(draft, {
        raw,
        start: () => start().then((record) => (begun(record), record)),
        async show(record) {
          await ensureSeen()
          isTakenOver = !(await records.isCurrent(record))
          return !isTakenOver
        },
        async end(settled, seen, outcome) {
          const writing = later(settled, async () => {
            // Another relay may have taken this one for dead.
            isTakenOver = !(await records.settle(seen, outcome)) && !(await records.correct(seen, outcome))
          })
          await Promise.race([writing, sleep(maxWait, undefined, { ref: false })])
        },
      })
      answer.catch(failed)
    })
    if (!record) return { id: other!.id, answer: untilSettled(other!, newRecord, getRoom, raw) }
    return { id: record.id, answer: answerOf(record) }

    /** What the records say, where another relay has the request now, or it was cancelled. */
    async function answerOf(record: StoredRecord): Promise<StoredRecord> {
      const settled = await answer!.catch((error: unknown) => {
        if (!isTakenOver) throw error
      })
      return settled && !isTakenOver ? settled : untilSettled(record, newRecord, getRoom, raw)
    }
  }

  /** In the same turn in which the request is counted. */
  function checkUnderWay({ owner, request }: Draft, most: MostUnsettled | undefined): void {
    if (!most) return
    const { ofOwner, ofKey = Infinity, tooMany } = most
    if (counts.of(nameOf('owner', owner)) >= ofOwner) throw tooMany('owner')
    if (counts.of(nameOf('key', request.clientSecretName)) >= ofKey) throw tooMany('key')
  }

  /** Whether a request was interrupted that does no harm a second time. */
  function mayRestart({ error }: RecordSummary, request: ClientSecretRequest): boolean {
    return error?.code === 'INTERRUPTED' && runner.isSafeToRetry(request)
  }

  function abandon({ id }: Draft): void {
    abandoned.set(id, new Promise((done) => claimsToWithdraw.push({ id, done })))
    // Those that come meanwhile are taken away by the same loop: however many are refused, the database is tried by one.
    if (claimsToWithdraw.length === 1) void withdrawAll()
  }

  async function withdrawAll(): Promise<void> {
    while (claimsToWithdraw.length > 0) {
      const claims = claimsToWithdraw.slice(0, withdrawnAtOnce)
      const ids = claims.map(({ id }) => id)
      await retryWhileUnavailable(() => records.withdraw(ids), runner.stopping).catch((error: unknown) =>
        logger.error({ ids, err: error }, 'claims of requests that were not run are left'),
      )
      claimsToWithdraw = claimsToWithdraw.slice(claims.length)
      for (const { id, done } of claims) {
        abandoned.delete(id)
        done()
      }
    }
  }

  /** Makes a record again what it was before its restart, whose answer was lost: it would run for ever, and nobody runs it. */
  function abandonRestart(before: StoredRecord, relay: string | null): void {
    const { id, owner, version, error } = before
    async function undo(): Promise<void> {
      const now = await records.read(owner, id)
      const isOurs = now?.version === version + 1 && now.relay === relay && !runner.isRunning(now)
      if (isOurs) await records.settle(now, { status: 'failed', ...(error && { error }) })
    }
    const undoing = retryWhileUnavailable(undo, runner.stopping)
      .catch((thrown: unknown) => logger.error({ id, err: thrown }, 'a restart of a request that was not run is left'))
      .then(() => void abandoned.delete(id))
    abandoned.set(id, undoing)
  }

  /** Runs a request, and gives its record as it will be written. */
  async function run(draft: Draft, { start, end, ...way }: DirectWay): Promise<Draft> {
    const leave = counts.enter(nameOf('owner', draft.owner), nameOf('key', draft.request.clientSecretName))
    let settled: Draft | undefined
    let interrupted: StoredRecord | undefined
    try {
      await runner.run(draft.line, start, {
        ...way,
        async settle(record, outcome) {
          if (runner.stopping.aborted && isAborted(outcome)) {
            interrupted = record
            return runner.settleInterrupted(record)
          }
          const mine = (settled = { ...draft, ...asSettled(record, outcome) })
          await end(mine, record, outcome)
          return mine.status
        },
      })
    } finally {
      leave()
    }
    if (settled) return settled
    const record =
      interrupted && (await records.read(interrupted.owner, interrupted.id).catch(endUnknown(interrupted.id)))
    // What may have acted is told as it is; everything else may be sent again.
    if (record && isSettled(record) && !runner.isSafeToRetry(record.request)) return { ...draft, ...record }
    throw stopping(interrupted?.id ?? draft.id)
  }

  /** Writes a record; what was answered is kept until the database has it. */
  function later(settled: Draft, write: () => Promise<void>): Promise<void> {
    const done = unwritten.add(settled.owner, sizeOf(settled))
    return retryWhileUnavailable(write, runner.stopping)
      .then(
        () => pubSub.publish(settled.id, settled.line),
        (error: unknown) => {
          logger.error({ id: settled.id, err: error }, 'the end of a request could not be written into its record')
        },
      )
      .then(done)
  }

  /** The same request came a second time: both get its answer, or it is run here when the relay that ran it has died. */
  async function untilSettled(
    first: StoredRecord,
    newRecord: NewRecord,
    getRoom: () => Promise<void>,
    raw: RawCall | undefined,
  ): Promise<StoredRecord> {
    const { owner, id } = first
    const listener = pubSub.subscribe([id])
    try {
      let now: RecordSummary | null | undefined = first
      for (let wait = 0; now && !isSettled(now) && now.expiresAt > Date.now() && !pubSub.isClosed(); wait = 1_000) {
        await listener.next(wait)
        now = (await records.summaries(owner, [id]).catch(endUnknown(id)))[0]
      }
      if ((now ?? first).expiresAt <= Date.now()) {
        const message = 'The request expired before it had an answer. Give it a longer expires.'
        throw new ClientSecretError('EXPIRED', message, { requestId: id })
      }
      // Not settled, or a claim that was taken away because nothing was run.
      if (!now || !isSettled(now)) throw stopping(id)
      if (mayRestart(now, first.request)) {
        if (pubSub.isClosed()) throw stopping(id)
        return (await claimed(newRecord, getRoom, undefined, raw)).answer
      }
      await getRoom()
      const settled = await records.read(owner, id).catch(endUnknown(id))
      if (!settled) throw stopping(id)
      return settled
    } finally {
      listener.stop()
    }
  }

  return {
    send,
    underWay: (name) => counts.of('owner' in name ? nameOf('owner', name.owner) : nameOf('key', name.keyName)),
    cancel(owner, idempotencyKey) {
      const found = gets.get(nameOf(owner, idempotencyKey))
      if (!found?.isRunning) return false
      found.isCancelled = true
      pubSub.publish(cancellationOf(found.draft.line))
      return true
    },
    isKnown: (owner, idempotencyKey) => gets.has(nameOf(owner, idempotencyKey)),
    written: () => unwritten.all(),
  }
}

/** Knows what is not written yet, how large it is, and who waits until it is. */
function createUnwritten() {
  let last = 0
  const size = { all: 0, ofVisitors: 0 }
  // In the order in which they were added, so that the first is the oldest.
  const outstanding = new Set<number>()
  const readers = new Set<{ upTo: number; go: () => void }>()
  return {
    isFullFor: (owner: string) => size.all > maxUnwritten || (isVisitor(owner) && size.ofVisitors > maxUnwritten / 2),
    add(owner: string, weight: number): () => void {
      const number = ++last
      outstanding.add(number)
      const ofVisitor = isVisitor(owner) ? weight : 0
      size.all += weight
      size.ofVisitors += ofVisitor
      return () => {
        outstanding.delete(number)
        size.all -= weight
        size.ofVisitors -= ofVisitor
        const [oldest = Infinity] = outstanding
        for (const reader of readers) {
          if (reader.upTo >= oldest) break
          reader.go()
        }
      }
    },
    /** Resolves when what is outstanding now is written, or after a while. */
    async all(): Promise<void> {
      if (outstanding.size === 0) return
      await new Promise<void>((resolve) => {
        const reader = {
          upTo: last,
          go: () => {
            clearTimeout(timer)
            readers.delete(reader)
            resolve()
          },
        }
        const timer = setTimeout(reader.go, maxWait)
        readers.add(reader)
      })
    },
  }
}

interface Sent {
  id: string
  answer: Promise<StoredRecord>
}

interface Get {
  draft: Draft
  isRunning: boolean
  isCancelled: boolean
  answer: Promise<StoredRecord>
}

type DirectWay = Pick<RunSteps, 'start' | 'show'> &
  Partial<Pick<RunSteps, 'isCurrent'>> & {
    raw: RawCall | undefined
    /** Says how it ended; its caller is answered then. */
    end: (settled: Draft, seen: StoredRecord, outcome: Outcome) => void | Promise<void>
  }

const unanswered = new Promise<StoredRecord>(() => {})

function nameOf(kind: string, name: string): string {
  return JSON.stringify([kind, name])
}

function createCounts() {
  const counts = new Map<string, number>()
  return {
    of: (name: string) => counts.get(name) ?? 0,
    /** Counts one more of each, until the function it gives is called. */
    enter(...names: string[]): () => void {
      for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
      return () => {
        for (const name of names) {
          const left = (counts.get(name) ?? 1) - 1
          if (left === 0) counts.delete(name)
          else counts.set(name, left)
        }
      }
    },
  }
}

function asSettled(record: StoredRecord, { status, response, error }: Outcome): StoredRecord {
  return {
    ...record,
    status,
    version: record.version + 1,
    response: response ?? null,
    error: error ?? null,
    updatedAt: Date.now(),
  }
}

function sizeOf({ request, response, idempotencyKey }: Draft): number {
  // What else there is of a record is about this much.
  return jsonText(request).length + (response ? jsonText(response).length : 0) + idempotencyKey.length + 1_000
}

/** Whoever uses an idempotency key twice must mean the same request. */
export function checkSameRequest(isSame: boolean): void {
  if (isSame) return
  throw new ClientSecretError(
    'INVALID_PARAMETER',
    'This Idempotency-Key was used for another request. Make a new one for each request; createClient does.',
    { path: 'headers.idempotency-key' },
  )
}

function stopping(requestId: string): ClientSecretError {
  return unknownEnd(requestId, 'The relay is stopping')
}

/** Says of a database that is away what it means for a request that was begun. */
function endUnknown(requestId: string): (error: unknown) => never {
  return (error) => {
    if (!isClientSecretError(error) || error.code !== 'UNAVAILABLE') throw error
    throw unknownEnd(requestId, "The relay's database is away", error.cause)
  }
}

function unknownEnd(requestId: string, reason: string, cause?: unknown): ClientSecretError {
  const message = `${reason} and cannot tell how the request ended: the API may have acted. Send it again with the same Idempotency-Key, which calls a second time only where that does no harm.`
  return new ClientSecretError('UNAVAILABLE', message, { requestId, retryAfter: 1, cause })
}
