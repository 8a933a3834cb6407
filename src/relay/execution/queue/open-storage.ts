import { randomUUID } from 'node:crypto'
import type { PeerChannel } from '../../database/pub-sub.ts'
import { isPostgres, type Database } from '../../database/database.ts'
import { createEmbeddedQueue } from './embedded-queue.ts'
import type { QueueDeps } from './queue-worker.ts'
import type { Logger } from '../../common/logger.ts'
import type { Queue } from './queue.ts'

/** The database of the records, with its queue and the channel between relays. */
export interface Storage {
  database: Database
  /** Identifies this process to the other relays. */
  relay: string
  /** Undefined if there can be no other relay. */
  peers: PeerChannel | undefined
  isAlone: boolean
  isInMemory: boolean
  createQueue(parts: QueueDeps): Promise<Queue>
}

/** Opens a SQLite file or memory for a single relay, or a Postgres for several. */
export async function openStorage(address: string | undefined, logger: Logger): Promise<Storage> {
  if (!isPostgres(address)) {
    // Loaded on demand, because each database needs modules that may be missing.
    const { memory, openSqlite } = await import('../../database/sqlite-database.ts')
    const database = await openSqlite(address, logger)
    return {
      database,
      relay: randomUUID(),
      peers: undefined,
      isAlone: true,
      isInMemory: address === undefined || address === memory,
      createQueue: createEmbeddedQueue,
    }
  }
  const { openPostgres } = await import('../../database/postgres-database.ts')
  const { createPgBossQueue } = await import('./pg-boss-queue.ts')
  const database = await openPostgres(address, logger)
  return {
    database,
    relay: database.relay,
    peers: database.peers,
    isAlone: false,
    isInMemory: false,
    createQueue: (parts) => createPgBossQueue(database, parts),
  }
}
