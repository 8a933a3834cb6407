import type { PgBoss } from 'pg-boss'
import type { Logger } from '../../common/logger.ts'
import { explainMissingPeer } from '../../common/missing-peer.ts'
import type { PostgresDatabase } from '../../database/postgres-database.ts'
import { heartbeatTimeout } from './heartbeat.ts'

/** The one queue of pg-boss that the relays use, and its schema. */
export const queueName = 'concurrency-keys'
const schema = 'client_secret_queue'

const day = 86_400

const jobOptions = {
  heartbeatSeconds: heartbeatTimeout / 1000,
  // The death of a relay is not a failure of the job.
  retryLimit: 1_000_000,
  retryDelay: 0,
  expireInSeconds: day,
  retentionSeconds: 60 * day,
  deleteAfterSeconds: day,
}

export async function startPgBoss(database: PostgresDatabase, logger: Logger): Promise<PgBoss> {
  // As with pg, a bundler must not resolve this import.
  const { PgBoss: Boss, getConstructionPlans } = await import(
    /* webpackIgnore: true */ /* turbopackIgnore: true */ /* @vite-ignore */ 'pg-boss'
  ).catch((error: unknown) => {
    throw explainMissingPeer(error)
  })
  const boss = new Boss({
    db: { executeSql: async (text, values) => flat(await database.executeSql(text, values)) },
    schema,
    // The relay needs the table of jobs and the supervision, which it calls itself.
    schedule: false,
    supervise: false,
    monitorIntervalSeconds: 1,
    registerInstance: false,
    monitorVacuum: false,
    flowIntervalSeconds: day,
    bamIntervalSeconds: day,
    openTelemetry: { enabled: false },
  })
  boss.on('error', (error) => logger.warn({ err: error }, 'the queue had an error; it continues'))
  await orStop(boss, () =>
    // One relay after another, when several find an empty database.
    database.transaction(['client-secret-relay: queue'], async () => {
      await boss.start()
      // pg-boss starts on the tables of a newer version too, and fails later.
      const known = Number(/INSERT INTO \S*\.version\D*(\d+)/.exec(getConstructionPlans(schema))?.[1])
      const version = await boss.schemaVersion()
      if (version !== null && version > known) throw newerBoss(version, known)
      await boss.createQueue(queueName, { policy: 'exclusive', ...jobOptions })
      await boss.updateQueue(queueName, jobOptions)
    }),
  )
  return boss
}

function newerBoss(version: number, known: number): Error {
  return new Error(
    `The relay does not start: the tables of pg-boss in its database have version ${version}, and the installed pg-boss knows versions up to ${known}. A newer pg-boss has updated the tables. Update pg-boss here too.`,
  )
}

/** Stops pg-boss when a part of the start fails: its timers would keep the process alive. */
async function orStop(boss: PgBoss, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    await stopPgBoss(boss).catch(() => {})
    throw error
  }
}

export function stopPgBoss(boss: PgBoss): Promise<void> {
  return boss.stop({ graceful: false, close: false })
}

/** pg gives a list of results for several statements; pg-boss wants one. */
function flat(result: { rows: unknown[] } | { rows: unknown[] }[]): { rows: unknown[] } {
  return Array.isArray(result) ? { rows: result.flatMap(({ rows }) => rows) } : result
}
