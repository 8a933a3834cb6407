import { ClientSecretError } from '../../protocol/errors.ts'
import { isSettled } from '../../protocol/record.ts'
import type { PubSub } from '../database/pub-sub.ts'
import type { Records } from '../database/records.ts'
import type { RecordSummary } from '../database/stored-record.ts'
import { endUnknown, stopping } from './unknown-end.ts'

/** Waits until a record has settled, at whichever relay. Throws when it expires, or when this relay stops. */
export async function settledSummary(
  { records, pubSub }: { records: Records; pubSub: PubSub },
  first: RecordSummary,
): Promise<RecordSummary> {
  const { owner, id } = first
  const listener = pubSub.subscribe([id])
  try {
    let now: RecordSummary | undefined = first
    for (let wait = 0; now && !isSettled(now) && now.expiresAt > Date.now() && !pubSub.isClosed(); wait = 1_000) {
      await listener.next(wait)
      now = (await records.summaries(owner, [id]).catch(endUnknown(id)))[0]
    }
    if ((now ?? first).expiresAt <= Date.now()) {
      const message = 'The request expired before it had an answer. Give it a longer expires.'
      throw new ClientSecretError('EXPIRED', message, { requestId: id })
    }
    // Not settled, or a claim that was withdrawn because nothing ran.
    if (!now || !isSettled(now)) throw stopping(id)
    return now
  } finally {
    listener.stop()
  }
}
