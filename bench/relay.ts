/**
 * What a direct request takes through the relay, with recording on as it is by
 * default: a SQLite file. Beside it, taken in turns in the same run: the API
 * itself, the least that a relay written by hand can do, and hono's `proxy`.
 *
 * Every side, the API and the load are a process each. Where there are fewer
 * cores than that, they take time from each other, and a side is also waited for
 * by what is slow around it: so the processor time that a request takes from the
 * side alone stands beside its throughput.
 *
 *   npm run bench:relay [-- --rounds 7]
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { median, numberOption, percentile, rounded, writeResult } from './parts/figures.ts'
import { startProgram, type Program } from './parts/program.ts'
import { keyFor, noLimits, startRelayProcess, usageOf } from './parts/relay.ts'
import type { Delivery, Order } from './relay/load.ts'

const rounds = numberOption('rounds', 7)
const cells = [
  { bytes: 1_000, connections: 1, requests: 1_000 },
  { bytes: 1_000, connections: 32, requests: 4_000 },
  { bytes: 100_000, connections: 1, requests: 300 },
  { bytes: 100_000, connections: 32, requests: 1_000 },
]

interface Side {
  name: string
  process: { pid: number; kill(): Promise<void> }
  order: Pick<Order, 'url' | 'path' | 'headers' | 'body'>
}
type Cell = (typeof cells)[number]

const [api, apiUrl] = await startProgram<string>('relay/api.ts')
const key = keyFor(apiUrl)
process.env['API'] = apiUrl
process.env['SECRET'] = key.secret as string
const [load] = await startProgram('relay/load.ts')

/** What the request says is the same on all sides; the relay gets it as `createClient` sends it. */
async function startSides(bytes: number, folder: string): Promise<Side[]> {
  const data = { model: 'gpt-image-1', prompt: 'an otter on a surfboard', size: '1024x1024' }
  const authorization = 'Bearer $CLIENT_SECRET'
  const json = { 'content-type': 'application/json', accept: 'application/json' }
  const plain = { path: `/${bytes}`, headers: { ...json, authorization }, body: JSON.stringify(data) }

  const proxied = async (file: string): Promise<Pick<Side, 'process' | 'order'>> => {
    const [process, url] = await startProgram<string>(file)
    return { process, order: { ...plain, url } }
  }
  const relay = await startRelayProcess({
    keys: { api: key },
    database: join(folder, 'relay.db'),
    limits: noLimits,
  })
  const request = {
    clientSecretName: 'api',
    url: `${apiUrl}/${bytes}`,
    method: 'POST',
    headers: { Authorization: authorization },
    data,
  }
  return [
    { name: 'the API itself', process: api, order: { ...plain, url: apiUrl } },
    { name: 'bare pass-through', ...(await proxied('relay/pass-through.ts')) },
    { name: "hono's proxy", ...(await proxied('relay/hono-proxy.ts')) },
    {
      name: 'react-client-secret',
      process: relay,
      order: {
        url: relay.url,
        path: '/requests',
        headers: { ...json, 'client-session': 'the session of the load of the bench' },
        body: JSON.stringify(request),
      },
    },
  ]
}

interface Turn extends Delivery {
  /** Seconds of a processor, of the side. */
  processor: number
}

async function turn({ order, process }: Side, cell: Cell): Promise<Turn> {
  const before = usageOf(process)
  const delivery = await load.ask<Delivery>({ ...cell, ...order })
  return { ...delivery, processor: usageOf(process).processor - before.processor }
}

async function measure(cell: Cell) {
  const folder = mkdtempSync(join(tmpdir(), 'bench-relay-'))
  const sides = await startSides(cell.bytes, folder)
  const turns = new Map(sides.map((side) => [side.name, [] as Turn[]]))
  // The first rounds make the sides warm.
  for (let round = -2; round < rounds; round++) {
    for (const side of sides) {
      const one = await turn(side, cell)
      if (round >= 0) turns.get(side.name)!.push(one)
    }
  }
  const found = Object.fromEntries(
    sides.map((side) => [side.name, figuresOf(turns.get(side.name)!, cell, usageOf(side.process).memory)]),
  )
  const limit = found['bare pass-through']!['requests a second']
  await Promise.all(sides.filter(({ process }) => process !== api).map(({ process }) => process.kill()))
  rmSync(folder, { recursive: true })
  return Object.fromEntries(
    Object.entries(found).map(([name, figures]) => [
      name,
      { ...figures, '× the pass-through': rounded(figures['requests a second'] / limit) },
    ]),
  )
}

function figuresOf(turns: readonly Turn[], { requests }: Cell, memory: number) {
  const times = turns.flatMap((one) => one.times)
  const processor = turns.reduce((sum, one) => sum + one.processor, 0)
  return {
    'requests a second': Math.round(median(turns.map(({ took }) => (requests / took) * 1_000))),
    'p50, ms': rounded(median(times)),
    'p99, ms': rounded(percentile(times, 0.99)),
    'processor, µs a request': Math.round((processor / (turns.length * requests)) * 1e6),
    'memory, MB': Math.round(memory),
  }
}

const result: Record<string, Awaited<ReturnType<typeof measure>>> = {}
for (const cell of cells) {
  const title = `${cell.bytes / 1_000} kB, ${cell.connections} connection${cell.connections > 1 ? 's' : ''}`
  result[title] = await measure(cell)
  console.log(`\nDirect requests, recorded in a SQLite file, of answers of ${title}; medians of ${rounds} rounds:`)
  console.table(result[title])
}
await Promise.all([api, load].map((program: Program) => program.kill()))
writeResult('relay', { rounds, ...result })
