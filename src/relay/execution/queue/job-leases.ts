import { batched } from '../../database/batched.ts'
import type { Database } from '../../database/database.ts'
import type { PubSub } from '../../database/pub-sub.ts'
import type { Records } from '../../database/records.ts'
import type { RecordSummary, StoredRecord } from '../../database/stored-record.ts'
import { heartbeatTimeout, maxStartDelay } from './heartbeat.ts'
import type { FetchedJob, QueueJob, QueueJobs } from './queue-jobs.ts'

/** A job that this relay fetched, and what the relay knows of it. */
export interface JobLease {
  job: QueueJob
  /** Another relay has the job after a long silence of this one, or the job is gone and the answer got lost. */
  isLost: boolean
  /** The last statement about the job got no answer: its effect is unknown. */
  isInDoubt: boolean
  /** The time that a claim without an answer writes into its record, unique among the claims of this relay; else 0. */
  claimedAt: number
}

/** The leases of one relay on jobs, and what it does under them in the database. */
export interface JobLeases {
  open(job: QueueJob): JobLease
  /** Forgets a lease. */
  close(lease: JobLease): void
  claimNext(lease: JobLease): Promise<StoredRecord | null>
  /** Renews leases, and marks the lost ones. */
  renew(leases: JobLease[]): Promise<void>
  /** Ends a lease when no record is left; gives the first record otherwise. */
  end(lease: JobLease): Promise<RecordSummary | null>
  /** Returns the job to the queue, behind the waiting ones; false when nothing is to be returned. */
  handBack(lease: JobLease): Promise<boolean>
  /** Renews all leases after a heartbeat that the database saw at this time. */
  beat(seenAt: number): Promise<void>
  /** Frees the jobs of dead relays; gives the number of those that were found by their records. */
  takeOver(): Promise<number>
}

interface LeasesDeps {
  relay: string
  jobs: QueueJobs
  database: Database
  records: Records
  pubSub: PubSub
}

export function createJobLeases({ relay, jobs, database, records, pubSub }: LeasesDeps): JobLeases {
  const open = new Set<JobLease>()
  /** Until when this relay may start a record, by the clock of the database. */
  let deadline = 0
  const claim = batchedClaims(records, relay, () => deadline)
  const endIfEmpty = batchedEnds(jobs, database, records)

  /** Gives the answer of a statement. A lost answer puts the lease in doubt. */
  async function answered<Result>(lease: JobLease, statement: Promise<Result>): Promise<Result> {
    try {
      return await statement
    } catch (error) {
      lease.isInDoubt = true
      throw error
    }
  }

  /** Finds out the effect of a statement without an answer, and undoes its claim. */
  async function clearUp(lease: JobLease): Promise<void> {
    await renew([lease])
    const head = lease.isLost ? null : await records.next(lease.job.concurrencyKey)
    // Our claim made it running, so no relay has run it.
    if (head?.status === 'running' && head.updatedAt === lease.claimedAt) {
      await records.requeue(head)
      pubSub.publish(head.id, head.concurrencyKey)
    }
    lease.claimedAt = 0
    lease.isInDoubt = false
  }

  async function renew(leases: JobLease[]): Promise<void> {
    const renewed = await jobs.renew(leases.map(({ job }) => job))
    for (const lease of leases) if (!renewed.has(lease.job.id)) lease.isLost = true
  }

  return {
    open(job) {
      // This relay lost the job and got it again: the earlier lease starts nothing more.
      for (const before of open) if (before.job.id === job.id) before.isLost = true
      const lease: JobLease = { job, isLost: false, isInDoubt: false, claimedAt: 0 }
      open.add(lease)
      return lease
    },

    close: (lease) => void open.delete(lease),

    async claimNext(lease) {
      if (lease.isInDoubt) await clearUp(lease)
      if (lease.isLost) return null
      const record = await answered(lease, claim(lease))
      lease.claimedAt = 0
      return record ?? null
    },

    renew,

    async end(lease) {
      if (lease.isLost) return null
      if (await answered(lease, endIfEmpty(lease))) {
        open.delete(lease)
        return null
      }
      const head = await records.next(lease.job.concurrencyKey)
      // After the read: a running record belongs to another relay, if that one has the job now.
      if (head?.status === 'running') await renew([lease])
      return lease.isLost ? null : head
    },

    async handBack(lease) {
      if (!lease.isLost && lease.isInDoubt) await clearUp(lease)
      if (lease.isLost || !open.has(lease)) return false
      // Most keys have one record, and no second fetch of their job is needed to find that out.
      if (await endIfEmpty(lease)) return false
      await database.transaction([], async (transaction) => {
        const removed = await jobs.remove([lease.job], transaction)
        if (removed > 0) await jobs.add(lease.job, transaction)
      })
      return true
    },

    async beat(seenAt) {
      const leases = [...open]
      if (leases.length > 0) await renew(leases)
      deadline = seenAt + maxStartDelay
    },

    async takeOver() {
      // Also those between two records.
      await jobs.freeSilent()
      const leases = await records.leasesOfDead(heartbeatTimeout)
      return leases.length === 0 ? 0 : jobs.free(leases.map(fetchedJobOf))
    },
  }
}

/** Claims the next records of many leases in one statement. */
function batchedClaims(records: Records, relay: string, deadline: () => number) {
  let lastClaim = 0
  return batched(async (leases: JobLease[]) => {
    lastClaim = Math.max(records.now(), lastClaim + 1)
    for (const lease of leases) lease.claimedAt = lastClaim
    const keys = leases.map(({ job }) => job.concurrencyKey)
    const asked = leases.map(({ job }) => ({ concurrencyKey: job.concurrencyKey, lease: leaseOf(relay, job) }))
    const claimed = new Map(
      (await records.take(asked, deadline(), lastClaim)).map((record) => [record.concurrencyKey, record]),
    )
    // A key that was lost and got again may be here twice; the record is for one of the two.
    return keys.map((key) => {
      const record = claimed.get(key)
      claimed.delete(key)
      return record
    })
  })
}

/** Deletes the jobs of many leases in one transaction, where no record is left; true for those. */
function batchedEnds(jobs: QueueJobs, database: Database, records: Records) {
  return batched(async (leases: JobLease[]) => {
    const keys = leases.map(({ job }) => job.concurrencyKey)
    // Every insert into a key takes the same lock, so that no record arrives unseen in between.
    return database.transaction(keys, async (transaction) => {
      const notEmpty = new Set(await records.notEmpty(keys, transaction))
      const empty = leases.map(({ job }) => job).filter(({ concurrencyKey }) => !notEmpty.has(concurrencyKey))
      if (empty.length > 0) await jobs.remove(empty, transaction)
      return keys.map((key) => !notEmpty.has(key))
    })
  })
}

/** The lease of a relay on a job, as its records keep it. */
function leaseOf(relay: string, { id, retryCount }: FetchedJob): string {
  return `${relay} ${id} ${retryCount}`
}

function fetchedJobOf(lease: string): FetchedJob {
  const [, id, retryCount] = lease.split(' ')
  return { id: id!, retryCount: Number(retryCount) }
}
