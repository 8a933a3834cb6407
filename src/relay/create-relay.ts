import { randomUUID } from 'node:crypto'
import { Hono, type Context, type MiddlewareHandler } from 'hono'
import { cors } from 'hono/cors'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { ClientSecretError, isClientSecretError } from '../protocol/errors.ts'
import { isSettled, type QueueCount } from '../protocol/record.ts'
import { admitAdministrator } from './http/administrator.ts'
import { createAttendance } from './execution/waiting-callers.ts'
import { boundRecords } from './database/bounded-records.ts'
import { checkHost, checkOrigin, identify, type Caller } from './http/identify.ts'
import { cancel } from './http/cancel.ts'
import { createChanges } from './database/pub-sub.ts'
import { consoleRoutes } from './http/console.ts'
import { createDirectRequests } from './execution/direct-requests.ts'
import { history, parseHistory } from './http/history.ts'
import { createJournal, type Journal } from './execution/metrics.ts'
import { handOut } from './http/hand-out.ts'
import { bytesOfRequest, createInFlight, type Room } from './common/bytes-in-flight.ts'
import { announcedSize, checkJson, limitBody, parseJson, refuseTooLarge } from './http/json-body.ts'
import { sizeOfValues } from './common/json-text.ts'
import { keyRoutes } from './http/key-routes.ts'
import { openKeyStore } from './keys/key-store.ts'
import { createLimits } from './execution/limits.ts'
import { readOptions, type RelayOptions, type Settings } from './options.ts'
import { parsePoll, poll } from './http/poll.ts'
import { createPresence, longestSilence, type Presence } from './execution/heartbeat.ts'
import { createRecords } from './database/records.ts'
import { redactedLogger } from './keys/redacted-logger.ts'
import type { Redactor } from './keys/redaction/redactor.ts'
import { createSecretIndex, type SecretIndex } from './keys/redaction/secret-index.ts'
import { wireTexts, type StoredRecord } from './database/stored-record.ts'
import { createRunner, unforeseen } from './execution/runner.ts'
import { openStorage } from './execution/storage.ts'
import { submit } from './http/submit.ts'
import { createUpstream, internet, type Network } from './upstream/http-client.ts'
import { wireError } from './keys/redacted-error.ts'

/** What `createRelay` makes. */
export interface Relay {
  /** Answers a call of the client. Mount it at any path: `fetch` takes a web-standard Request and gives a Response. */
  fetch: (request: Request) => Promise<Response>
  /** Resolves when the relay has opened its database; rejects with a sentence when it cannot. `fetch` waits for it by itself. */
  ready: Promise<void>
  /** Takes no more requests, waits for those that run (`shutdownTimeout`), and closes the database. */
  close: () => Promise<void>
}

/**
 * Makes a relay: it holds the keys, and calls the APIs that its rules allow.
 *
 * @example
 * const relay = createRelay({
 *   keys: {
 *     openai: {
 *       secret: process.env.OPENAI_API_KEY,
 *       allow: [{ url: 'https://api.openai.com/v1/**', methods: ['POST'] }],
 *     },
 *   },
 *   authenticate: async (request) => (await session(request))?.userId ?? null,
 * })
 *
 * @throws ClientSecretError `INVALID_PARAMETER` when it would run unsafely: no
 *   rules, no secret, a host of `*`, a locked key that nobody can unlock.
 */
export function createRelay(options: RelayOptions): Relay {
  return createRelayOn(internet, options)
}

/** A relay that `keepRelay` and `serve --watch` give other options while it runs. */
export interface RenewableRelay extends Relay {
  /**
   * Takes other options from the next call on; what runs goes on. False when it cannot, and another relay must take
   * its place: it is closed, or the options name another database, other limits or other master keys.
   *
   * @throws ClientSecretError as `createRelay` does, and has changed nothing then.
   */
  renew: (options: RelayOptions) => Promise<boolean>
}

/** A relay on another network than the internet, for the `attack` command. */
export function createRelayOn(
  network: Network,
  options: RelayOptions,
  environment: Record<string, string | undefined> = process.env,
): RenewableRelay {
  let given = readOptions(options, environment)
  const secrets = createSecretIndex()
  // From before anything can be said, and for as long as there is this relay, also when it has other ones.
  const lookForSecrets = () => {
    for (const { values } of given.keys.values()) for (const value of values) secrets.add(value.secret, value)
  }
  lookForSecrets()
  const logger = redactedLogger(() => given.logger, secrets)
  // Its fields are read when they are needed, so that they can be exchanged.
  const settings = { ...given, logger }
  const journal = createJournal(settings.logger)
  const parts = open(settings, network, journal, secrets)
  const ready = parts.then(() => {})
  let isWaitedFor = false
  // Whoever waits for `ready` is told by it; whoever does not, by the log.
  ready.catch((error: unknown) => {
    if (!isWaitedFor) settings.logger.error({ err: error }, 'the relay could not start')
  })
  let app = routes(settings, parts, journal, secrets)
  let closing: Promise<void> | undefined
  return {
    fetch: async (request) => app.fetch(request),
    get ready() {
      isWaitedFor = true
      return ready
    },
    close: () =>
      (closing ??= parts.then(
        (opened) => opened.close(),
        // What could not be opened has closed what it had opened.
        () => {},
      )),
    async renew(other) {
      const next = readOptions(other, environment)
      const opened = await parts.catch(() => null)
      if (!opened || opened.changes.isClosed() || !isOnSameGround(settings, next)) return false
      given = next
      lookForSecrets()
      Object.assign(settings, next, { logger })
      app = routes(settings, parts, journal, secrets)
      return true
    },
  }
}

/** Whether only that differs which is read anew for each call. */
function isOnSameGround(now: Settings, next: Settings): boolean {
  const groundOf = ({ database, limits, masterKeys, keys }: Settings) =>
    JSON.stringify([database, Object.entries(limits).sort(), masterKeys.map(({ id }) => id), keys.size === 0])
  return groundOf(now) === groundOf(next)
}

type Parts = Awaited<ReturnType<typeof open>>

/** Opens what the relay works with; when something cannot be opened, what was opened before it is closed. */
async function open(settings: Settings, network: Network, journal: Journal, secrets: SecretIndex) {
  const endings = createEndings()
  try {
    const parts = await openParts(settings, network, journal, secrets, endings.add)
    return { ...parts, close: endings.run }
  } catch (error) {
    await endings.run().catch((err: unknown) => {
      settings.logger.error({ err }, 'a relay that could not start could not be closed either')
    })
    throw error
  }
}

/** What is to be done at the end, in the reverse order of the beginning. */
function createEndings() {
  const endings: (() => unknown)[] = []
  return {
    add: (end: () => unknown): void => void endings.push(end),
    run: async (): Promise<void> => {
      const failures: unknown[] = []
      // Each of them, also when one fails: a database that stays open is locked to the next relay.
      for (const end of endings.reverse()) {
        try {
          await end()
        } catch (error) {
          failures.push(error)
        }
      }
      if (failures.length > 0) throw failures[0]
    },
  }
}

/** Takes up what an earlier process left, too. */
async function openParts(
  settings: Settings,
  network: Network,
  journal: Journal,
  secrets: SecretIndex,
  atTheEnd: (end: () => unknown) => void,
) {
  const { limits, logger } = settings
  const storage = await openStorage(settings.database, logger)
  const { database } = storage
  atTheEnd(() => database.close())
  const { bytesInMemory } = limits
  const records = storage.isInMemory
    ? await boundRecords(createRecords(database), database, { bytesInMemory, logger })
    : createRecords(database)
  const changes = createChanges(storage.signals)
  const keys = await openKeyStore({ database, changes, settings, secrets, logger })
  atTheEnd(() => keys.close())
  const upstream = createUpstream(limits, network)
  atTheEnd(() => upstream.close())
  const allowance = createLimits(settings)
  const inFlight = createInFlight(limits)
  const { longestUpstreamWait, callerAbsence, responseBytes } = limits
  const runner = createRunner({
    keys,
    secrets,
    upstream,
    records,
    changes,
    limits: allowance,
    inFlight,
    journal,
    logger,
    longestUpstreamWait,
    responseBytes,
  })
  atTheEnd(runner.abort)
  let presence: Presence | undefined = undefined
  // Nothing is sent before there is one.
  const direct = createDirectRequests({ records, runner, changes, ensureSeen: () => presence!.ensureSeen(), logger })
  const attendance = createAttendance(callerAbsence, runner.desert)
  const calls = callsUnderWay()
  // After what runs has ended: until then the other relays must know that this one lives.
  atTheEnd(() => presence?.stop())
  const queue = await storage.createQueue({ records, runner, changes, logger })
  atTheEnd(async () => {
    changes.close()
    const timer = setTimeout(runner.abort, settings.shutdownTimeout)
    await Promise.all([queue.close(), calls.ended()])
    await direct.written()
    clearTimeout(timer)
  })

  /** What dead relays were running for callers who waited for the answer in the call itself. */
  async function takeOver(): Promise<void> {
    await queue.takeOver()
    for (const record of await records.orphans(longestSilence)) await runner.settleInterrupted(record)
  }
  presence = await createPresence({
    database,
    onBeat: queue.beat,
    takeOver,
    isAlone: storage.isAlone,
    logger,
  })

  async function removeExpired(): Promise<void> {
    for (let isFull = true; isFull && !changes.isClosed();) {
      const removed = await records.removeExpired()
      changes.announce(...removed.lines)
      isFull = removed.isFull
    }
  }
  let removing: Promise<void> | undefined
  const removal = setInterval(() => {
    // While the database is away, it waits for longer than this interval.
    removing ??= removeExpired()
      .catch((error: unknown) => {
        // That the database is away is said elsewhere, once.
        if (!isClientSecretError(error)) logger.error({ err: error }, 'expired records could not be removed')
      })
      .then(() => {
        removing = undefined
      })
  }, 1_000)
  removal.unref()
  atTheEnd(() => clearInterval(removal))

  return { settings, keys, limits: allowance, inFlight, attendance, records, changes, direct, queue, presence, calls }
}

/** Knows the calls that are being answered. */
function callsUnderWay() {
  const underWay = new Set<Promise<unknown>>()
  return {
    async during<T>(call: Promise<T>): Promise<T> {
      underWay.add(call)
      try {
        return await call
      } finally {
        underWay.delete(call)
      }
    },
    async ended(): Promise<void> {
      // What was let in before the end may begin after it.
      while (underWay.size > 0) await Promise.allSettled([...underWay])
    },
  }
}

/** The tail of a path, wherever the relay is mounted. */
const route =
  /(\/requests(\/[^/]+)?|\/queues\/[^/]+|\/health|\/metrics|\/keys(\/[^/]+(\/requests)?)?|\/audit|\/console(\/app\.(js|css))?)\/?$/

/** Characters. As much as Node takes of all headers, and enough for the longest poll: ids, names of queues and cursors stand there. */
const maxUrlLength = 16_384
/** Characters. */
const maxIdempotencyKeyLength = 8_192

/** A call that may be read, and the room that it has. */
interface Admitted {
  parts: Parts
  caller: Caller
  room: Room
}

interface Rooms {
  body: Room
  answer: Room
}

function routes(settings: Settings, opening: Promise<Parts>, journal: Journal, secrets: Redactor) {
  const app = new Hono({ getPath: (request) => route.exec(new URL(request.url).pathname)?.[1] ?? '/' })

  app.use((context, next) => {
    // An answer is data for our client and nobody else, and never a page. Said before
    // there is one: a header that is added to an answer makes a copy of it.
    context.header('x-content-type-options', 'nosniff')
    context.header('cache-control', 'no-store')
    if (context.req.url.length > maxUrlLength) {
      throw new ClientSecretError(
        'REQUEST_TOO_LARGE',
        `The url of the call is longer than the relay takes: ${maxUrlLength} characters.`,
      )
    }
    return next()
  })
  if (settings.origins.length > 0) {
    app.use(cors({ origin: [...settings.origins], credentials: true, exposeHeaders: ['retry-after'], maxAge: 600 }))
  }

  /** Who asks, and what is worked with. */
  async function admit({ req: { raw } }: Context): Promise<{ parts: Parts; caller: Caller }> {
    checkHost(raw, settings.hosts)
    checkOrigin(raw, settings.origins)
    const caller = await identify(raw, settings)
    return { parts: await running(opening), caller }
  }

  /** Answers what is read of the records, once they have all that was answered before. */
  async function read(
    context: Context,
    work: (parts: Parts, caller: Caller, room: Room) => Promise<object>,
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

  /** Room for a body before it is read: as much as it says that it has, or else as it may have. */
  const admitBody: MiddlewareHandler<{ Variables: { admitted: Admitted } }> = async (context, next) => {
    const { raw } = context.req
    checkJson(context)
    checkIdempotencyKey(context)
    const { parts, caller } = await admit(context)
    const room = parts.inFlight.open(caller.owner)
    try {
      room.demand((announcedSize(raw.headers) ?? settings.limits.requestBytes) + bytesOfRequest)
      context.set('admitted', { parts, caller, room })
      await next()
    } finally {
      room.leave()
    }
  }

  // The order of the checks: size and content type, host, origin, caller, room for the body, the caller's limits;
  // JSON; then, in submit, key, schema, rules, the key's limits. What is cheap to refuse comes first.
  const { requestBytes } = settings.limits
  app.post('/requests', refuseTooLarge(requestBytes), admitBody, limitBody(requestBytes), async (context) => {
    const { parts, caller, room } = context.get('admitted')
    const forAnswer = parts.inFlight.open(caller.owner)
    try {
      const record = await take(caller, { body: room, answer: forAnswer }, context.req.raw)
      return answer(context, wireTexts(record), forAnswer, isSettled(record) ? 200 : 202)
    } catch (error) {
      forAnswer.leave()
      throw error
    }
  })

  /** Ends when the request is taken in, so that nobody holds its text who waits for the answer. */
  async function take(caller: Caller, rooms: Rooms, raw: Request): Promise<StoredRecord> {
    const text = await raw.text()
    // Asked again, because it may have stopped while the body arrived.
    const parts = await running(opening)
    return parts.calls.during(submitText(parts, caller, rooms, text, raw))
  }

  async function submitText(parts: Parts, caller: Caller, rooms: Rooms, text: string, { headers, signal }: Request) {
    const bytes = Buffer.byteLength(text)
    await parts.limits.admitCaller(caller, bytes)
    // Before there are objects.
    rooms.body.demand(sizeOfValues(text))
    const idempotencyKey = headers.get('idempotency-key') ?? undefined
    const getRoom = () => rooms.answer.wait(settings.limits.responseBytes, signal)
    return submit(parts, caller, { body: parseJson(text), bytes, idempotencyKey, getRoom, signal })
  }

  app.get('/requests', (context) => {
    const query = context.req.query()
    const { signal } = context.req.raw
    return read(context, async (parts, caller, room) => {
      if (query['ids'] !== undefined) return poll(parts, caller, { ...parsePoll(query), signal, room })
      const asked = parseHistory(query)
      await room.wait(settings.limits.responseBytes, signal)
      return history(parts.records, caller.owner, asked)
    })
  })

  app.delete('/requests/:id', (context) =>
    read(context, (parts, { owner }) => cancel(parts, owner, context.req.param('id'))),
  )

  app.get('/queues/:name', (context) => {
    const queueName = context.req.param('name')
    return read(context, async ({ records }, { owner }) => {
      const inQueue = await records.countUnsettled({ owner, queueName })
      return { queueName, inQueue } satisfies QueueCount
    })
  })

  app.get('/health', async (context) => {
    await running(opening)
    return context.json({ status: 'ok' })
  })

  app.get('/metrics', async (context) => {
    const { raw } = context.req
    if (!settings.administrator) return errorAnswer(context, noSuchRoute(context), secrets)
    checkHost(raw, settings.hosts)
    // As with the keys: what is asked by a page of another site is not an administrator's wish.
    checkOrigin(raw, [])
    await admitAdministrator(settings.administrator, raw)
    const { limits, inFlight } = await running(opening)
    const now = { heldPolls: limits.heldPolls(), bytesInFlight: inFlight.bytes() }
    return context.text(journal.metrics(now), 200, {
      'content-type': 'text/plain; version=0.0.4; charset=utf-8',
    })
  })

  keyRoutes(app, settings, () => running(opening))
  consoleRoutes(app)

  app.notFound((context) => errorAnswer(context, noSuchRoute(context), secrets))

  app.onError((thrown, context) => {
    if (isClientSecretError(thrown)) {
      journal.refused(thrown)
      return errorAnswer(context, thrown, secrets)
    }
    // Nobody is there any more to be told.
    if (context.req.raw.signal.aborted) return context.body(null, 400)
    const requestId = randomUUID()
    settings.logger.error({ requestId, err: thrown }, 'a call failed for an unforeseen reason')
    return errorAnswer(context, new ClientSecretError('INTERNAL', unforeseen(requestId), { requestId }), secrets)
  })
  return app
}

function checkIdempotencyKey(context: Context): void {
  const key = context.req.header('idempotency-key') ?? ''
  if (key.length <= maxIdempotencyKeyLength) return
  throw new ClientSecretError(
    'INVALID_PARAMETER',
    `Idempotency-Key must be at most ${maxIdempotencyKeyLength} characters long, such as a UUID; it is ${key.length}.`,
    { path: 'headers.idempotency-key' },
  )
}

function answer(context: Context, texts: readonly string[], room: Room, status: 200 | 202 = 200): Response {
  const { method, signal } = context.req.raw
  const headers = { 'content-type': 'application/json' }
  // Hono answers HEAD with what GET would be answered with, and leaves the body.
  const body = method === 'HEAD' ? (room.leave(), '') : handOut(texts, room, signal)
  return context.body(body, status, headers)
}

function noSuchRoute(context: Context): ClientSecretError {
  const { pathname } = new URL(context.req.url)
  return new ClientSecretError(
    'REQUEST_NOT_FOUND',
    `The relay has no ${context.req.method} ${pathname}. It answers POST and GET /requests, DELETE /requests/:id, GET /queues/:name, GET /health and, for an administrator, /keys, below the path it is mounted at.`,
  )
}

async function running(opening: Promise<Parts>): Promise<Parts> {
  const parts = await opening.catch(() => null)
  if (parts && !parts.changes.isClosed()) return parts
  throw new ClientSecretError(
    'UNAVAILABLE',
    parts ? 'The relay is stopping. Try again.' : 'The relay could not start; its log says why.',
    { retryAfter: 1 },
  )
}

function errorAnswer(context: Context, error: ClientSecretError, secrets: Redactor): Response {
  const { status, retryAfter } = error
  return context.json(
    { error: wireError(error, secrets) },
    status as ContentfulStatusCode,
    retryAfter === undefined ? {} : { 'retry-after': String(Math.ceil(retryAfter)) },
  )
}
