import { errorStatus } from '../protocol/error-codes.ts'
import { createRelayOn, type Relay, type RenewableRelay } from './create-relay.ts'
import { type RelayOptions } from './options.ts'
import { internet } from './upstream/http-client.ts'
import { consoleLogger } from './common/logger.ts'

/** A relay that answers with the latest options. It replaces its inner relay if necessary. */
export interface KeptRelay extends Relay {
  /** Uses these options from the next call on, or refuses calls while they are wrong. */
  take: (options: RelayOptions | Promise<RelayOptions>) => void
}

/** A relay with a name, and the number of the `keepRelay` call that gave its options. */
interface Kept {
  relay: KeptRelay
  number: number
}

interface KeptRelays {
  byName: Map<string, Kept>
  /** The number of `keepRelay` calls. */
  count: number
}

/** Global, because dev servers reload this module too. */
const place = Symbol.for('react-client-secret: kept relays')
const all = ((globalThis as { [place]?: KeptRelays })[place] ??= { byName: new Map(), count: 0 })

/**
 * Creates a relay at the first call, and keeps it while a dev server reloads its
 * module. The running relay takes the new options, and its requests continue. The
 * latest options apply to all returned relays of this name. If database or limits
 * change, `keepRelay` closes the relay and starts a new one.
 *
 * While the options are invalid, each call fails with `UNAVAILABLE`, and the log says
 * what to do.
 *
 * @param name Identifies the relay when its module reloads. Each relay of a process needs its own.
 *
 * @example
 * export const relay = keepRelay('relay', {
 *   keys: {
 *     openai: {
 *       secret: process.env.OPENAI_API_KEY,
 *       locked: false,
 *       allow: [{ url: 'https://api.openai.com/v1/**', methods: ['POST'] }],
 *     },
 *   },
 *   database: './relay.db',
 * })
 */
export function keepRelay(name: string, options: RelayOptions): Relay {
  const number = ++all.count
  function current(): KeptRelay {
    const kept = all.byName.get(name)
    if (kept && kept.number >= number) return kept.relay
    const relay = kept?.relay ?? createKeptRelay()
    all.byName.set(name, { relay, number })
    relay.take(options)
    return relay
  }
  return {
    fetch: (request) => current().fetch(request),
    get ready() {
      return current().ready
    },
    refreshSecrets: () => current().refreshSecrets(),
    close: async () => {
      const kept = all.byName.get(name)
      // A replaced server may close its relay after the new server has used it.
      if (kept && kept.number <= number) await kept.relay.close()
    },
  }
}

/** Call `take` first, before `fetch`. */
export function createKeptRelay(): KeptRelay {
  let opened: RenewableRelay | undefined
  let current: Promise<RenewableRelay> | undefined
  let isWaitedFor = false

  async function renewed(options: RelayOptions): Promise<RenewableRelay> {
    if (await opened?.renew(options)) return opened!
    // Two relays cannot share a SQLite file.
    await opened?.close()
    return (opened = createRelayOn(internet, options))
  }

  return {
    take(options) {
      const before = current
      isWaitedFor = false
      // It may reject while the previous options still load, so this marks the rejection as handled.
      const given = Promise.resolve(options)
      given.catch(() => {})
      current = Promise.resolve(before).then(
        async () => renewed(await given),
        async () => renewed(await given),
      )
      current.catch((error: unknown) => {
        if (!isWaitedFor) consoleLogger.error({ err: error }, 'the relay could not start')
      })
    },
    async fetch(request) {
      const relay = await current!.catch(() => null)
      return relay ? relay.fetch(request) : couldNotStart()
    },
    get ready() {
      isWaitedFor = true
      return current!.then(({ ready }) => ready)
    },
    refreshSecrets: async () => (await current!).refreshSecrets(),
    async close() {
      await current?.catch(() => {})
      await opened?.close()
    },
  }
}

function couldNotStart(): Response {
  const error = { code: 'UNAVAILABLE', message: 'The relay could not start. Its log says why.', retryAfter: 1 } as const
  return Response.json({ error }, { status: errorStatus[error.code], headers: { 'retry-after': '1' } })
}
