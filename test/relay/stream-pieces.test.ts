import { expect, onTestFinished, test } from 'vitest'
import { boundRecords } from '../../src/relay/database/bounded-records.ts'
import type { Database } from '../../src/relay/database/database.ts'
import { openPostgres } from '../../src/relay/database/postgres-database.ts'
import { createRecords } from '../../src/relay/database/records.ts'
import { openSqlite } from '../../src/relay/database/sqlite-database.ts'
import { createStreamPieces } from '../../src/relay/database/stream-pieces.ts'
import { postgresOfThisFile } from '../helpers/postgres.ts'

const postgres = postgresOfThisFile()
const logger = { info: () => {}, warn: () => {}, error: () => {} }
const request = { clientSecretName: 'api', url: 'https://api.example.com/', method: 'POST' as const }

/** Kept streams in a database, and the number of its statements. */
async function setUp(database: Database, bytesInMemory?: number) {
  onTestFinished(() => database.close())
  let statements = 0
  const counting: Database = {
    ...database,
    query(sql, parameters) {
      statements += 1
      return database.query(sql, parameters)
    },
  }
  const all = { records: createRecords(counting), pieces: createStreamPieces(counting) }
  const { records, pieces } = bytesInMemory ? await boundRecords(all, counting, { bytesInMemory, logger }) : all
  return {
    pieces,
    statements: () => statements,
    async begin(owner: string, idempotencyKey = '') {
      const { record } = await records.insert({ owner, idempotencyKey, request, lifetime: 60_000 }, async () => {})
      await pieces.begin(record.id, '{}')
      return record
    },
  }
}

test.each<[string, () => Promise<Database>]>([
  ['SQLite', () => openSqlite()],
  ['Postgres', async () => openPostgres(await postgres.database(), logger)],
])('a read takes few statements, however small the pieces, and at most 256 KiB; %s', async (_name, open) => {
  const { pieces, statements, begin } = await setUp(await open())
  const { id } = await begin('ann')
  const sizes = [...Array<number>(2_000).fill(7), 400_000, 1, 65_536, 65_535, 65_537, 300, 262_144]
  const whole = Buffer.from(Array.from({ length: sizes.reduce((sum, size) => sum + size) }, (_, n) => n % 251))
  let end = 0
  for (const size of sizes) {
    await pieces.append(id, end, whole.subarray(end, end + size))
    end += size
  }
  const small = 2_000 * 7
  const before = statements()
  let position = 0
  while (position < small) position += (await pieces.read(id, position)).length
  expect(statements() - before).toBeLessThan(4)

  for (let from = 0; from <= end + 7; from += from < small ? 3_001 : 21_001) {
    const read: Buffer[] = []
    for (let at = from, bytes; (bytes = await pieces.read(id, at)).length > 0; at += bytes.length) {
      expect(bytes.length).toBeLessThanOrEqual(262_144)
      read.push(bytes)
    }
    expect(Buffer.concat(read).equals(whole.subarray(from))).toBe(true)
  }
  expect(await pieces.read('none', 0)).toHaveLength(0)
})

test('small pieces of visitors, too, take at most half of a database in memory, also from many streams at once', async () => {
  const database = await openSqlite()
  const used = async () => {
    const [found] = await database.query<{ size: number }>(
      'SELECT (page_count - freelist_count) * page_size AS size FROM pragma_page_count, pragma_freelist_count, pragma_page_size',
    )
    return found!.size
  }
  const bytesInMemory = 2 ** 21
  const { pieces, begin } = await setUp(database, bytesInMemory)
  const empty = await used()
  const failures: unknown[] = []
  let most = 0
  async function fill(name: number) {
    const { id } = await begin(`visitor:${name}`, String(name))
    for (let position = 0; position < 20_000; position++) {
      await pieces.append(id, position, Buffer.from('x'))
      if (position % 50 === 0) most = Math.max(most, await used())
    }
  }
  await Promise.all(Array.from({ length: 5 }, (_, name) => fill(name).catch((error: unknown) => failures.push(error))))
  expect(failures).toHaveLength(5)
  for (const failure of failures) expect(failure).toMatchObject({ code: 'RESPONSE_TOO_LARGE' })
  expect(most - empty).toBeGreaterThan(bytesInMemory / 4)
  expect(most - empty).toBeLessThanOrEqual(bytesInMemory / 2)
})

test('the refusal of an API, whose bytes go when its call waits again, takes no room of the other visitors', async () => {
  const { pieces, begin } = await setUp(await openSqlite(), 2 ** 21)
  for (let name = 0; name < 5; name++) {
    // A 429. The caller cancels the request while it waits.
    const { id } = await begin(`visitor:${name}`, String(name))
    await pieces.append(id, 0, Buffer.alloc(300_000))
    await pieces.clear(id)
  }
  const { id } = await begin('visitor:ann', 'ann')
  await pieces.append(id, 0, Buffer.alloc(300_000))
  expect(await pieces.read(id, 0)).not.toHaveLength(0)
})
