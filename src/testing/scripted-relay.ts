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
import { scriptedFetch } from './scripted-fetch.ts'
import { aborted, wait } from './time.ts'

/** A relay in memory. Its APIs answer as scripted. */
export interface ScriptedRelay {
  transport: Transport
  /** The sent requests, in order. */
  requests: readonly ClientSecretRequest[]
  /** False cuts the connection and breaks off waiting calls. True restores it. */
  connect: (isConnected: boolean) => void
}

const defaultLimit = 20

/**
 * Works like a relay: runs one request at a time in each queue, holds polls until a
 * record changes, and keeps records until they expire. Reads the time with `Date` and
 * `setTimeout` only, and sets no timer without a wait. Long, because all routes of the relay share its few variables.
 *
 * @param latency Milliseconds for each call of the relay.
 */
export function scriptedRelay(script: Script, latency: number): ScriptedRelay {
  const records = createRecords()
  const requests: ClientSecretRequest[] = []
  /** The calls of `fetch` by idempotency key. A client repeats a call after a lost connection. */
  const fetched = new Map<string, ClientSecretRequest>()
  let isConnected = true

  /** Checks the connection to the relay. */
  function checkWay(signal: AbortSignal | undefined): void {
    if (signal?.aborted) throw new ClientSecretError('ABORTED', 'The signal aborted the request.')
    if (!isConnected)
      throw new ClientSecretError(
        'NETWORK_ERROR',
        'The client cannot reach the relay after disconnect(). Call reconnect().',
      )
  }

  async function arrive(signal?: AbortSignal): Promise<void> {
    await wait(latency, signal)
    checkWay(signal)
  }

  const changeOr = (...signals: (AbortSignal | undefined)[]) =>
    AbortSignal.any([records.nextChange(), ...signals.filter((signal) => signal !== undefined)])

  /** Runs a request through its queue and its answer, to its end. */
  async function live(entry: Entry, answer: ScriptedAnswer): Promise<void> {
    // The first in the queue begins at once, so that the answer to the submit says `running`.
    if (!records.isNext(entry)) await records.turn(entry)
    const outcome = await answer.play({
      moveTo: (place) => records.write(entry, { place, status: mayRun(entry, place) ? 'running' : 'pending' }),
      wait: (milliseconds) => wait(milliseconds, entry.end.signal),
      begin: (head) => records.stream(entry, { head }),
      write: (piece) => records.stream(entry, { piece }),
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

  /** The records that differ from the versions seen. */
  function news(seen: RecordVersion[]): PollAnswer {
    const answer: PollAnswer = { records: [], errors: [] }
    for (const { id, version } of seen) {
      const entry = records.find(id)
      const error = entry ? absence(entry) : unknown(id)
      if (!entry || error) answer.errors.push({ id, error: error! })
      else {
        // A poll without a version gets the request too.
        const record = records.toWire(entry, version === undefined ? { request: 'whole' } : {})
        if (record.version !== version) answer.records.push(record)
      }
    }
    return answer
  }

  /** Adds a request that has arrived, and starts its answer. Throws a scripted refusal. */
  async function begin(
    request: ClientSecretRequest,
    idempotencyKey: string,
    signal: AbortSignal | undefined,
  ): Promise<Entry> {
    const answer = script.answerTo(request)
    if (answer.isRefusal) {
      const { error } = await answer.play({ ...noCourse, wait: (milliseconds) => wait(milliseconds, signal) })
      checkWay(signal)
      throw errorFromWire(error!)
    }
    const entry = records.add(request, idempotencyKey, answer.inQueue)
    void live(entry, answer)
    return entry
  }

  const transport: Transport = {
    // Unique, so that a test does not find the persisted requests of an earlier one.
    name: `testing-${randomId()}`,
    // False, so that the client does not retry, and no time passes.
    isIdempotent: false,

    async submit(params, { idempotencyKey, signal }) {
      const request = asItTravels(params)
      requests.push(request)
      await arrive(signal)
      const entry = await begin(request, idempotencyKey, signal)
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
      const message = `The relay cancelled the ${entry.status} request.`
      records.write(entry, { status: 'cancelled' })
      return { removed: true, message }
    },

    async queueCount(queueName) {
      await arrive()
      const inQueue = records.list().filter((entry) => entry.request.queue === queueName && !isSettled(entry)).length
      return { queueName, inQueue }
    },

    fetch: scriptedFetch({
      async enter(read, idempotencyKey, signal) {
        const before = fetched.get(idempotencyKey)
        const request = before ?? asItTravels(await read())
        if (!before) requests.push(request)
        fetched.set(idempotencyKey, request)
        await arrive(signal)
        return records.find(idempotencyKey) ?? begin(request, idempotencyKey, signal)
      },
      async find(id, signal) {
        await arrive(signal)
        return known(id)
      },
      toWire: (entry) => records.toWire(entry),
      checkWay,
      async nextChange(signal) {
        await aborted(changeOr(signal))
        checkWay(signal)
      },
    }),
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

/** Checks a request as a relay does. Returns a copy, so that later changes by the caller do not appear in it. */
function asItTravels(params: ClientSecretRequest): ClientSecretRequest {
  return JSON.parse(JSON.stringify(parseRequest(params))) as ClientSecretRequest
}

/** The course of a refusal, which changes no record. */
const noCourse = { moveTo: () => {}, begin: () => {}, write: () => {} }

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
