/**
 * Streams through the relay beside a bare pass-through, in one run: time to the first byte, delay of an event, memory;
 * a stream of a gigabyte, a slow reader; and the time until a call of the API ends after stop, cancel, abort and a
 * closed tab.
 *
 *   npm run bench:streams               takes two minutes
 *   npm run bench:streams -- --mb 100   a smaller large stream
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { createClient } from '../src/client/create-client.ts'
import { createStream } from '../src/client/create-stream.ts'
import { numberOption, percentile, rounded, writeResult } from './parts/figures.ts'
import { startProgram } from './parts/program.ts'
import { keyFor, noLimits, startRelayProcess, usageOf } from './parts/relay.ts'
import { startUpstream } from './parts/upstream.ts'

const megabytes = numberOption('mb', 1_000)
/** Of each stream. */
const events = 60
/** Milliseconds between two events of a stream. */
const every = 40
/** The relay's limit, in the table of ends. */
const gracePeriod = 2_000

const now = () => performance.now()

/** An API whose events say when they were written. */
const upstream = await startUpstream(({ url }, outgoing) => {
  const [, kind, number] = url.pathname.split('/')
  outgoing.writeHead(200, { 'content-type': kind === 'events' ? 'text/event-stream' : 'application/octet-stream' })
  if (kind === 'events') {
    const write = (left: number) => {
      outgoing.write(
        `data: ${JSON.stringify({ at: now(), choices: [{ index: 0, delta: { content: ' otter' } }] })}\n\n`,
      )
      if (left > 1) setTimeout(write, every, left - 1)
      else outgoing.end()
    }
    return write(Number(number))
  }
  const piece = Buffer.alloc(65_536, 'An otter says 水. ')
  let left = Number(number) * 2 ** 20
  const more = () => {
    while (left > 0 && !outgoing.destroyed) {
      left -= piece.length
      if (!outgoing.write(piece)) return void outgoing.once('drain', more)
    }
    outgoing.end()
  }
  more()
})
const key = keyFor(upstream.url)
process.env['API'] = upstream.url
process.env['SECRET'] = key.secret as string
const [passThrough, passThroughUrl] = await startProgram<string>('relay/pass-through.ts')
const limits = { ...noLimits, streamTimeout: 3_600_000, disconnectGracePeriod: gracePeriod }
const relay = await startRelayProcess({ keys: { api: key }, limits })
const client = createClient({ relay: relay.url })
const fetchWith = client.fetchWith('api')
const init = { method: 'POST', headers: { authorization: 'Bearer $CLIENT_SECRET' } }

const ways = {
  'pass-through': (path: string) => fetch(`${passThroughUrl}${path}`, init),
  relay: (path: string) => fetchWith(`${upstream.url}${path}`, init),
}
type Way = keyof typeof ways

/** Reads a stream of events: milliseconds to its first byte, and the delay of each event. */
async function follow(way: Way, count = events): Promise<{ first: number; delays: number[] }> {
  const start = now()
  let first = NaN
  const delays: number[] = []
  const response = await ways[way](`/events/${count}`)
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of response.body!) {
    const at = now()
    if (Number.isNaN(first)) first = at - start
    rest += decoder.decode(chunk, { stream: true })
    const whole = rest.split('\n\n')
    rest = whole.pop()!
    for (const event of whole) delays.push(at - (JSON.parse(event.slice('data: '.length)) as { at: number }).at)
  }
  if (delays.length !== count) throw new Error(`${way}: ${delays.length} of ${count} events`)
  return { first, delays }
}

function rowOf(of: (way: Way) => number[]): Record<string, number> {
  const [a50, b50, a95, b95] = [0.5, 0.95].flatMap((part) => [
    percentile(of('pass-through'), part),
    percentile(of('relay'), part),
  ])
  return {
    'pass-through p50, ms': rounded(a50!),
    'relay p50, ms': rounded(b50!),
    'added p50, ms': rounded(b50! - a50!),
    'pass-through p95, ms': rounded(a95!),
    'relay p95, ms': rounded(b95!),
  }
}

const speeds: Record<string, Record<string, number>> = {}
/** So many streams that begin within a second: those of a page do not begin in the same millisecond. */
const followMany = (way: Way, count: number) =>
  Promise.all(Array.from({ length: count }, (_, n) => sleep((n * 1_000) / count).then(() => follow(way))))

// Warm-up: the first hundreds of streams meet code that is not compiled yet.
for (const way of ['pass-through', 'relay', 'pass-through', 'relay'] as const) await followMany(way, 200)
for (const count of [1, 50, 200]) {
  const found = {
    'pass-through': { firsts: [] as number[], delays: [] as number[] },
    relay: { firsts: [] as number[], delays: [] as number[] },
  }
  // They take turns, so that both meet the same machine.
  for (let round = 0; round < (count === 1 ? 4 : 2); round++)
    for (const way of ['pass-through', 'relay'] as const) {
      for (const { first, delays } of await followMany(way, count)) {
        found[way].firsts.push(first)
        found[way].delays.push(...delays)
      }
    }
  speeds[`${count} streams, first byte`] = rowOf((way) => found[way].firsts)
  speeds[`${count} streams, event`] = rowOf((way) => found[way].delays)
}
// One after another without a pause. A stream alone meets a machine that has fallen asleep: there, all that runs is
// slower, and the longer way more so.
const hot = { 'pass-through': [] as number[], relay: [] as number[] }
for (let turn = 0; turn < 10; turn++)
  for (const way of ['pass-through', 'relay'] as const)
    for (let n = 0; n < 50; n++) hot[way].push((await follow(way, 1)).first)
speeds['1 stream after another, first byte'] = rowOf((way) => hot[way])
console.table(speeds)

/** Megabytes of memory at most, while something runs. */
async function mostMemory(run: () => Promise<void>): Promise<{ before: number; most: number; seconds: number }> {
  const before = usageOf(relay).memory
  let most = before
  const timer = setInterval(() => (most = Math.max(most, usageOf(relay).memory)), 50)
  const start = now()
  await run()
  clearInterval(timer)
  return { before: rounded(before, 0), most: rounded(most, 0), seconds: rounded((now() - start) / 1_000, 1) }
}

async function readAll(path: string): Promise<void> {
  let size = 0
  for await (const chunk of (await ways.relay(path)).body!) size += chunk.length
  if (size < megabytes * 2 ** 20) throw new Error(`only ${size} bytes came`)
}

const memory = {
  [`${megabytes} MB through one stream`]: await mostMemory(() => readAll(`/bytes/${megabytes}`)),
  'a reader that reads nothing for 5 s': await mostMemory(async () => {
    const response = await ways.relay(`/bytes/${megabytes}`)
    const reader = response.body!.getReader()
    await reader.read()
    await sleep(5_000)
    await reader.cancel()
  }),
}
console.table(memory)

/** Milliseconds from an action of the page to the end of the call at the API. */
async function endOf(act: () => Promise<void>): Promise<number> {
  const call = upstream.calls.at(-1)!
  const start = now()
  await act()
  while (call.endedAt === undefined) await sleep(1)
  return rounded(call.endedAt - start, 0)
}

const params = { clientSecretName: 'api', url: `${upstream.url}/events/3000`, ...init, method: 'POST' } as const

async function running(keep = false, signal?: AbortSignal) {
  const stream = createStream(client, { params: { ...params, keep }, signal })
  void stream.send()
  while (stream.state().events.length < 3) await sleep(5)
  return stream
}

/** Ends a call, and says so if it is not there any more. */
async function isOpenAfter(wait: number): Promise<string> {
  const call = upstream.calls.at(-1)!
  await sleep(wait)
  return call.endedAt === undefined ? `goes on after ${wait} ms` : 'has ended'
}

const ends: Record<string, number | string> = {}
let stream = await running()
ends['cancel()'] = await endOf(async () => void (await stream.cancel()))
stream = await running(true)
ends['cancel() of a kept stream'] = await endOf(async () => void (await stream.cancel()))
const aborted = new AbortController()
await running(false, aborted.signal)
ends['abort of the signal'] = await endOf(async () => aborted.abort())
const abortedFetch = new AbortController()
const response = await fetchWith(`${upstream.url}/events/3000`, { ...init, signal: abortedFetch.signal })
await response.body!.getReader().read()
ends['abort of fetchWith'] = await endOf(async () => abortedFetch.abort())
stream = await running()
ends[`stop(), an unmount or a closed tab (grace period ${gracePeriod} ms)`] = await endOf(async () => stream.stop())
stream = await running(true)
stream.stop()
ends['stop(), an unmount or a closed tab of a kept stream'] = await isOpenAfter(gracePeriod * 2)
await stream.cancel()
console.table(
  Object.fromEntries(Object.entries(ends).map(([what, found]) => [what, { 'call of the API ends after, ms': found }])),
)

writeResult('streams', { events, every, speeds, memory, ends })
await Promise.all([passThrough, relay].map((one) => one.kill()))
upstream.close()
