import { createAdaptorServer } from '@hono/node-server'
import { mkdtemp, rm } from 'node:fs/promises'
import type { Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createClient } from '../../src/client/create-client.ts'
import { createRelay } from '../../src/relay/create-relay.ts'
import { listen } from '../../stories/demo/openai.ts'
import { door, json, startApi } from '../helpers/api.ts'
import { keyFor } from '../helpers/relay.ts'
import { until, watchedFetch } from '../helpers/watched-fetch.ts'

test('a relay that is restarted in the middle of the polling: the answer arrives, and the API was called once', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'relay-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const { opened, open } = door()
  const api = await startApi(async (_call, outgoing) => {
    await opened
    json(outgoing, { done: true })
  })
  const options = { keys: { api: keyFor(api.url) }, database: join(folder, 'relay.db'), shutdownTimeout: 10_000 }
  // One address, at which one relay follows another, with nobody there in between.
  let relay: ReturnType<typeof createRelay> | null = createRelay(options)
  const server = createAdaptorServer({
    fetch: (request) => relay?.fetch(request) ?? new Response('Bad Gateway', { status: 502 }),
  }) as Server
  const url = await listen(server)
  onTestFinished(async () => {
    await relay?.close()
    server.closeAllConnections()
    server.close()
  })

  const network = watchedFetch()
  const client = createClient({ relay: url, fetch: network.fetch })
  const statuses: string[] = []
  const answer = client.send(
    {
      clientSecretName: 'api',
      url: `${api.url}/`,
      method: 'POST',
      headers: { authorization: '$CLIENT_SECRET' },
      poll: 500,
    },
    { onUpdate: ({ status }) => void statuses.push(status) },
  )
  await until(() => statuses.includes('running'))
  const closed = relay.close()
  await until(() => network.polls.length > 2)
  open()
  await closed
  relay = null
  const polls = network.polls.length
  await until(() => network.polls.length > polls)
  relay = createRelay(options)
  await expect(answer).resolves.toMatchObject({ data: { done: true } })
  expect(statuses).toEqual(['running', 'resolved'])
  expect(api.calls).toHaveLength(1)
})
