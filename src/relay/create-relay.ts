import { redactedLogger } from './keys/redacted-logger.ts'
import { createSecretIndex } from './keys/redaction/secret-index.ts'
import { openTracing } from './common/open-telemetry.ts'
import { createMetrics } from './execution/metrics.ts'
import { createApp } from './http/app.ts'
import type { Settings } from './http/settings.ts'
import { openRelay } from './open-relay.ts'
import { secretsOf } from './keys/key.ts'
import { readOptions, type RelayOptions } from './options.ts'
import { internet, type Network } from './upstream/http-client.ts'

/** The result of `createRelay`. */
export interface Relay {
  /** Answers a call of the client: takes a web-standard Request and returns a Response. Mount it at any path. */
  fetch: (request: Request) => Promise<Response>
  /** Resolves when the relay has opened its database. Rejects if it cannot; the message says what to do. `fetch` waits for it itself. */
  ready: Promise<void>
  /** Asks the sources of all keys whose `secret` is a function. A source that fails keeps its last value, and the log says so. */
  refreshSecrets: () => Promise<void>
  /** Refuses new requests, waits for running ones (`shutdownTimeout`), and closes the database. */
  close: () => Promise<void>
}

/**
 * Creates a relay. It holds the keys, and calls the APIs that the keys' rules allow.
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
 * @throws ClientSecretError `INVALID_PARAMETER` for unsafe options: a key without rules
 *   or secret, the host `*`, a locked key without `authenticate`.
 */
export function createRelay(options: RelayOptions): Relay {
  return createRelayOn(internet, options)
}

/** A relay that takes new options while it runs, for `keepRelay` and `serve --watch`. */
export interface RenewableRelay extends Relay {
  /**
   * Uses these options from the next call on. Running requests continue. False if a new relay must replace this one:
   * it is closed, or database, limits, queues, prices or master keys differ.
   *
   * @throws ClientSecretError as `createRelay` does. The relay then keeps its options.
   */
  renew: (options: RelayOptions) => Promise<boolean>
}

/**
 * A relay on a given network, such as the fake internet of the `attack` command.
 *
 * @param minute Milliseconds to which `perMinute` of a shared queue refers; less than a minute in tests.
 */
export function createRelayOn(
  network: Network,
  options: RelayOptions,
  environment: Record<string, string | undefined> = process.env,
  minute = 60_000,
): RenewableRelay {
  let given = readOptions(options, environment)
  const secrets = createSecretIndex()
  // Before the first log entry, and for the life of the relay, also after its options change.
  const lookForSecrets = () => {
    for (const { values } of given.keys.values())
      for (const value of values) for (const secret of secretsOf(value)) secrets.add(secret, value)
  }
  lookForSecrets()
  const logger = redactedLogger(() => given.logger, secrets)
  // Its fields are read at each use, so that `renew` can replace them.
  const settings = { ...given, logger }
  const metrics = createMetrics(settings.logger)
  const tracing = openTracing(() => settings.traceTo)
  const parts = openRelay(settings, network, metrics, tracing, secrets, minute)
  const ready = parts.then(() => {})
  let isWaitedFor = false
  // The log has the error only if no caller waits for `ready`.
  ready.catch((error: unknown) => {
    if (!isWaitedFor) settings.logger.error({ err: error }, 'the relay could not start')
  })
  let app = createApp(settings, parts, metrics, tracing, secrets)
  let closing: Promise<void> | undefined
  return {
    fetch: async (request) => app.fetch(request),
    get ready() {
      isWaitedFor = true
      return ready
    },
    refreshSecrets: async () => (await parts).keys.askAll(),
    close: () =>
      (closing ??= parts.then(
        (opened) => opened.close(),
        // A relay that fails to open closes its parts itself.
        () => {},
      )),
    async renew(other) {
      const next = readOptions(other, environment)
      const opened = await parts.catch(() => null)
      if (!opened || opened.pubSub.isClosed() || !isOnSameGround(settings, next)) return false
      await opened.keys.open(next.keys)
      given = next
      lookForSecrets()
      Object.assign(settings, next, { logger })
      app = createApp(settings, parts, metrics, tracing, secrets)
      return true
    },
  }
}

/** Whether only options differ that each call reads. */
function isOnSameGround(now: Settings, next: Settings): boolean {
  const groundOf = ({ database, limits, queues, prices, masterKeys, keys }: Settings) =>
    JSON.stringify([
      database,
      Object.entries(limits).sort(),
      [...queues.values()],
      prices,
      masterKeys.map(({ id }) => id),
      keys.size === 0,
    ])
  return groundOf(now) === groundOf(next)
}
