/**
 * What a leak would be seen in: bytes at an upstream, an answer to the browser,
 * the log, the database; a call that nobody was allowed to cause; something of
 * another caller; a header that acts on our origin or on the upstream; what one who
 * asks again and again has learnt.
 */
export type Channel =
  'upstream' | 'answer' | 'log' | 'database' | 'call' | 'other caller' | 'header' | 'learnt' | 'failure'

/** Something that came out, in words. */
export interface Evidence {
  channel: Channel
  where: string
}
