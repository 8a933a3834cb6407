import { mkdtemp, rm } from 'node:fs/promises'
import { request as httpRequest } from 'node:http'
import { connect, createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { RelayOptions } from '../../src/relay/options.ts'
import { door, json, startApi, type ApiAnswer } from '../helpers/api.ts'
import { eventually } from '../helpers/eventually.ts'
import { postgresOfThisFile } from '../helpers/postgres.ts'
import { keyFor, startRelay } from '../helpers/relay.ts'

const postgres = postgresOfThisFile()

async function setUp(answer?: ApiAnswer, options: Partial<RelayOptions> = {}) {
  const api = await startApi(answer)
  const everything = { keys: { api: keyFor(api.url) }, authenticate: () => 'ada', ...options }
  const started = await startRelay(everything)
  return { api, options: everything, ...started, send: sender(started.url, api.url) }
}

/** Sends a direct request as a client does, each time under the key that is named. */
function sender(relay: string, api: string, who: Record<string, string> = {}) {
  return async (method: string, idempotencyKey: string, path = '/') => {
    const answered = await fetch(`${relay}/requests`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': idempotencyKey, ...who },
      body: JSON.stringify({
        clientSecretName: 'api',
        url: api + path,
        method,
        headers: { authorization: '$CLIENT_SECRET' },
      }),
    })
    const { id, status, response, error } = (await answered.json()) as {
      id?: string
      status?: string
      response?: { body: string }
      error?: { code: string }
    }
    return { http: answered.status, id, status, body: response?.body, code: error?.code }
  }
}

describe.each(['GET', 'PUT', 'POST'])('a direct %s', (method) => {
  test('stands in the history as soon as it is answered', async () => {
    const { client, send } = await setUp()
    const { id } = await send(method, 'one')
    expect((await client.history({})).records.map((record) => [record.id, record.status])).toEqual([[id, 'resolved']])
  })

  test('that is sent again, at the same time or later, is one call and one record', async () => {
    const { opened, open } = door()
    const { api, client, send } = await setUp(async (_call, outgoing) => {
      await opened
      json(outgoing, { n: 1 })
    })
    const together = [send(method, 'one'), send(method, 'one')]
    await eventually(() => expect(api.calls).toHaveLength(1))
    open()
    const answers = [...(await Promise.all(together)), await send(method, 'one')]
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1)
    expect(answers[0]).toMatchObject({ http: 200, status: 'resolved', body: '{"n":1}' })
    expect(api.calls).toHaveLength(1)
    expect((await client.history({})).records).toHaveLength(1)
  })

  test('that uses the key of another request is refused', async () => {
    const { api, send } = await setUp()
    await send(method, 'one')
    expect(await send(method, 'one', '/other')).toMatchObject({ http: 400, code: 'INVALID_PARAMETER' })
    expect(api.calls).toHaveLength(1)
  })

  test('is cancelled by its key while it runs: the call ends, and all are told', async () => {
    const { opened: ended, open: end } = door()
    const { api, url, client, send } = await setUp((_call, outgoing) => void outgoing.once('close', end))
    const sent = send(method, 'one')
    await eventually(() => expect(api.calls).toHaveLength(1))
    const cancelled = await fetch(`${url}/requests/one`, { method: 'DELETE' })
    expect(await cancelled.json()).toMatchObject({ removed: true })
    await ended
    expect(await sent).toMatchObject({ status: 'cancelled' })
    expect((await client.history({})).records).toMatchObject([{ status: 'cancelled' }])
    expect(await (await fetch(`${url}/requests/one`, { method: 'DELETE' })).json()).toMatchObject({ removed: false })
  })

  test('is counted while it runs, and not longer', async () => {
    const { opened, open } = door()
    const { api, send } = await setUp(
      async (_call, outgoing) => {
        await opened
        json(outgoing, {})
      },
      { limits: { unsettledPerCaller: 1 } },
    )
    const sent = send(method, 'one')
    await eventually(() => expect(api.calls).toHaveLength(1))
    expect(await send(method, 'two')).toMatchObject({ http: 429, code: 'QUEUE_FULL' })
    open()
    await sent
    expect(await send(method, 'three')).toMatchObject({ http: 200 })
  })
})

test.each([
  ['GET', 'resolved', 2],
  ['PUT', 'resolved', 2],
  ['DELETE', 'resolved', 2],
  ['POST', 'failed', 1],
])('a direct %s that a restart interrupted, sent again with its key: %s, %i calls', async (method, status, calls) => {
  const folder = await mkdtemp(join(tmpdir(), 'relay-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  let isHanging = true
  const { api, options, relay, send } = await setUp(
    (_call, outgoing) => (isHanging ? undefined : json(outgoing, 'done')),
    { database: join(folder, 'relay.db'), shutdownTimeout: 50 },
  )
  const first = send(method, 'one')
  await eventually(() => expect(api.calls).toHaveLength(1))
  await relay.close()
  // What may have acted is told; everything else may be sent again.
  expect(await first).toMatchObject(
    method === 'POST' ? { status: 'failed', code: 'INTERRUPTED' } : { http: 503, code: 'UNAVAILABLE' },
  )
  isHanging = false
  const after = await startRelay(options)
  expect(await sender(after.url, api.url)(method, 'one')).toMatchObject({ http: 200, status })
  expect(api.calls).toHaveLength(calls)
  expect((await after.client.history({})).records).toHaveLength(1)
})

describe('a direct PUT that runs again after a restart', () => {
  async function interrupted() {
    const folder = await mkdtemp(join(tmpdir(), 'relay-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    const { opened, open } = door()
    const { opened: ended, open: end } = door()
    const { api, options, relay, send } = await setUp(
      async (_call, outgoing) => {
        if (api.calls.length > 1) outgoing.once('close', end)
        await opened
        json(outgoing, 'done')
      },
      { database: join(folder, 'relay.db'), shutdownTimeout: 50 },
    )
    const first = send('PUT', 'one')
    await eventually(() => expect(api.calls).toHaveLength(1))
    await relay.close()
    await first
    const after = await startRelay(options)
    return { api, after, open, ended, send: sender(after.url, api.url) }
  }

  test('can be cancelled', async () => {
    const { api, after, ended, send } = await interrupted()
    const again = send('PUT', 'one')
    await eventually(() => expect(api.calls).toHaveLength(2))
    expect(await (await fetch(`${after.url}/requests/one`, { method: 'DELETE' })).json()).toMatchObject({
      removed: true,
    })
    await ended
    expect(await again).toMatchObject({ status: 'cancelled' })
  })

  test('is one call for two that send it at the same time, and both get its answer', async () => {
    const { api, open, send } = await interrupted()
    const both = [send('PUT', 'one'), send('PUT', 'one')]
    await eventually(() => expect(api.calls).toHaveLength(2))
    open()
    for (const answer of await Promise.all(both)) expect(answer).toMatchObject({ status: 'resolved' })
    expect(api.calls).toHaveLength(2)
  })
})

test('a GET that is sent again while there is no room is not one more', async () => {
  const { opened, open } = door()
  const { api, send } = await setUp(
    async (_call, outgoing) => {
      await opened
      json(outgoing, {})
    },
    { limits: { unsettledPerCaller: 1 } },
  )
  const first = send('GET', 'one')
  await eventually(() => expect(api.calls).toHaveLength(1))
  const again = send('GET', 'one')
  expect(await send('GET', 'two')).toMatchObject({ code: 'QUEUE_FULL' })
  open()
  expect(await again).toEqual(await first)
})

test('a request whose body arrives when the relay has stopped is refused, and nothing is called', async () => {
  const { api, relay, url } = await setUp()
  const body = JSON.stringify({
    clientSecretName: 'api',
    url: `${api.url}/`,
    method: 'POST',
    headers: { authorization: '$CLIENT_SECRET' },
  })
  const slow = httpRequest(`${url}/requests`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'content-length': body.length },
  })
  const answered = new Promise<number | undefined>((resolve) =>
    slow.once('response', (answer) => resolve(answer.statusCode)),
  )
  slow.write(body.slice(0, 10))
  // A call that came later is answered, so that the first one has been let in.
  expect((await fetch(`${url}/health`)).status).toBe(200)
  await relay.close()
  slow.end(body.slice(10))
  expect(await answered).toBe(503)
  expect(api.calls).toEqual([])
})

test('a claim whose answer was lost does not block its request', async () => {
  const address = new URL(await postgres.database())
  const port = Number(address.port)
  /** Takes the first claim to Postgres, and does not bring the answer back. */
  let isToLose = false
  const proxy = createServer((near) => {
    const far = connect(port, address.hostname)
    let isLost = false
    near.on('error', () => {}).on('close', () => far.destroy())
    far.on('error', () => {}).on('close', () => near.destroy())
    near.on('data', (chunk) => {
      if (isToLose && chunk.includes('INSERT INTO records')) {
        isToLose = false
        isLost = true
      }
      far.write(chunk)
    })
    far.on('data', (chunk) => (isLost ? far.destroy() : near.write(chunk)))
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void proxy.close())
  address.port = String((proxy.address() as AddressInfo).port)
  const { api, client, send } = await setUp(undefined, { database: address.href })
  isToLose = true
  expect(await send('POST', 'one')).toMatchObject({ http: 503, code: 'UNAVAILABLE' })
  expect(isToLose).toBe(false)
  expect(await send('POST', 'one')).toMatchObject({ http: 200, status: 'resolved' })
  expect(api.calls).toHaveLength(1)
  expect((await client.history({})).records).toHaveLength(1)
})

describe('while the database is away', () => {
  test('a GET is answered, and written when the database is back', async () => {
    const { client, send } = await setUp(undefined, { database: await postgres.database() })
    await send('GET', 'before')
    await client.history({})
    await postgres.stop()
    expect(await send('GET', 'one')).toMatchObject({ http: 200, status: 'resolved' })
    // What changes something is not begun without a claim.
    expect(await send('POST', 'two')).toMatchObject({ http: 503, code: 'UNAVAILABLE' })
    await postgres.start()
    await eventually(async () => {
      const { records } = await client.history({})
      expect(records.map((record) => record.status)).toEqual(['resolved', 'resolved'])
    })
  }, 60_000)

  test('answers are held within bounds: then no more is begun', async () => {
    const { api, client, send } = await setUp((_call, outgoing) => json(outgoing, 'x'.repeat(9_000_000)), {
      database: await postgres.database(),
    })
    await send('GET', 'before')
    await client.history({})
    await postgres.stop()
    const statuses = []
    for (let n = 0; n < 6; n++) statuses.push((await send('GET', String(n))).http)
    expect(statuses).toEqual([200, 200, 200, 200, 503, 503])
    expect(api.calls).toHaveLength(5)
    await postgres.start()
    await eventually(async () => expect((await send('GET', 'after')).http).toBe(200))
  }, 60_000)

  test('visitors fill half of these bounds: who is signed in is served', async () => {
    const { visitor, ada } = await setUpBoth(9_000_000, { database: await postgres.database() })
    await ada('GET', 'before')
    await postgres.stop()
    const statuses = []
    for (let n = 0; n < 4; n++) statuses.push((await visitor('GET', String(n))).http)
    expect(statuses).toEqual([200, 200, 503, 503])
    expect((await ada('GET', 'one')).http).toBe(200)
    await postgres.start()
  }, 60_000)
})

test('of the answers that are kept for a GET that is sent again, visitors have half', async () => {
  const { api, visitor, ada } = await setUpBoth(7_000_000)
  for (let n = 0; n < 4; n++) await visitor('GET', String(n))
  await ada('GET', 'one')
  await ada('GET', 'one')
  expect(api.calls).toHaveLength(5)
})

/** A visitor and somebody who is signed in, at an API whose answers have so many bytes. */
async function setUpBoth(bytes: number, options: Partial<RelayOptions> = {}) {
  const { api, url } = await setUp((_call, outgoing) => json(outgoing, 'x'.repeat(bytes)), {
    authenticate: (request) => request.headers.get('user'),
    ...options,
  })
  return {
    api,
    visitor: sender(url, api.url, { 'client-session': 'v'.repeat(30) }),
    ada: sender(url, api.url, { user: 'ada' }),
  }
}
