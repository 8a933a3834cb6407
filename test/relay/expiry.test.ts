import { expect, test, vi } from 'vitest'
import { DatabaseSync } from 'node:sqlite'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { door, json, startApi } from '../helpers/api.ts'
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
    await vi.waitFor(() => expect(ended).toHaveLength(n + 1))
  }
  expect(api.calls.map(({ body }) => body)).toEqual(ended)
})
