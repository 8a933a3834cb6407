import { ClientSecretError } from '../../protocol/errors.ts'
import { expiredMessage, type ClientSecretRecord, type PollAnswer, type WireError } from '../../protocol/record.ts'
import { shown } from '../../protocol/invalid-parameter.ts'
import type { Caller } from '../common/caller.ts'
import type { Settings } from './settings.ts'
import type { PubSub } from '../database/pub-sub.ts'
import type { Room } from '../common/bytes-in-flight.ts'
import type { Limits } from '../execution/rate-limits.ts'
import type { SharedQueueRunner } from '../execution/queue/shared-queues.ts'
import type { SharedQueuePlaces } from '../database/shared-queue-places.ts'
import { UnreadableRecordError } from '../database/record-columns.ts'
import type { Records } from '../database/records.ts'
import { expiryOf, toWire, versionOf, type RecordSummary } from '../database/stored-record.ts'

const maxIds = 200
/** Characters of an id with a version, about twice their usual length. */
const maxIdLength = 100
/** Characters of bodies after which an answer takes no further record. */
const maxCharacters = 4_000_000
/** The approximate memory for one listener. */
const bytesOfListener = 512
/** Milliseconds. Proxies cut connections that are idle for longer. */
const maxHold = 30_000

/** Reads the query of `GET /requests?ids=a:3,b:1&wait=1000`: ids, each with the version last seen, and milliseconds. */
export function parsePoll(query: Record<string, string>): {
  seen: Map<string, string | undefined>
  wait: number
} {
  const { ids, wait: hold = '0' } = query
  if (!ids)
    throw new ClientSecretError('INVALID_PARAMETER', 'ids must name requests, such as ?ids=a,b.', { path: 'ids' })
  // Stops at the first id beyond the limit.
  const items = ids.split(',', maxIds + 1)
  if (items.length > maxIds)
    throw new ClientSecretError(
      'INVALID_PARAMETER',
      `ids must name at most ${maxIds} requests; it names more. Send several polls.`,
      { path: 'ids' },
    )
  const long = items.find((item) => item.length > maxIdLength)
  if (long !== undefined)
    throw new ClientSecretError('INVALID_PARAMETER', `ids must name requests by their ids; ${shown(long)} is none.`, {
      path: 'ids',
    })
  const seen = new Map(
    items.map((item) => {
      const [id = '', version] = item.split(':', 2)
      return [id, version]
    }),
  )
  const wait = Number(hold)
  if (!(wait >= 0))
    throw new ClientSecretError('INVALID_PARAMETER', `wait must be a number of milliseconds; it is ${shown(hold)}.`, {
      path: 'wait',
    })
  return { seen, wait: Math.min(wait, maxHold) }
}

interface PollDeps {
  records: Records
  pubSub: PubSub
  limits: Limits
  sharedQueues: Pick<SharedQueueRunner, 'has'>
  places: Pick<SharedQueuePlaces, 'watch'>
  settings: Pick<Settings, 'limits'>
}

interface Polled {
  seen: Map<string, string | undefined>
  wait: number
  signal: AbortSignal
  /** Memory for the answer. */
  room: Room
}

/**
 * Answers at once with the records that differ from the versions seen. Without one,
 * holds the poll until a record changes, for at most `wait` milliseconds.
 */
export async function poll(
  { records, pubSub, limits, sharedQueues, places, settings }: PollDeps,
  caller: Caller,
  { seen, wait, signal, room }: Polled,
): Promise<PollAnswer> {
  const { owner } = caller
  const ids = [...seen.keys()]
  const letGo = wait > 0 ? limits.holdPoll(caller) : null
  // The relay answers a poll at once if it may not hold it. The client then waits before the next one.
  const deadline = Date.now() + (letGo ? wait : 0)
  const listener = pubSub.subscribe(ids)
  const watched = new Map<string, () => void>()
  try {
    if (letGo) room.demand(ids.length * bytesOfListener)
    for (;;) {
      const heads = (await records.summaries(owner, ids)).filter(({ expiresAt }) => expiresAt > records.now())
      const changed = heads.filter((head) => seen.get(head.id) !== versionOf(head))
      if (changed.length > 0) await room.wait(settings.limits.responseBytes, signal)
      const answer: PollAnswer = {
        records: await news(records, owner, changed, seen),
        errors: ids
          .filter((id) => !heads.some((head) => head.id === id))
          .map((id) => ({ id, error: absence(records, id) })),
      }
      const left = deadline - Date.now()
      if (answer.records.length > 0 || answer.errors.length > 0 || left <= 0 || signal.aborted || pubSub.isClosed())
        return answer
      // A request moves forward in its queue when an earlier one settles.
      for (const { concurrencyKey, queueName } of heads) {
        if (queueName === null || !sharedQueues.has(queueName)) listener.add([concurrencyKey])
        else if (!watched.has(queueName)) watched.set(queueName, places.watch(queueName))
      }
      const nextExpiry = Math.min(...heads.map(({ expiresAt }) => expiresAt)) - records.now()
      await listener.next(Math.min(left, nextExpiry + 1), signal)
    }
  } finally {
    listener.stop()
    for (const stopWatching of watched.values()) stopWatching()
    letGo?.()
  }
}

/** The changed records. Those that do not fit into one answer come with the next poll. */
async function news(
  records: Records,
  owner: string,
  heads: RecordSummary[],
  seen: Map<string, string | undefined>,
): Promise<ClientSecretRecord[]> {
  const found: ClientSecretRecord[] = []
  let size = 0
  for (const head of heads) {
    const record = await records.read(owner, head.id).catch((error: unknown) => {
      // An unreadable record must not hide the others. Its own answer is just the status.
      if (error instanceof UnreadableRecordError) return { ...head, request: undefined, response: null }
      throw error
    })
    if (!record) continue
    found.push(toWire(record, { withRequest: seen.get(head.id) === undefined }))
    size += record.response?.body.length ?? 0
    if (size > maxCharacters) break
  }
  return found
}

/** Why this caller has no such record. Another caller's record looks like a missing one. */
function absence(
  records: Pick<Records, 'hasMadeRoom' | 'now'>,
  id: string,
): WireError & { code: 'EXPIRED' | 'REQUEST_NOT_FOUND' } {
  const expiry = expiryOf(id)
  if (expiry !== null && expiry <= records.now())
    return { code: 'EXPIRED', message: expiredMessage, requestId: id, status: 410 }
  if (records.hasMadeRoom(id)) {
    const message =
      'The request expired early: the database in memory was full (limits.bytesInMemory), and the relay removed its oldest records. To keep them, give the option database a file.'
    return { code: 'EXPIRED', message, requestId: id, status: 410 }
  }
  return {
    code: 'REQUEST_NOT_FOUND',
    message: 'There is no such request, or it is not yours.',
    requestId: id,
    status: 404,
  }
}

/** The same as an error. */
export function absent(records: Pick<Records, 'hasMadeRoom' | 'now'>, id: string): ClientSecretError {
  const { code, message, requestId } = absence(records, id)
  return new ClientSecretError(code, message, { requestId })
}
