import { setTimeout as sleep } from 'node:timers/promises'
import type { PubSub } from '../../database/pub-sub.ts'
import type { NewRecord, StoredRecord } from '../../database/stored-record.ts'
import { isKept, type RawCall } from '../../upstream/stream-answer.ts'
import { writeEnding } from '../write-ending.ts'
import type { Claims, ClaimsDeps } from './claims.ts'
import { beginDirectRun, type GivenToRun, type Sent } from './direct-run.ts'
import type { InFlightCounts } from './in-flight-counts.ts'
import { settledSummary } from './settled-summary.ts'
import { endUnknown, stopping } from './unknown-outcome-errors.ts'
import type { UnwrittenAnswers } from './unwritten-answers.ts'

/**
 * Milliseconds for which an answer waits for its record. If the relay died after an answer without a record, the history
 * would say INTERRUPTED. Longer than a short cut of the database.
 */
const maxWriteWait = 5_000

interface ClaimedDeps extends ClaimsDeps {
  pubSub: PubSub
  counts: InFlightCounts
  unwritten: UnwrittenAnswers
  claims: Claims
}

/**
 * Sends requests that may change data. Each writes its claim into the records before
 * the call, so that all relays together make one call, also after a crash. It writes
 * its end before the answer, so that the records always agree with the answer. The
 * answer does not wait for an unavailable database.
 */
export function createClaimedRequests(deps: ClaimedDeps): {
  send(newRecord: NewRecord, getRoom: () => Promise<void>, given?: GivenToRun): Promise<Sent>
} {
  const { records, pubSub, ensureSeen, unwritten, claims } = deps

  async function send(
    newRecord: NewRecord,
    getRoom: () => Promise<void>,
    { max, raw, reservation }: GivenToRun = {},
  ): Promise<Sent> {
    claims.checkRoom()
    const draft = records.draft(newRecord)
    // Before the claim: a cancellation in between would be lost.
    const call = beginDirectRun(deps, draft, max)
    const { record, isOurs, release } = await claims.claim(draft, isKept(raw)).catch((error: unknown) => {
      call.end()
      throw error
    })
    const { id } = record
    if (!isOurs) {
      call.end()
      await reservation?.release()
      return { id, answer: answerOf(record, newRecord, getRoom, raw) }
    }
    /** Another relay has the request now, or it was cancelled. */
    let isTakenOver = false
    const running = call.run(record, {
      raw,
      reservation,
      async show(record) {
        await ensureSeen()
        isTakenOver = !(await records.isCurrent(record))
        if (isTakenOver) release()
        return !isTakenOver
      },
      async end(settled, seen, outcome) {
        const writing = unwritten.write(settled, async () => {
          isTakenOver = !(await writeEnding(deps, seen, outcome)) && !(await records.correct(seen, outcome))
          release()
        })
        await Promise.race([writing, sleep(maxWriteWait, undefined, { ref: false })])
      },
    })
    const answer = running.then(
      (settled) => (isTakenOver ? answerOf(record, newRecord, getRoom, raw) : settled),
      (error: unknown) => {
        if (isTakenOver) return answerOf(record, newRecord, getRoom, raw)
        throw error
      },
    )
    return { id, answer }
  }

  /** The answer of a record that another send runs. Runs the request here when its relay died and it is safe to retry. */
  async function answerOf(
    first: StoredRecord,
    newRecord: NewRecord,
    getRoom: () => Promise<void>,
    raw: RawCall | undefined,
  ): Promise<StoredRecord> {
    const { owner, id } = first
    const now = await settledSummary(deps, first)
    if (claims.mayRestart(now, first.request, isKept(raw))) {
      if (pubSub.isClosed()) throw stopping(id)
      return (await send(newRecord, getRoom, { raw })).answer
    }
    await getRoom()
    const settled = await records.read(owner, id).catch(endUnknown(id))
    if (!settled) throw stopping(id)
    return settled
  }

  return { send }
}
