import type { Context, Hono, MiddlewareHandler } from 'hono'
import type { QueueCount } from '../../protocol/record.ts'
import type { Room } from '../common/bytes-in-flight.ts'
import type { Caller } from '../common/caller.ts'
import { sizeOfValues } from '../common/json-text.ts'
import type { StoredRecord } from '../database/stored-record.ts'
import type { Admission } from './admission.ts'
import { recordAnswer } from './answers.ts'
import { cancel } from './cancel.ts'
import { readDescribed } from './described-call.ts'
import { history, parseHistory } from './history.ts'
import { isDescribed, limitBody, parseJson, refuseTooLarge } from './json-body.ts'
import { parsePoll, poll } from './poll.ts'
import type { RelayDeps } from './relay-parts.ts'
import type { Settings } from './settings.ts'
import { submit } from './submit.ts'
import { traceIn } from './traced.ts'
import { discardUpload } from './upload.ts'

interface Rooms {
  body: Room
  answer: Room
}

/** Requests: submit, poll, history, cancel, and the count of a queue. */
export function requestRoutes(app: Hono, settings: Settings, { admitBody, read, running }: Admission): void {
  // The order of the checks: size and content type, host, origin, caller, room for the body, the caller's limits;
  // JSON; then, in submit, key, schema, rules, the key's limits. Cheap checks come first.
  const { limits } = settings
  const limitJson = limitBody(limits.requestBytes)
  const limit: MiddlewareHandler = (context, next) => (isDescribed(context.req) ? next() : limitJson(context, next))
  app.post('/requests', refuseTooLarge(limits), admitBody, limit, async (context) => {
    const { parts, caller, room } = context.get('admitted')
    const forAnswer = parts.inFlight.open(caller.owner)
    try {
      const record = await (isDescribed(context.req)
        ? takeRaw(context, caller, { body: room, answer: forAnswer })
        : take(context, caller, { body: room, answer: forAnswer }))
      return recordAnswer(context, record, forAnswer)
    } catch (error) {
      forAnswer.leave()
      throw error
    }
  })

  /** A function of its own, so that the wait for the answer does not keep the text in memory. */
  async function take(context: Context, caller: Caller, rooms: Rooms): Promise<StoredRecord> {
    const text = await context.req.raw.text()
    // Checked again, because the relay may have stopped while the body arrived.
    const parts = await running()
    return parts.calls.during(submitText(parts, caller, rooms, text, context))
  }

  async function submitText(parts: RelayDeps, caller: Caller, rooms: Rooms, text: string, context: Context) {
    const bytes = Buffer.byteLength(text)
    await parts.limits.admitCaller(caller, bytes)
    // Before parsing, which creates the objects.
    rooms.body.demand(sizeOfValues(text))
    return submit(parts, caller, { body: parseJson(text), bytes, ...callOf(context, rooms) })
  }

  /** A request whose body is raw: bytes, or a form with files. */
  async function takeRaw(context: Context, caller: Caller, rooms: Rooms): Promise<StoredRecord> {
    const { request, body, size } = await readDescribed(context, { limits, room: rooms.body, isFetch: false })
    try {
      const parts = await running()
      await parts.limits.admitCaller(caller, size)
      const received = { body, path: 'data' as const }
      const submitted = { body: request, bytes: size, raw: { body }, received, ...callOf(context, rooms) }
      return await parts.calls.during(submit(parts, caller, submitted))
    } finally {
      await discardUpload(body)
    }
  }

  function callOf(context: Context, rooms: Rooms) {
    const { headers, signal } = context.req.raw
    return {
      idempotencyKey: headers.get('idempotency-key') ?? undefined,
      trace: traceIn(context),
      getRoom: () => rooms.answer.wait(limits.responseBytes, signal),
      signal,
    }
  }

  app.get('/requests', (context) => {
    const query = context.req.query()
    const { signal } = context.req.raw
    return read(context, async (parts, caller, room) => {
      if (query['ids'] !== undefined) return poll(parts, caller, { ...parsePoll(query), signal, room })
      const asked = parseHistory(query)
      await room.wait(limits.responseBytes, signal)
      return history(parts.records, caller.owner, asked)
    })
  })

  app.delete('/requests/:id', (context) =>
    read(context, (parts, { owner }) => cancel(parts, owner, context.req.param('id'))),
  )

  app.get('/queues/:name', (context) => {
    const queueName = context.req.param('name')
    return read(context, async ({ records, sharedQueues, places }, { owner }) => {
      const inQueue = sharedQueues.has(queueName)
        ? await places.length(queueName)
        : await records.countUnsettled({ owner, queueName })
      return { queueName, inQueue } satisfies QueueCount
    })
  })
}
