import { mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs'
import { randomUUID } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Server } from 'node:http'
import { createAdaptorServer } from '@hono/node-server'
import { expect, onTestFinished, test, vi } from 'vitest'
import { createClient } from '../../src/client/create-client.ts'
import type { Relay } from '../../src/relay/create-relay.ts'
import type { RelayOptions } from '../../src/relay/options.ts'
import { listen } from '../../stories/demo/openai.ts'
import { door, json, startApi } from '../helpers/api.ts'
import { eventually } from '../helpers/eventually.ts'
import { keyFor } from '../helpers/relay.ts'

/** How a module of a dev server is loaded anew: with this package in it, or with the package beside it. */
const ways = ['the package stays', 'the package is loaded anew, too'] as const

/** A dev server that mounts what the module with the relay exports, and loads that module anew at each edit. */
async function startDevServer(way: (typeof ways)[number], options: RelayOptions) {
  const name = randomUUID()
  let relay!: Relay
  const relays: Relay[] = []
  async function edit(changed: RelayOptions): Promise<void> {
    if (way !== 'the package stays') vi.resetModules()
    const { keepRelay } = await import('../../src/relay/keep-relay.ts')
    relay = keepRelay(name, changed)
    relays.push(relay)
  }
  await edit(options)
  const server = createAdaptorServer({ fetch: (request) => relay.fetch(request) }) as Server
  const url = await listen(server)
  onTestFinished(async () => {
    await relay.close()
    server.closeAllConnections()
    server.close()
  })
  return { edit, client: createClient({ relay: url }), url, relays }
}

function setUp() {
  const folder = mkdtempSync(join(tmpdir(), 'keep-relay-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return { database: join(folder, 'relay.db'), folder }
}

/** The files of the folder that this process has open, each as often as it has. Linux alone says so. */
const isTold = process.platform === 'linux'

function openFiles(folder: string): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const file = readlinkSync(`/proc/self/fd/${fd}`)
      return file.startsWith(folder) ? [file.slice(folder.length + 1)] : []
    } catch {
      return []
    }
  })
}

const request = (url: string) => ({
  clientSecretName: 'api',
  url,
  method: 'POST' as const,
  headers: { authorization: '$CLIENT_SECRET' },
})

test.runIf(isTold).each(ways)(
  'ten edits leave one database open, and each one counts from the next call on: %s',
  async (way) => {
    const { database, folder } = setUp()
    const api = await startApi()
    const options = (path: string): RelayOptions => ({
      keys: {
        api: {
          ...keyFor(api.url),
          allow: [{ url: `${api.url}/${path}`, methods: ['POST'], allowPrivateNetwork: true }],
        },
      },
      database,
    })
    const { edit, client } = await startDevServer(way, options('0'))
    await client.clientSecretRequest(request(`${api.url}/0`))
    const before = openFiles(folder)
    expect(before).toContain('relay.db')
    for (let n = 1; n <= 10; n++) {
      await edit(options(String(n)))
      expect(
        await client.clientSecretRequest(request(`${api.url}/${n - 1}`)).catch((error: unknown) => error),
      ).toMatchObject({
        code: 'NOT_ALLOWED',
      })
      await client.clientSecretRequest(request(`${api.url}/${n}`))
    }
    expect(openFiles(folder).sort()).toEqual(before.sort())
  },
)

test.each(['in memory', 'in a file'])(
  'what runs, and what waits, goes on over an edit: one call each, %s',
  async (where) => {
    const { database } = setUp()
    const { opened, open } = door()
    const api = await startApi(async (call, outgoing) => {
      await opened
      json(outgoing, { path: call.path })
    })
    const options = { keys: { api: keyFor(api.url) }, database: where === 'in memory' ? undefined : database }
    const { edit, client } = await startDevServer('the package stays', options)
    const direct = client.clientSecretRequest(request(`${api.url}/direct`))
    const polled = client.clientSecretRequest({ ...request(`${api.url}/polled`), poll: 50 })
    const queued = [1, 2].map(() =>
      client.clientSecretRequest({ ...request(`${api.url}/queued`), queue: 'q', poll: 50 }),
    )
    await eventually(() => expect(api.calls).toHaveLength(3))
    await edit({ ...options, hosts: ['127.0.0.1'] })
    await client.queueCount('q')
    open()
    expect(await Promise.all([direct, polled, ...queued])).toEqual(
      ['/direct', '/polled', '/queued', '/queued'].map((path) => ({ path })),
    )
    expect(api.calls).toHaveLength(4)
  },
)

test.runIf(isTold)(
  'another database, or other limits: the relay before is closed, what it ran has its answer, and the next one answers',
  async () => {
    const { database, folder } = setUp()
    const { opened, open } = door()
    const api = await startApi(async (_call, outgoing) => {
      await opened
      json(outgoing, { ok: true })
    })
    const options = { keys: { api: keyFor(api.url) }, database }
    const { edit, client, relays } = await startDevServer('the package stays', options)
    const direct = client.clientSecretRequest(request(`${api.url}/`))
    await eventually(() => expect(api.calls).toHaveLength(1))
    await edit({ ...options, database: `${database}.2`, limits: { requestsPerMinute: 10 } })
    // The old one waits for what it runs; so does whoever asks the new one.
    const count = client.queueCount('q')
    open()
    expect(await direct).toEqual({ ok: true })
    expect(await count).toMatchObject({ inQueue: 0 })
    expect(openFiles(folder).filter((file) => /\.db$|\.2$/.test(file))).toEqual(['relay.db.2'])
    // Whoever still holds the old one, reaches the new one.
    expect((await relays[0]!.fetch(new Request('http://localhost/health'))).status).toBe(200)
  },
)

test('nothing is opened before the first call, and no key need be there', async () => {
  const { database, folder } = setUp()
  const { keepRelay } = await import('../../src/relay/keep-relay.ts')
  const relay = keepRelay(randomUUID(), { keys: { api: { secret: undefined, allow: [] } }, database })
  onTestFinished(() => relay.close())
  await Promise.resolve()
  expect(readdirSync(folder)).toEqual([])
  await expect(relay.ready).rejects.toThrow(/The relay does not start: keys.api has no secret/)
})

test('an edit with which no relay starts is refused until it is mended, and the log says why', async () => {
  const { database } = setUp()
  const api = await startApi()
  const error = vi.spyOn(console, 'error').mockImplementation(() => {})
  onTestFinished(() => error.mockRestore())
  const options = { keys: { api: keyFor(api.url) }, database }
  const { edit, client, url } = await startDevServer('the package stays', options)
  await client.clientSecretRequest(request(`${api.url}/`))
  await edit({ ...options, keys: { api: { ...keyFor(api.url), allow: [] } } })
  for (let n = 0; n < 2; n++) {
    const response = await fetch(`${url}/health`)
    expect([response.status, await response.json()]).toMatchObject([
      503,
      {
        error: {
          code: 'UNAVAILABLE',
          message: expect.stringMatching(/^The relay could not start\. Its log says why\./) as string,
        },
      },
    ])
  }
  expect(error).toHaveBeenCalledTimes(1)
  expect(error.mock.calls[0]).toEqual([
    'client-secret-relay: the relay could not start',
    { err: expect.objectContaining({ message: expect.stringMatching(/keys.api has no rules/) as string }) as Error },
  ])
  await edit(options)
  await client.clientSecretRequest(request(`${api.url}/`))
})

test('the server before, which ends after an edit, closes nothing; a relay that was closed starts again at the next edit', async () => {
  const api = await startApi()
  const options = { keys: { api: keyFor(api.url) } }
  const { edit, client, relays, url } = await startDevServer('the package stays', options)
  await client.queueCount('q')
  await edit(options)
  await client.queueCount('q')
  await relays[0]!.close()
  expect(await client.queueCount('q')).toMatchObject({ inQueue: 0 })
  await relays[1]!.close()
  expect((await fetch(`${url}/health`)).status).toBe(503)
  await edit(options)
  expect(await client.queueCount('q')).toMatchObject({ inQueue: 0 })
})

test('a secret that an edit replaces is no longer used, and looked for in every answer as the new one is', async () => {
  const api = await startApi((call, outgoing) => void json(outgoing, { shown: call.headers['x-shown'] }))
  const [before, after] = ['Jq7vTn2xLr9KdYbWmZ4c', 'pH5sGf8eUa3RkXoBtV6w'] as const
  const options = (secret: string): RelayOptions => ({
    keys: { api: { ...keyFor(api.url), secret }, other: keyFor(api.url) },
  })
  const { edit, client } = await startDevServer('the package stays', options(before))
  await client.queueCount('q')
  await edit(options(after))
  const show = (clientSecretName: string, shown: string) =>
    client.clientSecretRequest({
      ...request(`${api.url}/`),
      clientSecretName,
      headers: { authorization: '$CLIENT_SECRET', 'x-shown': shown },
    })
  for (const value of [before, after]) expect(await show('other', value)).toEqual({ shown: '$CLIENT_SECRET' })
  await show('api', 'nothing')
  expect(api.calls.at(-1)!.headers.authorization).toBe(after)
})
