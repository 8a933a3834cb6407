import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, onTestFinished, test } from 'vitest'
import { migration as first } from '../../src/relay/database/migrations/0001-records.ts'
import { migration as second } from '../../src/relay/database/migrations/0002-keys-and-uses.ts'
import { openSqlite } from '../../src/relay/database/sqlite-database.ts'
import { createRecords } from '../../src/relay/database/records.ts'

test('requests of one millisecond keep their order and their places', async () => {
  const database = await openSqlite()
  const records = createRecords(database)
  const request = { clientSecretName: 'api', url: 'https://api.example.com/', method: 'POST' as const, queue: 'q' }
  const inserted = []
  for (let n = 0; n < 200; n++) {
    inserted.push(
      await records.insert({ owner: 'ann', idempotencyKey: String(n), request, lifetime: 60_000 }, async () => {}),
    )
  }
  // So many in so little time share milliseconds.
  expect(new Set(inserted.map(({ record }) => record.createdAt)).size).toBeLessThan(200)
  const now = await records.summaries(
    'ann',
    inserted.map(({ record }) => record.id),
  )
  const places = new Map(now.map(({ id, place }) => [id, place]))
  expect(inserted.map(({ record }) => places.get(record.id))).toEqual(inserted.map((_, index) => index + 1))
  const { records: history } = await records.history('ann', { limit: 200 })
  expect(history.map(({ id }) => id)).toEqual(inserted.map(({ record }) => record.id).reverse())
  await database.close()
})

test('a record of the version before is kept, and what is large stands last in it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'records-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const file = join(folder, 'relay.db')
  const before = new DatabaseSync(file)
  const dialect = { countedKey: 'INTEGER PRIMARY KEY AUTOINCREMENT', now: '0', unlogged: '', skipLocked: '' }
  for (const statement of [...first(dialect), ...second(dialect)]) before.exec(statement)
  before.exec(`CREATE TABLE relay_version (version BIGINT NOT NULL); INSERT INTO relay_version VALUES (2);
    INSERT INTO records (id, owner, key_name, idempotency_key, fingerprint, method, url_hash, concurrency_key, status, version, request, response, created_at, updated_at, expires_at, not_before)
    VALUES ('id', 'ann', 'api', '', '', 'GET', '', '', 'resolved', 2, '{"clientSecretName":"api"}', '{"status":200}', 0, 0, ${Date.now() + 60_000}, 0)`)
  before.close()

  const database = await openSqlite(file)
  const kept = { id: 'id', request: { clientSecretName: 'api' }, response: { status: 200 } }
  const records = createRecords(database)
  expect(await records.read('ann', 'id')).toMatchObject(kept)
  expect((await records.history('ann', { limit: 1 })).records).toMatchObject([kept])
  const columns = await database.query<{ name: string }>(`SELECT name FROM pragma_table_info('records')`)
  // A trace is read only with its request, and a lease only in a queue.
  expect(columns.map(({ name }) => name).slice(-4)).toEqual(['request', 'response', 'lease', 'trace'])
  await database.close()
})
