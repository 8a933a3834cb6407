/** The shortest wait in milliseconds. Without it, an upstream that always says "at once" would be flooded. */
const minPause = 250

/**
 * The pause that an upstream asks for, in milliseconds; null if its answer asks for
 * none. A 429 means that the upstream has not acted. A 503 means the same if it names
 * a time for the next try.
 */
export function retryDelayFrom(status: number, headers: Record<string, string>, now = Date.now()): number | null {
  if (status !== 429 && status !== 503) return null
  const milliseconds = retryAfterOf(headers['retry-after'], now) ?? resetOf(status, headers, now)
  return milliseconds === null ? null : Math.max(minPause, Math.ceil(milliseconds))
}

/** Milliseconds of a Retry-After header: a number of seconds, or a date. */
export function retryAfterOf(header: string | undefined, now = Date.now()): number | null {
  if (header === undefined) return null
  const value = firstOf(header)
  return /^\d{1,9}(\.\d+)?$/.test(value) ? Number(value) * 1000 : untilDate(value, now)
}

/** The first of several joined headers, without its parameters, such as the window in `5;w=60`. */
function firstOf(header: string): string {
  // A date of HTTP has a comma after the day of the week.
  const [first = ''] = header.split(/(?<!^\s*[a-z]{3,9}),|;/i)
  return first.trim()
}

/** A date of HTTP or ISO 8601. Date.parse alone accepts nearly every text. */
const dates = [
  /^(mon|tue|wed|thu|fri|sat|sun)[a-z]*, [a-z0-9 :-]+ gmt$/i,
  /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)$/i,
]

function untilDate(value: string, now: number): number | null {
  if (!dates.some((form) => form.test(value))) return null
  const date = Date.parse(value)
  return Number.isFinite(date) ? Math.max(0, date - now) : null
}

/**
 * An API may limit requests, tokens and more, each with its own header. The relay
 * waits for the exhausted limit with the longest wait. If no limit is exhausted, a
 * 503 has another reason, and its headers are those of any answer.
 */
function resetOf(status: number, headers: Record<string, string>, now: number): number | null {
  const limits = Object.entries(headers)
    .filter(([name]) => /rate-?limit.*-reset/.test(name))
    .map(([name, value]) => ({ wait: waitOf(value, now), remaining: headers[name.replace('reset', 'remaining')] }))
    .filter((limit): limit is { wait: number; remaining: string | undefined } => limit.wait !== null)
  const usedUp = limits.filter(({ remaining }) => Number(remaining) <= 0)
  const unsaid = limits.filter(({ remaining }) => status === 429 || remaining === undefined)
  const waits = (usedUp.length > 0 ? usedUp : unsaid).map(({ wait }) => wait)
  return waits.length > 0 ? Math.max(...waits) : null
}

/** Seconds from now, seconds or milliseconds since 1970, a duration such as `6m0s`, or a date. */
function waitOf(text: string, now: number): number | null {
  const value = firstOf(text)
  if (/^\d+(\.\d+)?$/.test(value)) {
    const number = Number(value)
    if (number > 1e12) return Math.max(0, number - now)
    return number > 1e9 ? Math.max(0, number * 1000 - now) : number * 1000
  }
  const duration = /^(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?$/.exec(value)
  if (duration && value !== '') {
    const [days = 0, hours = 0, minutes = 0, seconds = 0, milliseconds = 0] = duration
      .slice(1)
      .map((part) => Number(part ?? 0))
    return (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000 + milliseconds
  }
  return untilDate(value, now)
}
