import { describe, expect, onTestFinished, test } from 'vitest'
import { sleep } from '../../src/client/retry-delay.ts'
import { door, json, startApi, type ApiAnswer } from '../helpers/api.ts'
import { losingProxy } from '../helpers/losing-proxy.ts'
import { postgresOfThisFile } from '../helpers/postgres.ts'
import { keyFor, startRelay } from '../helpers/relay.ts'
import { until } from '../helpers/watched-fetch.ts'

const postgres = postgresOfThisFile()

/** Milliseconds after which a relay looks again into a queue whose database did not answer; see line.ts. */
const betweenTries = 500

async function setUp(answer: ApiAnswer = (_call, outgoing) => json(outgoing, {})) {
  const api = await startApi(answer)
  const address = await postgres.database()
  const proxy = await losingProxy(address)
  const options = { keys: { api: keyFor(api.url) }, database: proxy.database, authenticate: () => 'ada' }
  const sent = (n: number) => ({
    clientSecretName: 'api',
    method: 'POST' as const,
    headers: { authorization: '$CLIENT_SECRET' },
    url: `${api.url}/`,
    data: { n },
  })
  const relay = await startRelay(options)
  await relay.relay.ready
  return { api, address, proxy, options, sent, ...relay }
}

test('POSTs whose take was done and not answered were never sent: they are, once', async () => {
  const { api, proxy, client, sent } = await setUp()
  proxy.loseAnswerTo((bytes) => bytes.includes('WITH asked'))
  const all = Array.from({ length: 10 }, (_, n) => client.clientSecretRequest({ ...sent(n), queue: `q${n}`, poll: 50 }))
  await expect(Promise.all(all)).resolves.toHaveLength(10)
  expect(proxy.hasLost()).toBe(true)
  expect(api.calls).toHaveLength(10)
})

test('a relay that was not told that its queue has ended starts nothing in it: it may be another relay’s by now', async () => {
  const { opened, open } = door()
  const { api, address, options, proxy, client, sent } = await setUp(async (call, outgoing) => {
    if (call.body !== '{"n":1}') await opened
    json(outgoing, {})
  })
  const wayOfOther = await losingProxy(address)
  const other = await startRelay({ ...options, database: wayOfOther.database })
  await other.relay.ready
  const isFetch = (bytes: Buffer) => bytes.includes('SKIP LOCKED') && bytes.includes('client_secret_queue')
  const letGo = wayOfOther.holdUp(isFetch)
  onTestFinished(letGo)
  let isEnding = false
  proxy.loseAnswerTo((bytes) => {
    isEnding ||= bytes.includes('SELECT DISTINCT concurrency_key FROM records')
    return isEnding && bytes.includes('COMMIT')
  })
  await client.clientSecretRequest({ ...sent(1), queue: 'q', poll: 50 })
  await until(proxy.hasLost)
  // Nobody fetches the queue before the first relay has looked into it again.
  onTestFinished(proxy.holdUp(isFetch))
  const next = await other.client.clientSecretRequest({ ...sent(2), queue: 'q' })
  await sleep(betweenTries * 2)
  expect(api.calls).toHaveLength(1)
  letGo()
  await until(() => api.calls.length === 2)
  open()
  await expect(next.poll()).resolves.toEqual({})
})

test('a POST that runs at the relay that has lost its queue and got it again is left running', async () => {
  const { opened, open } = door()
  const { api, address, client, sent } = await setUp(async (_call, outgoing) => {
    await opened
    json(outgoing, {})
  })
  const first = await client.clientSecretRequest({ ...sent(1), queue: 'q' })
  const second = await client.clientSecretRequest({ ...sent(2), queue: 'q' })
  await until(() => api.calls.length === 1)
  // What pg-boss does with the token of a relay that was silent.
  await postgres.query(
    address,
    `UPDATE client_secret_queue.job SET state = 'retry', retry_count = retry_count + 1 WHERE state = 'active'`,
  )
  const isFetched = async () =>
    (await postgres.query(address, `SELECT id FROM client_secret_queue.job WHERE state = 'active'`)).length > 0
  while (!(await isFetched())) await sleep(20)
  for (const end = performance.now() + 2_000; performance.now() < end;)
    expect((await client.history()).records.map(({ status }) => status)).toEqual(['pending', 'running'])
  open()
  await expect(first.poll()).resolves.toEqual({})
  await expect(second.poll()).resolves.toEqual({})
  expect(api.calls).toHaveLength(2)
})

/** Sends a request whose caller waits, under a key of its own. */
async function direct({ url }: { url: string }, request: object, idempotencyKey: string) {
  const answered = await fetch(`${url}/requests`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': idempotencyKey },
    body: JSON.stringify(request),
  })
  const { status, error } = (await answered.json()) as { status?: string; error?: { code: string; message: string } }
  return {
    http: answered.status,
    status,
    code: error?.code,
    ...(answered.status === 503 && { message: error?.message }),
  }
}

test('a direct PUT whose restart was done and not answered runs when it is sent again', async () => {
  let isHanging = true
  const { api, options, proxy, sent, ...before } = await setUp(
    (_call, outgoing) => void (isHanging || json(outgoing, {})),
  )
  const put = { ...sent(1), method: 'PUT' }
  const first = direct(before, put, 'one')
  await until(() => api.calls.length === 1)
  await before.relay.close()
  await first
  isHanging = false
  const after = await startRelay(options)
  await after.relay.ready
  proxy.loseAnswerTo((bytes) => bytes.includes('error = NULL, relay'))
  expect(await direct(after, put, 'one')).toMatchObject({ http: 503, code: 'UNAVAILABLE' })
  expect(proxy.hasLost()).toBe(true)
  expect(await direct(after, put, 'one')).toEqual({ http: 200, status: 'resolved', code: undefined })
  expect(api.calls).toHaveLength(2)
})

test('however many direct POSTs are refused while the database is away, it is tried now and then, and all can be sent again', async () => {
  const { api, proxy, sent, ...relay } = await setUp()
  const sendAll = () =>
    Promise.all(Array.from({ length: 300 }, (_, n) => direct(relay, sent(n), `key ${n}`).then(({ http }) => http)))
  proxy.cut()
  expect(new Set(await sendAll())).toEqual(new Set([503]))
  const before = proxy.tries()
  await sleep(1_000)
  // Four times a second for the claims, and what the relay asks by itself.
  expect(proxy.tries() - before).toBeLessThan(50)
  proxy.mend()
  expect(new Set(await sendAll())).toEqual(new Set([200]))
  expect(api.calls).toHaveLength(300)
})

const statuses = (address: string) => postgres.query(address, 'SELECT status FROM records')

test('a direct POST is answered when its end is in the records: a relay that dies then has told nothing else', async () => {
  const { api, address, proxy, sent, ...relay } = await setUp()
  const letGo = proxy.holdUp((bytes) => bytes.includes('WITH ended'))
  onTestFinished(letGo)
  let isAnswered = false
  const answer = direct(relay, sent(1), 'one').finally(() => (isAnswered = true))
  await until(() => api.calls.length === 1)
  await sleep(500)
  expect(isAnswered).toBe(false)
  letGo()
  expect(await answer).toMatchObject({ http: 200, status: 'resolved' })
  expect(await statuses(address)).toEqual([{ status: 'resolved' }])
})

test('a direct POST waits for its record also while the database is cut off for 3 s', async () => {
  const { address, proxy, sent, ...relay } = await setUp()
  proxy.cutAt((bytes) => bytes.includes('WITH ended'))
  setTimeout(proxy.mend, 3_000)
  expect(await direct(relay, sent(1), 'one')).toMatchObject({ http: 200, status: 'resolved' })
  expect(await statuses(address)).toEqual([{ status: 'resolved' }])
})

test('a direct POST is answered also while its end cannot be written, which is made up for', async () => {
  const { address, proxy, sent, ...relay } = await setUp()
  const letGo = proxy.holdUp((bytes) => bytes.includes('WITH ended'))
  onTestFinished(letGo)
  expect(await direct(relay, sent(1), 'one')).toMatchObject({ http: 200, status: 'resolved' })
  letGo()
  while (((await statuses(address)) as { status: string }[])[0]?.status !== 'resolved') await sleep(20)
})

test('a relay that was taken for dead while it called corrects what was written of its request', async () => {
  const { opened, open } = door()
  const { api, address, sent, ...relay } = await setUp(async (_call, outgoing) => {
    await opened
    json(outgoing, {})
  })
  const answer = direct(relay, sent(1), 'one')
  await until(() => api.calls.length === 1)
  // What another relay does with the claim of one that was silent.
  await postgres.query(
    address,
    `UPDATE records SET status = 'failed', version = version + 1, error = '{"code":"INTERRUPTED","message":""}'`,
  )
  open()
  expect(await answer).toMatchObject({ http: 200, status: 'resolved' })
  expect(await postgres.query(address, 'SELECT status, error, upstream_status FROM records')).toEqual([
    { status: 'resolved', error: null, upstream_status: '200' },
  ])
  expect(await direct(relay, sent(1), 'one')).toMatchObject({ http: 200, status: 'resolved' })
  expect(api.calls).toHaveLength(1)
})

describe('the sentence of a database that is away says that the API may have acted', () => {
  test('when the relay stops while a PATCH is called', async () => {
    const { api, options, proxy, sent } = await setUp(() => {})
    const stopping = await startRelay({ ...options, shutdownTimeout: 100 })
    const answer = direct(stopping, { ...sent(1), method: 'PATCH' }, 'one')
    await until(() => api.calls.length === 1)
    proxy.cut()
    await stopping.relay.close()
    expect(await answer).toMatchObject({
      http: 503,
      message: expect.stringContaining('the API may have acted') as string,
    })
  })

  test('when a request was queued and the queue did not say so', async () => {
    const { api, proxy, sent, ...relay } = await setUp()
    const queued = { ...sent(1), queue: 'q' }
    let inserting: object | undefined
    proxy.loseAnswerTo((bytes, connection) => {
      if (bytes.includes('INSERT INTO records')) inserting = connection
      // Others end transactions of their own meanwhile.
      return connection === inserting && bytes.includes('COMMIT')
    })
    expect(await direct(relay, queued, 'one')).toMatchObject({
      http: 503,
      message: expect.stringContaining('the API may be called') as string,
    })
    expect(await direct(relay, queued, 'one')).toMatchObject({ http: 202 })
    await until(() => api.calls.length === 1)
  })
})

test.each([
  ['claim', 1, 'POST', 503],
  ['restart', 3, 'PUT', 200],
])(
  'a %s that reaches the database when the relay has given it up is undone, and the request runs when it is sent again',
  async (_, version, method, http) => {
    const { api, address, sent, ...relay } = await setUp()
    const request = { ...sent(1), method }
    await direct(relay, request, 'one')
    // As it is when what was given up comes late.
    await postgres.query(address, `UPDATE records SET status = 'running', version = ${version}, response = NULL`)
    expect(await direct(relay, request, 'one')).toMatchObject({ http })
    expect(await direct(relay, request, 'one')).toMatchObject({ http: 200, status: 'resolved' })
    expect(api.calls).toHaveLength(2)
  },
)
