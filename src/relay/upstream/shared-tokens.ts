import { createHash, hkdfSync, randomUUID, scrypt } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { isClientSecretError } from '../../protocol/errors.ts'
import type { Logger } from '../common/logger.ts'
import { databaseUnavailable } from '../database/database.ts'
import { mintingLease, type MintedTokens, type StoredOutcome } from '../database/minted-tokens.ts'
import type { PubSub } from '../database/pub-sub.ts'
import { decrypt, encrypt, type MasterKey } from '../keys/encryption.ts'
import type { Key, KeyValue } from '../keys/key.ts'
import { ExchangeRefused, type Minted } from './mint-token.ts'

/** A token that a relay uses, with its times in milliseconds since 1970, by the clock of this process. */
export interface UsableToken extends Minted {
  /** From then on, the next call makes a new token. */
  until: number
  /** Identifies a shared token. */
  outcome?: string
}

/** The tokens that all relays on one database use. Of them, one relay at a time makes an exchange. */
export interface SharedTokens {
  /**
   * Gives the shared token, or the one that `mint` makes, which the other relays then use. A refusal is shared for a
   * moment too.
   *
   * @param useless The outcome of a token that the API refused.
   */
  get(key: Key, value: KeyValue, useless: string | undefined, mint: () => Promise<UsableToken>): Promise<UsableToken>
}

interface SharedTokensDeps {
  minted: MintedTokens
  pubSub: PubSub
  logger: Logger
}

/** Milliseconds for which all relays give the error of a refused exchange, before the next one. */
export const failedFor = 1_000
/** Milliseconds. A slower database counts as unavailable, and the relay makes its own exchange. */
const maxDatabaseWait = 2_000
/** Milliseconds between two looks at an exchange of another relay: a notification may be lost. */
const lookAgain = 500

const derive = promisify<string, string, number, Buffer>(scrypt)

/** What a row contains, encrypted. */
type Sealed = { token: string } | { refusal: string }

/** The name of a row, and the key that encrypts it. Both come from the secret: the database alone gives no token. */
interface Seal {
  id: string
  masterKey: MasterKey
}

export function createSharedTokens({ minted, pubSub, logger }: SharedTokensDeps): SharedTokens {
  const seals = new WeakMap<KeyValue, Promise<Seal>>()

  function sealOf(key: Key, value: KeyValue): Promise<Seal> {
    const known = seals.get(value) ?? newSeal(key, value.secret)
    seals.set(value, known)
    return known
  }

  /** Another relay may wait for the outcome. Without the database, this relay still has it. */
  async function tell(id: string, work: Promise<void>): Promise<void> {
    await work.then(
      () => pubSub.publish(topicOf(id)),
      () => {},
    )
  }

  /** Makes the outcome as the only relay. */
  async function mintAlone({ id, masterKey }: Seal, minter: string, mint: () => Promise<UsableToken>) {
    const seal = (sealed: Sealed) => encrypt(masterKey, JSON.stringify(sealed), [id])
    const timer = setInterval(() => void minted.renew(id, minter).catch(() => {}), mintingLease / 3).unref()
    try {
      const token = await mint()
      const outcome = seal({ token: token.token })
      const now = Date.now()
      const times = { usableFor: token.until - now, endsIn: token.expiresAt - now }
      await tell(id, soon(minted.store(id, minter, { outcome, ...times })))
      return { ...token, outcome }
    } catch (error) {
      const outcome = error instanceof ExchangeRefused ? seal({ refusal: error.message }) : undefined
      const times = { usableFor: failedFor, endsIn: failedFor }
      // Another relay may have more luck with the network.
      await tell(id, soon(outcome ? minted.store(id, minter, { outcome, ...times }) : minted.release(id, minter)))
      throw error
    } finally {
      clearInterval(timer)
    }
  }

  return {
    async get(key, value, useless, mint) {
      const seal = await sealOf(key, value)
      const minter = randomUUID()
      const listener = pubSub.subscribe([topicOf(seal.id)])
      try {
        for (let toReplace = useless ?? null; !pubSub.isClosed();) {
          const claimed = await soon(minted.claim({ id: seal.id, minter, useless: toReplace })).catch(
            (err: unknown) => {
              // The heartbeat logs an unavailable database, once.
              if (!isClientSecretError(err))
                logger.error({ err, key: key.name }, 'cannot share a token with other relays')
            },
          )
          if (claimed === undefined) break
          if (claimed === 'mint') return await mintAlone(seal, minter, mint)
          if (claimed === 'wait') {
            await listener.next(lookAgain)
            continue
          }
          const opened = open(seal, claimed)
          if (opened) return opened
          // Something other than a relay wrote it.
          toReplace = claimed.outcome
        }
      } finally {
        listener.stop()
      }
      return mint()
    },
  }
}

const topicOf = (id: string) => `token ${id}`

/** Slow on purpose: a secret may be a password, which a fast derivation would let a reader of the database guess. */
async function newSeal({ name, token }: Key, secret: string): Promise<Seal> {
  const settings = createHash('sha256')
    .update(JSON.stringify([name, token]))
    .digest('hex')
  const root = await derive(secret, `client-secret-relay: token of ${settings}`, 32)
  const part = (use: string) => Buffer.from(hkdfSync('sha256', root, '', `client-secret-relay: ${use}`, 32))
  const id = part('name of a token').toString('base64url')
  return { id, masterKey: { id: 'token', encryptionKey: part('encryption of a token') } }
}

/** The token of a row; undefined if this relay's secret does not decrypt it. Throws the refusal that another relay got. */
function open({ id, masterKey }: Seal, { outcome, usableFor, endsIn }: StoredOutcome): UsableToken | undefined {
  const text = decrypt(masterKey, outcome, [id])
  if (text === null) return undefined
  const sealed = JSON.parse(text) as Sealed
  if ('refusal' in sealed) throw new ExchangeRefused('TOKEN_FAILED', sealed.refusal)
  const now = Date.now()
  return { token: sealed.token, until: now + usableFor, expiresAt: now + endsIn, outcome }
}

async function soon<Result>(work: Promise<Result>): Promise<Result> {
  const stop = new AbortController()
  const late = sleep(maxDatabaseWait, undefined, { signal: stop.signal, ref: false }).then(() => {
    throw databaseUnavailable()
  })
  return Promise.race([work, late]).finally(() => {
    late.catch(() => {})
    stop.abort()
  })
}
