import { expect, test, vi } from 'vitest'
import { DatabaseSync } from 'node:sqlite'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createPubSub } from '../../src/relay/database/pub-sub.ts'
import { createRecords } from '../../src/relay/database/records.ts'
import { openSqlite } from '../../src/relay/database/sqlite-database.ts'
import { removeExpiredRecords } from '../../src/relay/execution/queue/expired-records.ts'
import { door, json, startApi } from '../helpers/api.ts'
import { eventually } from '../helpers/eventually.ts'
import { keyFor, startRelay } from '../helpers/relay.ts'

test('after `expires` seconds the record is removed, and polling it is an error', async ({ onTestFinished }) => {
  const folder = await mkdtemp(join(tmpdir(), 'relay-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const database = join(folder, 'relay.db')
  const { opened, open } = door()
  const api = await startApi(async (_call, outgoing) => {
    await opened
    json(outgoing, {})
  })
  const { client } = await startRelay({ keys: { api: keyFor(api.url) }, database })
  const request = {
    clientSecretName: 'api',
    url: `${api.url}/`,
    method: 'POST' as const,
    headers: { authorization: '$CLIENT_SECRET' },
  }
  const short = await client.clientSecretRequest({ ...request, queue: 'q', expires: 0.3 })
  const waiting = await client.clientSecretRequest({ ...request, queue: 'q', expires: 0.2 })
  const long = await client.clientSecretRequest({ ...request, queue: 'r', expires: 60 })

  // The polls are held over the moment of expiry, and answered then.
  await expect(short.poll()).rejects.toMatchObject({ code: 'EXPIRED', status: 410, requestId: short.id })
  await expect(waiting.poll()).rejects.toMatchObject({ code: 'EXPIRED' })
  // Now, most likely before it was removed, the one that waits is next in line; expired, it is not run.
  open()

  const reader = new DatabaseSync(database)
  onTestFinished(() => reader.close())
  const ids = () =>
    reader
      .prepare('SELECT id FROM records')
      .all()
      .map(({ id }) => id)
  while (ids().length > 1) await new Promise((resolve) => setTimeout(resolve, 50))
  expect(ids()).toEqual([long.id])

  // Removed or not, it is said to have expired.
  await expect(short.poll()).rejects.toMatchObject({ code: 'EXPIRED' })
  await expect(long.poll()).resolves.toEqual({})
  // What waited behind it in the queue had expired too, and was never sent.
  expect(api.calls).toHaveLength(2)
})

test('a call does not outlive its record: it is ended, is counted no more, and the next of its queue does not run beside it', async () => {
  const ended: string[] = []
  const api = await startApi(({ body }, outgoing) => void outgoing.once('close', () => ended.push(body)))
  const { client } = await startRelay({
    keys: { api: { ...keyFor(api.url), limits: { unsettled: 1 } } },
  })
  const send = (n: number) =>
    client.clientSecretRequest({
      clientSecretName: 'api',
      url: `${api.url}/`,
      method: 'POST' as const,
      headers: { authorization: '$CLIENT_SECRET' },
      data: { n },
      queue: 'q',
      expires: 0.3,
    })
  for (let n = 0; n < 3; n++) {
    const sent = await send(n)
    await expect(sent.poll()).rejects.toMatchObject({ code: 'EXPIRED' })
    // One at a time: the call before has ended when there is room for another.
    await eventually(() => expect(ended).toHaveLength(n + 1))
  }
  expect(api.calls.map(({ body }) => body)).toEqual(ended)
})

test('a relay that removes many expired records at once still does other work', async ({ onTestFinished }) => {
  const logger = { info: vi.fn(), warn: vi.fn(), error: vi.fn() }
  const database = await openSqlite()
  onTestFinished(() => database.close())
  const records = createRecords(database)
  const request = { clientSecretName: 'api', url: 'https://api.example.com/', method: 'GET' as const }
  await records.insert({ owner: 'ann', idempotencyKey: '', request, lifetime: 60_000 }, async () => {})
  const columns = (await database.query<{ name: string }>(`SELECT name FROM pragma_table_info('records')`))
    .map(({ name }) => name)
    .filter((name) => name !== 'seq')
  const copied = columns.map((name) => {
    if (name === 'expires_at') return '0'
    return ['id', 'idempotency_key', 'concurrency_key'].includes(name) ? `${name} || n.value` : name
  })
  await database.query(
    `WITH RECURSIVE n (value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n WHERE value < 5000)
     INSERT INTO records (${columns.join(', ')}) SELECT ${copied.join(', ')} FROM records, n`,
  )
  let turn = 0
  const turns: number[] = []
  const stop = removeExpiredRecords({
    records: {
      ...records,
      removeExpired() {
        const mine = ++turn
        turns.push(mine)
        setImmediate(() => turns.push(-mine))
        return records.removeExpired()
      },
    },
    pubSub: createPubSub(),
    sharedQueues: { has: () => false },
    counts: { removeOld: async () => {} },
    logger,
  })
  onTestFinished(stop)
  await eventually(() => expect(turns.length).toBeGreaterThanOrEqual(12))
  // Other work comes between any two removals.
  expect(turns).toEqual([1, -1, 2, -2, 3, -3, 4, -4, 5, -5, 6, -6])
  expect(await database.query('SELECT count(*) AS count FROM records')).toEqual([{ count: 1 }])
})
