import type { Logger } from '../common/logger.ts'
import type { ReadLimits } from '../common/relay-limits.ts'
import type { MasterKey } from '../keys/encryption.ts'
import type { Key } from '../keys/key.ts'
import type { IsAdministrator } from './administrator.ts'
import type { Authenticate } from './identify.ts'

/** The options, checked, with nothing left open. */
export interface Settings {
  /** Those of the options. */
  keys: Map<string, Key>
  /** What registered keys are sealed with, the newest first. */
  masterKeys: readonly MasterKey[]
  authenticate: Authenticate
  /** Whether anybody can be signed in. */
  hasAuthenticate: boolean
  administrator: IsAdministrator | undefined
  /** The same, where it is the token that makes one. */
  administratorByToken: IsAdministrator | undefined
  origins: readonly string[]
  hosts: readonly string[] | undefined
  trustProxy: number
  database: string | undefined
  limits: ReadLimits
  expires: { default: number; most: number }
  shutdownTimeout: number
  logger: Logger
}
