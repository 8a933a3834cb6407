import { columns, insertedColumns } from './record-rows.ts'
import type { Database } from './database.ts'
import type { Migration } from './migration.ts'
import { migration as records } from './migrations/0001-records.ts'
import { migration as keys } from './migrations/0002-keys.ts'
import { migration as largeColumnsLast } from './migrations/0003-large-columns-last.ts'

/** The first is version 1. One that was released is never changed; what comes later is added behind it. */
const migrations: readonly Migration[] = [records, keys, largeColumnsLast]

/** Brings the tables to the version that this program knows. Any number of relays may do so at once. */
export async function migrate(database: Pick<Database, 'transaction' | 'dialect'>): Promise<void> {
  await database.transaction(['client-secret-relay: migrations'], async (transaction) => {
    await transaction.query('CREATE TABLE IF NOT EXISTS relay_version (version BIGINT NOT NULL)')
    const [row] = await transaction.query<{ version: number | string }>('SELECT version FROM relay_version')
    const version = Number(row?.version ?? 0)
    if (version > migrations.length) {
      throw new Error(
        `The relay does not start: its database has version ${version}, and this program knows versions up to ${migrations.length}. A newer relay has worked with it; update react-client-secret here too.`,
      )
    }
    for (const statement of migrations.slice(version).flatMap((migration) => migration(database.dialect))) {
      await transaction.query(statement).catch((cause: unknown) => {
        const reason = cause instanceof Error ? cause.message : String(cause)
        throw new Error(
          `The relay does not start: its tables could not be made: ${reason}. Does something else use this database, or a relay from before the first release? Give the relay a database of its own.`,
          { cause },
        )
      })
    }
    // Each column, so that one that is missing is told at the start and not of each request.
    await transaction.query(`SELECT ${columns}, ${insertedColumns} FROM records WHERE 1 = 0`)
    await transaction.query('DELETE FROM relay_version')
    await transaction.query('INSERT INTO relay_version (version) VALUES ($1)', [migrations.length])
  })
}
