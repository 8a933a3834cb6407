import { createHash, randomUUID } from 'node:crypto'
import { isErrorCode } from '../../protocol/error-codes.ts'
import { asClientSecretError, ClientSecretError } from '../../protocol/errors.ts'
import type { BytesInFlight } from '../common/bytes-in-flight.ts'
import { isVisitor } from '../common/caller.ts'
import type { StoredRecord } from '../database/stored-record.ts'
import type { AnswerHead, RawCall } from '../upstream/stream-answer.ts'
import { checkSameRequest } from './claims.ts'
import type { WaitingCallers } from './waiting-callers.ts'

/** A call that reports the id of its record. */
export interface StartedCall extends RawCall {
  started(id: string): void
}

/** An answer that the relay passes on as it arrives, to all callers that asked for it. */
export interface StreamedAnswer {
  /** Rejects with a `ClientSecretError` if there is no answer. */
  readonly head: Promise<AnswerHead>
  /** The call that delivers the answer. */
  call(call: Pick<RawCall, 'body' | 'redirect'>): StartedCall
  /** To be called with the record at the end of the call. */
  settle: (record: StoredRecord) => void
  fail: (error: unknown) => void
  /** Counts a caller as waiting. The call ends some time after the last caller has left. */
  waitedFor(signal: AbortSignal, waitingCallers: WaitingCallers): void
  /** The body from its beginning. Calls `leave` if the reader leaves before the end. */
  read(leave: () => void): ReadableStream<Uint8Array>
}

export interface StreamedAnswers {
  /** The owner's recent answer with this idempotency key, or a new one. */
  open(
    owner: string,
    idempotencyKey: string | undefined,
    request: readonly (string | Uint8Array)[],
  ): { answer: StreamedAnswer; isNew: boolean }
}

/** Milliseconds for which the relay keeps an answer, for a caller that lost it and sends the request again. */
const keptFor = 60_000
/** Bytes of all kept answers. Visitors have half. */
const maxKept = 32 * 2 ** 20
/** Bytes of one answer that stay available from its beginning, for callers that join. */
const maxJoinable = 4 * 2 ** 20
/** Bytes that may wait for the fastest reader. Beyond this, the API waits too. */
const maxAhead = 256 * 1024
/** Milliseconds that a reader may take for a chunk. */
const maxReading = 300_000

/** The current and the recent streamed answers of this relay. */
export function createStreamedAnswers(inFlight: BytesInFlight): StreamedAnswers {
  const answers = new Map<string, { answer: StreamedAnswer; digest: string }>()
  const kept = new Map<string, { size: number; ofVisitor: boolean }>()

  /** The oldest go first. */
  function makeRoom(ofVisitor: boolean): void {
    const most = ofVisitor ? maxKept / 2 : maxKept
    const counted = [...kept].filter(([, one]) => !ofVisitor || one.ofVisitor)
    let sum = counted.reduce((all, [, { size }]) => all + size, 0)
    for (const [name, { size }] of counted) {
      if (sum <= most) return
      sum -= size
      forget(name)
    }
  }

  function forget(name: string): void {
    kept.delete(name)
    answers.delete(name)
  }

  return {
    open(owner, idempotencyKey = randomUUID(), request) {
      const name = JSON.stringify([owner, idempotencyKey])
      const hash = createHash('sha256')
      for (const part of request) hash.update(part)
      const digest = hash.digest('base64')
      const before = answers.get(name)
      if (before) {
        checkSameRequest(before.digest === digest)
        return { answer: before.answer, isNew: false }
      }
      const answer = createStreamedAnswer(inFlight.open(owner), (size) => {
        // A request that was refused before its call may be sent again.
        if (size === undefined) return forget(name)
        kept.set(name, { size, ofVisitor: isVisitor(owner) })
        makeRoom(true)
        makeRoom(false)
        setTimeout(() => kept.has(name) && answers.get(name)?.answer === answer && forget(name), keptFor).unref()
      })
      answers.set(name, { answer, digest })
      return { answer, isNew: true }
    },
  }
}

/** @param onEnd Called at the end with the number of kept bytes; undefined if the API was not called. */
function createStreamedAnswer(
  room: ReturnType<BytesInFlight['open']>,
  onEnd: (size: number | undefined) => void,
): StreamedAnswer {
  const id = deferred<string>()
  const head = deferred<AnswerHead>()
  const done = deferred<void>()
  /** The kept chunks, from number `first` on. */
  const chunks: Buffer[] = []
  let first = 0
  /** The kept bytes, and all bytes so far. */
  let size = 0
  let total = 0
  let isStarted = false
  let hasBegun = false
  let end: { error?: Error } | undefined
  const readers = new Set<Reader>()
  let writerWakes = () => {}

  const furthest = () => Math.max(first, ...[...readers].map(({ next }) => next))
  const ahead = () => total - Math.max(total - size, ...[...readers].map(({ had }) => had))
  const wakeReaders = () => {
    for (const { wake } of readers) wake()
  }
  const leaveRoom = () => void (end && readers.size === 0 && room.leave())

  /** Drops the chunks that the fastest reader has read. Slower readers lose their place. */
  function trim(): void {
    const had = chunks.splice(0, furthest() - first)
    first += had.length
    for (const { length } of had) size -= length
    room.hold(size)
  }

  function take(chunk: Buffer): void {
    chunks.push(chunk)
    size += chunk.length
    total += chunk.length
    try {
      if (size > maxJoinable || first > 0) trim()
      else room.demand(chunk.length)
    } catch {
      trim()
    }
    wakeReaders()
  }

  function finish(how: { error?: Error }): void {
    if (end) return
    end = how
    if (how.error) {
      id.reject(how.error)
      head.reject(how.error)
    }
    done.resolve()
    leaveRoom()
    onEnd(isStarted ? size : undefined)
    wakeReaders()
  }

  const fail = (error: unknown) => finish({ error: asClientSecretError(error) })

  return {
    head: head.promise,
    fail,
    call: ({ body, redirect }) => ({
      body,
      redirect,
      started(given) {
        isStarted = true
        id.resolve(given)
      },
      begin(given) {
        hasBegun = true
        // The body is sent by now.
        this.body = null
        head.resolve(given)
      },
      async write(chunk, signal) {
        take(chunk)
        // Without a reader, the call goes on as long as a returning caller can get the answer from its beginning.
        while (ahead() > (readers.size > 0 ? maxAhead : maxJoinable)) {
          const woken = deferred<void>()
          writerWakes = woken.resolve
          signal.addEventListener('abort', woken.resolve)
          await woken.promise
          signal.removeEventListener('abort', woken.resolve)
          signal.throwIfAborted()
        }
      },
    }),
    settle({ id: requestId, status, error, response }) {
      if (!hasBegun && !error) return fail(answerLost(requestId))
      if (status === 'cancelled')
        return fail(new ClientSecretError('CANCELLED', 'The request was cancelled.', { requestId }))
      // An answer with a status of 400 or more has a body. After any other failure, the body is missing or incomplete.
      if (!error || (response && hasBegun)) return finish({})
      const { code, message, ...details } = error
      fail(new ClientSecretError(isErrorCode(code) ? code : 'INTERNAL', message, { requestId, path: details.path }))
    },
    waitedFor(signal, waitingCallers) {
      id.promise.then((known) => waitingCallers.during(known, signal, done.promise)).catch(() => {})
    },
    read(leave) {
      const reader: Reader = { next: 0, had: 0, wake: () => {} }
      readers.add(reader)
      let timer: NodeJS.Timeout | undefined
      const gone = () => {
        clearTimeout(timer)
        readers.delete(reader)
        leaveRoom()
        writerWakes()
      }
      return new ReadableStream<Uint8Array>(
        {
          async pull(controller) {
            clearTimeout(timer)
            while (!end && reader.next >= first + chunks.length) await new Promise<void>((wake) => (reader.wake = wake))
            if (!readers.has(reader)) return
            const chunk = chunks[reader.next - first]
            if (chunk) {
              reader.next++
              reader.had += chunk.length
              writerWakes()
              timer = setTimeout(() => {
                gone()
                leave()
                controller.error(new Error('the caller took too long to read the answer'))
              }, maxReading).unref()
              return controller.enqueue(chunk)
            }
            gone()
            // The next chunk is gone, because another reader is faster.
            if (reader.next < first) return controller.error(answerLost())
            if (end?.error) return controller.error(end.error)
            controller.close()
          },
          cancel() {
            gone()
            reader.wake()
            leave()
          },
        },
        { highWaterMark: 0 },
      )
    },
  }
}

interface Reader {
  /** The number of the next chunk, and the bytes read so far. */
  next: number
  had: number
  wake: () => void
}

/** A promise whose rejection may stay unhandled. */
function deferred<T>() {
  let resolve!: (value: T) => void
  let reject!: (error: Error) => void
  const promise = new Promise<T>((resolves, rejects) => {
    resolve = resolves
    reject = rejects
  })
  promise.catch(() => {})
  return { promise, resolve: resolve as T extends void ? () => void : (value: T) => void, reject }
}

function answerLost(requestId?: string): ClientSecretError {
  return new ClientSecretError(
    'INTERRUPTED',
    'This request was sent before, and the relay no longer keeps its answer. The API has acted on it. Check there before you send it as a new request.',
    { requestId },
  )
}
