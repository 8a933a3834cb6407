import { asClientSecretError } from '../protocol/errors.ts'
import type { ClientSecretRecord } from '../protocol/record.ts'
import { onAbort } from './on-abort.ts'
import { errorFromWire } from './read-record.ts'
import { mayPollAgain, retryDelay, since, sleep } from './retry-delay.ts'
import type { Transport } from './transport.ts'

/** Milliseconds of silence, beyond the hold of a poll, after which a connection is lost. */
const grace = 15_000

/**
 * Polls a background request until its call begins, it settles, or the signal fires. Not with the poller, which a page
 * of streams alone does not load.
 *
 * @param interval Milliseconds between polls.
 * @param show Called with the record, and with each change of its place.
 *
 * @throws ClientSecretError if the relay refuses to go on.
 */
export async function waitInLine(
  transport: Transport,
  record: ClientSecretRecord,
  interval: number,
  signal: AbortSignal,
  show: (record: ClientSecretRecord) => void,
): Promise<void> {
  let failures = 0
  let isNews = true
  while (record.status === 'pending' && !signal.aborted) {
    if (isNews) show(record)
    const asked = Date.now()
    const ending = new AbortController()
    const letGo = onAbort(signal, () => ending.abort())
    const timer = setTimeout(() => ending.abort(), interval + grace)
    try {
      const { id, version } = record
      const { records, errors } = await transport.poll([{ id, version }], { wait: interval, signal: ending.signal })
      if (errors[0]) throw errorFromWire(errors[0].error)
      failures = 0
      isNews = records.length > 0
      record = records[0] ?? record
      // A server that does not hold polls answers early.
      if (!isNews) await sleep(interval - since(asked), signal)
    } catch (thrown) {
      const error = asClientSecretError(thrown)
      if (signal.aborted || !mayPollAgain(error)) throw error
      await sleep(retryDelay(error, ++failures), signal)
    } finally {
      letGo()
      clearTimeout(timer)
    }
  }
}
