import { expect, test } from 'vitest'
import { pauseAskedFor } from '../../src/relay/upstream/retry-after.ts'

const now = Date.parse('2030-01-01T00:00:00Z')

test.each<[number, Record<string, string>, number | null]>([
  // Retry-After: seconds or a date.
  [429, { 'retry-after': '3' }, 3_000],
  [429, { 'retry-after': '1.5' }, 1_500],
  [429, { 'retry-after': 'Tue, 01 Jan 2030 00:00:10 GMT' }, 10_000],
  [503, { 'retry-after': '3' }, 3_000],
  // At once, or at a time that is past, is a moment later.
  [429, { 'retry-after': '0' }, 250],
  [429, { 'retry-after': 'Mon, 31 Dec 2029 23:00:00 GMT' }, 250],
  // Resets: seconds, durations, seconds and milliseconds since 1970, dates.
  [429, { 'x-ratelimit-reset': '7' }, 7_000],
  [429, { 'ratelimit-reset': '7' }, 7_000],
  [429, { 'x-ratelimit-reset-requests': '1s' }, 1_000],
  [429, { 'x-ratelimit-reset-requests': '6m0s' }, 360_000],
  [429, { 'x-ratelimit-reset-requests': '1h2m3.5s' }, 3_723_500],
  [429, { 'x-ratelimit-reset-tokens': '820ms' }, 820],
  [429, { 'x-ratelimit-reset': String(now / 1000 + 5) }, 5_000],
  [429, { 'x-ratelimit-reset': String(now + 5_000) }, 5_000],
  [429, { 'anthropic-ratelimit-requests-reset': '2030-01-01T00:00:20Z' }, 20_000],
  // What is used up counts; the longest where nothing says what is.
  [
    429,
    {
      'x-ratelimit-reset-requests': '2s',
      'x-ratelimit-remaining-requests': '0',
      'x-ratelimit-reset-tokens': '6m0s',
      'x-ratelimit-remaining-tokens': '100',
    },
    2_000,
  ],
  [429, { 'x-ratelimit-reset-requests': '2s', 'x-ratelimit-reset-tokens': '3s' }, 3_000],
  // Retry-After knows better than a reset.
  [429, { 'retry-after': '1', 'x-ratelimit-reset': '60' }, 1_000],
  [429, { 'x-rate-limit-reset': '7' }, 7_000],
  [503, { 'x-ratelimit-reset': '5' }, 5_000],
  [503, { 'x-ratelimit-reset': '5', 'x-ratelimit-remaining': '0' }, 5_000],
  // Nothing is used up: a 429 has to do with it all the same, a 503 has another reason.
  [429, { 'x-ratelimit-reset': '5', 'x-ratelimit-remaining': '3' }, 5_000],
  [503, { 'x-ratelimit-reset': '5', 'x-ratelimit-remaining': '3' }, null],
  // Headers of the same name come joined: the first counts. A parameter says something else.
  [429, { 'retry-after': '5, 5' }, 5_000],
  [429, { 'retry-after': '5,7' }, 5_000],
  [429, { 'retry-after': 'Tue, 01 Jan 2030 00:00:10 GMT, Tue, 01 Jan 2030 00:00:20 GMT' }, 10_000],
  [429, { 'retry-after': ' 5 ' }, 5_000],
  [429, { 'x-ratelimit-reset': '5, 10' }, 5_000],
  [429, { 'x-ratelimit-reset': '5;w=60' }, 5_000],
  [429, { 'x-ratelimit-reset': '1m0s, 2m0s' }, 60_000],
  // Dates as HTTP and ISO 8601 write them.
  [429, { 'retry-after': 'Tuesday, 01-Jan-30 00:00:10 GMT' }, 10_000],
  [429, { 'retry-after': '2030-01-01T00:00:10Z' }, 10_000],
  [429, { 'retry-after': '2030-01-01T01:00:10.5+01:00' }, 10_500],
  // What is no time says nothing, whatever Date.parse makes of it.
  [429, { 'retry-after': 'later 7' }, null],
  [429, { 'retry-after': 'try again in 30' }, null],
  [429, { 'retry-after': '-5' }, null],
  [429, { 'retry-after': '2030-01' }, null],
  [429, { 'retry-after': '' }, null],
  [429, { 'retry-after': 'soon', 'x-ratelimit-reset': '5' }, 5_000],
  [429, { 'retry-after': 'later 7', 'x-ratelimit-reset': '5' }, 5_000],
  [429, { 'x-ratelimit-reset': '-1' }, null],
  [429, { 'x-ratelimit-reset': '1 minute' }, null],
  // No pause is asked for.
  [429, {}, null],
  [429, { 'x-ratelimit-reset': 'soon' }, null],
  [429, { 'x-ratelimit-reset': '' }, null],
  [429, { 'x-ratelimit-limit': '60' }, null],
  [503, {}, null],
  [500, { 'retry-after': '3' }, null],
  [200, { 'retry-after': '3', 'x-ratelimit-reset': '5' }, null],
])('an answer of %i with %o asks for a pause of %s ms', (status, headers, pause) => {
  expect(pauseAskedFor(status, headers, now)).toBe(pause)
})
