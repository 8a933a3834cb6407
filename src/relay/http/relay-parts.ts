import type { InFlight } from '../common/bytes-in-flight.ts'
import type { Changes } from '../database/pub-sub.ts'
import type { Records } from '../database/records.ts'
import type { DirectRequests } from '../execution/direct-requests.ts'
import type { Presence } from '../execution/heartbeat.ts'
import type { Limits } from '../execution/limits.ts'
import type { Queue } from '../execution/queue.ts'
import type { Attendance } from '../execution/waiting-callers.ts'
import type { KeyStore } from '../keys/key-store.ts'
import type { CallsInFlight } from './calls-in-flight.ts'
import type { Settings } from './settings.ts'

/** What the routes work with. */
export interface RelayParts {
  settings: Settings
  keys: KeyStore
  limits: Limits
  inFlight: InFlight
  attendance: Attendance
  records: Records
  changes: Changes
  direct: DirectRequests
  queue: Queue
  presence: Presence
  calls: CallsInFlight
}
