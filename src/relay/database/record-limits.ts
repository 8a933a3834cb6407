import type { Connection, Database, Transaction } from './database.ts'
import { isUnsettled } from './record-columns.ts'
import type { Draft } from './stored-record.ts'

/** The records that a limit counts: of an owner, or only in queues of this exact name; or of a key, for all owners. */
export type CountedRecords = { owner: string; queueName?: string } | { keyName: string }

/** Limits for the unsettled records of the owner and of the key, and the error for one too many. */
export interface MostUnsettled {
  ofOwner: number
  ofKey: number | undefined
  tooMany: (of: 'owner' | 'key') => Error
}

export interface RecordLimits {
  /** Number of unsettled records. */
  countUnsettled(of: CountedRecords): Promise<number>
}

export function createRecordLimits(database: Database): RecordLimits {
  return { countUnsettled: (of) => countUnsettled(of, database) }
}

async function countUnsettled(of: CountedRecords, connection: Connection): Promise<number> {
  const named = Object.entries({
    owner: 'owner' in of ? of.owner : undefined,
    queue_name: 'owner' in of ? of.queueName : undefined,
    key_name: 'keyName' in of ? of.keyName : undefined,
  }).filter((entry): entry is [string, string] => entry[1] !== undefined)
  const [row] = await connection.query<{ count: number }>(
    `SELECT count(*) AS count FROM records WHERE ${isUnsettled} ${named.map(([column], index) => `AND ${column} = $${index + 1}`).join(' ')}`,
    named.map(([, value]) => value),
  )
  return row?.count ?? 0
}

/**
 * Counts the unsettled records, including the one that this transaction has written. The locks make other inserts of
 * the same owner or key wait for the commit: together, all relays never exceed a limit.
 */
export async function checkUnsettled(
  { owner, request: { clientSecretName } }: Draft,
  { ofOwner, ofKey, tooMany }: MostUnsettled,
  transaction: Transaction,
): Promise<void> {
  const ofThisKey = ofKey === undefined ? [] : [`unsettled of the key ${clientSecretName}`]
  await transaction.lock([`unsettled of the caller ${owner}`, ...ofThisKey])
  if ((await countUnsettled({ owner }, transaction)) > ofOwner) throw tooMany('owner')
  if (ofKey === undefined) return
  if ((await countUnsettled({ keyName: clientSecretName }, transaction)) > ofKey) throw tooMany('key')
}
