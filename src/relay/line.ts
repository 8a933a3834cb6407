import { isClientSecretError } from '../protocol/errors.ts'
import type { Logger } from './options.ts'
import type { Job } from './queue.ts'
import type { RecordHead, Records, StoredRecord } from './records.ts'
import type { Runner } from './run.ts'

export interface LineParts {
  records: Records
  runner: Runner
  logger: Logger
}

/** The right to run what waits in one line, which nobody else has meanwhile. */
export interface Hold {
  /** True when no more is to be run under it. */
  isOver(): boolean
  /** Marks the record as running; null when it does not wait any more, or the right was lost. */
  start(head: RecordHead): Promise<StoredRecord | null>
  /** Resolves at the time, or earlier when the record was cancelled or the right is over. */
  pause(head: RecordHead): Promise<void>
  /** Gives the right back, unless something has arrived in the line after all; whether it did. */
  end(): Promise<boolean>
  /** Milliseconds to wait before another try, when the database could not be asked. */
  retryAfter(milliseconds: number): Promise<void>
}

/**
 * Runs what waits in a line, one after another, until nothing does. What is next
 * is asked of the records each time: they alone know the order, and what a
 * process that died, a caller or an upstream's limit has made of it meanwhile.
 */
export async function runLine(line: Job, hold: Hold, { records, runner, logger }: LineParts): Promise<void> {
  while (!hold.isOver()) {
    try {
      const next = await records.next(line)
      if (!next) {
        if (await hold.end()) return
      } else if (next.status === 'running') {
        // Nobody but us may run it, and we do not: whoever did is gone.
        await runner.settleInterrupted(next)
      } else if (next.notBefore > Date.now()) {
        await hold.pause(next)
      } else {
        await runner.run(next.id, () => hold.start(next))
      }
    } catch (error) {
      if (!isClientSecretError(error))
        logger.error({ id: line.id, err: error }, 'a queue could not go on; it tries again')
      await hold.retryAfter(500)
    }
  }
}
