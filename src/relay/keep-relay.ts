import { errorStatus } from '../protocol/error-codes.ts'
import { createRelayOn, type Relay, type RenewableRelay } from './create-relay.ts'
import { type RelayOptions } from './options.ts'
import { internet } from './upstream/http-client.ts'
import { consoleLogger } from './common/logger.ts'

/** One relay after the other, of which one answers. */
export interface KeptRelay extends Relay {
  /** What is asked from now on is answered with these options, or refused while they are wrong. */
  take: (options: RelayOptions | Promise<RelayOptions>) => void
}

/** A relay that is kept under a name, and the number of the `keepRelay` whose options it has. */
interface Kept {
  relay: KeptRelay
  number: number
}

interface KeptRelays {
  byName: Map<string, Kept>
  /** How often `keepRelay` was called. */
  count: number
}

/** Outside of this module, because dev servers load it anew, too. */
const place = Symbol.for('react-client-secret: kept relays')
const all = ((globalThis as { [place]?: KeptRelays })[place] ??= { byName: new Map(), count: 0 })

/**
 * Makes a relay when it is first asked, and keeps it while a dev server loads its
 * module anew: the relay that runs takes the new options, and what it is doing goes
 * on. The options that were given last count, whichever of the relays is asked.
 * Where they name another database or other limits, the relay is closed first, and
 * another one takes its place.
 *
 * While the options are such that no relay starts, each call is answered with
 * `UNAVAILABLE`, and the log has the sentence that says what to do.
 *
 * @param name By which it is recognised when the module is loaded anew. Each relay of a process has its own.
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
    close: async () => {
      const kept = all.byName.get(name)
      // The server that a dev server has replaced may end after the new one was asked.
      if (kept && kept.number <= number) await kept.relay.close()
    },
  }
}

/** Answers nothing before it has taken options. */
export function createKeptRelay(): KeptRelay {
  let opened: RenewableRelay | undefined
  let current: Promise<RenewableRelay> | undefined
  let isWaitedFor = false

  async function renewed(options: RelayOptions): Promise<RenewableRelay> {
    if (await opened?.renew(options)) return opened!
    // Two relays cannot have one SQLite file.
    await opened?.close()
    return (opened = createRelayOn(internet, options))
  }

  return {
    take(options) {
      const before = current
      isWaitedFor = false
      // Rejects before it is looked at, while the one before is still waited for.
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
