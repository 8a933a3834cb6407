import { randomUUID } from 'node:crypto'
import { ClientSecretError } from '../protocol/errors.ts'
import { isSettled } from '../protocol/record.ts'
import { parseRequest, type ClientSecretRequest } from '../protocol/request.ts'
import type { Attendance } from './attendance.ts'
import { isVisitor, type Caller } from './caller.ts'
import type { Changes } from './changes.ts'
import { findRule } from './key-rules.ts'
import type { Key, Keys } from './keys.ts'
import type { Limits } from './limits.ts'
import type { Settings } from './options.ts'
import { patiently } from './patiently.ts'
import type { Presence } from './presence.ts'
import type { Queue } from './queue.ts'
import type { Records, StoredRecord } from './records.ts'
import { keyNotFound, signInRequired, type Runner } from './run.ts'

interface SubmitParts {
  settings: Settings
  keys: Keys
  limits: Limits
  attendance: Attendance
  records: Records
  changes: Changes
  queue: Queue
  runner: Runner
  presence: Presence
}

/** What comes with a submit. */
export interface Submitted {
  /** Parsed, and not checked. */
  body: unknown
  bytes: number
  idempotencyKey: string | undefined
  /** Tells that the caller has left. */
  signal: AbortSignal
}

/**
 * Takes a request in: schema, key, rules, limits, then the record; and runs it,
 * or leaves it to the queue. Gives the record: settled for a direct request,
 * `pending` for one that goes on in the background.
 *
 * @throws ClientSecretError why it was not taken, or why a direct request has no answer.
 */
export async function submit(
  parts: SubmitParts,
  caller: Caller,
  { body, bytes, idempotencyKey, signal }: Submitted,
): Promise<StoredRecord> {
  const { settings, keys, limits, attendance, records, changes, queue, runner, presence } = parts
  const request = parseRequest(body)
  const key = checkKey(keys, caller, request)
  await limits.admitUse(key, bytes)
  const lifetime = lifetimeOf(request, settings.expires)
  await checkRoom(parts, caller, key, idempotencyKey)

  const isBackground = runsInBackground(request)
  const { record, isNew, isSameRequest } = await records.insert(
    {
      owner: caller.owner,
      idempotencyKey: idempotencyKey ?? randomUUID(),
      request,
      lifetime,
      relay: isBackground ? null : presence.id,
    },
    isBackground ? queue.add : undefined,
  )
  if (!isSameRequest) {
    throw new ClientSecretError(
      'INVALID_PARAMETER',
      'This Idempotency-Key was used for another request. Make a new one for each request; createClient does.',
      { path: 'headers.idempotency-key' },
    )
  }
  if (isBackground) return record
  const answer = isNew ? runDirect(records, runner, record) : untilSettled(records, changes, record)
  return attendance.during(record.id, signal, answer)
}

/** Whether the caller polls for the answer; a direct request waits for it in the call that sends it. */
export function runsInBackground({ queue, poll }: ClientSecretRequest): boolean {
  return queue !== undefined || Boolean(poll)
}

function checkKey(keys: Keys, caller: Caller, request: ClientSecretRequest): Key {
  const key = keys.get(request.clientSecretName)
  if (!key) throw keyNotFound(request.clientSecretName)
  if (key.locked && isVisitor(caller.owner)) throw signInRequired(key.name)
  findRule(key.name, key.rules, request)
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

/** Whether the caller and the key have room for one more. */
async function checkRoom(
  { records, settings }: SubmitParts,
  { owner }: Caller,
  key: Key,
  idempotencyKey: string | undefined,
): Promise<void> {
  const { unsettledPerCaller } = settings.limits
  const { unsettled } = key.limits
  const sentence =
    (await records.countUnsettled(owner)) >= unsettledPerCaller
      ? `There are ${unsettledPerCaller} requests of this caller under way, the relay's limit (limits.unsettledPerCaller).`
      : unsettled !== undefined && (await records.countUnsettledOf(key.name)) >= unsettled
        ? `There are ${unsettled} requests under way that use the key "${key.name}", its limit (keys.${key.name}.limits.unsettled).`
        : undefined
  if (sentence === undefined) return
  // A request that was taken already is not one more.
  if (idempotencyKey !== undefined && (await records.isKnown(owner, idempotencyKey))) return
  throw new ClientSecretError('QUEUE_FULL', `${sentence} Wait for some of them to settle.`, { retryAfter: 1 })
}

async function runDirect(records: Records, runner: Runner, record: StoredRecord): Promise<StoredRecord> {
  await runner.run(record.line, () => patiently(() => records.start(record), runner.stopping))
  return settledOr(records, record)
}

/** The same request came a second time while the first runs: both get its answer. */
async function untilSettled(records: Records, changes: Changes, record: StoredRecord): Promise<StoredRecord> {
  const listener = changes.listen([record.id])
  try {
    let now = record
    while (!isSettled(now) && now.expiresAt > Date.now() && !changes.isClosed()) {
      await listener.next(1_000)
      now = (await records.read(record.owner, record.id)) ?? now
    }
    return await settledOr(records, now)
  } finally {
    listener.stop()
  }
}

async function settledOr(records: Records, { owner, id }: StoredRecord): Promise<StoredRecord> {
  const record = await records.read(owner, id)
  if (!record)
    throw new ClientSecretError('EXPIRED', 'The request expired before it had an answer. Give it a longer expires.', {
      requestId: id,
    })
  if (!isSettled(record))
    throw new ClientSecretError('UNAVAILABLE', 'The relay is stopping. Send the request again.', {
      requestId: id,
      retryAfter: 1,
    })
  return record
}
