import { isClientSecretError } from '../../protocol/errors.ts'
import type { Logger } from '../common/logger.ts'
import type { Records } from '../database/records.ts'
import type { RecordHead, StoredRecord } from '../database/stored-record.ts'
import type { Runner } from './runner.ts'

export interface LineParts {
  records: Records
  runner: Runner
  logger: Logger
}

/** The right to run what waits in one line, which nobody else has meanwhile. */
export interface Hold {
  /** True when no more is to be run under it. */
  isOver(): boolean
  /** Marks what comes first as running, if it waits and its time has come; null when there is no such thing, or the right was lost. */
  take(): Promise<StoredRecord | null>
  /** Shows the others that it is held here; false when it was lost. */
  show(): Promise<boolean>
  /** Gives the right back, unless there is something in the line: gives what comes first. */
  end(): Promise<RecordHead | null>
  /** Resolves when the time of a paused record has come, when it was cancelled, or when the right is over. */
  pause(head: RecordHead): Promise<void>
  /** Resolves after a while, or when the right is over. */
  rest(milliseconds: number): Promise<void>
}

/** Milliseconds between tries, while the database is away or does not let us start. */
const betweenTries = 500

/**
 * Runs what waits in a line, one after another, until nothing does. What is next
 * is asked of the records each time: they alone know the order, and what a
 * process that died, a caller or an upstream's limit has made of it meanwhile.
 */
export async function runLine(line: string, hold: Hold, { runner, logger }: LineParts): Promise<void> {
  let misses = 0
  const goOn = async (): Promise<boolean> => {
    if (await runner.run(line, () => hold.take(), { show: () => hold.show() })) {
      misses = 0
      return true
    }
    const head = await hold.end()
    if (!head) return false
    // It runs here, under an earlier right that this relay has lost and got again.
    if (head.status === 'running' && runner.isUnderWay(head)) await hold.rest(betweenTries)
    // Its API asked for a pause, or may go on with the call of a process that died.
    else if (head.notBefore > Date.now()) await hold.pause(head)
    // Nobody but us may run it, and we do not: whoever did is gone.
    else if (head.status === 'running') await runner.settleInterrupted(head)
    // It has arrived since; or, if that is so again and again, we may not start anything for the moment.
    else if (++misses > 1) await hold.rest(betweenTries)
    return true
  }
  while (!hold.isOver()) {
    try {
      if (!(await goOn())) return
    } catch (error) {
      // That the database is away is said elsewhere, once.
      if (!isClientSecretError(error)) logger.error({ line, err: error }, 'a queue could not go on; it tries again')
      await hold.rest(betweenTries)
    }
  }
}
