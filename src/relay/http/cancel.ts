import { ClientSecretError } from '../../protocol/errors.ts'
import type { CancelAnswer } from '../../protocol/record.ts'
import { cancellationOf, type Changes } from '../database/pub-sub.ts'
import type { DirectRequests } from '../execution/direct-requests.ts'
import { absence } from './poll.ts'
import type { Records } from '../database/records.ts'

const ended = { removed: true, message: 'The call of the API was ended. The API may have acted on it already.' }

/**
 * Takes a request out of its queue, or ends the call that runs. It is named by
 * its id, or by the idempotency key it was sent with, which its sender knows
 * before there is an answer.
 *
 * @throws ClientSecretError `REQUEST_NOT_FOUND` or `EXPIRED`
 */
export async function cancel(
  { records, direct, changes }: { records: Records; direct: DirectRequests; changes: Changes },
  owner: string,
  idOrKey: string,
): Promise<CancelAnswer> {
  if (direct.cancel(owner, idOrKey)) return ended
  const found = await records.find(owner, idOrKey)
  if (!found || found.expiresAt <= Date.now()) {
    const { code, message, requestId } = absence(records, idOrKey)
    throw new ClientSecretError(code, message, { requestId })
  }
  const { id, line } = found
  if (await records.cancel(id, 'pending')) {
    changes.announce(id, line)
    return { removed: true, message: 'The request was taken out of its queue; the API was not called.' }
  }
  if (await records.cancel(id, 'running')) {
    // The call may be under way at another relay.
    changes.announce(cancellationOf(line), id, line)
    return ended
  }
  return { removed: false, message: 'The request had settled before it could be cancelled.' }
}
