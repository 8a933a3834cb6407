import { ClientSecretError } from '../protocol/errors.ts'
import type { CancelAnswer } from '../protocol/record.ts'
import type { Changes } from './changes.ts'
import { absence } from './poll.ts'
import type { Records } from './records.ts'
import type { Runner } from './run.ts'

/**
 * Takes a request out of its queue, or ends the call that runs.
 *
 * @throws ClientSecretError `REQUEST_NOT_FOUND` or `EXPIRED`
 */
export async function cancel(
  { records, changes, runner }: { records: Records; changes: Changes; runner: Runner },
  owner: string,
  id: string,
): Promise<CancelAnswer> {
  const [before] = await records.heads(owner, [id])
  if (!before || before.expiresAt <= Date.now()) {
    const { code, message, requestId } = absence(id)
    throw new ClientSecretError(code, message, { requestId })
  }
  const cancelled = await records.cancel(owner, id)
  if (!cancelled) return { removed: false, message: `The request had ${before.status} before it could be cancelled.` }
  runner.cancel(id)
  changes.announce(id, cancelled.queueKey)
  return {
    removed: true,
    message:
      before.status === 'pending'
        ? 'The request was taken out of its queue; the API was not called.'
        : 'The call of the API was ended. The API may have acted on it already.',
  }
}
