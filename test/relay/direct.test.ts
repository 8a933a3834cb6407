import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import type { RelayOptions } from '../../src/relay/options.ts'
import { door, json, startApi, type ApiAnswer } from '../helpers/api.ts'
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
function sender(relay: string, api: string) {
  return async (method: string, idempotencyKey: string, path = '/') => {
    const answered = await fetch(`${relay}/requests`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': idempotencyKey },
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
    await vi.waitFor(() => expect(api.calls).toHaveLength(1))
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
    await vi.waitFor(() => expect(api.calls).toHaveLength(1))
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
    await vi.waitFor(() => expect(api.calls).toHaveLength(1))
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
  await vi.waitFor(() => expect(api.calls).toHaveLength(1))
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
    await vi.waitFor(
      async () => {
        const { records } = await client.history({})
        expect(records.map((record) => record.status)).toEqual(['resolved', 'resolved'])
      },
      { timeout: 15_000 },
    )
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
    await vi.waitFor(async () => expect((await send('GET', 'after')).http).toBe(200), { timeout: 15_000 })
  }, 60_000)
})
