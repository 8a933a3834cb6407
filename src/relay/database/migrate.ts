import { columns, insertedColumns } from './record-columns.ts'
import { startFailure } from '../common/config-error.ts'
import type { Database } from './database.ts'
import type { Migration } from './migration.ts'
import { migration as records } from './migrations/0001-records.ts'
import { migration as keys } from './migrations/0002-keys-and-uses.ts'
import { migration as largeColumnsLast } from './migrations/0003-large-columns-last.ts'
import { migration as sharedQueues } from './migrations/0004-shared-queues.ts'
import { migration as callersAndPauses } from './migrations/0005-callers-and-pauses.ts'
import { migration as limitCounts } from './migrations/0006-limit-counts.ts'
import { migration as streamPieces } from './migrations/0007-stream-pieces.ts'
import { migration as leases } from './migrations/0008-leases.ts'
import { migration as traces } from './migrations/0009-traces.ts'

/** The first is version 1. Never change a released one; add a new one at the end. */
const migrations: readonly Migration[] = [
  records,
  keys,
  largeColumnsLast,
  sharedQueues,
  callersAndPauses,
  limitCounts,
  streamPieces,
  leases,
  traces,
]

/** Updates the tables to the newest version. Several relays may call it at once. */
export async function migrate(database: Pick<Database, 'transaction' | 'dialect'>): Promise<void> {
  await database.transaction(['client-secret-relay: migrations'], async (transaction) => {
    await transaction.query('CREATE TABLE IF NOT EXISTS relay_version (version BIGINT NOT NULL)')
    const [row] = await transaction.query<{ version: number }>('SELECT version FROM relay_version')
    const version = row?.version ?? 0
    if (version > migrations.length) {
      throw startFailure({
        reason: `its database has version ${version}, and this program knows versions up to ${migrations.length}`,
        remedy: 'A newer relay has updated the database. Update react-client-secret here too.',
      })
    }
    for (const statement of migrations.slice(version).flatMap((migration) => migration(database.dialect))) {
      await transaction.query(statement).catch((cause: unknown) => {
        const reason = cause instanceof Error ? cause.message : String(cause)
        throw startFailure(
          {
            reason: `its tables could not be created: ${reason}`,
            remedy:
              'Another program, or a relay from before the first release, may use this database. Give the relay a database of its own.',
          },
          cause,
        )
      })
    }
    // Reads every column, so that a missing one stops the start instead of each request.
    await transaction.query(`SELECT ${columns}, ${insertedColumns}, lease FROM records WHERE 1 = 0`)
    await transaction.query('DELETE FROM relay_version')
    await transaction.query('INSERT INTO relay_version (version) VALUES ($1)', [migrations.length])
  })
}
