import { randomId } from '../client/random-id.ts'
import { errorFromWire } from '../client/read-record.ts'
import type { RecordVersion, Transport } from '../client/transport.ts'
import { ClientSecretError } from '../protocol/errors.ts'
import { isSettled, type PollAnswer, type RecordStatus, type WireError } from '../protocol/record.ts'
import { parseRequest } from '../protocol/parse-request.ts'
import type { ClientSecretRequest } from '../protocol/request.ts'
import type { Outcome, ScriptedAnswer } from './answers.ts'
import { absence, createRecords, type Entry } from './records.ts'
import type { Script } from './script.ts'
import { aborted, wait } from './time.ts'

/** A relay in memory, whose APIs answer what the script says. */
export interface ScriptedRelay {
  transport: Transport
  /** What was sent, in order. */
  requests: readonly ClientSecretRequest[]
  /** No call gets through any more, and those that wait are broken off; or they do again. */
  connect: (isConnected: boolean) => void
}

const defaultLimit = 20

/**
 * Does what a relay does: one request at a time in each line, polls that are
 * held until something changes, records until they expire. It knows of time by
 * `Date` and `setTimeout` only, and sets no timer where nothing has to wait.
 *
 * @param latency Milliseconds that each call to the relay takes.
 */
export function scriptedRelay(script: Script, latency: number): ScriptedRelay {
  const records = createRecords()
  const requests: ClientSecretRequest[] = []
  let isConnected = true

  /** The way to the relay, and back. */
  function checkWay(signal: AbortSignal | undefined): void {
    if (signal?.aborted) throw new ClientSecretError('ABORTED', 'The signal aborted the request.')
    if (!isConnected)
      throw new ClientSecretError('NETWORK_ERROR', 'The relay cannot be reached: disconnect() was called.')
  }

  async function arrive(signal?: AbortSignal): Promise<void> {
    await wait(latency, signal)
    checkWay(signal)
  }

  const changeOr = (...signals: (AbortSignal | undefined)[]) =>
    AbortSignal.any([records.nextChange(), ...signals.filter((signal) => signal !== undefined)])

  /** Takes a request through its line and its answer, to its end. */
  async function live(entry: Entry, answer: ScriptedAnswer): Promise<void> {
    // Whoever is next begins at once, so that the answer to the submit says so.
    if (!records.isNext(entry)) await records.turn(entry)
    const outcome = await answer.play({
      moveTo: (place) => records.write(entry, { place, status: mayRun(entry, place) ? 'running' : 'pending' }),
      wait: (milliseconds) => wait(milliseconds, entry.end.signal),
    })
    records.write(entry, { outcome, status: statusOf(outcome) })
  }

  async function settled(entry: Entry, signal: AbortSignal | undefined): Promise<void> {
    while (!isSettled(entry)) {
      await aborted(changeOr(signal))
      checkWay(signal)
    }
  }

  function known(idOrKey: string): Entry {
    const entry = records.find(idOrKey)
    const error = entry ? absence(entry) : unknown(idOrKey)
    if (!entry || error) throw errorFromWire(error!)
    return entry
  }

  /** What differs from the versions seen. */
  function news(seen: RecordVersion[]): PollAnswer {
    const answer: PollAnswer = { records: [], errors: [] }
    for (const { id, version } of seen) {
      const entry = records.find(id)
      const error = entry ? absence(entry) : unknown(id)
      if (!entry || error) answer.errors.push({ id, error: error! })
      else {
        // Who has seen no version has not seen the request either.
        const record = records.toWire(entry, version === undefined ? { request: 'whole' } : {})
        if (record.version !== version) answer.records.push(record)
      }
    }
    return answer
  }

  const transport: Transport = {
    // Of its own, so that what one test keeps over a reload is not found by the next.
    name: `testing-${randomId()}`,
    // What the script says is the end of it: nothing is tried again, and no time goes by.
    isIdempotent: false,

    async submit(params, { idempotencyKey, signal }) {
      const request = asItTravels(params)
      requests.push(request)
      await arrive(signal)
      const answer = script.answerTo(request)
      if (answer.isRefusal) {
        const { error } = await answer.play({ moveTo: () => {}, wait: (milliseconds) => wait(milliseconds, signal) })
        checkWay(signal)
        throw errorFromWire(error!)
      }
      const entry = records.add(request, idempotencyKey, answer.inQueue)
      void live(entry, answer)
      if (request.queue !== undefined || request.poll) return records.toWire(entry)
      await settled(entry, signal)
      return records.toWire(known(entry.id))
    },

    async poll(seen, { wait: hold, signal }) {
      await arrive(signal)
      const deadline = Date.now() + hold
      for (;;) {
        const answer = news(seen)
        const left = deadline - Date.now()
        if (answer.records.length > 0 || answer.errors.length > 0 || left <= 0) return answer
        const expiries = seen.map(({ id }) => records.find(id)!.expiresAt - Date.now())
        await wait(Math.min(left, ...expiries), changeOr(signal))
        checkWay(signal)
      }
    },

    async history({ url, method, queue, status, compact = false, limit = defaultLimit, cursor }, { signal }) {
      await arrive(signal)
      const found = records
        .list()
        .filter(
          ({ request, ...entry }) =>
            (url === undefined || url === request.url) &&
            (method === undefined || method === request.method) &&
            (queue === undefined || queue === request.queue) &&
            (status === undefined || status === entry.status),
        )
      const start = found.findIndex(({ id }) => id === cursor) + 1
      const page = found.slice(start, start + limit)
      return {
        records: page.map((entry) =>
          records.toWire(entry, { request: compact ? 'compact' : 'whole', response: !compact }),
        ),
        cursor: start + limit < found.length ? page.at(-1)!.id : null,
      }
    },

    async cancel(idOrKey) {
      await arrive()
      const entry = known(idOrKey)
      if (isSettled(entry)) return { removed: false, message: 'The request had already settled.' }
      const message = `The request was ${entry.status} and is cancelled.`
      records.write(entry, { status: 'cancelled' })
      return { removed: true, message }
    },

    async queueCount(queueName) {
      await arrive()
      const inQueue = records.list().filter((entry) => entry.request.queue === queueName && !isSettled(entry)).length
      return { queueName, inQueue }
    },
  }

  return {
    transport,
    requests,
    connect(now) {
      isConnected = now
      records.tell()
    },
  }
}

/** Checked as a relay checks it; a copy, so that what is changed afterwards is not seen as sent. */
function asItTravels(params: ClientSecretRequest): ClientSecretRequest {
  return JSON.parse(JSON.stringify(parseRequest(params))) as ClientSecretRequest
}

function mayRun({ request }: Entry, place: number): boolean {
  return place === 1 || request.queue === undefined
}

function statusOf({ error }: Outcome): RecordStatus {
  if (!error) return 'resolved'
  return error.code === 'CANCELLED' ? 'cancelled' : 'failed'
}

function unknown(id: string): WireError {
  return {
    code: 'REQUEST_NOT_FOUND',
    message: 'There is no such request, or it is not yours.',
    requestId: id,
    status: 404,
  }
}
