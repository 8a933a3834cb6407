import { isSettled } from '../../../protocol/record.ts'
import type { MostUnsettled, Records } from '../../database/records.ts'
import type { Draft, Outcome, StoredRecord } from '../../database/stored-record.ts'
import type { InFlightCounts } from './in-flight-counts.ts'
import { isAborted } from '../run-errors.ts'
import type { RawCall } from '../../upstream/stream-answer.ts'
import type { Reservation } from '../budgets.ts'
import type { Runner, RunSteps } from '../runner.ts'
import { endUnknown, stopping } from './unknown-outcome-errors.ts'

/** A request that was sent, and its answer to come. */
export interface Sent {
  id: string
  answer: Promise<StoredRecord>
}

/** What a send of a request brings to its run. */
export interface GivenToRun {
  /** The limits of this relay, if the request is one more. */
  max?: MostUnsettled | undefined
  raw?: RawCall | undefined
  reservation?: Reservation | undefined
}

/** The run of a request whose caller waits. */
export interface DirectRun {
  /** Runs the record, and returns it with its end. Rejects if the relay stops before it knows the end. */
  run(record: StoredRecord, steps: DirectSteps): Promise<Draft>
  /** Ends a run without a record. */
  end(): void
}

interface DirectSteps extends Omit<RunSteps, 'settle'> {
  /** Writes the end of the run; the caller gets the answer when it resolves. */
  end: (settled: Draft, seen: StoredRecord, outcome: Outcome) => void | Promise<void>
}

interface DirectRunDeps {
  records: Records
  runner: Runner
  counts: InFlightCounts
}

/** Begins a run, and counts it until its end. Throws `max.tooMany` above a limit. */
export function beginDirectRun(
  { records, runner, counts }: DirectRunDeps,
  draft: Draft,
  max: MostUnsettled | undefined,
): DirectRun {
  const leave = counts.enter(draft, max)
  const begun = runner.begin(draft.concurrencyKey)
  return {
    async run(record, { end, ...steps }) {
      let settled: Draft | undefined
      let isInterrupted = false
      await begun.run(record, {
        ...steps,
        async settle(record, outcome) {
          if (runner.stopping.aborted && isAborted(outcome)) {
            isInterrupted = true
            return runner.settleInterrupted(record)
          }
          const mine = (settled = { ...draft, ...asSettled(record, outcome, records.now()) })
          await end(mine, record, outcome)
          return mine.status
        },
      })
      leave()
      if (settled) return settled
      const { owner, id } = record
      const found = isInterrupted ? await records.read(owner, id).catch(endUnknown(id)) : null
      // The caller learns that the API may have acted. Every other request may be sent again.
      if (found && isSettled(found) && !runner.isSafeToRetry(found.request)) return { ...draft, ...found }
      throw stopping(isInterrupted ? id : draft.id)
    },

    end() {
      begun.end()
      leave()
    },
  }
}

function asSettled(record: StoredRecord, { status, response, error }: Outcome, now: number): StoredRecord {
  return {
    ...record,
    status,
    version: record.version + 1,
    response: response ?? null,
    error: error ?? null,
    updatedAt: now,
  }
}
