import type { BytesInFlight } from '../common/bytes-in-flight.ts'
import type { PubSub } from '../database/pub-sub.ts'
import type { Records } from '../database/records.ts'
import type { SharedQueuePlaces } from '../database/shared-queue-places.ts'
import type { DirectRequests } from '../execution/direct/direct-requests.ts'
import type { KeyActivity } from '../execution/key-activity.ts'
import type { Budgets } from '../execution/budgets.ts'
import type { Limits } from '../execution/rate-limits.ts'
import type { StreamPieces } from '../database/stream-pieces.ts'
import type { StreamedAnswers } from '../execution/direct/streamed-answers.ts'
import type { SharedQueueRunner } from '../execution/queue/shared-queues.ts'
import type { Queue } from '../execution/queue/queue.ts'
import type { WaitingCallers } from '../execution/direct/waiting-callers.ts'
import type { KeyStore } from '../keys/key-store.ts'
import type { CallsInFlight } from './calls-in-flight.ts'
import type { Settings } from './settings.ts'

/** The parts of a relay that the routes use. */
export interface RelayDeps {
  settings: Settings
  keys: KeyStore
  activity: KeyActivity
  limits: Limits
  budgets: Budgets
  inFlight: BytesInFlight
  waitingCallers: WaitingCallers
  records: Records
  places: SharedQueuePlaces
  pubSub: PubSub
  direct: DirectRequests
  streamed: StreamedAnswers
  pieces: StreamPieces
  queue: Queue
  sharedQueues: SharedQueueRunner
  /** Identifies this relay to the others. */
  relay: string
  calls: CallsInFlight
}
