import type { Key, KeyValue } from '../keys/key.ts'
import type { SecretIndex } from '../keys/redaction/secret-index.ts'
import type { Upstream } from './http-client.ts'
import { mintToken } from './mint-token.ts'
import { failedFor, type SharedTokens, type UsableToken } from './shared-tokens.ts'

/** The tokens made from secrets: one for each value of a key, with one exchange at a time. */
export interface Tokens {
  /** The value for a call: the secret, or the current token of a key with `token`. */
  fill(key: Key, value: KeyValue, signal: AbortSignal): Promise<KeyValue>
  /**
   * To be called when an API refuses this token. True if the next call gets another one: a caller may have made the API
   * refuse it, so a new token comes in place of a refused one at most once in `betweenRefusals`.
   */
  refused(value: KeyValue, token: string): boolean
  close(): void
}

/** Milliseconds for which the relay still redacts an expired token, because logs and lists of an API may show it. */
const keptFor = 60 * 60 * 1000
/** Milliseconds. */
const betweenRefusals = 10_000

interface Kept {
  minting: Promise<UsableToken>
  /** Milliseconds since 1970. After this time, the next call makes a new token. */
  until: number
  token?: string
  outcome?: string | undefined
}

/** @param shared The tokens of all relays; undefined if there is one relay. */
export function createTokens(
  upstream: Pick<Upstream, 'call'>,
  secrets: SecretIndex,
  shared: SharedTokens | undefined,
): Tokens {
  const kept = new WeakMap<KeyValue, Kept>()
  /** The shared tokens that an API refused. */
  const useless = new WeakMap<KeyValue, string>()
  /** When a new token came in place of a refused one. */
  const replacedAt = new WeakMap<KeyValue, number>()
  const held = new Map<NodeJS.Timeout, () => void>()
  const closing = new AbortController()

  async function mintHere(key: Key, value: KeyValue): Promise<UsableToken> {
    const { token, expiresAt } = await mintToken(key.name, key.token!, value.secret, upstream, closing.signal)
    const lifetime = expiresAt - Date.now()
    // The token must still be valid when the call arrives.
    return { token, expiresAt, until: expiresAt - Math.min(60_000, lifetime / 10) }
  }

  function mint(key: Key, value: KeyValue): Kept {
    const here = () => mintHere(key, value)
    // Without a url, there is no exchange.
    const isShared = shared && key.token!.url !== undefined
    const minting = isShared ? shared.get(key, value, useless.get(value), here) : here()
    const one: Kept = { minting, until: Infinity }
    kept.set(value, one)
    minting.then(
      ({ expiresAt, ...usable }) => {
        hold(usable.token, expiresAt)
        Object.assign(one, usable)
      },
      () => (one.until = Date.now() + failedFor),
    )
    return one
  }

  function hold(token: string, expiresAt: number): void {
    const release = secrets.add(token)
    const left = Math.min(Math.max(expiresAt - Date.now(), 0) + keptFor, 2 ** 31 - 1)
    const timer = setTimeout(() => {
      held.delete(timer)
      release()
    }, left).unref()
    held.set(timer, release)
  }

  return {
    async fill(key, value, signal) {
      if (!key.token) return value
      const before = kept.get(value)
      const one = before && Date.now() < before.until ? before : mint(key, value)
      const { token } = await unlessAborted(one.minting, signal)
      return { version: value.version, secret: token }
    },
    refused(value, token) {
      const one = kept.get(value)
      // Another call may have a new token already.
      if (one?.token !== token) return true
      if (Date.now() - (replacedAt.get(value) ?? 0) < betweenRefusals) return false
      replacedAt.set(value, Date.now())
      kept.delete(value)
      if (one.outcome !== undefined) useless.set(value, one.outcome)
      return true
    },
    close() {
      closing.abort()
      for (const timer of held.keys()) clearTimeout(timer)
    },
  }
}

/** Rejects when the signal aborts. The exchange goes on for other calls. */
function unlessAborted<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  return new Promise((resolve, reject) => {
    const leave = () => reject(signal.reason as Error)
    if (signal.aborted) leave()
    signal.addEventListener('abort', leave, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave))
  })
}
