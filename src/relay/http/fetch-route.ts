import type { Hono } from 'hono'
import { errorStatus } from '../../protocol/error-codes.ts'
import type { ClientSecretError } from '../../protocol/errors.ts'
import {
  fetchAnswerHeader,
  fetchRequestHeader,
  refusalOf,
  toAscii,
  type FetchAnswerHead,
} from '../../protocol/fetch.ts'
import type { Room } from '../common/bytes-in-flight.ts'
import type { Caller } from '../common/caller.ts'
import type { StreamedAnswer } from '../execution/direct/streamed-answer.ts'
import { wireError } from '../keys/redacted-error.ts'
import type { Redactor } from '../keys/redaction/redactor.ts'
import type { Admission } from './admission.ts'
import { readFetch } from './fetch-description.ts'
import { limitBody, refuseTooLarge } from './json-body.ts'
import type { RelayDeps } from './relay-parts.ts'
import type { Settings } from './settings.ts'
import { submit } from './submit.ts'

/**
 * `POST /fetch`: sends a raw body to an API, and passes on the answer as it arrives. Checks, limits, record, history and
 * cancel are those of every request, in the same order.
 */
export function fetchRoute(app: Hono, settings: Settings, { admitFetch, running }: Admission): void {
  const { requestBytes } = settings.limits
  app.post('/fetch', refuseTooLarge(requestBytes), admitFetch, limitBody(requestBytes), async (context) => {
    const { caller, room } = context.get('admitted')
    const { raw } = context.req
    const bytes = new Uint8Array(await raw.arrayBuffer())
    // Checked again, because the relay may have stopped while the body arrived.
    const parts = await running()
    const { answer, keep } = await answerTo(parts, caller, room, bytes, raw)
    // Before the head, only the signal shows that the caller left. After it, only the reader does.
    const left = new AbortController()
    const leave = () => left.abort()
    raw.signal.addEventListener('abort', leave, { once: true })
    if (raw.signal.aborted) leave()
    // A kept stream goes on without a reader.
    if (!keep) answer.waitedFor(left.signal, parts.waitingCallers)
    const head = await answer.head
    return passedOn(head, answer.read(leave))
  })
}

/** A new call, or the earlier call with the same idempotency key. */
async function answerTo(
  parts: RelayDeps,
  caller: Caller,
  room: Room,
  bytes: Uint8Array,
  { headers, signal }: Request,
): Promise<{ answer: StreamedAnswer; keep: boolean }> {
  await parts.limits.admitCaller(caller, bytes.length)
  const header = headers.get(fetchRequestHeader) ?? ''
  const described = readFetch(header, bytes, room.demand)
  const idempotencyKey = headers.get('idempotency-key') ?? undefined
  const { request, redirect, keep, body } = described
  const { answer, isNew } = parts.streamed.open(caller.owner, idempotencyKey, [header, bytes], keep)
  if (!isNew) return { answer, keep }
  // A streamed answer accounts for its own memory.
  const getRoom = async () => {}
  const raw = answer.call({ body, redirect })
  const submitted = { body: request, bytes: bytes.length, idempotencyKey, getRoom, raw, signal }
  void parts.calls.during(submit(parts, caller, submitted)).then(answer.settle, answer.fail)
  return { answer, keep }
}

const sameForAll = {
  'content-type': 'application/octet-stream',
  'cache-control': 'no-store, no-transform',
  // Without it, nginx buffers the answer.
  'x-accel-buffering': 'no',
  'x-content-type-options': 'nosniff',
}

export function passedOn(head: FetchAnswerHead, body: BodyInit | null): Response {
  return new Response(body, {
    headers: { ...sameForAll, [fetchAnswerHeader]: btoa(toAscii(JSON.stringify(bounded(head)))) },
  })
}

/** Characters of all headers. Proxies reject more. */
const maxHeadersLength = 4_096

/** Drops the longest headers until the rest fits. */
function bounded({ headers, ...head }: FetchAnswerHead): FetchAnswerHead {
  let length = 0
  const shortestFirst = Object.entries(headers).sort(([, one], [, other]) => one.length - other.length)
  const fitting = shortestFirst.filter(([name, value]) => (length += name.length + value.length) <= maxHeadersLength)
  return { ...head, headers: Object.fromEntries(fitting) }
}

export function refusedFetch(error: ClientSecretError, secrets: Redactor): Response {
  const { head, body } = refusalOf({ ...wireError(error, secrets), code: error.code }, errorStatus[error.code])
  return passedOn(head, body)
}
