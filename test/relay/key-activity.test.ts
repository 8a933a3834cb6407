import { expect, test } from 'vitest'
import { createClient } from '../../src/client/create-client.ts'
import { keyUsesSchema } from '../../src/protocol/keys.ts'
import { openSqlite } from '../../src/relay/database/sqlite-database.ts'
import { createRecords } from '../../src/relay/database/records.ts'
import { createKeyActivity } from '../../src/relay/execution/key-activity.ts'
import { administratorOf, setMasterKey } from '../helpers/administrator.ts'
import { door, json, startApi } from '../helpers/api.ts'
import { eventually } from '../helpers/eventually.ts'
import { startRelay } from '../helpers/relay.ts'

const bearer = { authorization: 'Bearer $CLIENT_SECRET' }

async function setUp() {
  setMasterKey()
  const { opened, open } = door()
  const api = await startApi(async ({ path }, outgoing) => {
    if (path === '/v1/slow') await opened
    json(outgoing, { usage: { input_tokens: 20, output_tokens: 10 } }, path === '/v1/fail' ? 402 : 200)
  })
  const { url } = await startRelay({ authenticate: () => null, database: ':memory:' })
  const administrator = administratorOf(url)
  const rule = { url: `${api.url}/v1/*`, methods: ['POST'], in: ['headers.authorization'], allowPrivateNetwork: true }
  const key = { secret: 'a-secret-of-the-shop', locked: false, allow: [rule], limits: {} }
  const { status } = await administrator.put('shop', key)
  expect(status).toBe(200)
  const client = createClient({ relay: url })
  const send = (path: string, fields: object = {}) =>
    client
      .send({
        clientSecretName: 'shop',
        url: `${api.url}${path}`,
        method: 'POST',
        headers: bearer,
        ...fields,
      })
      .catch((error: { code: string }) => error.code)
  const uses = async () => keyUsesSchema.parse((await administrator.ask('GET', '/keys/shop/requests')).body)
  return { administrator, api, url, rule, key, send, uses, open }
}

test('an administrator sees what a key did in the last hour and day', async () => {
  const { send, uses, open, api } = await setUp()
  await send('/v1/ok')
  await send('/v1/fail')
  const slow = [send('/v1/slow', { queue: 'q', poll: 20 }), send('/v1/slow', { queue: 'q', poll: 20 })]
  await eventually(() => expect(api.calls).toHaveLength(3))
  const counts = { calls: 4, failed: 1, waiting: 1, tokens: 60 }
  await eventually(async () =>
    expect((await uses()).activity).toEqual({
      hour: counts,
      day: counts,
      isCut: false,
      since: expect.any(Number) as number,
    }),
  )
  open()
  await Promise.all(slow)
})

test('a refusal has its reason and, where one helps, the rule that allows the request', async () => {
  const { administrator, api, send, uses, key, rule } = await setUp()
  const apart = { params: { q: 'private-query' }, data: { text: 'private-body' } }
  expect(await send('/v2/orders', apart)).toBe('NOT_ALLOWED')
  expect(await send('/v2/orders', apart)).toBe('NOT_ALLOWED')
  expect(await send('/v1/ok', { method: 'GET', params: { key: '$CLIENT_SECRET' }, headers: {} })).toBe('NOT_ALLOWED')
  await administrator.put('shop', { ...key, secret: undefined, isNew: false, limits: { requestsPerMinute: 1 } })
  await send('/v1/ok')
  await send('/v1/ok')
  await administrator.put('shop', { ...key, secret: undefined, isNew: false, locked: true })
  await send('/v1/ok')
  const { refusals } = await uses()
  const common = { caller: expect.stringMatching(/^visitor /) as string, at: expect.any(Number) as number }
  const orders = { url: `${api.url}/v2/orders`, methods: ['POST'], allowPrivateNetwork: true }
  const limited = refusals!.filter(({ code }) => code === 'RATE_LIMITED')
  expect(limited).toEqual([
    { ...common, code: 'RATE_LIMITED', limit: 'keys.limits.requestsPerMinute', count: expect.any(Number) as number },
  ])
  expect(refusals!.filter(({ code }) => code !== 'RATE_LIMITED')).toEqual([
    { ...common, code: 'SIGN_IN_REQUIRED', count: 1 },
    {
      ...common,
      code: 'NOT_ALLOWED',
      count: 1,
      rule: { url: `${api.url}/v1/ok`, methods: ['GET'], in: ['params.key'], allowPrivateNetwork: true },
    },
    { ...common, code: 'NOT_ALLOWED', count: 2, rule: orders },
  ])
  expect(administrator.answers.join()).not.toContain('private-')

  // The rule allows it.
  const { status } = await administrator.put('shop', { ...key, isNew: false, allow: [rule, refusals!.at(-1)!.rule!] })
  expect(status).toBe(200)
  expect(await send('/v2/orders', apart)).toMatchObject({ data: expect.any(Object) as object })
}, 60_000)

test('a caller cannot fill the memory or the page with refusals, nor add one to a key that is not there', async () => {
  const { administrator, send, uses } = await setUp()
  await Promise.all(Array.from({ length: 60 }, (_, index) => send(`/v2/${index}`)))
  await send(`/v2/${'x'.repeat(2_000)}`)
  await send('/v1/ok', { clientSecretName: 'none' })
  const { refusals } = await uses()
  expect(refusals).toHaveLength(20)
  expect(refusals![0]).not.toHaveProperty('rule')
  expect(JSON.stringify(refusals).length).toBeLessThan(10_000)
  const none = keyUsesSchema.parse((await administrator.ask('GET', '/keys/none/requests')).body)
  expect(none.refusals).toEqual([])
  expect((await administrator.ask('GET', '/keys/shop/requests', undefined, { authorization: 'Bearer x' })).status).toBe(
    401,
  )
})

test('a caller cannot have a rule suggested that allows more than its request', async () => {
  const { api, send, url } = await setUp()
  const uses = administratorOf(url)
  const client = createClient({ relay: url })
  const { origin } = new URL(api.url)
  for (const wide of [`${origin}/**`, `${origin}/v2/*/x`, 'https://*.example.com/x', 'https://api.test/v1/*:run']) {
    const refusal = client.send({ clientSecretName: 'shop', url: wide, method: 'POST', headers: bearer })
    await expect(refusal, wide).rejects.toMatchObject({
      code: 'NOT_ALLOWED',
      message: expect.stringMatching(/add a rule for it to keys\.shop\.allow/) as string,
    })
  }
  await send('/v2/%2A')
  const { refusals } = keyUsesSchema.parse((await uses.ask('GET', '/keys/shop/requests')).body)
  const allowed = { url: `${origin}/v2/%2A`, methods: ['POST'], allowPrivateNetwork: true }
  expect(refusals!.map(({ rule, count }) => [rule, count])).toEqual([
    [allowed, 1],
    [undefined, 4],
  ])
})

test('tokens leave the hour and the day', () => {
  let now = 1_000_000_000_000
  const activity = createKeyActivity(() => now)
  const use = (input: number) => activity.used({ key: 'shop', usage: { input, output: 0 }, cost: 0 })
  use(1)
  now += 2 * 3_600_000
  use(10)
  expect(activity.of('shop').tokens).toEqual({ hour: 10, day: 11 })
  now += 23 * 3_600_000
  use(100)
  expect(activity.of('shop').tokens).toEqual({ hour: 100, day: 110 })
  expect(activity.of('other').tokens).toEqual({ hour: 0, day: 0 })
})

test('of a busy key, the newest 10,000 requests are counted, in a few milliseconds', async () => {
  const database = await openSqlite(undefined)
  const places = {} as Parameters<typeof createRecords>[1]
  const records = createRecords(database, places)
  await records.insertSettled({
    ...records.draft({
      owner: 'ann',
      idempotencyKey: 'one',
      lifetime: 86_400_000,
      request: { clientSecretName: 'shop', url: 'https://api.test/', method: 'POST' },
    }),
    status: 'failed',
  })
  const [{ columns } = { columns: '' }] = await database.query<{ columns: string }>(
    `SELECT group_concat(name) AS columns FROM pragma_table_info('records') WHERE name NOT IN ('seq', 'id', 'idempotency_key')`,
  )
  await database.query(
    `INSERT INTO records (id, idempotency_key, ${columns})
     WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30000) SELECT 'id' || i, 'key' || i, ${columns} FROM n, records`,
  )
  const { day, isCut } = await records.countsOf('shop')
  expect(day).toEqual({ calls: 10_000, failed: 10_000, waiting: 0 })
  expect(isCut).toBe(true)
  await database.close()
})
