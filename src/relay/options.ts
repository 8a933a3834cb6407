import * as z from 'zod/mini'
import { ClientSecretError } from '../protocol/errors.ts'
import { shown } from '../protocol/request.ts'
import { bearerOf, shortestToken, tokenVariable, type IsAdministrator } from './http/administrator.ts'
import { hostNameOf } from './http/identify.ts'
import { isPostgres } from './database/database.ts'
import { bytesOfRequest } from './common/bytes-in-flight.ts'
import { readKeys, type Key, type KeyOptions } from './keys/key.ts'
import { masterKeyVariable, readMasterKeys, type MasterKey } from './keys/encryption.ts'

/** Who is asking: the id by which your site knows a signed-in user. */
export type Identity = string | { id: string }

/** The part of a pino logger that the relay uses. */
export interface Logger {
  info(details: object, message: string): void
  warn(details: object, message: string): void
  error(details: object, message: string): void
}

/** How much a caller may ask for, and how much an API may answer; each a whole number above 0. */
export interface RelayLimits {
  /** Largest body of a submit, in bytes. Default 1 MiB. */
  requestBytes?: number | undefined
  /** Largest answer of an upstream, in bytes, counted after decompression. Default 10 MiB. */
  responseBytes?: number | undefined
  /** Longest time an upstream may take for its whole answer, in milliseconds. Default 300,000. */
  upstreamTimeout?: number | undefined
  /** Most unsettled requests of one caller: those that run in the background, and apart from them, at each relay, those whose answer is waited for. Default 1,000. */
  unsettledPerCaller?: number | undefined
  /** Most requests of one caller in a minute. Default 600. A visitor is counted by session, or by address where `trustProxy` is set. */
  requestsPerMinute?: number | undefined
  /** Most bytes of one caller in a day, sent and received. Default: no limit. */
  bytesPerDay?: number | undefined
  /** Most polls of one caller that are held at once; of visitors also of one address, where `trustProxy` is set. Default 100. */
  heldPollsPerCaller?: number | undefined
  /** Most polls that are held at once, of all callers; of visitors half as many. One more is answered at once. Default 10,000. */
  heldPolls?: number | undefined
  /**
   * Most bytes that are under way at once, of all callers: requests that are read or run, answers that are gathered,
   * and answers until their callers have read them. Visitors together have half of it. Over it, a request is refused
   * with 503 before it is read, and an answer waits at its API. Default 128 MiB, or four times what the largest
   * request and answer take together, if that is more.
   */
  bytesInFlight?: number | undefined
  /** The same of one caller, refused with 429. Default 32 MiB, or twice what the largest request and answer take, if that is more. */
  bytesInFlightPerCaller?: number | undefined
  /**
   * Most bytes of records that a database in memory keeps: the oldest that have settled make room for new ones, as if
   * their time were over. Where unsettled ones alone are as much, visitors are refused, and from a quarter more on
   * everybody. Default 256 MiB.
   */
  bytesInMemory?: number | undefined
  /** How long the caller of a direct request may be gone before its call is ended, in milliseconds: time to come back over a broken connection. Default 10,000. */
  callerAbsence?: number | undefined
  /** How long a queued request waits at most, in milliseconds from its first attempt on, while its API answers 429 or 503 and names a time to come again. Default 600,000. */
  longestUpstreamWait?: number | undefined
}

/** The options of `createRelay`, and of the config that `client-secret-relay` reads. */
export interface RelayOptions {
  /** The keys, by name. May be left out where they are registered while the relay runs, which `CLIENT_SECRET_MASTER_KEY` makes possible. */
  keys?: Record<string, KeyOptions> | undefined
  /** Who is signed in, or null. Required when a key is locked, as keys are by default. */
  authenticate?: ((request: Request) => Identity | null | undefined | Promise<Identity | null | undefined>) | undefined
  /** Who may register keys and read `GET /metrics`: true, or the name under which what they do is written down. Default: whoever sends `Authorization: Bearer` with the token in the environment variable `CLIENT_SECRET_ADMIN_TOKEN`; without one, nobody. */
  administrator?: IsAdministrator | undefined
  /** Other sites whose pages may use the relay, such as `https://app.example.com`. The relay's own site always may. */
  origins?: string[] | undefined
  /**
   * The names under which the relay is reached, such as `api.example.com`; a call with another Host is refused.
   * Default: any. `client-secret-relay serve` on an address of this machine takes `localhost` and that address,
   * so that a page whose name was made to point to this machine cannot use the relay.
   */
  hosts?: string[] | undefined
  /** How many proxies of yours stand before the relay and write `X-Forwarded-For`. Visitors are then counted by address. Default: none, and the header is not read. */
  trustProxy?: number | undefined
  /** Path of a SQLite file, for one relay; or the address of a Postgres that several share, such as `postgres://user:password@host/database`. Default: in memory, gone with the process. */
  database?: string | undefined
  limits?: RelayLimits | undefined
  /** How long records are kept, in seconds. */
  expires?:
    | {
        /** Of requests that do not say. Default: one day. */
        default?: number | undefined
        /** Of any request; a longer wish is refused. Default: 30 days. */
        most?: number | undefined
      }
    | undefined
  /** How long `close` waits for what runs, in milliseconds. Default 10,000. */
  shutdownTimeout?: number | undefined
  /** Default: warnings and errors to the console. */
  logger?: Logger | undefined
}

/** The options, checked, with nothing left open. */
export interface Settings {
  /** Those of the options. */
  keys: Map<string, Key>
  /** What registered keys are sealed with, the newest first. */
  masterKeys: readonly MasterKey[]
  authenticate: NonNullable<RelayOptions['authenticate']>
  /** Whether anybody can be signed in. */
  hasAuthenticate: boolean
  administrator: IsAdministrator | undefined
  /** The same, where it is the token that makes one. */
  administratorByToken: IsAdministrator | undefined
  origins: readonly string[]
  hosts: readonly string[] | undefined
  trustProxy: number
  database: string | undefined
  limits: { [Name in keyof Omit<RelayLimits, 'bytesPerDay'>]-?: number } & { bytesPerDay: number | undefined }
  expires: { default: number; most: number }
  shutdownTimeout: number
  logger: Logger
}

// A timer takes no more than this; more would fire at once.
const mostAmount = 2 ** 31 - 1
const amountExpectation = `a whole number from 1 to ${mostAmount}`
const amount = z.optional(
  z.int(amountExpectation).check(z.minimum(1, amountExpectation), z.maximum(mostAmount, amountExpectation)),
)
const limitsShape = {
  requestBytes: amount,
  responseBytes: amount,
  upstreamTimeout: amount,
  unsettledPerCaller: amount,
  requestsPerMinute: amount,
  bytesPerDay: amount,
  heldPollsPerCaller: amount,
  heldPolls: amount,
  bytesInFlight: amount,
  bytesInFlightPerCaller: amount,
  bytesInMemory: amount,
  callerAbsence: amount,
  longestUpstreamWait: amount,
}
const expiresShape = { default: amount, most: amount }
const databaseExpectation =
  'the path of a SQLite file, or the address of a Postgres such as "postgres://user:password@host/database"'
const isFunction = (value: unknown) => typeof value === 'function'

// The keys and their rules are read by keys.ts and key-rules.ts, whose sentences know more.
const optionsSchema = z.strictObject(
  {
    keys: z.optional(
      z.record(
        z.string(),
        z.looseObject({}, 'an object with secret and allow'),
        'an object of keys such as { openai: { secret: process.env.OPENAI_API_KEY, allow: [...] } }',
      ),
    ),
    authenticate: z.optional(z.custom(isFunction, 'a function from a Request to a user, or null')),
    administrator: z.optional(z.custom(isFunction, 'a function from a Request to true, a name or false')),
    hosts: z.optional(
      z.array(
        z
          .string('a host name such as "api.example.com"')
          .check(
            z.refine((host) => hostNameOf(host) === host, 'a host name such as "api.example.com", without a port'),
          ),
        'a list of host names',
      ),
    ),
    trustProxy: amount,
    origins: z.optional(
      z.array(
        z
          .string('an origin such as "https://app.example.com"')
          .check(
            z.refine(
              (origin) => URL.canParse(origin) && new URL(origin).origin === origin,
              'an origin such as "https://app.example.com": scheme and host, no path, no wildcard',
            ),
          ),
        'a list of origins',
      ),
    ),
    database: z.optional(
      z
        .string(databaseExpectation)
        .check(z.refine((address) => isPostgres(address) || !/^\w{2,}:\/\//.test(address), databaseExpectation)),
    ),
    limits: z.optional(z.strictObject(limitsShape, 'an object of limits')),
    expires: z.optional(z.strictObject(expiresShape, 'an object such as { default: 86400, most: 2592000 }')),
    shutdownTimeout: amount,
    logger: z.optional(
      z.looseObject(
        { info: z.custom(isFunction), warn: z.custom(isFunction), error: z.custom(isFunction) },
        'a logger with info, warn and error, such as pino()',
      ),
    ),
  },
  'an object',
)

export const consoleLogger: Logger = {
  info() {},
  warn: (details, message) => console.warn(`client-secret-relay: ${message}`, details),
  error: (details, message) => console.error(`client-secret-relay: ${message}`, details),
}

/**
 * Checks the options. A relay that would run unsafely does not start.
 *
 * @throws ClientSecretError `INVALID_PARAMETER`, a sentence that says what to do.
 */
export function readOptions(options: RelayOptions, environment: Record<string, string | undefined>): Settings {
  const checked = optionsSchema.safeParse(options)
  if (!checked.success) throw wrongOption(options, checked.error.issues[0]!)

  const keys = readKeys(options.keys ?? {}, environment)
  const masterKeys = readMasterKeys(environment[masterKeyVariable])
  // With a database there may be keys in it, which is looked at first: their master key may be missing.
  if (keys.size === 0 && masterKeys.length === 0 && options.database === undefined) throw noKeys()
  const locked = [...keys.values()].find((key) => key.locked)
  if (locked && !options.authenticate) {
    throw refusal(
      'authenticate',
      `keys.${locked.name} is locked, but there is no authenticate to say who is signed in. Give authenticate: async (request) => user or null; or, if every visitor may use the key, set keys.${locked.name}.locked: false.`,
    )
  }
  const token = environment[tokenVariable]
  if (token !== undefined && token.length < shortestToken) {
    throw refusal(
      tokenVariable,
      `the environment variable ${tokenVariable} has fewer than ${shortestToken} characters and could be guessed. Make one with: node -p "crypto.randomBytes(32).toString('base64url')"`,
    )
  }
  const { limits = {}, expires = {} } = options
  const administratorByToken = options.administrator || token === undefined ? undefined : bearerOf(token)
  return {
    keys,
    masterKeys,
    authenticate: options.authenticate ?? (() => null),
    hasAuthenticate: options.authenticate !== undefined,
    administrator: options.administrator ?? administratorByToken,
    administratorByToken,
    origins: options.origins ?? [],
    hosts: options.hosts,
    trustProxy: options.trustProxy ?? 0,
    database: options.database,
    limits: {
      ...bytesAtOnce(limits),
      upstreamTimeout: limits.upstreamTimeout ?? 300_000,
      unsettledPerCaller: limits.unsettledPerCaller ?? 1_000,
      requestsPerMinute: limits.requestsPerMinute ?? 600,
      bytesPerDay: limits.bytesPerDay,
      heldPollsPerCaller: limits.heldPollsPerCaller ?? 100,
      heldPolls: limits.heldPolls ?? 10_000,
      callerAbsence: limits.callerAbsence ?? 10_000,
      longestUpstreamWait: limits.longestUpstreamWait ?? 600_000,
    },
    expires: { default: expires.default ?? 86_400, most: expires.most ?? 30 * 86_400 },
    shutdownTimeout: options.shutdownTimeout ?? 10_000,
    logger: options.logger ?? consoleLogger,
  }
}

/** The limits that are counted in bytes. What is under way must have room for what a single request may be. */
function bytesAtOnce(limits: RelayLimits) {
  const { requestBytes = 2 ** 20, responseBytes = 10 * 2 ** 20, bytesInMemory = 256 * 2 ** 20 } = limits
  const largest = requestBytes + responseBytes + bytesOfRequest
  const {
    bytesInFlightPerCaller = Math.max(32 * 2 ** 20, 2 * largest),
    bytesInFlight = Math.max(128 * 2 ** 20, 2 * bytesInFlightPerCaller),
  } = limits
  for (const [name, value, least, reason] of [
    ['bytesInFlightPerCaller', bytesInFlightPerCaller, largest, 'requestBytes, responseBytes and 64 KiB'],
    ['bytesInFlight', bytesInFlight, 2 * largest, 'twice requestBytes, responseBytes and 64 KiB'],
  ] as const) {
    if (value >= least) continue
    throw refusal(
      `limits.${name}`,
      `limits.${name} must be at least ${least}, ${reason}, so that there is room for one of the largest requests; it is ${value}.`,
    )
  }
  return { requestBytes, responseBytes, bytesInFlight, bytesInFlightPerCaller, bytesInMemory }
}

export function noKeys(): ClientSecretError {
  return refusal(
    'keys',
    `keys is empty. Register a key, such as keys: { openai: { secret: process.env.OPENAI_API_KEY, allow: [...] } }; or, to register keys while the relay runs, set the environment variable ${masterKeyVariable} to what client-secret-relay master-key prints.`,
  )
}

function refusal(path: string, sentence: string): ClientSecretError {
  return new ClientSecretError('INVALID_PARAMETER', `The relay does not start: ${sentence}`, { path })
}

function wrongOption(options: unknown, issue: z.core.$ZodIssue): ClientSecretError {
  const path = issue.path.map(String).join('.')
  if (issue.code === 'unrecognized_keys') {
    const unknown = [path, issue.keys[0]].filter(Boolean).join('.')
    return refusal(
      unknown,
      `there is no option "${unknown}". The options ${path ? `of ${path} ` : ''}are ${optionNames(path).join(', ')}.`,
    )
  }
  const found = issue.path.reduce<unknown>(
    (value, step) => (typeof value === 'object' && value !== null ? Reflect.get(value, step) : undefined),
    options,
  )
  return refusal(path, `${path || 'the options'} must be ${issue.message}; it is ${shown(found)}.`)
}

/** The options that there are, at the top or within `limits` or `expires`. */
function optionNames(path: string): string[] {
  return Object.keys(path === 'limits' ? limitsShape : path === 'expires' ? expiresShape : optionsSchema.shape)
}
