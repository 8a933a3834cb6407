import { isClientSecretError } from '../../protocol/errors.ts'
import type { WireError } from '../../protocol/record.ts'
import type { Logger } from '../common/logger.ts'
import type { Records } from '../database/records.ts'
import type { Outcome, RecordVersion } from '../database/stored-record.ts'

/** Milliseconds before a request runs again if the database refused each end of it. */
export const pauseAfterRefusal = 30_000

const refused: WireError = {
  code: 'INTERNAL',
  message:
    'The API was called, but the database of the relay refused the answer. The log of the relay says why. Check at the API before you send the request again.',
}

/**
 * Writes the end of a run. If the database refuses this end, such as an answer with characters that its encoding does
 * not have, the record says so: a record without an end would run again, and be refused again. Undefined if the record
 * is not running any more.
 */
export async function writeEnding(
  { records, logger }: { records: Records; logger: Logger },
  seen: RecordVersion,
  outcome: Outcome,
): Promise<Outcome['status'] | undefined> {
  try {
    return (await records.settle(seen, outcome)) ? outcome.status : undefined
  } catch (error) {
    // Without a database, the end is tried again.
    if (isClientSecretError(error)) throw error
    logger.error({ id: seen.id, err: error }, 'the database refused the end of a request; its record says so')
    return (await records.settle(seen, { status: 'failed', error: refused })) ? 'failed' : undefined
  }
}
