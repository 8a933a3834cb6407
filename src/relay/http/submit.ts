import { randomUUID } from 'node:crypto'
import { ClientSecretError, isClientSecretError, type ErrorCode } from '../../protocol/errors.ts'
import { isSettled } from '../../protocol/record.ts'
import { invalid } from '../../protocol/invalid-parameter.ts'
import { parseRequest, readKeyName } from '../../protocol/parse-request.ts'
import type { ClientSecretRequest } from '../../protocol/request.ts'
import type { WaitingCallers } from '../execution/direct/waiting-callers.ts'
import { isVisitor, type Caller } from '../common/caller.ts'
import type { Settings } from './settings.ts'
import type { PubSub } from '../database/pub-sub.ts'
import { checkSameRequest } from '../execution/direct/claims.ts'
import type { DirectRequests } from '../execution/direct/direct-requests.ts'
import { findRule, isAllowed } from '../keys/key-rules.ts'
import { rawBodyCheck } from '../keys/raw-body-check.ts'
import type { Key, Keys } from '../keys/key.ts'
import type { KeyActivity } from '../execution/key-activity.ts'
import { suggestRule } from '../keys/suggested-rule.ts'
import { shownCaller } from './shown-caller.ts'
import type { Budgets, Reservation } from '../execution/budgets.ts'
import type { Limits } from '../execution/rate-limits.ts'
import type { SharedQueueRunner } from '../execution/queue/shared-queues.ts'
import type { Queue } from '../execution/queue/queue.ts'
import type { MostUnsettled, Records } from '../database/records.ts'
import type { StoredRecord } from '../database/stored-record.ts'
import type { DirectCall } from '../execution/direct/streamed-answer.ts'
import type { RawBody } from '../upstream/raw-body.ts'
import type { Upload } from './upload.ts'
import { keyNotFound, signInRequired } from '../execution/run-errors.ts'

interface SubmitDeps {
  settings: Settings
  keys: Keys
  activity: KeyActivity
  limits: Limits
  budgets: Budgets
  waitingCallers: WaitingCallers
  records: Records
  pubSub: PubSub
  direct: DirectRequests
  queue: Queue
  sharedQueues: SharedQueueRunner
  /** Identifies this relay to the others. */
  relay: string
}

/** The contents of a submit. */
export interface Submitted {
  /** Parsed, but not checked yet. */
  body: unknown
  bytes: number
  idempotencyKey: string | undefined
  /** The place in the caller's trace. */
  trace: string | null
  /** Waits for memory for an existing answer. */
  getRoom: () => Promise<void>
  /** The parts of the call outside of the record. Only a direct request has them. */
  raw?: DirectCall
  /** The raw body, which passes a check, and its field in errors. */
  received?: { body: Uint8Array | Upload | null; path: 'body' | 'data' }
  /** Aborts when the caller disconnects. */
  signal: AbortSignal
}

/**
 * Accepts a request: checks key, schema, rules and limits, writes the record, and runs
 * the request or leaves it to the queue. Returns the record: settled for a direct
 * request; `running` or `pending` for a background request.
 *
 * @throws ClientSecretError if the relay refuses the request, or if a direct request has
 *   no answer. Its code and message say why.
 */
export async function submit(parts: SubmitDeps, caller: Caller, submitted: Submitted): Promise<StoredRecord> {
  const read: ReadSoFar = {}
  try {
    return await accept(parts, caller, submitted, read)
  } catch (error) {
    noteRefusal(parts, caller, read, error)
    throw error
  }
}

/** The parts of a submit that were read before its refusal. */
interface ReadSoFar {
  key?: string
  request?: ClientSecretRequest
}

/** The refusals that an administrator of the key can do something about. */
const notedRefusals: ReadonlySet<ErrorCode> = new Set(['NOT_ALLOWED', 'SIGN_IN_REQUIRED', 'RATE_LIMITED', 'QUEUE_FULL'])

function noteRefusal({ activity, keys }: SubmitDeps, { owner }: Caller, { key, request }: ReadSoFar, error: unknown) {
  if (key === undefined || !isClientSecretError(error) || !notedRefusals.has(error.code)) return
  const hasNames = keys.get(key)?.values.some(({ named }) => named) ?? true
  const rule =
    request && !hasNames && !isAllowed(keys.get(key)!, request) ? suggestRule(request, false)?.rule : undefined
  activity.refused(key, { error, caller: shownCaller(owner), rule })
}

async function accept(
  parts: SubmitDeps,
  caller: Caller,
  { body, bytes, idempotencyKey, trace, getRoom, raw, received, signal }: Submitted,
  read: ReadSoFar,
): Promise<StoredRecord> {
  const { settings, keys, limits, waitingCallers, records, direct, queue, sharedQueues, relay } = parts
  // First, because the other checks cost more.
  const name = readKeyName(body)
  if (keys.get(name)) read.key = name
  const key = keyFor(keys, caller, name)
  const request = (read.request = parseRequest(body))
  findRule(key, request)
  if (request.keep && !runsInBackground(request)) throw keptDirectly()
  if (received?.body) checkRawBody(request, received.body, received.path)
  checkQueue(settings, key, request)
  await limits.admitUse(key, bytes)
  const lifetime = lifetimeOf(request, settings.expires)
  const isBackground = runsInBackground(request)
  const most = maxUnsettled(settings, key)
  const isOneMore = await checkRoom(parts, caller, key, isBackground, idempotencyKey, most)

  const newRecord = { owner: caller.owner, idempotencyKey: idempotencyKey ?? randomUUID(), request, lifetime, trace }
  const reservation = await reserve(parts, caller, request, isBackground, idempotencyKey, raw?.body)
  if (!isBackground) {
    const max = isOneMore ? most : undefined
    const { id, answer } = await direct
      .send({ ...newRecord, relay }, getRoom, { max, raw, reservation })
      .catch(async (error: unknown) => {
        await reservation?.release()
        throw error
      })
    raw?.reader?.started(id)
    // The reader of a streamed answer waits itself.
    return raw?.reader ? answer : waitingCallers.during(id, signal, answer)
  }
  const isShared = sharedQueues.has(request.queue)
  const addShared: typeof queue.add = (record, transaction) => sharedQueues.add(record, caller, transaction)
  const { record, isSameRequest } = await records
    .insert({ ...newRecord, isShared }, isShared ? addShared : queue.add, most)
    .catch(mayBeTaken)
  checkSameRequest(isSameRequest)
  if (!isSettled(record)) {
    if (!request.poll || record.place > 1) return record
    await begun(parts, record, Math.min(request.poll, maxBeginning), signal)
  }
  return newest(records, record, getRoom)
}

/** A raw body exists only while its caller sends it. */
function checkRawBody(request: ClientSecretRequest, body: Uint8Array | Upload, path: 'body' | 'data'): void {
  const { method, queue, headers } = request
  if (runsInBackground(request)) {
    throw invalid(
      queue === undefined ? 'poll' : 'queue',
      'A request with a file or bytes runs directly, because the relay stores no files. Leave out queue and poll.',
    )
  }
  if (method === 'GET' || method === 'HEAD')
    throw invalid(path, `${path} is not sent with ${method}. Use another method.`)
  const check = rawBodyCheck(headers, path)
  if ('check' in body) body.check = check
  else check(body)
}

/** The database may have written the record although it did not answer. */
function mayBeTaken(error: unknown): never {
  if (!isClientSecretError(error) || error.code !== 'UNAVAILABLE') throw error
  const message =
    "The relay's database is unavailable. The request may be in the queue, so the API may be called. Send it again with the same Idempotency-Key: the relay then calls the API only once."
  throw new ClientSecretError('UNAVAILABLE', message, { retryAfter: 1, cause: error.cause })
}

/** The current record. A settled one comes with its answer, once there is room for it. */
async function newest(records: Records, before: StoredRecord, getRoom: () => Promise<void>): Promise<StoredRecord> {
  const { owner, id } = before
  const [now] = await records.summaries(owner, [id])
  if (!now || !isSettled(now)) return { ...before, ...now }
  await getRoom()
  return (await records.read(owner, id)) ?? before
}

/** The longest wait for a call to begin, in milliseconds. */
const maxBeginning = 1_000

/**
 * Waits until the first request of a queue runs, which takes a moment. The answer to
 * the submit then says `running`, which saves a poll.
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

/** Whether the caller polls for the answer. A direct request waits for it in the same call. */
function runsInBackground({ queue, poll }: ClientSecretRequest): boolean {
  return queue !== undefined || Boolean(poll)
}

function keptDirectly(): ClientSecretError {
  return invalid(
    'keep',
    'keep needs queue or poll here, because a direct request waits for its whole answer. Send a direct stream to POST /fetch, as useClientSecretStream does.',
  )
}

function keyFor(keys: Keys, caller: Caller, name: string): Key {
  const key = keys.get(name)
  if (!key) throw keyNotFound(name)
  if (key.locked && isVisitor(caller.owner)) throw signInRequired(key.name)
  return key
}

function checkQueue({ queues }: Settings, { name }: Key, { queue = '' }: ClientSecretRequest): void {
  const { keys } = queues.get(queue) ?? {}
  if (!keys || keys.includes(name)) return
  throw new ClientSecretError(
    'INVALID_PARAMETER',
    `The queue "${queue}" takes no requests with the key "${name}" (the relay's option queues.${queue}.keys). Use another queue, or none.`,
    { path: 'queue' },
  )
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
          ? `This caller has ${unsettledPerCaller} unsettled requests, the relay's limit (limits.unsettledPerCaller).`
          : `The key "${name}" has ${limits.unsettled} unsettled requests, its limit (keys.${name}.limits.unsettled).`
      return new ClientSecretError('QUEUE_FULL', `${sentence} Wait for some of them to settle.`, { retryAfter: 1 })
    },
  }
}

/**
 * Reserves a part of the caller's budgets for a direct request. The run of a background request reserves it itself, so
 * this only checks that there is some left. A repeat of an accepted request reserves nothing, if there is none left.
 */
async function reserve(
  { budgets, records }: SubmitDeps,
  { owner }: Caller,
  request: ClientSecretRequest,
  isBackground: boolean,
  idempotencyKey: string | undefined,
  rawBody: RawBody | null | undefined,
): Promise<Reservation | undefined> {
  try {
    if (!isBackground) return await budgets.reserve(owner, request, rawBody)
    await budgets.check(owner, request)
  } catch (error) {
    if (idempotencyKey === undefined || !(await records.isKnown(owner, idempotencyKey))) throw error
  }
  return undefined
}

/**
 * Checks the limits of unsettled requests for caller and key, before the relay writes a record. Background requests count
 * at all relays, direct ones at this relay. False if the request is a repeat of an accepted one.
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
