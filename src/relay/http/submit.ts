import { randomUUID } from 'node:crypto'
import { ClientSecretError } from '../../protocol/errors.ts'
import { isSettled } from '../../protocol/record.ts'
import { parseRequest, readKeyName, type ClientSecretRequest } from '../../protocol/request.ts'
import type { Attendance } from '../execution/waiting-callers.ts'
import { isVisitor, type Caller } from './identify.ts'
import type { Changes } from '../database/pub-sub.ts'
import { checkSame, type DirectRequests } from '../execution/direct-requests.ts'
import { findRule } from '../keys/key-rules.ts'
import type { Key, Keys } from '../keys/key.ts'
import type { Limits } from '../execution/limits.ts'
import type { Settings } from '../options.ts'
import type { Presence } from '../execution/heartbeat.ts'
import type { Queue } from '../execution/queue.ts'
import type { Records } from '../database/records.ts'
import type { StoredRecord } from '../database/stored-record.ts'
import { keyNotFound, signInRequired } from '../execution/runner.ts'

interface SubmitParts {
  settings: Settings
  keys: Keys
  limits: Limits
  attendance: Attendance
  records: Records
  changes: Changes
  direct: DirectRequests
  queue: Queue
  presence: Presence
}

/** What comes with a submit. */
export interface Submitted {
  /** Parsed, and not checked. */
  body: unknown
  bytes: number
  idempotencyKey: string | undefined
  /** Waits for room for an answer that is there already. */
  getRoom: () => Promise<void>
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
  parts: SubmitParts,
  caller: Caller,
  { body, bytes, idempotencyKey, getRoom, signal }: Submitted,
): Promise<StoredRecord> {
  const { settings, keys, limits, attendance, records, direct, queue, presence } = parts
  // Before the rest is looked at, which costs more.
  const key = keyFor(keys, caller, readKeyName(body))
  const request = parseRequest(body)
  findRule(key.name, key.rules, request)
  await limits.admitUse(key, bytes)
  const lifetime = lifetimeOf(request, settings.expires)
  const isBackground = runsInBackground(request)
  await checkRoom(parts, caller, key, isBackground, idempotencyKey)

  const newRecord = { owner: caller.owner, idempotencyKey: idempotencyKey ?? randomUUID(), request, lifetime }
  if (!isBackground) {
    const { id, answer } = await direct.send({ ...newRecord, relay: presence.id }, getRoom)
    return attendance.during(id, signal, answer)
  }
  const { record, isSameRequest } = await records.insert(newRecord, queue.add)
  checkSame(isSameRequest)
  if (!isSettled(record)) {
    if (!request.poll || record.place > 1) return record
    await begun(parts, record, Math.min(request.poll, longestBeginning), signal)
  }
  return newest(records, record, getRoom)
}

/** The record as it is now; with its answer, as soon as there is room for that. */
async function newest(records: Records, before: StoredRecord, getRoom: () => Promise<void>): Promise<StoredRecord> {
  const { owner, id } = before
  const [now] = await records.heads(owner, [id])
  if (!now || !isSettled(now)) return { ...before, ...now }
  await getRoom()
  return (await records.read(owner, id)) ?? before
}

/** Milliseconds. */
const longestBeginning = 1_000

/**
 * Waits until a call has begun before which nothing stands in line. That is a
 * matter of a moment; told with the answer to the submit, it needs no poll of its
 * own, and the first poll is held until the call has ended.
 */
async function begun(
  { records, changes }: SubmitParts,
  { owner, id }: StoredRecord,
  wait: number,
  signal: AbortSignal,
): Promise<void> {
  const listener = changes.listen([id])
  try {
    const [now] = await records.heads(owner, [id])
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

function lifetimeOf({ expires }: ClientSecretRequest, { default: byDefault, most }: Settings['expires']): number {
  if (expires !== undefined && expires > most) {
    throw new ClientSecretError(
      'INVALID_PARAMETER',
      `expires must be at most ${most} seconds, the relay's option expires.most; it is ${expires}.`,
      { path: 'expires' },
    )
  }
  return (expires ?? Math.min(byDefault, most)) * 1000
}

/** Whether the caller and the key have room for one more: in the queues of all relays, or among the calls that wait here. */
async function checkRoom(
  { records, direct, settings }: SubmitParts,
  { owner }: Caller,
  { name: keyName, limits: { unsettled } }: Key,
  isBackground: boolean,
  idempotencyKey: string | undefined,
): Promise<void> {
  const { unsettledPerCaller } = settings.limits
  const isFullFor = async (name: { owner: string } | { keyName: string }, most: number) =>
    (isBackground ? await records.countUnsettled(name) : direct.underWay(name)) >= most
  const sentence = (await isFullFor({ owner }, unsettledPerCaller))
    ? `There are ${unsettledPerCaller} requests of this caller under way, the relay's limit (limits.unsettledPerCaller).`
    : unsettled !== undefined && (await isFullFor({ keyName }, unsettled))
      ? `There are ${unsettled} requests under way that use the key "${keyName}", its limit (keys.${keyName}.limits.unsettled).`
      : undefined
  if (sentence === undefined) return
  // A request that was taken already is not one more.
  const isKnown = async (key: string) => direct.isKnown(owner, key) || (await records.isKnown(owner, key))
  if (idempotencyKey !== undefined && (await isKnown(idempotencyKey))) return
  throw new ClientSecretError('QUEUE_FULL', `${sentence} Wait for some of them to settle.`, { retryAfter: 1 })
}
