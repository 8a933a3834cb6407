import type { PeerChannel } from '../database/pub-sub.ts'
import { isPostgres, type Database } from '../database/database.ts'
import { createEmbeddedQueue } from './embedded-queue.ts'
import type { QueueDeps } from './queue-worker.ts'
import type { Logger } from '../common/logger.ts'
import type { Queue } from './queue.ts'

/** Where the records are kept, and what goes with it: the queue, and how relays hear of each other. */
export interface Storage {
  database: Database
  /** Undefined where no other relay can be. */
  peers: PeerChannel | undefined
  isAlone: boolean
  isInMemory: boolean
  createQueue(parts: QueueDeps): Promise<Queue>
}

/** Opens a SQLite file, or memory, for a single relay; or a Postgres that many share. */
export async function openStorage(address: string | undefined, logger: Logger): Promise<Storage> {
  if (!isPostgres(address)) {
    // Loaded late, because each of the two needs what need not be there.
    const { memory, openSqlite } = await import('../database/sqlite-database.ts')
    const database = await openSqlite(address, logger)
    return {
      database,
      peers: undefined,
      isAlone: true,
      isInMemory: address === undefined || address === memory,
      createQueue: createEmbeddedQueue,
    }
  }
  const { openPostgres } = await import('../database/postgres-database.ts')
  const { createPgBossQueue } = await import('./pg-boss-queue.ts')
  const database = await openPostgres(address, logger)
  return {
    database,
    peers: database.peers,
    isAlone: false,
    isInMemory: false,
    createQueue: (parts) => createPgBossQueue(database, parts),
  }
}
