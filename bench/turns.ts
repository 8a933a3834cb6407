/**
 * How long the relay's event loop stands still for one answer of 10 MiB: the
 * longest turns from the call to the record. API and caller are in a thread of
 * their own, so that only the relay's turns are seen.
 *
 *   npm run bench:turns
 */
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { createAdaptorServer } from '@hono/node-server'
import { createRelay } from '../src/relay/create-relay.ts'
import type { KeyOptions } from '../src/relay/keys/key.ts'
import { machine } from './parts/machine.ts'
import { records } from './parts/sample.ts'

const size = 10 * 1024 * 1024
const runs = 5

/** As large as an answer may be by default, with a little room for the rest of it. */
const bodies: Record<string, () => Buffer> = {
  JSON: () => Buffer.from(JSON.stringify(records(size - 4_096))),
  'JSON, no ASCII': () => Buffer.from(JSON.stringify({ text: '日本語のテキスト "と"\n'.repeat(size / 32) })),
  bytes: () => Buffer.alloc(size, 0xe7),
}

if (isMainThread) await measure()
else serve(workerData as { kind: string })

interface Row {
  answer: string
  keys: number
  database: string
  'longest turn, ms': number
  'turns over 20 ms': number
  'whole, ms': number
}

async function measure(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'turns-'))
  const rows: Row[] = []
  try {
    for (const kind of Object.keys(bodies))
      for (const keys of [1, 100, 1_000])
        for (const database of [undefined, join(folder, `${rows.length}.db`)])
          rows.push(await row(kind, keys, database))
  } finally {
    await rm(folder, { recursive: true })
  }
  console.table(rows)
  writeFileSync(
    new URL('results/turns.json', import.meta.url),
    `${JSON.stringify({ machine: machine(), rows }, null, 2)}\n`,
  )
}

async function row(kind: string, keys: number, database: string | undefined): Promise<Row> {
  const worker = new Worker(new URL(import.meta.url), { workerData: { kind } })
  const next = () => new Promise<{ url?: string; took?: number }>((resolve) => worker.once('message', resolve))
  const { url } = await next()
  const key = (number: number): KeyOptions => ({
    secret: `acme_${number}_${'4f7c1d9e2b8a6c5d4e3f2a1b0c9d8e7f'.repeat(2)}`,
    locked: false,
    allow: [{ url: `${url}/**`, methods: ['GET'], allowPrivateNetwork: true }],
  })
  const named = Array.from({ length: keys }, (_, number) => [`key${number}`, key(number)] as const)
  const relay = createRelay({ keys: Object.fromEntries(named), database, limits: { responseBytes: size * 2 } })
  const server = createAdaptorServer({ fetch: relay.fetch })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  await relay.ready
  const { port } = server.address() as { port: number }
  const relayUrl = `http://127.0.0.1:${port}/requests`

  const longest: number[] = []
  const over: number[] = []
  const whole: number[] = []
  for (let run = 0; run < runs; run++) {
    const watch = watchTurns()
    worker.postMessage({ relay: relayUrl, api: url })
    const { took } = await next()
    // The record is written after the answer.
    await sleep(200)
    const turns = watch.end()
    longest.push(Math.max(...turns))
    over.push(turns.filter((turn) => turn > 20).length)
    whole.push(took!)
  }
  await relay.close()
  server.close()
  await worker.terminate()
  const median = (values: number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!
  return {
    answer: kind,
    keys,
    database: database ? 'file' : 'memory',
    'longest turn, ms': Math.round(median(longest) * 10) / 10,
    'turns over 20 ms': median(over),
    'whole, ms': Math.round(median(whole)),
  }
}

/**
 * Milliseconds of each round of the event loop, of which there is always a next
 * one: of processor time, because on a machine that does other things too a
 * round may wait for its turn.
 */
function watchTurns() {
  const turns: number[] = []
  const spent = () => {
    const { user, system } = process.threadCpuUsage()
    return (user + system) / 1_000
  }
  let before = spent()
  let immediate = setImmediate(function look() {
    const now = spent()
    if (now - before > 1) turns.push(now - before)
    before = now
    immediate = setImmediate(look)
  })
  return {
    end() {
      clearImmediate(immediate)
      return [0, ...turns]
    },
  }
}

/** The API, and whoever calls the relay. */
function serve({ kind }: { kind: string }): void {
  const body = bodies[kind]!()
  const type = kind === 'bytes' ? 'application/octet-stream' : 'application/json'
  const api = createServer((_request, response) => void response.writeHead(200, { 'content-type': type }).end(body))
  api.listen(0, '127.0.0.1', () => {
    const { port } = api.address() as { port: number }
    parentPort!.postMessage({ url: `http://127.0.0.1:${port}` })
  })
  parentPort!.on('message', ({ relay, api }: { relay: string; api: string }) => {
    void ask(relay, api).then((took) => parentPort!.postMessage({ took }))
  })
}

async function ask(relay: string, api: string): Promise<number> {
  const start = performance.now()
  const answered = await fetch(relay, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'client-session': crypto.randomUUID() },
    body: JSON.stringify({
      clientSecretName: 'key0',
      url: `${api}/x`,
      method: 'GET',
      headers: { authorization: 'Bearer $CLIENT_SECRET' },
    }),
  })
  const { length } = await answered.text()
  if (answered.status !== 200 || length < size / 4)
    throw new Error(`an answer of ${answered.status}, ${length} characters`)
  return performance.now() - start
}
