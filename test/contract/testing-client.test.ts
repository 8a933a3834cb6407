import { describe, expect, test } from 'vitest'
import type { Client } from '../../src/client/create-client.ts'
import { isPollStopped } from '../../src/client/poll-stopped.ts'
import type { ClientSecretRecord } from '../../src/protocol/record.ts'
import { createTestClient, hold, reply } from '../../src/exports/testing.ts'
import { door, json, startApi } from '../helpers/api.ts'
import { keyFor, startRelay } from '../helpers/relay.ts'

// What is written against the testing client must hold for a relay: each play is
// done with both, and what they tell is the same.

/** An API that holds its answers until the play opens it, and a client for it. */
interface Stage {
  client: Client
  request: { clientSecretName: string; url: string; method: 'POST'; headers: Record<string, string> }
  open: () => void
}

async function overRelay(status: number, body: object): Promise<Stage> {
  const { opened, open } = door()
  const api = await startApi(async (_call, outgoing) => {
    await opened
    json(outgoing, body, status)
  })
  const { client } = await startRelay({ keys: { api: keyFor(api.url) } })
  return { client, request: requestTo(api.url), open }
}

function scripted(status: number, body: object): Stage {
  const later = hold()
  return {
    client: createTestClient().on({}, later),
    request: requestTo('http://127.0.0.1:1'),
    open: () => later.answer(reply(body, { status })),
  }
}

const requestTo = (api: string) => ({
  clientSecretName: 'api',
  url: `${api}/v1/pictures`,
  method: 'POST' as const,
  headers: { Authorization: 'Bearer $CLIENT_SECRET' },
})

type Play = (stage: Stage) => Promise<unknown>

/** What a promise came to. */
const ending = (promise: Promise<unknown>) =>
  promise.then(
    (value) => ({ value }),
    (thrown: unknown) => {
      const { code, status, data, requestId } = thrown as Record<string, unknown>
      return { code, status, data, hasId: requestId !== undefined }
    },
  )

/** Waits until a record is in this status. */
async function becomes(client: Client, status: ClientSecretRecord['status'], count = 1): Promise<ClientSecretRecord[]> {
  for (;;) {
    const { records } = await client.history({ status })
    if (records.length === count) return records
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

const plays: Record<string, Play> = {
  'a direct request': async ({ client, request, open }) => {
    open()
    return ending(client.clientSecretRequest(request))
  },
  'a polled one': async ({ client, request, open }) => {
    const sent = client.clientSecretRequest({ ...request, poll: 100 })
    await becomes(client, 'running')
    open()
    return ending(sent)
  },
  'three in line, seen by each, and counted': async ({ client, request, open }) => {
    const first = await client.clientSecretRequest({ ...request, queue: 'q' })
    await becomes(client, 'running')
    const others = [
      await client.clientSecretRequest({ ...request, queue: 'q' }),
      await client.clientSecretRequest({ ...request, queue: 'q' }),
    ]
    const elsewhere = await client.clientSecretRequest({ ...request, queue: 'other' })
    const places = [first, ...others, elsewhere].map(({ inQueue, queueName }) => [queueName, inQueue])
    const counted = [await client.queueCount('q'), await client.queueCount('none')]
    open()
    const ends = await Promise.all([first, ...others].map(({ poll }) => ending(poll({ interval: 100 }))))
    return { places, counted, ends, after: await client.queueCount('q') }
  },
  'cancelled in line, while running, and when it is over': async ({ client, request, open }) => {
    const first = await client.clientSecretRequest({ ...request, queue: 'q' })
    await becomes(client, 'running')
    const second = await client.clientSecretRequest({ ...request, queue: 'q' })
    const removed = [(await client.cancel(second.id)).removed, (await client.cancel(first.id)).removed]
    removed.push((await client.cancel(first.id)).removed)
    open()
    const ends = await Promise.all([first, second].map(({ poll }) => ending(poll({ interval: 100 }))))
    return { removed, ends, unknown: await ending(client.cancel('no-such-request')) }
  },
  'a direct one, cancelled by its key': async ({ client, request }) => {
    const sent = ending(client.send(request, { idempotencyKey: 'key-of-the-play-0123' }))
    const cancel = async (): Promise<boolean> =>
      client.cancel('key-of-the-play-0123').then(
        ({ removed }) => removed,
        // It has not arrived yet.
        () => new Promise((resolve) => setTimeout(resolve, 5)).then(cancel),
      )
    return { removed: await cancel(), ended: await sent }
  },
  'stopped, and polled again': async ({ client, request, open }) => {
    const queued = await client.clientSecretRequest({ ...request, queue: 'q' })
    const polling = queued.poll({ interval: 100 })
    polling.stop()
    const isStopped = isPollStopped(await polling)
    open()
    return { isStopped, ended: await ending(queued.poll({ interval: 100 })) }
  },
  'expired while it is polled': async ({ client, request }) => {
    const sent = client.clientSecretRequest({ ...request, poll: 60_000, expires: 0.3 })
    return { ended: await ending(sent), history: (await client.history()).records }
  },
  'an id that is not known': async ({ client }) => ending(client.follow({ id: 'no-such-request' })),
  'every change of the record, and the history page by page': async ({ client, request, open }) => {
    const told: unknown[] = []
    const versions = new Set<string>()
    const sent = client.send(
      { ...request, queue: 'q', poll: 100, data: { n: 1 } },
      {
        onUpdate: (record) => {
          versions.add(record.version)
          told.push(fieldsOf(record))
        },
      },
    )
    await becomes(client, 'running')
    open()
    await ending(sent)
    for (const n of [2, 3]) await ending(client.clientSecretRequest({ ...request, data: { n } }))
    const pages = [await client.history({ limit: 2 })]
    pages.push(await client.history({ limit: 2, cursor: pages[0]!.cursor ?? '' }))
    const filters = [{ queue: 'q' }, { method: 'GET' as const }, { url: 'x' }, { compact: true, limit: 1 }]
    const filtered = await Promise.all(filters.map((filter) => client.history(filter)))
    return {
      told,
      isNewEachTime: versions.size === told.length,
      pages: [...pages, ...filtered].map(({ records, cursor }) => [records.map(fieldsOf), cursor !== null]),
    }
  },
}

/** What does not differ by machine and time. */
function fieldsOf({ status, queueName, inQueue, request, response, error, ...rest }: ClientSecretRecord) {
  return {
    status,
    queueName,
    inQueue,
    data: request?.data,
    poll: request?.poll,
    response: response && { status: response.status, body: response.body, type: response.headers['content-type'] },
    code: error?.code,
    isDated: [rest.createdAt, rest.updatedAt, rest.expiresAt].every(Number.isFinite),
  }
}

describe.each([
  [200, { picture: 'otter' }],
  [503, { error: { message: 'No otters left.' } }],
])('an API that answers %i', (status, body) => {
  test.each(Object.entries(plays))('%s: the relay and the testing client tell the same', async (_name, play) => {
    const onRelay = await play(await overRelay(status, body))
    expect(await play(scripted(status, body))).toEqual(onRelay)
  })
})
