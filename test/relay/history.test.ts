import { expect, test } from 'vitest'
import { createRecords } from '../../src/relay/database/records.ts'
import { openSqlite } from '../../src/relay/database/sqlite-database.ts'

test('of a page nothing is read that is not sent', async () => {
  const database = await openSqlite()
  let read = 0
  const records = createRecords({
    ...database,
    async query<Row>(...statement: Parameters<typeof database.query>) {
      const rows = await database.query<Row>(...statement)
      read += JSON.stringify(rows).length
      return rows
    },
  })
  const request = { clientSecretName: 'api', url: 'https://api.example.com/', method: 'GET' as const }
  const response = { status: 200, headers: {}, body: 'x'.repeat(1_000_000) }
  for (let n = 0; n < 30; n++) {
    const draft = records.draft({ owner: 'ann', idempotencyKey: String(n), request, lifetime: 60_000 })
    await records.insertSettled({ ...draft, status: 'resolved', response })
  }
  for (const filter of [{}, { url: request.url }, { url: request.url, method: 'GET' }, { status: 'resolved' }]) {
    read = 0
    const page = await records.history('ann', { limit: 100, ...filter })
    expect(read).toBeLessThan(5_100_000)
    expect(page).toMatchObject({ hasMore: true, records: Array(4).fill({ response }) })
    read = 0
    const compact = await records.history('ann', { limit: 100, ...filter, isCompact: true })
    expect(read).toBeLessThan(50_000)
    expect(compact).toMatchObject({ hasMore: false, records: Array(30).fill({ request, response: null }) })
  }
  await database.close()
})
