import { ClientSecretError } from '../../../protocol/errors.ts'
import { isSettled } from '../../../protocol/record.ts'
import type { PubSub } from '../../database/pub-sub.ts'
import type { Records } from '../../database/records.ts'
import type { RecordSummary } from '../../database/stored-record.ts'
import { endUnknown, stopping } from './unknown-outcome-errors.ts'

/** Waits until a record settles, at any relay. Throws if it expires, or if this relay stops. */
export async function settledSummary(
  { records, pubSub }: { records: Records; pubSub: PubSub },
  first: RecordSummary,
): Promise<RecordSummary> {
  const { owner, id } = first
  const listener = pubSub.subscribe([id])
  try {
    let now: RecordSummary | undefined = first
    for (let wait = 0; now && !isSettled(now) && now.expiresAt > records.now() && !pubSub.isClosed(); wait = 1_000) {
      await listener.next(wait)
      now = (await records.summaries(owner, [id]).catch(endUnknown(id)))[0]
    }
    if ((now ?? first).expiresAt <= records.now()) {
      const message = 'The request expired before it had an answer. Give it a longer expires.'
      throw new ClientSecretError('EXPIRED', message, { requestId: id })
    }
    // Not settled, or a removed claim without a call.
    if (!now || !isSettled(now)) throw stopping(id)
    return now
  } finally {
    listener.stop()
  }
}
