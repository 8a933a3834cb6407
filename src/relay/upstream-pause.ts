/** Milliseconds that are waited at least, so that an upstream that says "at once" again and again is not flooded. */
const shortestPause = 250

/**
 * How long an upstream asks to be left alone, in milliseconds; null when its
 * answer does not say so. 429 says that it has not acted; 503 says as much where
 * it names a time at which to come again.
 */
export function pauseAskedFor(status: number, headers: Record<string, string>, now = Date.now()): number | null {
  if (status !== 429 && status !== 503) return null
  const milliseconds = retryAfterOf(headers['retry-after'], now) ?? resetOf(status, headers, now)
  return milliseconds === null ? null : Math.max(shortestPause, Math.ceil(milliseconds))
}

/** Milliseconds of a Retry-After header: a number of seconds, or a date. */
export function retryAfterOf(header: string | undefined, now = Date.now()): number | null {
  if (header === undefined) return null
  if (/^\d{1,9}(\.\d+)?$/.test(header)) return Number(header) * 1000
  const date = Date.parse(header)
  return Number.isFinite(date) ? Math.max(0, date - now) : null
}

/**
 * An API may limit requests, tokens and more, each with a header of its own. What
 * is used up is waited for; of several the longest. A 503 whose limits are not
 * used up has another reason, and the headers stand there as in any answer.
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
  const value = text.trim()
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
  const date = Date.parse(value)
  return Number.isFinite(date) ? Math.max(0, date - now) : null
}
