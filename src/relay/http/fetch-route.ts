import type { Hono } from 'hono'
import { errorStatus } from '../../protocol/error-codes.ts'
import type { ClientSecretError } from '../../protocol/errors.ts'
import { fetchAnswerHeader, refusalOf, toAscii, type FetchAnswerHead } from '../../protocol/fetch.ts'
import type { Caller } from '../common/caller.ts'
import type { StreamedAnswer } from '../execution/direct/streamed-answer.ts'
import { wireError } from '../keys/redacted-error.ts'
import type { Redactor } from '../keys/redaction/redactor.ts'
import type { Admission } from './admission.ts'
import { readDescribed, type DescribedCall } from './described-call.ts'
import { refuseTooLarge } from './json-body.ts'
import type { RelayDeps } from './relay-parts.ts'
import type { Settings } from './settings.ts'
import { submit } from './submit.ts'
import { traceIn } from './traced.ts'
import { discardUpload } from './upload.ts'

/**
 * `POST /fetch`: sends a raw body to an API, and passes on the answer as it arrives. Checks, limits, record, history and
 * cancel are those of every request, in the same order.
 */
export function fetchRoute(app: Hono, settings: Settings, { admitFetch, running }: Admission): void {
  const { limits } = settings
  app.post('/fetch', refuseTooLarge(limits), admitFetch, async (context) => {
    const { caller, room } = context.get('admitted')
    const { raw } = context.req
    const described = await readDescribed(context, { limits, room, isFetch: true })
    const { keep, body } = described
    try {
      // Checked again, because the relay may have stopped while the body arrived.
      const parts = await running()
      const answer = await answerTo(parts, caller, described, raw, traceIn(context))
      // Before the head, only the signal shows that the caller left. After it, only the reader does.
      const left = new AbortController()
      const leave = () => left.abort()
      raw.signal.addEventListener('abort', leave, { once: true })
      if (raw.signal.aborted) leave()
      // A kept stream goes on without a reader.
      if (!keep) answer.waitedFor(left.signal, parts.waitingCallers)
      const head = await answer.head
      return passedOn(head, answer.read(leave))
    } finally {
      await discardUpload(body)
    }
  })
}

/** A new call, or the earlier call with the same idempotency key. */
async function answerTo(
  parts: RelayDeps,
  caller: Caller,
  { request, redirect, keep, body, size, content }: DescribedCall,
  { headers, signal }: Request,
  trace: string | null,
): Promise<StreamedAnswer> {
  await parts.limits.admitCaller(caller, size)
  const idempotencyKey = headers.get('idempotency-key') ?? undefined
  const { answer, isNew } = parts.streamed.open(caller.owner, idempotencyKey, content, keep)
  if (!isNew) return answer
  // A streamed answer accounts for its own memory.
  const getRoom = async () => {}
  const raw = answer.call({ body, redirect })
  const received = { body, path: 'body' as const }
  const submitted = { body: request, bytes: size, idempotencyKey, trace, getRoom, raw, received, signal }
  void parts.calls.during(submit(parts, caller, submitted)).then(answer.settle, answer.fail)
  return answer
}

const sameForAll = {
  'content-type': 'application/octet-stream',
  'cache-control': 'no-store, no-transform',
  // Without it, nginx buffers the answer.
  'x-accel-buffering': 'no',
  'x-content-type-options': 'nosniff',
}

export function passedOn(head: FetchAnswerHead, body: BodyInit | null, status = 200): Response {
  return new Response(body, {
    status,
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
