import type { WireError } from '../../protocol/record.ts'
import type { RelayLimits } from '../common/relay-limits.ts'
import type { KeyLimits } from '../keys/key.ts'

type LimitName = keyof RelayLimits | keyof KeyLimits | 'maxWaiting'

/** The limits that refuse a request, or end it. A name that is missing here is in no metric. */
const names: readonly LimitName[] = [
  'requestBytes',
  'uploadBytes',
  'responseBytes',
  'downloadBytes',
  'unsettledPerCaller',
  'requestsPerMinute',
  'bytesPerDay',
  'tokensPerDay',
  'costPerDay',
  'heldPollsPerCaller',
  'heldPolls',
  'bytesInFlight',
  'bytesInFlightPerCaller',
  'bytesInMemory',
  'unsettled',
  'maxWaiting',
]

/** The codes of errors above a limit. Their messages quote nothing of a caller. */
const codes = new Set<string>(['RATE_LIMITED', 'QUEUE_FULL', 'UNAVAILABLE', 'REQUEST_TOO_LARGE', 'RESPONSE_TOO_LARGE'])

const option = new RegExp(`\\((limits|keys\\..+\\.limits|queues\\..+)\\.(${names.join('|')})[,)]`)

/**
 * The option of a limit that an error is about: `limits.…` of a caller or the relay, `keys.limits.…` of a key,
 * `queues.…` of a shared queue. Each message above a limit names its option in brackets.
 */
export function limitIn({ code, message }: Pick<WireError, 'code' | 'message'>): string | undefined {
  const [, owner, name] = (codes.has(code) && option.exec(message)) || []
  if (owner === undefined) return undefined
  return `${owner.startsWith('keys.') ? 'keys.limits' : owner.startsWith('queues.') ? 'queues' : owner}.${name}`
}
