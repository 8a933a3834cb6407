import type { Logger } from '../common/logger.ts'
import type { SharedQueues } from '../common/queue-options.ts'
import type { Price } from '../common/prices.ts'
import type { ReadLimits } from '../common/relay-limits.ts'
import type { MasterKey } from '../keys/encryption.ts'
import type { Key } from '../keys/key.ts'
import type { IsAdministrator } from './administrator.ts'
import type { Authenticate } from './identify.ts'

/** The checked options, with all defaults. */
export interface Settings {
  /** The keys of the options. */
  keys: Map<string, Key>
  /** Encrypt the registered keys; the newest first. */
  masterKeys: readonly MasterKey[]
  authenticate: Authenticate
  /** Whether the options have `authenticate`. */
  hasAuthenticate: boolean
  administrator: IsAdministrator | undefined
  /** The administrator by token, if the token is set. */
  administratorByToken: IsAdministrator | undefined
  origins: readonly string[]
  hosts: readonly string[] | undefined
  trustProxy: number
  database: string | undefined
  limits: ReadLimits
  queues: SharedQueues
  /** The prices of models. */
  prices: Record<string, Price>
  expires: { default: number; max: number }
  /** The origins of the APIs that get the trace headers. */
  traceTo: readonly string[]
  shutdownTimeout: number
  logger: Logger
}
