import type { Context, MiddlewareHandler } from 'hono'
import { ClientSecretError } from '../../protocol/errors.ts'
import type { Room } from '../common/bytes-in-flight.ts'
import { bytesOfRequest } from '../common/relay-limits.ts'
import type { Caller } from '../common/caller.ts'
import { answer } from './answers.ts'
import { identify } from './identify.ts'
import { checkFetch } from './described-call.ts'
import { announcedSize, checkJson, isDescribed, isLarge } from './json-body.ts'
import { checkHost, checkOrigin } from './origin.ts'
import type { RelayDeps } from './relay-parts.ts'
import type { Settings } from './settings.ts'

/** Characters. */
const maxIdempotencyKeyLength = 8_192

/** Memory of an upload that passes through: the pieces on their way. */
const bytesOfUpload = 256 * 1024

/** An accepted call, and the memory for its body. */
export interface Admitted {
  parts: RelayDeps
  caller: Caller
  room: Room
}

/** Admits calls: identifies the caller, checks the origin, and finds room for the body. */
export function createAdmission(settings: Settings, opening: Promise<RelayDeps>) {
  /** Checks host and origin, and identifies the caller. */
  async function admit({ req: { raw } }: Context): Promise<{ parts: RelayDeps; caller: Caller }> {
    checkHost(raw, settings.hosts)
    checkOrigin(raw, settings.origins)
    const caller = await identify(raw, settings)
    return { parts: await running(), caller }
  }

  /** Answers a read of the records, after all earlier answers are written. */
  async function read(
    context: Context,
    work: (parts: RelayDeps, caller: Caller, room: Room) => Promise<object>,
  ): Promise<Response> {
    const { parts, caller } = await admit(context)
    const room = parts.inFlight.open(caller.owner)
    try {
      const reading = parts.direct.written().then(() => work(parts, caller, room))
      const text = JSON.stringify(await parts.calls.during(reading))
      return answer(context, [text], room)
    } catch (error) {
      room.leave()
      throw error
    }
  }

  /** Finds room for a body before reading it: its announced size, or else the limit. */
  const admitBody =
    (check: (context: Context) => void): AdmitBody =>
    async (context, next) => {
      const { raw } = context.req
      check(context)
      checkIdempotencyKey(context)
      const { parts, caller } = await admit(context)
      const room = parts.inFlight.open(caller.owner)
      try {
        const isUpload = isDescribed(context.req) && isLarge(context.req, settings.limits)
        const bytes = isUpload ? bytesOfUpload : (announcedSize(raw.headers) ?? settings.limits.requestBytes)
        room.demand(bytes + bytesOfRequest)
        context.set('admitted', { parts, caller, room })
        await next()
      } finally {
        room.leave()
      }
    }

  /** The parts of the running relay. Throws `UNAVAILABLE` if it is stopping, or could not start. */
  async function running(): Promise<RelayDeps> {
    const parts = await opening.catch(() => null)
    if (parts && !parts.pubSub.isClosed()) return parts
    throw new ClientSecretError(
      'UNAVAILABLE',
      parts ? 'The relay is stopping. Try again.' : 'The relay could not start. Its log says why.',
      { retryAfter: 1 },
    )
  }

  return { admit, admitBody: admitBody(checkRequest), admitFetch: admitBody(checkFetch), read, running }
}

/** JSON, or a body of any type whose header describes it: neither comes from a page of another site without a preflight. */
function checkRequest(context: Context): void {
  if (!isDescribed(context.req)) checkJson(context)
}

type AdmitBody = MiddlewareHandler<{ Variables: { admitted: Admitted } }>

export type Admission = ReturnType<typeof createAdmission>

function checkIdempotencyKey(context: Context): void {
  const key = context.req.header('idempotency-key') ?? ''
  if (key.length <= maxIdempotencyKeyLength) return
  throw new ClientSecretError(
    'INVALID_PARAMETER',
    `Idempotency-Key must be at most ${maxIdempotencyKeyLength} characters long, such as a UUID; it is ${key.length}.`,
    { path: 'headers.idempotency-key' },
  )
}
