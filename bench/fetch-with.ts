/**
 * What `client.fetchWith` adds to a call of an API, beside the least that a relay written by hand can do: a pass-through
 * that a page calls with its own fetch. The two take turns, call by call, in one run. Caller, API, relay and
 * pass-through are a process each.
 *
 *   npm run bench:fetch-with        takes half a minute
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '../src/client/create-client.ts'
import { percentile, rounded, writeResult } from './parts/figures.ts'
import { startProgram } from './parts/program.ts'
import { keyFor, noLimits, startRelayProcess } from './parts/relay.ts'

const calls = 2_000
const warmUp = 500

const [api, apiUrl] = await startProgram<string>('relay/api.ts')
const key = keyFor(apiUrl)
process.env['API'] = apiUrl
process.env['SECRET'] = key.secret as string
const [passThrough, passThroughUrl] = await startProgram<string>('relay/pass-through.ts')
const folder = mkdtempSync(join(tmpdir(), 'bench-fetch-with-'))
const relay = await startRelayProcess({ keys: { api: key }, database: join(folder, 'relay.db'), limits: noLimits })
const fetchWith = createClient({ relay: relay.url }).fetchWith('api')

const init = {
  method: 'POST',
  headers: { authorization: 'Bearer $CLIENT_SECRET', 'content-type': 'application/json' },
  body: JSON.stringify({ model: 'gpt-image-1', prompt: 'an otter on a surfboard', size: '1024x1024' }),
}

/** Milliseconds until the head, and until the end of the answer. */
async function time(call: typeof fetch, url: string): Promise<[head: number, whole: number]> {
  const start = performance.now()
  const response = await call(url, init)
  const head = performance.now() - start
  await response.arrayBuffer()
  if (response.status !== 200) throw new Error(`${url} answered ${response.status}`)
  return [head, performance.now() - start]
}

const rows: Record<string, Record<string, number>> = {}
for (const bytes of [1_000, 100_000]) {
  const ways = {
    'pass-through': () => time(fetch, `${passThroughUrl}/${bytes}`),
    fetchWith: () => time(fetchWith, `${apiUrl}/${bytes}`),
  }
  const times = { 'pass-through': [] as [number, number][], fetchWith: [] as [number, number][] }
  for (let n = -warmUp; n < calls; n++)
    for (const name of n % 2 === 0
      ? (['pass-through', 'fetchWith'] as const)
      : (['fetchWith', 'pass-through'] as const)) {
      const one = await ways[name]()
      if (n >= 0) times[name].push(one)
    }
  const figure = (of: keyof typeof times, part: number, at: 0 | 1) =>
    percentile(
      times[of].map((one) => one[at]),
      part,
    )
  for (const [at, what] of ['head', 'whole'].entries() as ArrayIterator<[0 | 1, string]>) {
    const [p50, p99] = [0.5, 0.99].map((part) => [figure('pass-through', part, at), figure('fetchWith', part, at)])
    rows[`${bytes} bytes, ${what}`] = {
      'pass-through p50, ms': rounded(p50![0]!),
      'fetchWith p50, ms': rounded(p50![1]!),
      'added p50, ms': rounded(p50![1]! - p50![0]!),
      'pass-through p99, ms': rounded(p99![0]!),
      'fetchWith p99, ms': rounded(p99![1]!),
      'added p99, ms': rounded(p99![1]! - p99![0]!),
    }
  }
}
console.table(rows)
writeResult('fetch-with', { calls, rows })
await Promise.all([api, passThrough, relay].map((one) => one.kill()))
rmSync(folder, { recursive: true })
