import { errorStatus, type ErrorCode } from '../protocol/error-codes.ts'
import { ClientSecretError } from '../protocol/errors.ts'
import {
  checkTime,
  inLowerCase,
  isBytes,
  outcomeOf,
  written,
  type Course,
  type Outcome,
  type Piece,
  type ReplyOptions,
  type ScriptedAnswer,
  type StreamedHead,
} from './answers.ts'

/** The head of a streamed answer. */
export interface StreamHeadOptions extends Pick<ReplyOptions, 'status'> {
  /** Headers of the API, in any letter case. Default content type: `text/event-stream`. */
  headers?: Record<string, string> | undefined
}

export interface StreamAnswerOptions extends StreamHeadOptions {
  /** Milliseconds until the head of the answer. Default 0: at once, without a timer. */
  after?: number | undefined
  /** Milliseconds before each chunk, and before the end. Default 0. */
  every?: number | undefined
  /** Breaks the answer off with this error after the last chunk, such as `UPSTREAM_UNREACHABLE`. Default: a clean end. */
  breaksOff?: ErrorCode | undefined
}

/** A streamed answer that the test writes. */
export interface HeldStream extends ScriptedAnswer {
  /**
   * Delivers chunks to every reader. A later request gets them too, from the first on.
   *
   * @throws ClientSecretError `INVALID_PARAMETER` after the end.
   */
  write: (...chunks: unknown[]) => void
  /**
   * Completes the answer.
   *
   * @throws ClientSecretError `INVALID_PARAMETER` after the end.
   */
  end: () => void
  /**
   * Breaks the answer off. Default: `UPSTREAM_UNREACHABLE`, as for an API that closes its connection.
   *
   * @throws ClientSecretError `INVALID_PARAMETER` after the end.
   */
  breakOff: (code?: ErrorCode) => void
}

/**
 * Scripts a streamed answer, for `useClientSecretStream`, `createStream` and `fetchWith`. Other requests get it whole.
 *
 * @param chunks A string or a `Uint8Array` travels as it is; every other value is one event, with the value as JSON.
 *
 * @example
 * const delta = (content: string) => ({ choices: [{ delta: { content } }] })
 * client.on({ url: /chat/ }, stream([delta('Otters '), delta('hold hands.')], { every: 50 }))
 */
export function stream(
  chunks: readonly unknown[],
  { after = 0, every = 0, breaksOff, ...options }: StreamAnswerOptions = {},
): ScriptedAnswer {
  checkTime(after, 'after', 'holdStream')
  checkTime(every, 'every', 'holdStream')
  const head = headOf(options)
  const pieces = chunks.map((chunk) => pieceOf(chunk, head))
  const outcome = endOf(head, pieces, breaksOff)
  return {
    inQueue: 1,
    isRefusal: false,
    async play({ moveTo, wait, begin, write }) {
      moveTo(1)
      await wait(after)
      begin(head)
      for (const piece of pieces) {
        await wait(every)
        write(piece)
      }
      await wait(every)
      return outcome
    },
  }
}

/**
 * Scripts a streamed answer that the test writes chunk by chunk. The head comes at once.
 *
 * @example
 * const answer = holdStream()
 * client.on({ url: /chat/ }, answer)
 * // … send …
 * answer.write({ choices: [{ delta: { content: 'Otters ' } }] })
 * answer.breakOff()
 */
export function holdStream(options: StreamHeadOptions = {}): HeldStream {
  const head = headOf(options)
  const pieces: Piece[] = []
  const readers = new Set<Course>()
  let isOver = false
  let finish!: (outcome: Outcome) => void
  const over = new Promise<Outcome>((resolve) => (finish = resolve))

  function end(code?: ErrorCode): void {
    checkOpen()
    isOver = true
    readers.clear()
    finish(endOf(head, pieces, code))
  }

  function checkOpen(): void {
    if (!isOver) return
    throw new ClientSecretError(
      'INVALID_PARAMETER',
      'This streamed answer ended before. Create one with holdStream() for each answer, and pass them to client.on in order.',
    )
  }

  return {
    inQueue: 1,
    isRefusal: false,
    play(course) {
      course.moveTo(1)
      course.begin(head)
      for (const piece of pieces) course.write(piece)
      if (!isOver) readers.add(course)
      return over
    },
    write(...chunks) {
      checkOpen()
      for (const piece of chunks.map((chunk) => pieceOf(chunk, head))) {
        pieces.push(piece)
        for (const reader of readers) reader.write(piece)
      }
    },
    end: () => end(),
    breakOff: (code = 'UPSTREAM_UNREACHABLE') => end(code),
  }
}

function headOf({ status = 200, headers = {} }: StreamHeadOptions): StreamedHead {
  return { status, headers: { 'content-type': 'text/event-stream', ...inLowerCase(headers) } }
}

function pieceOf(chunk: unknown, { headers }: StreamedHead): Piece {
  if (typeof chunk === 'string' || isBytes(chunk)) return chunk
  const json = JSON.stringify(chunk)
  return headers['content-type']!.startsWith('text/event-stream') ? `data: ${json}\n\n` : `${json}\n`
}

/** The end of an answer: the whole of it, or the error that breaks it off. */
function endOf(head: StreamedHead, pieces: Piece[], code: ErrorCode | undefined): Outcome {
  if (code)
    return {
      error: {
        code,
        message: 'The API broke off in the middle of its answer, as scripted.',
        status: errorStatus[code],
      },
    }
  return wholeOf(head, pieces)
}

/** The outcome of an answer whose pieces are complete. */
export function wholeOf({ status, headers }: StreamedHead, pieces: Piece[]): Outcome {
  const isText = pieces.every((piece) => typeof piece === 'string')
  return outcomeOf(status, written(isText ? pieces.join('') : bytesOf(pieces)), headers)
}

/** The bytes of all pieces. */
export function bytesOf(pieces: Piece[]): Uint8Array {
  const all = pieces.map((piece) => (typeof piece === 'string' ? new TextEncoder().encode(piece) : piece))
  const whole = new Uint8Array(all.reduce((sum, { length }) => sum + length, 0))
  all.reduce((at, bytes) => (whole.set(bytes, at), at + bytes.length), 0)
  return whole
}
