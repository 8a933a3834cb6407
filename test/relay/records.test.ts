import { expect, test } from 'vitest'
import { openSqlite } from '../../src/relay/sqlite-database.ts'
import { createRecords } from '../../src/relay/records.ts'

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
  const now = await records.heads(
    'ann',
    inserted.map(({ record }) => record.id),
  )
  const places = new Map(now.map(({ id, place }) => [id, place]))
  expect(inserted.map(({ record }) => places.get(record.id))).toEqual(inserted.map((_, index) => index + 1))
  const { records: history } = await records.history('ann', { limit: 200 })
  expect(history.map(({ id }) => id)).toEqual(inserted.map(({ record }) => record.id).reverse())
  await database.close()
})
