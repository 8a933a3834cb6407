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
import type { StreamedAnswer } from '../execution/streamed-answers.ts'
import { wireError } from '../keys/redacted-error.ts'
import type { Redactor } from '../keys/redaction/redactor.ts'
import type { Admission } from './admission.ts'
import { readFetch } from './fetch-description.ts'
import { limitBody, refuseTooLarge } from './json-body.ts'
import type { RelayDeps } from './relay-parts.ts'
import type { Settings } from './settings.ts'
import { submit } from './submit.ts'

/**
 * `POST /fetch`: a call whose body goes out as it is, and whose answer is passed on as it comes. The checks are those of
 * every request, in the same order, and so are record, limits, history and cancel.
 */
export function fetchRoute(app: Hono, settings: Settings, { admitFetch, running }: Admission): void {
  const { requestBytes } = settings.limits
  app.post('/fetch', refuseTooLarge(requestBytes), admitFetch, limitBody(requestBytes), async (context) => {
    const { caller, room } = context.get('admitted')
    const { raw } = context.req
    const bytes = new Uint8Array(await raw.arrayBuffer())
    // Asked again, because it may have stopped while the body arrived.
    const parts = await running()
    const answer = await answerTo(parts, caller, room, bytes, raw)
    // Before the head there may be no reader, and afterwards no signal.
    const left = new AbortController()
    const leave = () => left.abort()
    raw.signal.addEventListener('abort', leave, { once: true })
    if (raw.signal.aborted) leave()
    answer.waitedFor(left.signal, parts.waitingCallers)
    const head = await answer.head
    return passedOn(head, answer.read(leave))
  })
}

/** A new call; or the one that was made before under the same idempotency key. */
async function answerTo(
  parts: RelayDeps,
  caller: Caller,
  room: Room,
  bytes: Uint8Array,
  { headers, signal }: Request,
): Promise<StreamedAnswer> {
  await parts.limits.admitCaller(caller, bytes.length)
  const header = headers.get(fetchRequestHeader) ?? ''
  const described = readFetch(header, bytes, room.demand)
  const idempotencyKey = headers.get('idempotency-key') ?? undefined
  const { answer, isNew } = parts.streamed.open(caller.owner, idempotencyKey, [header, bytes])
  if (!isNew) return answer
  const { request, redirect, body } = described
  // Nobody needs room for an answer that has its own.
  const getRoom = async () => {}
  const raw = answer.call({ body, redirect })
  const submitted = { body: request, bytes: bytes.length, idempotencyKey, getRoom, raw, signal }
  void parts.calls.during(submit(parts, caller, submitted)).then(answer.settle, answer.fail)
  return answer
}

const sameForAll = {
  'content-type': 'application/octet-stream',
  'cache-control': 'no-store, no-transform',
  // Said to nginx, which holds an answer back otherwise.
  'x-accel-buffering': 'no',
  'x-content-type-options': 'nosniff',
}

function passedOn(head: FetchAnswerHead, body: BodyInit | null): Response {
  return new Response(body, { headers: { ...sameForAll, [fetchAnswerHeader]: btoa(toAscii(bounded(head))) } })
}

/** Characters of all headers. More than this, proxies do not take. */
const maxHeadersLength = 4_096

/** What is longest is left out until the rest fits. */
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
