/**
 * Whether the relay grows slow with its records: submit, poll, pages of the
 * history and a count with 1,000, 100,000 and 1,000,000 records, on SQLite and
 * on Postgres; and the plans by which the databases find them.
 *
 *   npm run bench:growth
 *
 * The records are those of many callers, and of one who has a third of them.
 * What is asked for is as much at each size, so that only the finding can grow;
 * what lies at the very beginning of the caller who has many is the worst there is.
 */
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { createRelay, type Relay } from '../src/relay/create-relay.ts'
import type { Database, Value } from '../src/relay/database/database.ts'
import type { ColumnName } from '../src/relay/database/record-columns.ts'
import { createRecords } from '../src/relay/database/records.ts'
import { openStorage } from '../src/relay/execution/queue/open-storage.ts'
import { newId } from '../src/relay/database/stored-record.ts'
import { startPostgres } from '../test/helpers/start-postgres.ts'
import { median, numberOption, randomFrom, rounded, writeResult } from './parts/figures.ts'
import { keyFor, noLimits } from './parts/relay.ts'
import { startUpstream } from './parts/upstream.ts'

const most = numberOption('most', 1_000_000)
const sizes = [...[1_000, 100_000].filter((size) => size < most), most]
const rounds = numberOption('rounds', 300)
const maxGrowth = 1.5

const hash = (text: string) => createHash('sha256').update(text).digest('base64url')
const sessionOfMany = 'the caller who has very many records'
const sessionOfFew = 'an ordinary caller with a few records'
const ownerOf = (session: string) => `visitor:${hash(session)}`
const owner = ownerOf(sessionOfMany)
const random = randomFrom(1)
const url = (name: string) => `https://api.example.com/v1/${name}`
/** Records that are asked for by what only they have, the oldest of the caller with many. */
const oldOnes = 25
const wanted = { id: '', place: 0 }

/** A row of the table, without the columns that are null or that the database fills. */
type Row = Record<Exclude<ColumnName, 'seq' | 'trace' | 'upstream_status'>, Value>

function* rowsOf(size: number): Generator<Row> {
  const now = Date.now()
  const callers = Array.from({ length: Math.ceil(size / 30) }, (_, n) => ownerOf(`caller ${n}`))
  for (let n = 0; n < size; n++) {
    // The last ones of the two callers we ask as have not run yet.
    const fromEnd = size - n
    const isOld = n < oldOnes
    const isWaiting = fromEnd <= 55
    const isOfFew = fromEnd <= 5 || (fromEnd > 55 && fromEnd <= 95)
    const isOfMany = isOld || (isWaiting && !isOfFew) || (!isOfFew && n % 3 === 0)
    const method = isOld || n % 2 === 0 ? 'POST' : 'GET'
    const address = isOld ? url('old') : url(`items/${n % 5}`)
    const queue = isOld ? 'old' : n % 4 === 3 ? null : `queue ${n % 2}`
    const status = isWaiting ? 'pending' : isOld ? 'cancelled' : n % 9 === 0 ? 'failed' : 'resolved'
    const whose = isOfMany
      ? owner
      : isOfFew
        ? ownerOf(sessionOfFew)
        : callers[Math.floor(random() ** 2 * callers.length)]!
    const expiresAt = now + 20 * 86_400_000 + n
    const createdAt = now - fromEnd * 10
    const id = newId(expiresAt)
    // An hour from now, so that nobody runs them meanwhile.
    const notBefore = isWaiting ? now + 3_600_000 : 0
    yield {
      id,
      owner: whose,
      key_name: 'api',
      idempotency_key: hash(id),
      fingerprint: hash(`fingerprint ${id}`),
      method,
      host: 'api.example.com',
      url_hash: hash(address),
      queue_name: isWaiting ? 'waiting' : queue,
      queue_hash: isWaiting ? hash('waiting') : queue && hash(queue),
      concurrency_key: isWaiting
        ? hash(`waiting of ${whose}`)
        : queue === null
          ? id
          : hash(JSON.stringify([whose, method, address, queue])),
      relay: null,
      status,
      version: isWaiting ? 1 : 3,
      request: JSON.stringify({
        clientSecretName: 'api',
        url: address,
        method,
        headers: { authorization: 'Bearer $CLIENT_SECRET' },
        data: { prompt: `The quick brown fox asks for item ${n}` },
      }),
      response: isWaiting
        ? null
        : JSON.stringify({
            status: 200,
            headers: { 'content-type': 'application/json' },
            body: `{"text":"${id.repeat(4)}"}`,
          }),
      error: status === 'failed' ? JSON.stringify({ code: 'UPSTREAM_ERROR', message: 'The API answered 500.' }) : null,
      created_at: createdAt,
      updated_at: createdAt + 900,
      expires_at: expiresAt,
      attempted_at: isWaiting ? null : createdAt + 100,
      not_before: notBefore,
    }
  }
}

const columns = [...rowsOf(1)].flatMap((row) => Object.keys(row))

/** Fills a table while it has no indexes but those of its constraints, which takes a tenth of the time. */
async function withoutIndexes(definitions: string[], run: (sql: string) => unknown, fill: () => Promise<void> | void) {
  for (const sql of definitions) await run(`DROP INDEX ${/INDEX (\S+)/.exec(sql)![1]}`)
  await fill()
  for (const sql of definitions) await run(sql)
}

async function fillPostgres(address: string, size: number): Promise<void> {
  const client = new pg.Client(address)
  await client.connect()
  // Only the fill is to be quick, and it need not outlive a power cut.
  await client.query('SET synchronous_commit = off')
  let batch: Row[] = []
  const write = async () => {
    await client.query(
      `INSERT INTO records (${columns.join(', ')}) SELECT ${columns.join(', ')} FROM json_populate_recordset(NULL::records, $1)`,
      [JSON.stringify(batch)],
    )
    batch = []
  }
  const { rows } = await client.query<{ indexdef: string }>(
    `SELECT indexdef FROM pg_indexes WHERE tablename = 'records' AND indexname NOT IN ('records_pkey', 'records_id_key')`,
  )
  await withoutIndexes(
    rows.map(({ indexdef }) => indexdef),
    (sql) => client.query(sql),
    async () => {
      for (const row of rowsOf(size)) {
        batch.push(row)
        if (batch.length === 5_000) await write()
      }
      await write()
    },
  )
  // As Postgres does by itself within minutes.
  await client.query('VACUUM ANALYZE records')
  await client.end()
}

async function fillSqlite(path: string, size: number): Promise<void> {
  const database = new DatabaseSync(path)
  database.exec('PRAGMA synchronous = OFF; PRAGMA cache_size = -1000000; BEGIN')
  const definitions = database
    .prepare(`SELECT sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'records' AND sql IS NOT NULL`)
    .all() as { sql: string }[]
  const insert = database.prepare(
    `INSERT INTO records (${columns.join(', ')}) VALUES (${columns.map((name) => `$${name}`).join(', ')})`,
  )
  await withoutIndexes(
    definitions.map(({ sql }) => sql),
    (sql) => database.exec(sql),
    () => {
      for (const row of rowsOf(size)) insert.run(row)
    },
  )
  database.exec('COMMIT; PRAGMA wal_checkpoint(TRUNCATE)')
  database.close()
}

const quiet = { info() {}, warn: console.warn, error: console.error }

async function prepare(address: string, size: number): Promise<{ id: string }> {
  const { database } = await openStorage(address, quiet)
  await database.close()
  const from = performance.now()
  if (address.startsWith('postgres')) await fillPostgres(address, size)
  else await fillSqlite(address, size)
  console.log(`${size} records written in ${rounded((performance.now() - from) / 1000, 0)} s`)
  return wanted
}

// Nothing is answered, so that what is submitted waits behind a call that runs.
const upstream = await startUpstream(() => {})

async function caller(relay: Relay) {
  async function ask(path: string, session: string, init: RequestInit = {}): Promise<unknown> {
    const response = await relay.fetch(
      new Request(`http://relay.test${path}`, {
        ...init,
        headers: { 'client-session': session, 'content-type': 'application/json', ...(init.headers as object) },
      }),
    )
    const answer: unknown = await response.json()
    if (!response.ok) throw new Error(JSON.stringify(answer))
    return answer
  }
  let submitted = 0
  const submit = async () =>
    (await ask('/requests', sessionOfFew, {
      method: 'POST',
      headers: { 'idempotency-key': `${submitted++}` },
      body: JSON.stringify({
        clientSecretName: 'api',
        url: `${upstream.url}/`,
        method: 'POST',
        headers: { authorization: 'Bearer $CLIENT_SECRET' },
        data: { number: submitted },
        queue: 'new',
      }),
    })) as { id: string }
  const page = async (query: string, session = sessionOfMany) =>
    (await ask(`/requests?${query}`, session)) as { records: { id: string }[]; cursor: string | null }
  const first = await page('')
  const all = await page('limit=100')
  await submit()
  const urlOf = (name: string) => `url=${encodeURIComponent(url(name))}`
  return {
    submit: async () => {
      const { id } = await submit()
      // Later, outside of what is measured.
      return () => ask(`/requests/${id}`, sessionOfFew, { method: 'DELETE' })
    },
    'poll of a settled record': () => ask(`/requests?ids=${all.records.at(-1)!.id}&wait=0`, sessionOfMany),
    'poll of one that waits in line': () => ask(`/requests?ids=${first.records[5]!.id}&wait=0`, sessionOfMany),
    'history of an ordinary caller': () => page('', sessionOfFew),
    'history of the one with many': () => page(''),
    'its next page': () => page(`cursor=${first.cursor}`),
    'by url and method': () => page(`${urlOf('items/2')}&method=POST`),
    'by url and method, the oldest': () => page(`${urlOf('old')}&method=POST`),
    'by url alone': () => page(urlOf('items/2')),
    'by url alone, the oldest': () => page(urlOf('old')),
    'of a queue': () => page('queue=queue%200'),
    'of a queue, the oldest': () => page('queue=old'),
    'by a status': () => page('status=failed'),
    'by a status, the oldest': () => page('status=cancelled'),
    'by url, method, queue and status': () => page(`${urlOf('items/0')}&method=POST&queue=queue%200&status=failed`),
    'count of a queue': () => ask('/queues/waiting', sessionOfMany),
  }
}

async function measure(addresses: string[]) {
  const relays = addresses.map((database) =>
    createRelay({
      keys: { api: { ...keyFor(upstream.url), limits: { unsettled: 1_000_000 } } },
      database,
      limits: noLimits,
      shutdownTimeout: 10,
      logger: quiet,
    }),
  )
  const callers = await Promise.all(relays.map((relay) => relay.ready.then(() => caller(relay))))
  const names = Object.keys(callers[0]!) as (keyof (typeof callers)[number])[]
  const times = Object.fromEntries(names.map((name) => [name, sizes.map(() => [] as number[])]))
  const pages = new Map<string, number>()
  for (let round = -20; round < rounds; round++) {
    for (const name of names) {
      for (const [index, one] of callers.entries()) {
        const from = performance.now()
        const answer = await one[name]()
        const took = performance.now() - from
        if (round >= 0) times[name]![index]!.push(took)
        if (typeof answer === 'function') await (answer as () => Promise<unknown>)()
        else if ('records' in (answer as object))
          pages.set(`${name} ${index}`, (answer as { records: unknown[] }).records.length)
      }
    }
  }
  await Promise.all(relays.map((relay) => relay.close()))
  return names.map((name) => {
    const medians = times[name]!.map(median)
    const lengths = sizes.map((_, index) => pages.get(`${name} ${index}`))
    if (new Set(lengths).size > 1) console.warn(`${name}: the pages are not alike: ${lengths.join(', ')} records`)
    const growth = medians.at(-1)! / medians[0]!
    return {
      what: name,
      ...Object.fromEntries(sizes.map((size, index) => [`${size}, ms`, rounded(medians[index]!)])),
      growth: rounded(growth),
      'within 1.5': growth <= maxGrowth,
    }
  })
}

/** The statements of records.ts, and how the database goes about each. */
async function plansOf(address: string) {
  const { database } = await openStorage(address, quiet)
  const statements: { what: string; sql: string; parameters: readonly Value[] }[] = []
  let what = ''
  const query: Database['query'] = async (sql, parameters = []) => {
    statements.push({ what, sql, parameters })
    return database.query(sql, parameters)
  }
  const records = createRecords({
    ...database,
    query,
    transaction: (locks, work) => database.transaction(locks, (transaction) => work({ ...transaction, query })),
  })
  const page = { limit: 21 }
  const [newest] = (await records.history(owner, page)).records
  const { id, concurrencyKey, seq } = newest!
  statements.length = 0
  const asked: Record<string, () => Promise<unknown>> = {
    'submit: is there room': () => records.countUnsettled({ owner }),
    'submit: is there room for the key': () => records.countUnsettled({ keyName: 'api' }),
    poll: () => records.summaries(owner, [id]),
    read: () => records.read(owner, id),
    'cancel: by id or idempotency key': () => records.find(owner, id),
    'submit again: is it known': () => records.isKnown(owner, 'some key'),
    'history page': () => records.history(owner, page),
    'history page, a later one': () => records.history(owner, { ...page, before: seq - 1 }),
    'history by url and method': () => records.history(owner, { ...page, url: url('old'), method: 'POST' }),
    'history by url': () => records.history(owner, { ...page, url: url('old') }),
    'history of a queue': () => records.history(owner, { ...page, queue: 'old' }),
    'history by status': () => records.history(owner, { ...page, status: 'cancelled' }),
    'count of a queue': () => records.countUnsettled({ owner, queueName: 'waiting' }),
    'queue: what is next': () => records.next(concurrencyKey),
    'queue: take': () => records.take([concurrencyKey, 'another'].map((key) => ({ concurrencyKey: key, lease: null }))),
    'queue: which concurrency keys have unsettled records': () =>
      records.notEmpty([concurrencyKey, 'another'], { query }),
    'start: concurrency keys with unsettled records': () => records.concurrencyKeys(),
    'take over: direct requests of dead relays': () => records.orphans(15_000),
    'expiry: a batch': () => records.removeExpired(),
  }
  for (const [name, ask] of Object.entries(asked)) {
    what = name
    await ask()
  }
  const isPostgres = address.startsWith('postgres')
  const plans = []
  for (const { what, sql, parameters } of statements) {
    const lines = isPostgres
      ? (await database.query<{ 'QUERY PLAN': string }>(`EXPLAIN (COSTS OFF) ${sql}`, parameters)).map(
          (row) => row['QUERY PLAN'],
        )
      : (await database.query<{ detail: string }>(`EXPLAIN QUERY PLAN ${sql}`, parameters)).map(({ detail }) => detail)
    const isScan = lines.some((text) =>
      (isPostgres ? /Seq Scan on records\b/ : /^SCAN (records|ahead)(?! USING)/).test(text),
    )
    plans.push({ what, 'uses an index': !isScan, plan: lines })
  }
  await database.close()
  return plans
}

const folder = mkdtempSync(join(tmpdir(), 'growth-'))
const postgres = await startPostgres({ max_wal_size: '4GB' })
const found: Record<string, object> = {}
let isMissed = false
try {
  const kinds = {
    SQLite: sizes.map((size) => join(folder, `${size}.db`)),
    Postgres: await Promise.all(sizes.map(() => postgres.database())),
  }
  for (const [name, addresses] of Object.entries(kinds)) {
    for (const [index, size] of sizes.entries()) await prepare(addresses[index]!, size)
    const figures = await measure(addresses)
    const plans = await plansOf(addresses.at(-1)!)
    isMissed ||= figures.some((row) => !row['within 1.5']) || plans.some((row) => !row['uses an index'])
    console.log(`\n${name}: what a call of the relay takes, medians of ${rounds} rounds in turns`)
    console.table(Object.fromEntries(figures.map(({ what, ...rest }) => [what, rest])))
    console.log(`${name}: the plans with ${sizes.at(-1)} records`)
    for (const { what, plan, 'uses an index': uses } of plans)
      console.log(`${what}${uses ? '' : '   USES NO INDEX'}\n  ${plan.join('\n  ')}`)
    found[name] = { figures, plans }
  }
} finally {
  await postgres.remove()
  rmSync(folder, { recursive: true })
  upstream.close()
}
writeResult('growth', { rounds, sizes, ...found })
console.log(
  isMissed ? 'Something grows more than 1.5 times, or uses no index: see above.' : 'Nothing grows more than 1.5 times.',
)
process.exit(0)
