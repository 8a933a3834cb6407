/**
 * Memory of one relay while an upload and a download of 500 MB pass through it, and 20 smaller ones at once, beside a
 * bare pass-through. The two take turns in one run. Caller, API, relay and pass-through are a process each.
 *
 *   npm run bench:uploads        takes some minutes
 *   npm run bench:uploads -- --megabytes 50
 */
import { randomBytes } from 'node:crypto'
import { request } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { numberOption, rounded, writeResult } from './parts/figures.ts'
import { startProgram } from './parts/program.ts'
import { keyFor, noLimits, startRelayProcess, usageOf } from './parts/relay.ts'

const MB = 1_000_000
const size = numberOption('megabytes', 500) * MB
const atOnce = 20

const [api, apiUrl] = await startProgram<string>('relay/bulk-api.ts')
const key = keyFor(apiUrl)
process.env['API'] = apiUrl
process.env['SECRET'] = key.secret as string
const [passThrough, passThroughUrl] = await startProgram<string>('relay/pass-through.ts')
const limits = { ...noLimits, uploadBytes: size, downloadBytes: size }
const relay = await startRelayProcess({ keys: { api: key }, limits })

/** Where a call goes, and how it describes itself. */
interface Way {
  pid: number
  call: (method: 'GET' | 'POST', path: string) => { url: string; method: string; headers: Record<string, string> }
}

const authorization = 'Bearer $CLIENT_SECRET'
const ways: Record<string, Way> = {
  'pass-through': {
    pid: passThrough.pid,
    call: (method, path) => ({ url: passThroughUrl + path, method, headers: { authorization } }),
  },
  relay: {
    pid: relay.pid,
    call(method, path) {
      const headers = { authorization, ...(method === 'POST' && { 'content-type': 'audio/wav' }) }
      const description = { clientSecretName: 'api', url: apiUrl + path, method, headers }
      return {
        url: `${relay.url}/fetch`,
        method: 'POST',
        headers: {
          'client-secret-request': btoa(JSON.stringify(description)),
          'client-session': 'the-only-caller-of-this-bench',
        },
      }
    },
  },
}

const piece = randomBytes(65_536)

function* pieces(bytes: number): Generator<Buffer> {
  for (let left = bytes; left > 0; left -= piece.length) yield piece.subarray(0, left)
}

/** Sends an upload, or a call for a download, and gives the number of bytes that arrived. */
async function transfer({ call }: Way, kind: 'upload' | 'download', bytes: number): Promise<number> {
  const { url, method, headers } = kind === 'upload' ? call('POST', '/') : call('GET', `/${bytes}`)
  const length = kind === 'upload' ? bytes : 0
  const outgoing = request(url, {
    method,
    headers: { ...headers, ...(method === 'POST' && { 'content-length': length }) },
  })
  const answer = new Promise<number>((resolve, reject) => {
    outgoing.on('error', reject)
    outgoing.on('response', (incoming) => {
      let received = 0
      let text = ''
      incoming.on('data', (chunk: Buffer) => {
        received += chunk.length
        if (kind === 'upload') text += String(chunk)
      })
      incoming.on('error', reject)
      incoming.on('end', () => resolve(kind === 'upload' ? Number(text) : received))
    })
  })
  await pipeline(Readable.from(pieces(length)), outgoing)
  return answer
}

/** Transfers at once, and looks at the memory of the process between them. */
async function measure(way: Way, kind: 'upload' | 'download', count: number, bytes: number) {
  const before = usageOf(way).memory
  let peak = before
  const watch = setInterval(() => (peak = Math.max(peak, usageOf(way).memory)), 20)
  const start = performance.now()
  const arrived = await Promise.all(Array.from({ length: count }, () => transfer(way, kind, bytes)))
  const seconds = (performance.now() - start) / 1000
  clearInterval(watch)
  if (arrived.some((one) => one !== bytes)) throw new Error(`${arrived.join()} bytes arrived, not ${bytes} each`)
  return {
    'before, MB': rounded(before, 0),
    'peak, MB': rounded(peak, 0),
    'MB per second': rounded((count * bytes) / MB / seconds, 0),
  }
}

const rows: Record<string, object> = {}
for (const kind of ['upload', 'download'] as const) {
  // So that both have all their code and buffers.
  for (const way of Object.values(ways)) await measure(way, kind, 2, 20 * MB)
  for (const [count, bytes] of [
    [1, size],
    [atOnce, size / atOnce],
  ] as const)
    for (const [name, way] of Object.entries(ways))
      rows[`${count} ${kind} of ${bytes / MB} MB, ${name}`] = await measure(way, kind, count, bytes)
}
console.table(rows)
writeResult('uploads', { megabytes: size / MB, atOnce, rows })
await Promise.all([api, passThrough, relay].map((one) => one.kill()))
