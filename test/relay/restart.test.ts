import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, onTestFinished, test } from 'vitest'
import { door, json, startApi } from '../helpers/api.ts'
import { startRelayProcess } from '../helpers/relay-process.ts'
import { canary, keyFor, startRelay } from '../helpers/relay.ts'

async function setUp(rule: Parameters<typeof keyFor>[1] = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'relay-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const { opened, open } = door()
  const api = await startApi(async (call, outgoing) => {
    await opened
    json(outgoing, { n: call.body })
  })
  const options = { keys: { api: keyFor(api.url, rule) }, database: join(folder, 'relay.db') }
  const request = {
    clientSecretName: 'api',
    url: `${api.url}/`,
    headers: { authorization: '$CLIENT_SECRET' },
    queue: 'q',
  }
  const calls = async (count: number) => {
    while (api.calls.length < count) await new Promise((resolve) => setTimeout(resolve, 5))
  }
  return { api, options, request, open, calls, database: options.database }
}

test('what waited in a queue runs after a restart, in order; what ran and may have acted is INTERRUPTED', async () => {
  const { api, options, request, open, calls } = await setUp()
  const before = await startRelay(options)
  const queued = []
  for (const n of [1, 2, 3])
    queued.push(await before.client.clientSecretRequest({ ...request, method: 'POST', data: { n } }))
  await calls(1)
  await before.relay.close()

  open()
  await startRelay(options)
  const answers = []
  for (const { id } of queued) answers.push(await records(options.database, id, 'resolved', 'failed'))
  expect(answers.map(({ status, error }) => [status, (JSON.parse(error ?? '{}') as { code?: string }).code])).toEqual([
    ['failed', 'INTERRUPTED'],
    ['resolved', undefined],
    ['resolved', undefined],
  ])
  expect(api.calls.map(({ body }) => body)).toEqual(['{"n":1}', '{"n":2}', '{"n":3}'])
})

test('a relay that finds more queues than it runs at once begins with those that have waited longest', async () => {
  const { api, options, request, open, calls } = await setUp({ retryable: true })
  const before = await startRelay(options)
  // Names in another order than that of their arrival.
  for (let n = 0; n < 120; n++)
    await before.client.clientSecretRequest({ ...request, method: 'POST', queue: `q${(n * 7) % 120}`, data: { n } })
  await calls(100)
  await before.relay.close()

  api.calls.length = 0
  const after = await startRelay(options)
  await after.relay.ready
  await calls(100)
  const numbers = api.calls.map(({ body }) => (JSON.parse(body) as { n: number }).n)
  expect(numbers.sort((one, other) => one - other)).toEqual(Array.from({ length: 100 }, (_, n) => n))
  open()
  await calls(120)
})

test('what waited is checked again before it runs: a rule that was withdrawn lets nothing through', async () => {
  const { api, options, request, open, calls } = await setUp()
  const before = await startRelay(options)
  const first = await before.client.clientSecretRequest({ ...request, method: 'PUT' })
  const second = await before.client.clientSecretRequest({ ...request, method: 'PUT' })
  await calls(1)
  await before.relay.close()
  open()
  await startRelay({
    ...options,
    keys: {
      api: { ...options.keys.api, allow: [{ url: `${api.url}/other`, methods: ['PUT'], allowPrivateNetwork: true }] },
    },
  })
  for (const { id } of [first, second]) {
    const { error } = await records(options.database, id, 'failed')
    expect(JSON.parse(error ?? '{}')).toMatchObject({ code: 'NOT_ALLOWED' })
  }
  // Only the call from before the rule was withdrawn.
  expect(api.calls).toHaveLength(1)
})

test.each([
  ['GET', {}],
  ['PUT', {}],
  ['POST', { retryable: true }],
] as const)('a %s that was interrupted runs again where that is safe: rule %o', async (method, rule) => {
  const { api, options, request, open, calls } = await setUp(rule)
  const before = await startRelay(options)
  const { id } = await before.client.clientSecretRequest({ ...request, method })
  await calls(1)
  await before.relay.close()
  open()
  await startRelay(options)
  expect(await records(options.database, id, 'resolved')).toMatchObject({ status: 'resolved' })
  expect(api.calls).toHaveLength(2)
})

test('after kill -9 a request whose caller waited in the call itself does not run for ever', async () => {
  const { options, request, calls } = await setUp()
  const before = await startRelayProcess(options)
  const direct = before.client.clientSecretRequest({ ...request, queue: undefined, method: 'POST' })
  direct.catch(() => {})
  await calls(1)
  const running = await before.client.history({ status: 'running' })
  await before.kill()
  const after = await startRelay(options)
  await after.relay.ready
  const { error } = await records(options.database, running.records[0]!.id, 'failed')
  expect(JSON.parse(error ?? '{}')).toMatchObject({ code: 'INTERRUPTED' })
})

test('after kill -9 a queue rests while the API may still work on the call of the dead process', async () => {
  const { api, options, request, open, calls } = await setUp()
  const before = await startRelayProcess(options)
  const ids: string[] = []
  for (const n of [1, 2])
    ids.push((await before.client.clientSecretRequest({ ...request, method: 'POST', data: { n } })).id)
  await calls(1)
  await before.kill()
  const after = await startRelay(options)
  await after.relay.ready
  const dueAt = () => read(options.database, 'SELECT not_before FROM records WHERE id = ?', ids[0]!)
  const due = dueAt()
  // A process that dies again and again does not make it rest for ever.
  await after.relay.close()
  const last = await startRelay(options)
  await last.relay.ready
  expect(dueAt()).toEqual(due)
  // The API works on for a second.
  await new Promise((resolve) => setTimeout(resolve, 1_000))
  expect(api.calls).toHaveLength(1)
  open()
  expect(await records(options.database, ids[1]!, 'resolved')).toMatchObject({ status: 'resolved' })
  const { error } = await records(options.database, ids[0]!, 'failed')
  expect(JSON.parse(error ?? '{}')).toMatchObject({ code: 'INTERRUPTED' })
})

test('closing waits for what runs, answers held polls, and takes nothing new', async () => {
  const { options, request, open, calls } = await setUp()
  const { relay, client, url } = await startRelay({ ...options, shutdownTimeout: 10_000 })
  const direct = client.clientSecretRequest({ ...request, queue: undefined, method: 'POST' })
  await calls(1)
  const closed = relay.close()
  const refused = await fetch(`${url}/requests`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'client-session': 'a-session-of-enough-characters' },
    body: JSON.stringify({ ...request, method: 'POST' }),
  })
  expect(refused.status).toBe(503)
  expect(refused.headers.get('retry-after')).toBe('1')
  open()
  await expect(direct).resolves.toEqual({ n: '' })
  await closed
})

test('a relay that is made anew in the same process takes over when the old one has ended', async () => {
  const { options, request, open, calls } = await setUp()
  const before = await startRelay({ ...options, shutdownTimeout: 10_000 })
  const { id } = await before.client.clientSecretRequest({ ...request, method: 'POST' })
  await calls(1)
  const closed = before.relay.close()
  const after = await startRelay(options)
  setTimeout(open, 200)
  await after.relay.ready
  await closed
  expect(await records(options.database, id, 'resolved')).toMatchObject({ status: 'resolved' })
})

test('a relay that could not start lets go of its file, and of what it had begun', async () => {
  const { options, request, open, calls } = await setUp()
  const before = await startRelay(options)
  const { id } = await before.client.clientSecretRequest({ ...request, method: 'PUT' })
  await calls(1)
  await before.relay.close()

  inFile(options.database, `CREATE TRIGGER refused BEFORE INSERT ON relays BEGIN SELECT RAISE(ABORT, 'refused'); END`)
  const broken = await startRelay(options)
  await expect(broken.relay.ready).rejects.toThrow('refused')
  expect(await records(options.database, id, 'pending')).toMatchObject({ status: 'pending' })

  inFile(options.database, 'DROP TRIGGER refused')
  const after = await startRelay(options)
  await after.relay.ready
  open()
  expect(await records(options.database, id, 'resolved')).toMatchObject({ status: 'resolved' })
})

test('the database holds the placeholder, and the key nowhere', async () => {
  const { options, request, open, database } = await setUp()
  open()
  const { client, relay } = await startRelay(options)
  await client.clientSecretRequest({ ...request, method: 'POST', poll: 50, data: { n: 1 } })
  await relay.close()
  const bytes = await readFile(database, 'latin1')
  expect(bytes).toContain('$CLIENT_SECRET')
  for (const form of [
    canary,
    JSON.stringify(canary).slice(1, -1),
    encodeURIComponent(canary),
    Buffer.from(canary).toString('base64').slice(0, -4),
  ]) {
    expect(bytes).not.toContain(form)
  }
})

function inFile(path: string, sql: string): void {
  const file = new DatabaseSync(path)
  file.exec(sql)
  file.close()
}

function read(path: string, sql: string, ...parameters: string[]): unknown[] {
  const file = new DatabaseSync(path)
  try {
    return file.prepare(sql).all(...parameters)
  } finally {
    file.close()
  }
}

/** The record in the file, once it has one of these statuses. */
async function records(
  database: string,
  id: string,
  ...statuses: string[]
): Promise<{ status: string; error: string | null }> {
  const reader = new DatabaseSync(database)
  try {
    for (;;) {
      const row = reader.prepare('SELECT status, error FROM records WHERE id = ?').get(id) as {
        status: string
        error: string | null
      }
      if (statuses.includes(row.status)) return row
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  } finally {
    reader.close()
  }
}
