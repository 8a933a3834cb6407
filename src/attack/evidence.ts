/**
 * Where a leak shows: bytes at an upstream, an answer to the browser, the log, the
 * database, a forbidden call, another caller's data, a header that takes effect on
 * our origin or the upstream, or characters that a learning attacker knows.
 */
export type Channel =
  'upstream' | 'answer' | 'log' | 'database' | 'call' | 'other caller' | 'header' | 'learnt' | 'failure'

/** The description of a leak. */
export interface Evidence {
  channel: Channel
  where: string
}
