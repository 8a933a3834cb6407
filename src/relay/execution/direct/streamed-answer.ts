import { asClientSecretError } from '../../../protocol/errors.ts'
import type { Room } from '../../common/bytes-in-flight.ts'
import type { StoredRecord } from '../../database/stored-record.ts'
import type { AnswerHead, AnswerReader, RawCall } from '../../upstream/stream-answer.ts'
import { deferred } from '../../common/deferred.ts'
import { errorOfRecord } from '../run-errors.ts'
import { createKeptWriter, type KeptStreamDeps } from '../kept-writer.ts'
import { answerLost, createSharedBody } from './shared-body.ts'
import type { WaitingCallers } from './waiting-callers.ts'

/** The parts of a direct call outside of its record. */
export interface DirectCall extends RawCall {
  reader?: StreamReader | undefined
}

/** A reader that learns the id of the record. */
export interface StreamReader extends AnswerReader {
  /** Its bytes are kept, so the record must be in the database before the call. */
  isKept: boolean
  started(id: string): void
}

/** An answer that the relay passes on as it arrives, to all callers that asked for it. */
export interface StreamedAnswer {
  /** Rejects with a `ClientSecretError` if there is no answer. */
  readonly head: Promise<AnswerHead & { id: string }>
  /** The call that delivers the answer. */
  call(call: Pick<RawCall, 'body'> & Pick<AnswerReader, 'redirect'>): DirectCall
  /** To be called with the record at the end of the call. */
  settle: (record: StoredRecord) => void
  fail: (error: unknown) => void
  /** Counts a caller as waiting. The call ends some time after the last caller has left. */
  waitedFor(signal: AbortSignal, waitingCallers: WaitingCallers): void
  /** The body from its beginning. Calls `leave` if the reader leaves before the end. */
  read(leave: () => void): ReadableStream<Uint8Array>
}

/**
 * @param onEnd Called at the end with the number of bytes in memory; undefined if the API was not called.
 * @param kept Keeps the bytes in the database.
 */
export function createStreamedAnswer(
  room: Room,
  onEnd: (size: number | undefined) => void,
  kept?: KeptStreamDeps,
): StreamedAnswer {
  const id = deferred<string>()
  const head = deferred<AnswerHead>()
  const done = deferred<void>()
  const shared = createSharedBody(room)
  const writer = kept && createKeptWriter(kept, id.promise, shared.add)
  let isStarted = false
  let hasBegun = false
  let hasEnded = false

  function finish(error?: Error): void {
    if (hasEnded) return
    hasEnded = true
    if (error) {
      id.reject(error)
      head.reject(error)
    }
    done.resolve()
    shared.end(error)
    onEnd(isStarted ? shared.size : undefined)
  }

  const fail = (error: unknown) => finish(asClientSecretError(error))

  const bothKnown = Promise.all([head.promise, id.promise]).then(([known, id]) => ({ ...known, id }))
  // The reader of the head gets its error.
  bothKnown.catch(() => {})

  return {
    head: bothKnown,
    fail,
    call({ body, redirect }) {
      const reader: StreamReader = {
        redirect,
        started(given) {
          isStarted = true
          id.resolve(given)
        },
        begin(given) {
          hasBegun = true
          // The body is sent by now.
          direct.body = null
          if (!writer) return head.resolve(given)
          writer.begin(given).then(
            () => head.resolve(given),
            // The next write has its error.
            () => {},
          )
        },
        isKept: writer !== undefined,
        write: (chunk, signal) => writer?.write(chunk) ?? shared.write(chunk, signal),
        flush: writer?.flush,
      }
      const direct: DirectCall = { body, reader }
      return direct
    },
    settle(record) {
      const { id: requestId, status, error, response } = record
      if (!hasBegun && !error) return fail(answerLost(requestId))
      // An answer with a status of 400 or more has a body. After any other failure, the body is missing or incomplete.
      if (status !== 'cancelled' && (!error || (response && hasBegun))) return finish()
      fail(errorOfRecord(record))
    },
    waitedFor(signal, waitingCallers) {
      id.promise.then((known) => waitingCallers.during(known, signal, done.promise)).catch(() => {})
    },
    read: (leave) => shared.read(leave),
  }
}
