import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '../common/logger.ts'
import { startError } from '../common/config-error.ts'
import { createHeldSecrets } from './held-secrets.ts'
import type { Key, KeyValue } from './key.ts'
import type { SecretIndex } from './redaction/secret-index.ts'

/** The secrets of keys whose `secret` is a function: a source, such as a vault. */
export interface SecretSources {
  /** Asks the sources of these keys, and from then on at their intervals. Rejects if one fails that gave no value yet. */
  open: (keys: ReadonlyMap<string, Key>) => Promise<void>
  /** The key with the values of its source. */
  filled(key: Key): Key
  /** After an API refused the value with 401. At most once in a second: callers may cause a 401. */
  askAfterRefusal(key: Key): Promise<void>
  /** Asks all sources now. Resolves when each has answered or failed; a failure is in the log. */
  askAll: () => Promise<void>
  /** Tries this value first from now on; false if it is first already. */
  tryFirst(key: Key, version: number): boolean
  close(): void
}

interface Source {
  /** The key with its values. */
  key: Key
  asking: Promise<void> | undefined
  refusedAt: number
  /** Milliseconds since 1970. */
  answeredAt: number
  timer: NodeJS.Timeout | undefined
}

/** Milliseconds. */
const betweenRefusals = 1_000
/** Milliseconds. A source that takes longer has failed. */
const maxAnswer = 10_000

export function createSecretSources({ secrets, logger }: { secrets: SecretIndex; logger: Logger }): SecretSources {
  const held = createHeldSecrets(secrets)
  /** By the key of the options. */
  let sources = new Map<Key, Source>()
  /** Also those of keys before a change of the options: calls may still use them. */
  const everyone = new WeakMap<Key, Source>()
  let isClosed = false

  /** The redactor knows each value before a request can use it. */
  function hold(next: Iterable<Source>): void {
    held.set([...next].flatMap(({ key }) => key.values))
  }

  /** Takes the value of a source. Throws if there is none, or if it is no secret. */
  async function take(option: Key, source: Source, all: () => Iterable<Source>): Promise<void> {
    const { ask, check } = option.source!
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer within ${maxAnswer / 1000} seconds`)), maxAnswer).unref()
    })
    const given = await Promise.race([Promise.resolve().then(ask), late]).finally(() => clearTimeout(timer))
    const value = check(given)
    source.answeredAt = Date.now()
    const known = source.key.values
    const newest = newestOf(known)
    if (newest?.secret === value.secret) return
    const version = (newest?.version ?? 0) + 1
    // The API may still take the value before it only, or already the new one only.
    source.key = {
      ...source.key,
      values: [{ ...value, version }, ...(newest ? [newest] : [])],
      changedAt: Date.now(),
    }
    // Also if the options have changed since the question: calls that began before may use the value.
    hold(new Set([...all(), source]))
    if (version > 1)
      logger.info({ key: option.name, version }, `the source of the key "${option.name}" gave a new value`)
  }

  /** One question at a time. A failure keeps the last value. */
  function ask(option: Key, source: Source, wait = 0): Promise<void> {
    return (source.asking ??= (wait > 0 ? sleep(wait, undefined, { ref: false }) : Promise.resolve())
      .then(() => take(option, source, () => sources.values()))
      .catch((err: unknown) => {
        if (!isClosed)
          logger.error(
            { err: withoutQuotes(err), key: option.name, valueFrom: new Date(source.answeredAt).toISOString() },
            `the source of the key "${option.name}" failed; the relay goes on with the last value, and asks again`,
          )
      })
      .finally(() => (source.asking = undefined)))
  }

  return {
    async open(keys) {
      const next = new Map<Key, Source>()
      for (const option of keys.values())
        if (option.source)
          next.set(option, { key: option, asking: undefined, refusedAt: 0, answeredAt: 0, timer: undefined })
      const all = () => [...sources.values(), ...next.values()]
      await Promise.all(
        [...next].map(([option, source]) =>
          take(option, source, all).catch((cause: unknown) => {
            throw startError(`keys.${option.name}.secret`, {
              reason: `the source of keys.${option.name} gave no secret: ${withoutQuotes(cause).message}`,
              remedy: 'Check its address, its permissions and the name of the secret.',
            })
          }),
        ),
      )
      for (const { timer } of sources.values()) clearInterval(timer)
      sources = next
      for (const [option, source] of sources) everyone.set(option, source)
      hold(sources.values())
      if (isClosed) return
      for (const [option, source] of sources)
        source.timer = setInterval(() => void ask(option, source), option.source!.refreshEvery * 1000).unref()
    },
    filled: (key) => everyone.get(key)?.key ?? key,
    async askAfterRefusal(key) {
      const source = sources.get(key)
      if (!source) return
      const { version } = newestOf(source.key.values)!
      // A question under way may be older than the refusal, so its answer may be too.
      await source.asking
      if (newestOf(source.key.values)!.version !== version) return
      const wait = source.refusedAt + betweenRefusals - Date.now()
      if (!source.asking) source.refusedAt = Date.now() + Math.max(wait, 0)
      await ask(key, source, wait)
    },
    askAll: async () => void (await Promise.all([...sources].map(([option, source]) => ask(option, source)))),
    tryFirst(key, version) {
      const source = sources.get(key)
      if (!source || source.key.values[0]?.version === version) return false
      const values = [...source.key.values].sort((one) => (one.version === version ? -1 : 1))
      if (values[0]?.version !== version) return false
      source.key = { ...source.key, values }
      return true
    },
    close() {
      isClosed = true
      for (const { timer } of sources.values()) clearInterval(timer)
      held.close()
    },
  }
}

function newestOf(values: readonly KeyValue[]): KeyValue | undefined {
  return [...values].sort((one, other) => other.version - one.version)[0]
}

/** A SyntaxError of JSON.parse quotes its text, which may be the secret. */
function withoutQuotes(error: unknown): Error {
  if (error instanceof SyntaxError)
    return new Error('a SyntaxError, which is not shown because it may quote the secret')
  return error instanceof Error ? error : new Error(String(error))
}
