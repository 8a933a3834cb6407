import type { CompiledRule, KeyRule } from './key-rules.ts'
import type { MasterKey } from './encryption.ts'
import type { SignOptions } from './sign-options.ts'
import type { TokenOptions } from './token-options.ts'

/** Gives the current value of a secret. */
export type SecretSource = () => string | Promise<string>

/** A key in the options. */
export interface KeyOptions {
  /**
   * The value. Default: the environment variable `CLIENT_SECRET_<NAME>`, the name in capitals with `_` for each
   * character that is not a letter or digit. For an API with several values, an object such as `{ id, key }`; requests
   * then write `$CLIENT_SECRET.id` and `$CLIENT_SECRET.key`. A function is a source, such as a vault: the relay asks
   * it at its start, every `refreshEvery` seconds, after a 401 of the API, and at `refreshSecrets`. If it fails, the
   * relay goes on with the last value.
   */
  secret?: string | Record<string, string | undefined> | SecretSource | undefined
  /** Seconds between two questions to a source, 1 or more. Default 300. */
  refreshEvery?: number | undefined
  /**
   * The beginning of every value of this API, such as `acme_live_`. The prefix itself is public: only the rest counts
   * as secret. The relay removes every word with this prefix from answers. Default: none; the relay knows the prefixes
   * of common APIs.
   */
  publicPrefix?: string | undefined
  /** The API wants a token that is made from the secret: OAuth's, a signed JWT, or one that a login gives. */
  token?: TokenOptions | undefined
  /** The API wants a signature of each call, made with the secret: `$CLIENT_SECRET` becomes the signature. */
  sign?: SignOptions | undefined
  /** Only for signed-in users. Default: true. */
  locked?: boolean | undefined
  /** Where the secret may go. At least one rule. */
  allow: KeyRule[]
  /** Limits of the key, for all callers together. */
  limits?: KeyLimits | undefined
}

/** Limits of a key, for all callers together. The relay refuses more with `RATE_LIMITED` or `QUEUE_FULL`. */
export interface KeyLimits {
  /** Default: no limit. */
  requestsPerMinute?: number | undefined
  /** Most unsettled requests. Default: no limit. */
  unsettled?: number | undefined
  /** Bytes of requests and answers. Default: no limit. */
  bytesPerDay?: number | undefined
}

/** One of the values of a key. */
export interface KeyValue {
  version: number
  /** Empty for a key with several values. */
  secret: string
  /** For a key with several values: the values, by name. */
  named?: ReadonlyMap<string, string>
  publicPrefix?: string
}

/** All secret texts of a value. */
export function secretsOf({ secret, named }: KeyValue): string[] {
  return named ? [...named.values()] : [secret]
}

/** A key, checked. */
export interface Key {
  name: string
  /** The valid values, in the order in which the relay tries them. During a rotation there are two. */
  values: readonly KeyValue[]
  locked: boolean
  /** The rules as the operator wrote them. */
  allow: readonly KeyRule[]
  rules: readonly CompiledRule[]
  limits: KeyLimits
  /** Gives the values while the relay runs; `values` is empty before. */
  source?: {
    ask: SecretSource
    /** Throws if the value is no secret. */
    check: (given: unknown) => Omit<KeyValue, 'version'>
    /** Seconds. */
    refreshEvery: number
  }
  /** The way to get the token that replaces the secret. */
  token?: TokenOptions
  /** The way to sign calls with the secret; the secret itself is not sent. */
  sign?: SignOptions
  /** In milliseconds; only registered keys have it. */
  changedAt?: number
}

/** The current keys: those of the options, and the registered ones. */
export interface Keys {
  get(name: string): Key | undefined
  /** Reads a registered key from the database again: another relay may have changed it a moment ago. */
  getNewest(name: string): Promise<Key | undefined>
  /** An API took this value of the key and refused the one before it. */
  worked(name: string, version: number): void
  /** Counts a request with the key. */
  used(name: string): void
}

/** What the keys need of the relay's settings. */
export interface KeySettings {
  /** The keys of the options. */
  keys: ReadonlyMap<string, Key>
  /** They encrypt the values in the database, the newest first. */
  masterKeys: readonly MasterKey[]
  /** Whether the relay has an `authenticate`: without one, nobody is signed in. */
  hasAuthenticate: boolean
}

/** The use of a key: everything except its name and values. */
export type KeyUse = Pick<Key, 'locked' | 'allow' | 'rules' | 'limits'>

/** A key from checked parts. */
export function keyOf(
  name: string,
  values: readonly KeyValue[],
  use: KeyUse & Pick<Key, 'changedAt' | 'token' | 'sign' | 'source'>,
): Key {
  return { name, values, ...use }
}
