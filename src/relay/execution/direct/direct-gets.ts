import { setTimeout as sleep } from 'node:timers/promises'
import { jsonText } from '../../common/json-text.ts'
import { cancellationOf, type PubSub } from '../../database/pub-sub.ts'
import type { Records } from '../../database/records.ts'
import type { NewRecord } from '../../database/stored-record.ts'
import { checkSameRequest } from './claims.ts'
import { beginDirectRun, type GivenToRun, type Sent } from './direct-run.ts'
import type { InFlightCounts } from './in-flight-counts.ts'
import { createKeptAnswers, type KeptGet } from './recent-gets.ts'
import type { Runner } from '../runner.ts'
import { sizeOf, type UnwrittenAnswers } from './unwritten-answers.ts'

interface GetsDeps {
  records: Records
  runner: Runner
  pubSub: PubSub
  counts: InFlightCounts
  unwritten: UnwrittenAnswers
}

/**
 * Sends GETs. A GET changes nothing and needs no claim. The caller gets the answer
 * as soon as the API gives it, and the relay writes the record afterwards. A second
 * send is one call at the same relay, and may be another call at another relay.
 */
export interface DirectGets {
  send(newRecord: NewRecord, getRoom: () => Promise<void>, given: Pick<GivenToRun, 'max' | 'raw'>): Sent
  /** Ends a GET that runs; false when there is none. */
  cancel: (owner: string, idempotencyKey: string) => boolean
  isKnown: (owner: string, idempotencyKey: string) => boolean
}

/** Milliseconds in which answers gather, to be written in one statement. */
const gathering = 10

export function createDirectGets(deps: GetsDeps): DirectGets {
  const { records, pubSub, unwritten } = deps
  const gets = createKeptAnswers()

  return {
    send(newRecord, getRoom, { max, raw }) {
      const before = gets.find(newRecord.owner, newRecord.idempotencyKey)
      if (before && before.draft.expiresAt > records.now()) {
        checkSameRequest(jsonText(before.draft.request) === jsonText(newRecord.request))
        return { id: before.draft.id, answer: before.answer.then((settled) => getRoom().then(() => settled)) }
      }
      const draft = records.draft(newRecord)
      let isCancelled = false
      const answer = beginDirectRun(deps, draft, max).run(draft, {
        raw,
        // A second call is harmless.
        show: async () => true,
        isCurrent: async () => !isCancelled,
        end: (settled) =>
          void unwritten.write(settled, () => sleep(gathering).then(() => records.insertSettled(settled))),
      })
      const cancel = () => {
        isCancelled = true
        pubSub.publish(cancellationOf(draft.concurrencyKey))
      }
      const get: KeptGet = { draft, isRunning: true, cancel, answer }
      gets.add(get)
      answer.then(
        (settled) => gets.keep(get, sizeOf(settled)),
        () => gets.forget(get),
      )
      return { id: draft.id, answer }
    },

    cancel(owner, idempotencyKey) {
      const found = gets.find(owner, idempotencyKey)
      if (!found?.isRunning) return false
      found.cancel()
      return true
    },

    isKnown: (owner, idempotencyKey) => gets.find(owner, idempotencyKey) !== undefined,
  }
}
