import { redactedLogger } from './keys/redacted-logger.ts'
import { createSecretIndex } from './keys/redaction/secret-index.ts'
import { createMetrics } from './execution/metrics.ts'
import { createApp } from './http/app.ts'
import type { Settings } from './http/settings.ts'
import { openRelay } from './open-relay.ts'
import { secretsOf } from './keys/key.ts'
import { readOptions, type RelayOptions } from './options.ts'
import { internet, type Network } from './upstream/http-client.ts'

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
    for (const { values } of given.keys.values())
      for (const value of values) for (const secret of secretsOf(value)) secrets.add(secret, value)
  }
  lookForSecrets()
  const logger = redactedLogger(() => given.logger, secrets)
  // Its fields are read when they are needed, so that they can be exchanged.
  const settings = { ...given, logger }
  const metrics = createMetrics(settings.logger)
  const parts = openRelay(settings, network, metrics, secrets)
  const ready = parts.then(() => {})
  let isWaitedFor = false
  // Whoever waits for `ready` is told by it; whoever does not, by the log.
  ready.catch((error: unknown) => {
    if (!isWaitedFor) settings.logger.error({ err: error }, 'the relay could not start')
  })
  let app = createApp(settings, parts, metrics, secrets)
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
      if (!opened || opened.pubSub.isClosed() || !isOnSameGround(settings, next)) return false
      given = next
      lookForSecrets()
      Object.assign(settings, next, { logger })
      app = createApp(settings, parts, metrics, secrets)
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
