import * as z from 'zod/mini'
import { ClientSecretError } from '../protocol/errors.ts'
import { shown } from '../protocol/request.ts'
import { bytesOfRequest } from './common/bytes-in-flight.ts'
import { startError } from './common/config-error.ts'
import { hostNameOf } from './common/host-name.ts'
import { consoleLogger, type Logger } from './common/logger.ts'
import type { RelayLimits } from './common/relay-limits.ts'
import { isPostgres } from './database/database.ts'
import { bearerOf, minToken, tokenVariable, type IsAdministrator } from './http/administrator.ts'
import type { Authenticate } from './http/identify.ts'
import type { Settings } from './http/settings.ts'
import { masterKeyVariable, readMasterKeys } from './keys/encryption.ts'
import { noKeys, readKeys, type KeyOptions } from './keys/key.ts'

/** The options of `createRelay`, and of the config that `client-secret-relay` reads. */
export interface RelayOptions {
  /** The keys, by name. May be left out where they are registered while the relay runs, which `CLIENT_SECRET_MASTER_KEY` makes possible. */
  keys?: Record<string, KeyOptions> | undefined
  /** Who is signed in, or null. Required when a key is locked, as keys are by default. */
  authenticate?: Authenticate | undefined
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
        max?: number | undefined
      }
    | undefined
  /** How long `close` waits for what runs, in milliseconds. Default 10,000. */
  shutdownTimeout?: number | undefined
  /** Default: warnings and errors to the console. */
  logger?: Logger | undefined
}

// A timer takes no more than this; more would fire at once.
const maxAmount = 2 ** 31 - 1
const amountExpectation = `a whole number from 1 to ${maxAmount}`
const amount = z.optional(
  z.int(amountExpectation).check(z.minimum(1, amountExpectation), z.maximum(maxAmount, amountExpectation)),
)
const limitsShape = {
  requestBytes: amount,
  responseBytes: amount,
  upstreamTimeout: amount,
  streamIdleTimeout: amount,
  streamTimeout: amount,
  unsettledPerCaller: amount,
  requestsPerMinute: amount,
  bytesPerDay: amount,
  heldPollsPerCaller: amount,
  heldPolls: amount,
  bytesInFlight: amount,
  bytesInFlightPerCaller: amount,
  bytesInMemory: amount,
  disconnectGracePeriod: amount,
  maxUpstreamWait: amount,
}
const expiresShape = { default: amount, max: amount }
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
    expires: z.optional(z.strictObject(expiresShape, 'an object such as { default: 86400, max: 2592000 }')),
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
    throw startError(
      'authenticate',
      `keys.${locked.name} is locked, but there is no authenticate to say who is signed in. Give authenticate: async (request) => user or null; or, if every visitor may use the key, set keys.${locked.name}.locked: false.`,
    )
  }
  const token = environment[tokenVariable]
  if (token !== undefined && token.length < minToken) {
    throw startError(
      tokenVariable,
      `the environment variable ${tokenVariable} has fewer than ${minToken} characters and could be guessed. Make one with: node -p "crypto.randomBytes(32).toString('base64url')"`,
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
      streamIdleTimeout: limits.streamIdleTimeout ?? 120_000,
      streamTimeout: limits.streamTimeout ?? 3_600_000,
      unsettledPerCaller: limits.unsettledPerCaller ?? 1_000,
      requestsPerMinute: limits.requestsPerMinute ?? 600,
      bytesPerDay: limits.bytesPerDay,
      heldPollsPerCaller: limits.heldPollsPerCaller ?? 100,
      heldPolls: limits.heldPolls ?? 10_000,
      disconnectGracePeriod: limits.disconnectGracePeriod ?? 10_000,
      maxUpstreamWait: limits.maxUpstreamWait ?? 600_000,
    },
    expires: { default: expires.default ?? 86_400, max: expires.max ?? 30 * 86_400 },
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
    throw startError(
      `limits.${name}`,
      `limits.${name} must be at least ${least}, ${reason}, so that there is room for one of the largest requests; it is ${value}.`,
    )
  }
  return { requestBytes, responseBytes, bytesInFlight, bytesInFlightPerCaller, bytesInMemory }
}

function wrongOption(options: unknown, issue: z.core.$ZodIssue): ClientSecretError {
  const path = issue.path.map(String).join('.')
  if (issue.code === 'unrecognized_keys') {
    const unknown = [path, issue.keys[0]].filter(Boolean).join('.')
    return startError(
      unknown,
      `there is no option "${unknown}". The options ${path ? `of ${path} ` : ''}are ${optionNames(path).join(', ')}.`,
    )
  }
  const found = issue.path.reduce<unknown>(
    (value, step) => (typeof value === 'object' && value !== null ? Reflect.get(value, step) : undefined),
    options,
  )
  return startError(path, `${path || 'the options'} must be ${issue.message}; it is ${shown(found)}.`)
}

/** The options that there are, at the top or within `limits` or `expires`. */
function optionNames(path: string): string[] {
  return Object.keys(path === 'limits' ? limitsShape : path === 'expires' ? expiresShape : optionsSchema.shape)
}
