import type { PostgresDatabase } from '../../database/postgres-database.ts'
import { hash, type OwnedKey } from '../../database/stored-record.ts'
import { createJobFetcher, work } from './job-fetcher.ts'
import { createJobLeases, type JobLease } from './job-leases.ts'
import { openQueueJobs, type NewJob, type QueueJob } from './queue-jobs.ts'
import { runRecords, type Lease, type QueueDeps } from './queue-worker.ts'
import type { Queue } from './queue.ts'

/** Milliseconds between checks for jobs without a notification. */
const lookEvery = 1_000
/** Milliseconds after which a relay returns a job between two records, well before pg-boss counts it as stuck: after a day. */
const maxLease = 3_600_000

/**
 * The queue of any number of relays on one Postgres. A job of pg-boss is the token
 * of a concurrency key: the relay that fetched it runs the key's records, one
 * after another. The policy `exclusive` allows one job of a key, waiting or
 * fetched. So the records keep their order, the next record takes no fetch, and
 * a failure blocks nothing. A finished job is deleted, not completed, which keeps
 * pg-boss's tables as small as the number of keys.
 */
export async function createPgBossQueue(database: PostgresDatabase, parts: QueueDeps): Promise<Queue> {
  const { relay, records, pubSub, slots, logger } = parts
  const jobs = await openQueueJobs(database, logger)
  const leases = createJobLeases({ relay, jobs, database, records, pubSub })
  const closing = new AbortController()
  const running = new Set<Promise<void>>()
  const fetcher = createJobFetcher({ jobs, slots, pubSub, logger, closing: closing.signal, run })

  function run(job: QueueJob): void {
    slots.take(job.caller)
    const lease = leases.open(job)
    const run = runRecords(job.concurrencyKey, leaseOf(lease), parts)
      .then(() => leases.handBack(lease))
      .then((isHandedBack) => {
        if (isHandedBack) pubSub.publishToPeers(work)
      })
      .catch((error: unknown) => {
        logger.warn({ err: error }, 'could not return a queue; other relays take it over later')
      })
      .then(() => {
        leases.close(lease)
        running.delete(run)
        slots.release(job.caller)
        fetcher.look()
      })
    running.add(run)
  }

  function leaseOf(lease: JobLease): Lease {
    const since = performance.now()
    let hasRun = false
    // If others wait for a slot, this concurrency key gives its slot up after one record: they have waited longer.
    const isUsedUp = () => hasRun && (slots.available() <= 0 || performance.now() - since > maxLease)
    return {
      isOver: () => lease.isLost || closing.signal.aborted || isUsedUp(),
      async claimNext() {
        const record = await leases.claimNext(lease)
        if (record) hasRun = true
        return record
      },
      async show() {
        await leases.renew([lease])
        return !lease.isLost
      },
      end: () => leases.end(lease),
      async pause({ id, notBefore }) {
        slots.release(lease.job.caller)
        fetcher.look()
        await pubSub.until(id, notBefore, closing.signal)
        await slots.acquire(lease.job.caller)
      },
      rest: (milliseconds) => pubSub.until(lease.job.id, Date.now() + milliseconds, closing.signal),
    }
  }

  try {
    // An earlier process may have left records without a job.
    await jobs.addAll((await records.concurrencyKeys()).map(jobFor))
  } catch (error) {
    await jobs.close().catch(() => {})
    throw error
  }
  const timer = setInterval(fetcher.look, lookEvery)
  const stopListening = pubSub.on(work, fetcher.look)

  return {
    async add(record, transaction) {
      await jobs.add(jobFor(record), transaction)
      transaction.afterCommit(fetcher.lookForOwn)
    },

    async beat(seenAt) {
      await leases.beat(seenAt)
      fetcher.start()
    },

    async takeOver() {
      if ((await leases.takeOver()) > 0) pubSub.publish(work)
    },

    async close() {
      closing.abort()
      clearInterval(timer)
      stopListening()
      await fetcher.ended()
      await Promise.all(running)
      await jobs.close()
    },
  }
}

function jobFor({ concurrencyKey, owner }: OwnedKey): NewJob {
  return { concurrencyKey, caller: hash(owner) }
}
