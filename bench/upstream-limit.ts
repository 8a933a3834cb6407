/**
 * Three relays and an API that allows 60 calls in any 60 seconds (a sliding
 * window) and answers 429 with Retry-After to what is more: the 200 requests are
 * all answered, in order, about as fast as the API allows, and nobody sees a 429.
 *
 *   npm run bench:upstream-limit                    takes 3 minutes
 *   npm run bench:upstream-limit -- --scale 10      600 calls a minute: 60 in any 6 seconds
 */
import type { ServerResponse } from 'node:http'
import { createClient } from '../src/client/create-client.ts'
import { startPostgres } from '../test/helpers/start-postgres.ts'
import { numberOption, rounded, writeResult } from './parts/figures.ts'
import { keyFor, noLimits, startRelayProcess } from './parts/relay.ts'
import { answerWith, startUpstream, type UpstreamCall } from './parts/upstream.ts'

const scale = numberOption('scale', 1)
const jobs = numberOption('jobs', 200)
const queues = 4
const allowed = 60
const span = 60_000 / scale

/** When the calls of the last span came that were allowed. */
const recent: number[] = []
const done: { queue: number; number: number; at: number }[] = []
let refused = 0
// Opened when everything is submitted, so that the rate is that of the queues and not of who fills them.
let open = () => {}
const opened = new Promise<void>((resolve) => (open = resolve))
const upstream = await startUpstream((call, outgoing) => void opened.then(() => answer(call, outgoing)))

function answer(call: UpstreamCall, outgoing: ServerResponse): void {
  const now = performance.now()
  while (recent.length > 0 && recent[0]! <= now - span) recent.shift()
  if (recent.length >= allowed) {
    refused++
    const seconds = (recent[0]! + span - now) / 1000
    // Whole seconds, as the header has it; where the span is short, these would be most of what is waited.
    const retryAfter = String(scale === 1 ? Math.ceil(seconds) : rounded(seconds, 3))
    return answerWith(call, outgoing, { error: 'too many' }, 429, { 'retry-after': retryAfter })
  }
  recent.push(now)
  const { queue, number } = JSON.parse(call.body) as { queue: number; number: number }
  done.push({ queue, number, at: now })
  setTimeout(() => answerWith(call, outgoing, { queue, number }), 10)
}

const postgres = await startPostgres()
const options = {
  keys: { api: keyFor(upstream.url) },
  database: await postgres.database(),
  limits: { ...noLimits, maxUpstreamWait: 3_600_000 },
}
const relays = [await startRelayProcess(options), await startRelayProcess(options), await startRelayProcess(options)]
let turn = 0
const client = createClient({
  relay: 'http://relay.test',
  fetch: (input, init) =>
    fetch((input as string).replace('http://relay.test', relays[turn++ % relays.length]!.url), init),
})

const failures: string[] = []
const started = performance.now()
const following: Promise<void>[] = []
await Promise.all(
  Array.from({ length: queues }, async (_, queue) => {
    for (let number = 0; number < jobs / queues; number++) {
      const asked = await client.clientSecretRequest({
        clientSecretName: 'api',
        url: `${upstream.url}/`,
        method: 'POST',
        headers: { authorization: 'Bearer $CLIENT_SECRET' },
        data: { queue, number },
        queue: `queue ${queue}`,
      })
      following.push(
        asked.poll().then(
          () => {},
          (error: unknown) => void failures.push(String(error)),
        ),
      )
    }
  }),
)
console.log(`${following.length} requests submitted in ${rounded((performance.now() - started) / 1000, 1)} s`)
open()
await Promise.all(following)
await Promise.all(relays.map((relay) => relay.kill()))
await postgres.remove()
upstream.close()

const took = done.at(-1)!.at - done[0]!.at
// The first 60 at once, and another 60 whenever a span is over.
const ideal = Math.floor((jobs - 1) / allowed) * span
const violations = done.filter(({ queue, number }, index) =>
  done.slice(0, index).some((earlier) => earlier.queue === queue && earlier.number >= number),
).length
const figures = {
  'calls that the API allows in a minute': allowed * scale,
  'requests, in 4 queues through 3 relays': following.length,
  'calls that the API answered': done.length,
  'calls that it refused with 429': refused,
  'failures shown': failures.length,
  'order violations': violations,
  'from the first call to the last, s': rounded(took / 1000, 1),
  'the least that the API allows, s': rounded(ideal / 1000, 1),
  'rate, of the ideal, %': rounded((ideal / took) * 100, 1),
}
console.table(Object.fromEntries(Object.entries(figures).map(([name, value]) => [name, { value }])))
if (failures.length > 0) console.log(failures.slice(0, 5))
writeResult(scale === 1 ? 'upstream-limit' : `upstream-limit-scale-${scale}`, { scale, window: 'sliding', figures })
const isMet = failures.length === 0 && violations === 0 && done.length === jobs && ideal / took >= 0.9
console.log(isMet ? 'The aims are met.' : 'An aim is MISSED.')
process.exit(isMet ? 0 : 1)
