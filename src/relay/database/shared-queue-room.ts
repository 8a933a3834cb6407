import { ClientSecretError } from '../../protocol/errors.ts'
import { visitorPrefix } from '../common/caller.ts'
import type { SharedQueue } from '../common/queue-options.ts'
import type { Transaction } from './database.ts'
import { isUnsettled } from './record-columns.ts'

/** Turns in a queue, also of some settled records: of all callers, and of one. */
export interface QueueLengths {
  total: number
  own: number
}

/** A shared queue has no room for another record of the caller, of visitors, or of all. */
export class QueueFull extends ClientSecretError {
  readonly of: 'caller' | 'visitors' | 'all'

  constructor(of: QueueFull['of'], sentence: string) {
    super('QUEUE_FULL', sentence, { retryAfter: 10 })
    this.of = of
  }
}

/** More than the records that all relays add at the same moment. */
const margin = 100

/** The columns of `QueueLengths`, for these parameters. */
export function lengthsOf(queue: string, caller: string): string {
  return `(SELECT count(*) FROM shared_turns AS turn WHERE turn.queue = ${queue}) AS total,
    (SELECT count(*) FROM shared_turns AS turn WHERE turn.queue = ${queue} AND turn.caller = ${caller}) AS own`
}

/**
 * Throws `QUEUE_FULL` if the record that this transaction has written is one too many. Far from the limits, `lengths`
 * suffice. Near them it counts under a lock, so that all relays together never exceed them: others of the queue wait
 * from here until the commit.
 */
export async function checkRoom(
  { name, maxWaiting }: SharedQueue,
  caller: string,
  lengths: QueueLengths,
  transaction: Transaction,
): Promise<void> {
  const ofVisitors = Math.ceil(maxWaiting / 2)
  const ofCaller = Math.ceil(maxWaiting / 10)
  if (lengths.total + margin <= ofVisitors && lengths.own + margin <= ofCaller) return
  await transaction.lock([`length of the shared queue ${name}`])

  /** Whom there is no room for, and why. */
  async function refusal(turns: string): Promise<[QueueFull['of'], string] | undefined> {
    const [row] = await transaction.query<{ total: number; visitors: number; own: number }>(
      `SELECT count(*) AS total, count(CASE WHEN caller LIKE '${visitorPrefix}%' THEN 1 END) AS visitors,
         count(CASE WHEN caller = $2 THEN 1 END) AS own FROM ${turns}`,
      [name, caller],
    )
    const most = `(queues.${name}.maxWaiting)`
    if (row!.own > ofCaller)
      return [
        'caller',
        `This caller has ${ofCaller} unsettled requests in the queue "${name}", a tenth of its limit ${most}. Wait for some of them to settle.`,
      ]
    if (row!.total > maxWaiting)
      return [
        'all',
        `The queue "${name}" has ${maxWaiting} unsettled requests, its limit ${most}. Send the request again later.`,
      ]
    if (caller.startsWith(visitorPrefix) && row!.visitors > ofVisitors)
      return [
        'visitors',
        `Visitors have ${ofVisitors} unsettled requests in the queue "${name}", half of its limit ${most}. Sign in, or send the request again later.`,
      ]
    return undefined
  }

  // First with the turns of settled records, which are cheaper to count.
  if (!(await refusal('shared_turns WHERE queue = $1'))) return
  const full = await refusal(
    `shared_turns JOIN records ON records.id = shared_turns.id WHERE shared_turns.queue = $1 AND ${isUnsettled}`,
  )
  if (full) throw new QueueFull(...full)
}
