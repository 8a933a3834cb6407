import * as z from 'zod/mini'
import { ClientSecretError } from '../protocol/errors.ts'
import { mismatch, shown } from '../protocol/invalid-parameter.ts'
import { startError } from './common/config-error.ts'
import { hostNameOf } from './common/host-name.ts'
import { consoleLogger, type Logger } from './common/logger.ts'
import { readQueues, type QueueOptions, type SharedQueues } from './common/queue-options.ts'
import type { Price } from './common/prices.ts'
import { readLimits, type RelayLimits } from './common/relay-limits.ts'
import { isPostgres } from './database/database.ts'
import { bearerOf, minToken, tokenVariable, type IsAdministrator } from './http/administrator.ts'
import type { Authenticate } from './http/identify.ts'
import type { Settings } from './http/settings.ts'
import { masterKeyVariable, readMasterKeys } from './keys/encryption.ts'
import { noKeys, readKeys } from './keys/keys-of-options.ts'
import type { KeyOptions } from './keys/key.ts'

/** The options of `createRelay`, and of the config file of `client-secret-relay`. */
export interface RelayOptions {
  /** The keys, by name. Optional if `CLIENT_SECRET_MASTER_KEY` is set: administrators then register keys while the relay runs. */
  keys?: Record<string, KeyOptions> | undefined
  /** Returns the signed-in user, or null. Required if a key is locked, which is the default. */
  authenticate?: Authenticate | undefined
  /** Decides who may register keys and read `GET /metrics`: returns true, or the name for the audit list. Default: callers with the header `Authorization: Bearer` and the token in the environment variable `CLIENT_SECRET_ADMIN_TOKEN`. Without a token there is no administrator. */
  administrator?: IsAdministrator | undefined
  /** Other sites whose pages may use the relay, such as `https://app.example.com`. Pages of the relay's own site always may. */
  origins?: string[] | undefined
  /**
   * The host names of the relay, such as `api.example.com`. The relay refuses calls with another Host. Default: any.
   * `client-secret-relay serve` on a local address accepts only `localhost` and that address, against pages whose host
   * name points to this machine (DNS rebinding).
   */
  hosts?: string[] | undefined
  /** Number of your proxies in front of the relay that write `X-Forwarded-For`. Visitors then count by address. Default: none; the relay ignores the header. */
  trustProxy?: number | undefined
  /** Path of a SQLite file, for one relay; or address of a Postgres, for several, such as `postgres://user:password@host/database`. Default: in memory, lost when the process ends. */
  database?: string | undefined
  limits?: RelayLimits | undefined
  /**
   * The prices of models for a million tokens, by the name in the request, for `limits.costPerDay`; in any currency. `'*'`
   * is the price of all other models. Without it, the relay refuses a model that has no price.
   *
   * @example
   * prices: { 'gpt-5-mini': { input: 0.25, output: 2 } }
   */
  prices?: Record<string, Price> | undefined
  /** Queues that all callers and relays share, by name, such as `{ images: { shared: true, maxConcurrency: 3, perMinute: 60 } }`. A queue without an entry is a queue of each caller. */
  queues?: Record<string, QueueOptions> | undefined
  /** How long the relay keeps records, in seconds. */
  expires?:
    | {
        /** For requests without `expires`. Default: one day. */
        default?: number | undefined
        /** For all requests; longer values are rejected. Default: 30 days. */
        max?: number | undefined
      }
    | undefined
  /**
   * Origins of APIs that get the trace of a request, such as `https://api.internal.example.com`: the headers
   * `traceparent` and `tracestate` (W3C), with the relay's own place in the trace. Default: none, because a trace tells
   * an API how its calls belong together.
   */
  traceTo?: string[] | undefined
  /** How long `close` waits for running requests, in milliseconds. Default 10,000. */
  shutdownTimeout?: number | undefined
  /** Default: warnings and errors to the console. */
  logger?: Logger | undefined
}

// The maximum of a timer; with more, it would fire at once.
const maxAmount = 2 ** 31 - 1
const amountExpectation = `a whole number from 1 to ${maxAmount}`
const amount = z.optional(
  z.int(amountExpectation).check(z.minimum(1, amountExpectation), z.maximum(maxAmount, amountExpectation)),
)
const costExpectation = 'a number above 0, in the currency of the option prices'
const price = z
  .number('a number of 0 or more, for a million tokens')
  .check(z.minimum(0, 'a number of 0 or more, for a million tokens'))
const limitsShape = {
  requestBytes: amount,
  uploadBytes: amount,
  downloadBytes: amount,
  responseBytes: amount,
  upstreamTimeout: amount,
  streamIdleTimeout: amount,
  streamTimeout: amount,
  unsettledPerCaller: amount,
  requestsPerMinute: amount,
  bytesPerDay: amount,
  tokensPerDay: amount,
  costPerDay: z.optional(z.number(costExpectation).check(z.positive(costExpectation))),
  heldPollsPerCaller: amount,
  heldPolls: amount,
  backgroundCalls: amount,
  bytesInFlight: amount,
  bytesInFlightPerCaller: amount,
  bytesInMemory: amount,
  disconnectGracePeriod: amount,
  maxUpstreamWait: amount,
}
const queueShape = {
  shared: z.literal(true, 'true: a queue without an entry belongs to each caller'),
  maxConcurrency: amount,
  perMinute: amount,
  fair: z.optional(z.boolean('true or false')),
  maxWaiting: amount,
  keys: z.optional(
    z
      .array(z.string(), 'a list of names of keys')
      .check(z.minLength(1, 'a list with one name or more; without it, all keys may use the queue')),
  ),
}
const priceShape = { input: price, output: price }
const expiresShape = { default: amount, max: amount }
const databaseExpectation =
  'the path of a SQLite file, or the address of a Postgres such as "postgres://user:password@host/database"'
const originsOf = (name: string) =>
  z.optional(
    z.array(
      z
        .string(`an origin such as "https://${name}.example.com"`)
        .check(
          z.refine(
            (origin) => URL.canParse(origin) && new URL(origin).origin === origin,
            `an origin such as "https://${name}.example.com": scheme and host, no path, no wildcard`,
          ),
        ),
      'a list of origins',
    ),
  )
const isFunction = (value: unknown) => typeof value === 'function'

// key.ts and key-rules.ts check the keys and their rules, with better messages.
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
    origins: originsOf('app'),
    traceTo: originsOf('api'),
    database: z.optional(
      z
        .string(databaseExpectation)
        .check(z.refine((address) => isPostgres(address) || !/^\w{2,}:\/\//.test(address), databaseExpectation)),
    ),
    limits: z.optional(z.strictObject(limitsShape, 'an object of limits')),
    prices: z.optional(
      z.record(
        z.string(),
        z.strictObject(priceShape, 'an object such as { input: 0.25, output: 2 }'),
        "an object of prices such as { 'gpt-5-mini': { input: 0.25, output: 2 } }",
      ),
    ),
    queues: z.optional(
      z.record(
        z.string(),
        z
          .strictObject(queueShape, 'an object such as { shared: true, maxConcurrency: 3 }')
          .check(
            z.refine(
              ({ maxConcurrency, perMinute }) => maxConcurrency !== undefined || perMinute !== undefined,
              'an object with maxConcurrency or perMinute, or both',
            ),
          ),
        'an object of queues such as { images: { shared: true, maxConcurrency: 3, perMinute: 60 } }',
      ),
    ),
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
 * Checks the options. An unsafe relay does not start.
 *
 * @throws ClientSecretError `INVALID_PARAMETER`. The message says what to do.
 */
export function readOptions(options: RelayOptions, environment: Record<string, string | undefined>): Settings {
  const checked = optionsSchema.safeParse(options)
  if (!checked.success) throw wrongOption(options, checked.error.issues[0]!)

  const keys = readKeys(options.keys ?? {}, environment)
  const masterKeys = readMasterKeys(environment[masterKeyVariable])
  // A database may hold keys. openKeyStore reads it first, because their master key may be missing.
  if (keys.size === 0 && masterKeys.length === 0 && options.database === undefined) throw noKeys()
  const queues = readQueues(options.queues ?? {})
  if (masterKeys.length === 0) checkKeysOf(queues, keys)
  const locked = [...keys.values()].find((key) => key.locked)
  if (locked && !options.authenticate) {
    throw startError('authenticate', {
      reason: `keys.${locked.name} is locked, but there is no authenticate to say who is signed in`,
      remedy: `Give authenticate: async (request) => user or null; or, if every visitor may use the key, set keys.${locked.name}.locked: false.`,
    })
  }
  const token = environment[tokenVariable]
  if (token !== undefined && token.length < minToken) {
    throw startError(tokenVariable, {
      reason: `the environment variable ${tokenVariable} has fewer than ${minToken} characters and is easy to guess`,
      remedy: `Make a new one with: node -p "crypto.randomBytes(32).toString('base64url')"`,
    })
  }
  const { limits = {}, expires = {}, prices = {} } = options
  if (limits.costPerDay !== undefined && Object.keys(prices).length === 0) {
    throw startError('prices', {
      reason: 'limits.costPerDay needs the prices of your models, and the option prices has none',
      remedy: "Give prices: { 'gpt-5-mini': { input: 0.25, output: 2 } }, for a million tokens.",
    })
  }
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
    limits: readLimits(limits),
    queues,
    prices,
    expires: { default: expires.default ?? 86_400, max: expires.max ?? 30 * 86_400 },
    traceTo: options.traceTo ?? [],
    shutdownTimeout: options.shutdownTimeout ?? 10_000,
    logger: options.logger ?? consoleLogger,
  }
}

/** Without a master key there are no other keys. */
function checkKeysOf(queues: SharedQueues, keys: ReadonlyMap<string, unknown>): void {
  for (const queue of queues.values()) {
    const unknown = queue.keys?.find((name) => !keys.has(name))
    if (unknown === undefined) continue
    throw startError(`queues.${queue.name}.keys`, {
      reason: `queues.${queue.name}.keys names the key ${shown(unknown)}, which the relay does not have`,
      remedy: `The keys are ${[...keys.keys()].join(', ')}.`,
    })
  }
}

function wrongOption(options: unknown, issue: z.core.$ZodIssue): ClientSecretError {
  const path = issue.path.map(String).join('.')
  if (issue.code === 'unrecognized_keys') {
    const unknown = [path, issue.keys[0]].filter(Boolean).join('.')
    return startError(unknown, {
      reason: `there is no option "${unknown}"`,
      remedy: `The options ${path ? `of ${path} ` : ''}are ${optionNames(path).join(', ')}.`,
    })
  }
  const found = issue.path.reduce<unknown>(
    (value, step) => (typeof value === 'object' && value !== null ? Reflect.get(value, step) : undefined),
    options,
  )
  return startError(path, { reason: mismatch(path || 'the options', issue.message, found) })
}

/** The names of all options, at the top level or within `limits`, `expires` or a queue. */
function optionNames(path: string): string[] {
  if (path.startsWith('queues.')) return Object.keys(queueShape)
  if (path.startsWith('prices.')) return Object.keys(priceShape)
  return Object.keys(path === 'limits' ? limitsShape : path === 'expires' ? expiresShape : optionsSchema.shape)
}
