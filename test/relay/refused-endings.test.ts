import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { door, json, startApi } from '../helpers/api.ts'
import { postgresOfThisFile } from '../helpers/postgres.ts'
import { keyFor, startReadyRelay } from '../helpers/relay.ts'
import { sqliteFile } from '../helpers/sqlite-file.ts'
import { until } from '../helpers/watched-fetch.ts'

const postgres = postgresOfThisFile()

async function query<Row>(database: string, sql: string): Promise<Row[]> {
  if (database.startsWith('postgres:')) return postgres.query<Row>(database, sql)
  const file = new DatabaseSync(database)
  try {
    return file.prepare(sql).all() as Row[]
  } finally {
    file.close()
  }
}

/** From now on, the database refuses each change of a record to such a status. */
async function refuse(database: string, statuses: string): Promise<void> {
  if (!database.startsWith('postgres:')) {
    const when = `NEW.status IN (${statuses})`
    await query(
      database,
      `CREATE TRIGGER no BEFORE UPDATE ON records WHEN ${when} BEGIN SELECT RAISE(ABORT, 'no'); END`,
    )
    return
  }
  await postgres.query(
    database,
    `CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
       IF NEW.status IN (${statuses}) THEN RAISE EXCEPTION 'no'; END IF; RETURN NEW; END $$;
     CREATE TRIGGER no BEFORE UPDATE ON records FOR EACH ROW EXECUTE FUNCTION no()`,
  )
}

async function setUp(database: string) {
  const { opened, open } = door()
  const api = await startApi(async (_call, outgoing) => {
    await opened
    json(outgoing, { said: 'hello' })
  })
  const { client, log } = await startReadyRelay({
    keys: { api: keyFor(api.url) },
    queues: { shared: { shared: true, maxConcurrency: 2 } },
    database,
  })
  const request = { clientSecretName: 'api', url: `${api.url}/`, headers: { authorization: '$CLIENT_SECRET' } }
  return { api, client, log, request, open }
}

describe.each([
  ['a SQLite file', sqliteFile],
  ['Postgres', () => postgres.database()],
])('%s', (_name, makeDatabase) => {
  test.each([
    ['a GET of a queue', { method: 'GET', queue: 'q', poll: 50 }],
    ['a GET of a shared queue', { method: 'GET', queue: 'shared', poll: 50 }],
    ['a GET that is polled', { method: 'GET', poll: 50 }],
    ['a POST of a queue', { method: 'POST', queue: 'q', poll: 50 }],
  ] as const)('%s whose answer the database refuses fails after one call', async (_what, fields) => {
    const database = await makeDatabase()
    const { api, client, log, request, open } = await setUp(database)
    await refuse(database, `'resolved'`)
    const sent = client.clientSecretRequest({ ...request, ...fields })
    await until(() => api.calls.length === 1)
    open()
    await expect(sent).rejects.toMatchObject({
      code: 'INTERNAL',
      message: expect.stringContaining('refused the answer'),
    })
    expect(api.calls).toHaveLength(1)
    expect(log.filter(({ level }) => level === 'error')).toMatchObject([
      { details: { err: { message: 'no' } }, message: expect.stringContaining('the database refused the end') },
    ])
  })

  test('the answer to a direct POST arrives, and its record says that the database refused it', async () => {
    const database = await makeDatabase()
    const { client, request, open } = await setUp(database)
    await refuse(database, `'resolved'`)
    open()
    expect(await client.clientSecretRequest({ ...request, method: 'POST' })).toEqual({ said: 'hello' })
    const [record] = await query<{ status: string; error: string }>(database, 'SELECT status, error FROM records')
    expect(record).toMatchObject({ status: 'failed', error: expect.stringContaining('refused the answer') })
  })

  test.each(['q', 'shared'])(
    'a GET of the queue %s whose every end is refused runs again much later',
    async (queue) => {
      const database = await makeDatabase()
      const { api, client, request, open } = await setUp(database)
      await refuse(database, `'resolved', 'failed'`)
      open()
      await client.clientSecretRequest({ ...request, method: 'GET', queue })
      const pauseOf = async () => {
        const sql = `SELECT not_before - updated_at AS pause FROM records WHERE status = 'pending' AND version > 1`
        return Number((await query<{ pause: number }>(database, sql))[0]?.pause)
      }
      await expect.poll(pauseOf).toBeGreaterThan(20_000)
      expect(api.calls).toHaveLength(1)
    },
  )
})

test('an answer that comes while Postgres is read-only is written when it is not any more', async () => {
  const database = await postgres.database()
  const { api, client, request, open } = await setUp(database)
  const sent = client.clientSecretRequest({ ...request, method: 'POST', queue: 'q', poll: 50 })
  await until(() => api.calls.length === 1)
  // As hosts of Postgres do while its disk is full.
  await postgres.query(database, 'ALTER SYSTEM SET default_transaction_read_only = on')
  await postgres.query(database, 'SELECT pg_reload_conf()')
  try {
    open()
    await expect(client.clientSecretRequest({ ...request, method: 'POST' })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    })
  } finally {
    await postgres.query(database, 'ALTER SYSTEM RESET default_transaction_read_only')
    await postgres.query(database, 'SELECT pg_reload_conf()')
  }
  expect(await sent).toEqual({ said: 'hello' })
  expect(api.calls).toHaveLength(1)
})
