import type { Logger } from '../../common/logger.ts'
import type { Transaction } from '../../database/database.ts'
import { withinTransaction, type PostgresDatabase } from '../../database/postgres-database.ts'
import { startPgBoss, stopPgBoss, queueName } from './start-pg-boss.ts'

/** The token of one concurrency key. The relay that fetched it may run the key's records. */
export interface NewJob {
  concurrencyKey: string
  /** Hash of the owner. */
  caller: string
}

/** A job of pg-boss, as a relay fetched it. */
export interface FetchedJob {
  id: string
  /** Attempts before this one: a relay that lost the job can no longer change it. */
  retryCount: number
}

/** A job of pg-boss that this relay fetched. */
export interface QueueJob extends NewJob, FetchedJob {}

/** The jobs of the queue, at most one of each concurrency key. */
export interface QueueJobs {
  /** Adds the job of a key, unless there is one. */
  add(job: NewJob, transaction: Transaction): Promise<void>
  addAll(jobs: readonly NewJob[]): Promise<void>
  /** Fetches jobs in the order in which they wait, without those of some callers. */
  fetchSome(count: number, withoutCallers: readonly string[]): Promise<QueueJob[]>
  /** Renews jobs; gives the ids of those that this relay still has. */
  renew(jobs: readonly QueueJob[]): Promise<Set<string>>
  /** Deletes jobs that this relay still has; gives their number. */
  remove(jobs: readonly QueueJob[], transaction: Transaction): Promise<number>
  /** Frees the jobs of relays that were silent for `heartbeatTimeout`. */
  freeSilent(): Promise<void>
  /** Frees these jobs, if the relay that fetched them still has them; gives their number. */
  free(jobs: readonly FetchedJob[]): Promise<number>
  close(): Promise<void>
}

/** Jobs in one statement. */
const batchSize = 1_000

/** Opens the jobs on tables of pg-boss, which are created or updated first. */
export async function openQueueJobs(database: PostgresDatabase, logger: Logger): Promise<QueueJobs> {
  const boss = await startPgBoss(database, logger)
  return {
    async add(job, transaction) {
      await boss.insert(queueName, [insertOf(job)], { db: withinTransaction(transaction) })
    },
    async addAll(jobs) {
      for (let from = 0; from < jobs.length; from += batchSize)
        await boss.insert(queueName, jobs.slice(from, from + batchSize).map(insertOf))
    },
    fetchSome: async (count, withoutCallers) =>
      (await boss.fetch<NewJob>(queueName, { batchSize: count, ignoreGroups: [...withoutCallers] })).map(jobOf),
    renew: async (jobs) => renewedBy(await boss.touch(queueName, jobs.map(attemptOf))),
    remove: async (jobs, transaction) =>
      affectedBy(await boss.deleteJob(queueName, jobs.map(attemptOf), { db: withinTransaction(transaction) })),
    async freeSilent() {
      await boss.supervise(queueName)
    },
    free: async (jobs) => affectedBy(await boss.fail(queueName, jobs.map(attemptOf))),
    close: () => stopPgBoss(boss),
  }
}

function insertOf({ concurrencyKey, caller }: NewJob) {
  return { singletonKey: concurrencyKey, data: { concurrencyKey, caller }, group: { id: caller } }
}

function jobOf({ id, retryCount, data }: { id: string; retryCount: number; data: NewJob }): QueueJob {
  return { id, retryCount, ...data }
}

function attemptOf({ id, retryCount }: FetchedJob): FetchedJob {
  return { id, retryCount }
}

// pg-boss gives both, and declares neither.
function affectedBy(response: unknown): number {
  return (response as { affected: number }).affected
}

function renewedBy(response: unknown): Set<string> {
  return new Set((response as { settled?: string[] }).settled)
}
