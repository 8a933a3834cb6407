import { ClientSecretError } from '../../protocol/errors.ts'
import { expiredMessage, type ClientSecretRecord, type PollAnswer, type WireError } from '../../protocol/record.ts'
import { shown } from '../../protocol/invalid-parameter.ts'
import type { Caller } from '../common/caller.ts'
import type { Settings } from './settings.ts'
import type { PubSub } from '../database/pub-sub.ts'
import type { Room } from '../common/bytes-in-flight.ts'
import type { Limits } from '../execution/limits.ts'
import { UnreadableRecordError } from '../database/record-rows.ts'
import type { Records } from '../database/records.ts'
import { expiryOf, toWire, versionOf, type RecordSummary } from '../database/stored-record.ts'

const maxIds = 200
/** Characters of an id with the version last seen; both are about half of that together. */
const maxIdLength = 100
/** Characters of bodies in one answer, after which no further record is added. */
const maxCharacters = 4_000_000
/** About what it takes to listen for news of one request. */
const bytesOfListener = 512
/** Milliseconds. A proxy on the way would cut what is held longer. */
const maxHold = 30_000

/** Reads the query of `GET /requests?ids=a:3,b:1&wait=1000`: ids, each with the version last seen, and milliseconds. */
export function parsePoll(query: Record<string, string>): {
  seen: Map<string, string | undefined>
  wait: number
} {
  const { ids, wait: hold = '0' } = query
  if (!ids)
    throw new ClientSecretError('INVALID_PARAMETER', 'ids must name requests, such as ?ids=a,b.', { path: 'ids' })
  // No further than to the first one too many.
  const items = ids.split(',', maxIds + 1)
  if (items.length > maxIds)
    throw new ClientSecretError(
      'INVALID_PARAMETER',
      `ids must name at most ${maxIds} requests; it names more. Ask for them in several polls.`,
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
  settings: Pick<Settings, 'limits'>
}

interface Polled {
  seen: Map<string, string | undefined>
  wait: number
  signal: AbortSignal
  /** For the answer. */
  room: Room
}

/**
 * Answers at once what differs from the versions seen; else holds the poll
 * until something does, for at most `wait` milliseconds.
 */
export async function poll(
  { records, pubSub, limits, settings }: PollDeps,
  caller: Caller,
  { seen, wait, signal, room }: Polled,
): Promise<PollAnswer> {
  const { owner } = caller
  const ids = [...seen.keys()]
  const letGo = wait > 0 ? limits.holdPoll(caller) : null
  // One that is not held is answered at once, and its client waits before it asks again.
  const deadline = Date.now() + (letGo ? wait : 0)
  const listener = pubSub.subscribe(ids)
  try {
    if (letGo) room.demand(ids.length * bytesOfListener)
    for (;;) {
      const heads = (await records.summaries(owner, ids)).filter(({ expiresAt }) => expiresAt > Date.now())
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
      // Whoever stands in line moves forward when somebody before them is done.
      listener.add(heads.map(({ line }) => line))
      const nextExpiry = Math.min(...heads.map(({ expiresAt }) => expiresAt)) - Date.now()
      await listener.next(Math.min(left, nextExpiry + 1), signal)
    }
  } finally {
    listener.stop()
    letGo?.()
  }
}

/** The records that have changed; those that are too much for one answer come with the next poll. */
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
      // Of one that cannot be read its sender is told what has become of it, and of the others everything.
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

/** Why there is no such record for this caller. Somebody else's is told apart from none by nothing. */
export function absence(
  records: Pick<Records, 'hasMadeRoom'>,
  id: string,
): WireError & { code: 'EXPIRED' | 'REQUEST_NOT_FOUND' } {
  const expiry = expiryOf(id)
  if (expiry !== null && expiry <= Date.now())
    return { code: 'EXPIRED', message: expiredMessage, requestId: id, status: 410 }
  if (records.hasMadeRoom(id)) {
    const message =
      'The request has expired: the relay keeps its records in memory, and this one was among the oldest when they became too many.'
    return { code: 'EXPIRED', message, requestId: id, status: 410 }
  }
  return {
    code: 'REQUEST_NOT_FOUND',
    message: 'There is no such request, or it is not yours.',
    requestId: id,
    status: 404,
  }
}
