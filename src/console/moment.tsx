const format = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' })

/** A time in the reader's own format. */
export function Moment({ at, never = 'never' }: { at: number | null; never?: string }) {
  return at === null ? never : <time dateTime={new Date(at).toISOString()}>{format.format(at)}</time>
}
