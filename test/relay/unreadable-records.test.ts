import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, onTestFinished, test } from 'vitest'
import { sleep } from '../../src/client/retry-delay.ts'
import { door, json, startApi } from '../helpers/api.ts'
import { postgresOfThisFile } from '../helpers/postgres.ts'
import { keyFor, startRelay, type TestRelay } from '../helpers/relay.ts'
import { until } from '../helpers/watched-fetch.ts'

const postgres = postgresOfThisFile()

async function sqliteFile(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'relay-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  return join(folder, 'relay.db')
}

const databases: [string, () => Promise<string>][] = [
  ['a SQLite file', sqliteFile],
  ['Postgres', () => postgres.database()],
]

/** Writes past the relay, as damage and curious hands do. */
async function write(database: string, sql: string): Promise<void> {
  if (database.startsWith('postgres:')) return void (await postgres.query(database, sql))
  const file = new DatabaseSync(database)
  file.exec(sql)
  file.close()
}

async function setUp(makeDatabase: () => Promise<string>) {
  const { opened, open } = door()
  const api = await startApi(async (_call, outgoing) => {
    await opened
    json(outgoing, {})
  })
  const options = {
    keys: { api: keyFor(api.url) },
    database: await makeDatabase(),
    authenticate: () => 'ada',
  }
  const sent = (n: number) => ({
    clientSecretName: 'api',
    method: 'POST' as const,
    headers: { authorization: '$CLIENT_SECRET' },
    url: `${api.url}/`,
    data: { n },
  })
  const queued = (n: number) => ({ ...sent(n), method: 'PUT' as const, queue: 'q' })
  const numbers = () => api.calls.map(({ body }) => (JSON.parse(body) as { n: number }).n)
  return { api, options, sent, queued, numbers, open }
}

/** The ids of which the log says that they cannot be read. */
function unreadableIn({ log }: TestRelay): unknown[] {
  return log
    .filter(({ message }) => message.includes('cannot be read'))
    .map(({ details }) => (details as { id: string }).id)
}

const internal = { status: 'failed', error: { code: 'INTERNAL' } }

describe.each(databases)('a record that cannot be read any more, on %s,', (_name, makeDatabase) => {
  test('fails alone: its queue and the other queues go on, and its sender is told', async () => {
    const { api, options, queued, numbers, open } = await setUp(makeDatabase)
    const before = await startRelay(options)
    const { client } = before
    await client.clientSecretRequest(queued(1))
    await until(() => api.calls.length === 1)
    const broken = await client.clientSecretRequest(queued(2))
    await client.clientSecretRequest(queued(3))
    await before.relay.close()
    // Many lines that come first at the same time, so that they are taken in one statement.
    const copied =
      'owner, key_name, fingerprint, method, url_hash, version, created_at, updated_at, expires_at, not_before, host'
    for (let n = 10; n < 20; n++) {
      await write(
        options.database,
        `INSERT INTO records (id, idempotency_key, concurrency_key, queue_name, status, request, ${copied})
         SELECT 'copy ${n}', 'copy ${n}', 'line ${n}', 'q${n}', 'pending', replace(request, '"n":2', '"n":${n}'), ${copied} FROM records WHERE id = '${broken.id}'`,
      )
    }
    await write(options.database, `UPDATE records SET request = '{broken' WHERE id IN ('${broken.id}', 'copy 15')`)
    open()
    const after = await startRelay(options)
    const found = async () => (await after.client.history({ limit: 100 })).records
    const isUnsettled = ({ status }: { status: string }) => status === 'pending' || status === 'running'
    while ((await found()).some(isUnsettled)) await sleep(20)
    const failed = (await found()).filter(({ status }) => status !== 'resolved')
    expect(failed).toMatchObject([
      { id: 'copy 15', ...internal },
      { id: broken.id, ...internal },
    ])
    expect(await found()).toHaveLength(13)
    // The first one ran when its relay stopped; the others are called once each, and the broken ones never.
    expect(numbers().sort((one, other) => one - other)).toEqual([1, 1, 3, 10, 11, 12, 13, 14, 16, 17, 18, 19])
    await expect(after.client.follow({ id: broken.id })).rejects.toMatchObject({ code: 'INTERNAL' })
    expect(unreadableIn(after).sort()).toEqual([broken.id, 'copy 15'].sort())
  })

  test('and ran for a caller who waited when its relay died, does not stop the next relay, nor what becomes of others', async () => {
    const { api, options, sent } = await setUp(makeDatabase)
    const before = await startRelay(options)
    const direct = [1, 2, 3].map((n) => before.client.clientSecretRequest(sent(n)))
    for (const one of direct) one.catch(() => {})
    await until(() => api.calls.length === 3)
    await before.relay.close()
    // As after kill -9: they still run, at a relay that nobody has seen.
    await write(options.database, "UPDATE records SET status = 'running', error = NULL, relay = 'gone'")
    await write(options.database, `UPDATE records SET request = '{broken' WHERE request LIKE '%"n":1%'`)
    const after = await startRelay(options)
    await after.relay.ready
    const codes = async () => (await after.client.history()).records.map(({ error }) => error?.code).sort()
    while ((await codes()).includes(undefined)) await sleep(100)
    expect(await codes()).toEqual(['INTERNAL', 'INTERRUPTED', 'INTERRUPTED'])
    expect(unreadableIn(after)).toHaveLength(1)
  }, 60_000)
})
