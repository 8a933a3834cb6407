import { randomUUID } from 'node:crypto'
import { ClientSecretError, isClientSecretError } from '../../protocol/errors.ts'
import { isSettled } from '../../protocol/record.ts'
import { parseRequest, readKeyName } from '../../protocol/parse-request.ts'
import type { ClientSecretRequest } from '../../protocol/request.ts'
import type { WaitingCallers } from '../execution/waiting-callers.ts'
import { isVisitor, type Caller } from '../common/caller.ts'
import type { Settings } from './settings.ts'
import type { PubSub } from '../database/pub-sub.ts'
import { checkSameRequest } from '../execution/claims.ts'
import type { DirectRequests } from '../execution/direct-requests.ts'
import { findRule } from '../keys/key-rules.ts'
import type { Key, Keys } from '../keys/key.ts'
import type { Limits } from '../execution/limits.ts'
import type { Heartbeat } from '../execution/heartbeat.ts'
import type { Queue } from '../execution/queue.ts'
import type { MostUnsettled, Records } from '../database/records.ts'
import type { StoredRecord } from '../database/stored-record.ts'
import type { StartedCall } from '../execution/streamed-answers.ts'
import { keyNotFound, signInRequired } from '../execution/run-errors.ts'

interface SubmitDeps {
  settings: Settings
  keys: Keys
  limits: Limits
  waitingCallers: WaitingCallers
  records: Records
  pubSub: PubSub
  direct: DirectRequests
  queue: Queue
  heartbeat: Heartbeat
}

/** What comes with a submit. */
export interface Submitted {
  /** Parsed, and not checked. */
  body: unknown
  bytes: number
  idempotencyKey: string | undefined
  /** Waits for room for an answer that is there already. */
  getRoom: () => Promise<void>
  /** Where the answer goes as it comes; the request runs directly then. */
  raw?: StartedCall
  /** Tells that the caller has left. */
  signal: AbortSignal
}

/**
 * Takes a request in: key, schema, rules, limits, then the record; and runs it,
 * or leaves it to the queue. Gives the record: settled for a direct request; for
 * one that goes on in the background `running`, or `pending` while it waits.
 *
 * @throws ClientSecretError why it was not taken, or why a direct request has no answer.
 */
export async function submit(
  parts: SubmitDeps,
  caller: Caller,
  { body, bytes, idempotencyKey, getRoom, raw, signal }: Submitted,
): Promise<StoredRecord> {
  const { settings, keys, limits, waitingCallers, records, direct, queue, heartbeat } = parts
  // Before the rest is looked at, which costs more.
  const key = keyFor(keys, caller, readKeyName(body))
  const request = parseRequest(body)
  findRule(key.name, key.rules, request)
  await limits.admitUse(key, bytes)
  const lifetime = lifetimeOf(request, settings.expires)
  const isBackground = runsInBackground(request)
  const most = maxUnsettled(settings, key)
  const isOneMore = await checkRoom(parts, caller, key, isBackground, idempotencyKey, most)

  const newRecord = { owner: caller.owner, idempotencyKey: idempotencyKey ?? randomUUID(), request, lifetime }
  if (!isBackground) {
    const { id, answer } = await direct.send(
      { ...newRecord, relay: heartbeat.id },
      getRoom,
      isOneMore ? most : undefined,
      raw,
    )
    raw?.started(id)
    // Whoever reads it waits for it.
    return raw ? answer : waitingCallers.during(id, signal, answer)
  }
  const { record, isSameRequest } = await records.insert(newRecord, queue.add, most).catch(mayBeTaken)
  checkSameRequest(isSameRequest)
  if (!isSettled(record)) {
    if (!request.poll || record.place > 1) return record
    await begun(parts, record, Math.min(request.poll, maxBeginning), signal)
  }
  return newest(records, record, getRoom)
}

/** What is written may be written though the database did not answer. */
function mayBeTaken(error: unknown): never {
  if (!isClientSecretError(error) || error.code !== 'UNAVAILABLE') throw error
  const message =
    "The relay's database is away and cannot tell whether it has the request: the API may be called. Send it again with the same Idempotency-Key, which makes it no second one."
  throw new ClientSecretError('UNAVAILABLE', message, { retryAfter: 1, cause: error.cause })
}

/** The record as it is now; with its answer, as soon as there is room for that. */
async function newest(records: Records, before: StoredRecord, getRoom: () => Promise<void>): Promise<StoredRecord> {
  const { owner, id } = before
  const [now] = await records.summaries(owner, [id])
  if (!now || !isSettled(now)) return { ...before, ...now }
  await getRoom()
  return (await records.read(owner, id)) ?? before
}

/** Milliseconds. */
const maxBeginning = 1_000

/**
 * Waits until a call has begun before which nothing stands in line. That is a
 * matter of a moment; told with the answer to the submit, it needs no poll of its
 * own, and the first poll is held until the call has ended.
 */
async function begun(
  { records, pubSub }: SubmitDeps,
  { owner, id }: StoredRecord,
  wait: number,
  signal: AbortSignal,
): Promise<void> {
  const listener = pubSub.subscribe([id])
  try {
    const [now] = await records.summaries(owner, [id])
    if (now?.status === 'pending') await listener.next(wait, signal)
  } finally {
    listener.stop()
  }
}

/** Whether the caller polls for the answer; a direct request waits for it in the call that sends it. */
function runsInBackground({ queue, poll }: ClientSecretRequest): boolean {
  return queue !== undefined || Boolean(poll)
}

function keyFor(keys: Keys, caller: Caller, name: string): Key {
  const key = keys.get(name)
  if (!key) throw keyNotFound(name)
  if (key.locked && isVisitor(caller.owner)) throw signInRequired(key.name)
  return key
}

function lifetimeOf({ expires }: ClientSecretRequest, { default: byDefault, max }: Settings['expires']): number {
  if (expires !== undefined && expires > max) {
    throw new ClientSecretError(
      'INVALID_PARAMETER',
      `expires must be at most ${max} seconds, the relay's option expires.max; it is ${expires}.`,
      { path: 'expires' },
    )
  }
  return (expires ?? Math.min(byDefault, max)) * 1000
}

function maxUnsettled({ limits: { unsettledPerCaller } }: Settings, { name, limits }: Key): MostUnsettled {
  return {
    ofOwner: unsettledPerCaller,
    ofKey: limits.unsettled,
    tooMany(of) {
      const sentence =
        of === 'owner'
          ? `There are ${unsettledPerCaller} requests of this caller under way, the relay's limit (limits.unsettledPerCaller).`
          : `There are ${limits.unsettled} requests under way that use the key "${name}", its limit (keys.${name}.limits.unsettled).`
      return new ClientSecretError('QUEUE_FULL', `${sentence} Wait for some of them to settle.`, { retryAfter: 1 })
    },
  }
}

/**
 * Looks whether the caller and the key have room for one more, before anything is written: in the queues of all
 * relays, or among the calls that wait here. False when it is none more, because it was taken already.
 */
async function checkRoom(
  { records, direct }: SubmitDeps,
  { owner }: Caller,
  { name: keyName }: Key,
  isBackground: boolean,
  idempotencyKey: string | undefined,
  { ofOwner, ofKey = Infinity, tooMany }: MostUnsettled,
): Promise<boolean> {
  const isFullFor = async (name: { owner: string } | { keyName: string }, most: number) =>
    most < Infinity && (isBackground ? await records.countUnsettled(name) : direct.inFlight(name)) >= most
  const full = (await isFullFor({ owner }, ofOwner)) ? 'owner' : (await isFullFor({ keyName }, ofKey)) ? 'key' : null
  if (!full) return true
  const isKnown = async (key: string) => direct.isKnown(owner, key) || (await records.isKnown(owner, key))
  if (idempotencyKey !== undefined && (await isKnown(idempotencyKey))) return false
  throw tooMany(full)
}
