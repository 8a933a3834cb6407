import type { PgBoss } from 'pg-boss'
import type { Logger } from '../common/logger.ts'
import type { Transaction } from '../database/database.ts'
import { withinTransaction, type PostgresDatabase } from '../database/postgres-database.ts'
import { startPgBoss, stopPgBoss, queueName } from './start-pg-boss.ts'

/** A job of pg-boss: the token of one concurrency key. The relay that fetched it may run the key's records. */
export interface QueueJob {
  id: string
  /** Attempts before this one: a relay that lost the job cannot change it any more. */
  retryCount: number
  concurrencyKey: string
}

/** The jobs of the queue, at most one of each concurrency key. */
export interface QueueJobs {
  /** Adds the job of a key, unless there is one. */
  add(concurrencyKey: string, transaction: Transaction): Promise<void>
  addAll(concurrencyKeys: readonly string[]): Promise<void>
  fetchSome(count: number): Promise<QueueJob[]>
  /** Renews jobs; gives the ids of those that this relay still has. */
  renew(jobs: readonly QueueJob[]): Promise<Set<string>>
  /** Deletes jobs that this relay still has; gives their number. */
  remove(jobs: readonly QueueJob[], transaction: Transaction): Promise<number>
  /** Frees the jobs of dead relays. */
  takeOver(): Promise<void>
  close(): Promise<void>
}

interface JobData {
  line: string
}

/** Jobs in one statement. */
const batchSize = 1_000

/** Opens the jobs on tables of pg-boss, which are created or updated first. */
export async function openQueueJobs(database: PostgresDatabase, logger: Logger): Promise<QueueJobs> {
  const boss = await startPgBoss(database, logger)
  return {
    async add(concurrencyKey, transaction) {
      await boss.insert(queueName, [insertOf(concurrencyKey)], { db: withinTransaction(transaction) })
    },
    async addAll(concurrencyKeys) {
      for (let from = 0; from < concurrencyKeys.length; from += batchSize)
        await boss.insert(queueName, concurrencyKeys.slice(from, from + batchSize).map(insertOf))
    },
    fetchSome: async (count) => (await boss.fetch<JobData>(queueName, { batchSize: count })).map(jobOf),
    renew: async (jobs) => renewedBy(await boss.touch(queueName, jobs.map(attemptOf))),
    remove: async (jobs, transaction) =>
      affectedBy(await boss.deleteJob(queueName, jobs.map(attemptOf), { db: withinTransaction(transaction) })),
    async takeOver() {
      await boss.supervise(queueName)
    },
    close: () => stopPgBoss(boss),
  }
}

function insertOf(concurrencyKey: string): { singletonKey: string; data: JobData } {
  return { singletonKey: concurrencyKey, data: { line: concurrencyKey } }
}

function jobOf({ id, retryCount, data }: Awaited<ReturnType<PgBoss['fetch']>>[number]): QueueJob {
  return { id, retryCount, concurrencyKey: (data as JobData).line }
}

function attemptOf({ id, retryCount }: QueueJob): { id: string; retryCount: number } {
  return { id, retryCount }
}

// pg-boss gives both, and declares neither.
function affectedBy(response: unknown): number {
  return (response as { affected: number }).affected
}

function renewedBy(response: unknown): Set<string> {
  return new Set((response as { settled?: string[] }).settled)
}
