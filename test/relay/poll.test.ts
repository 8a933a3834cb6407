import { describe, expect, test } from 'vitest'
import { door, json, startApi } from '../helpers/api.ts'
import { keyFor, startRelay, strangerOf } from '../helpers/relay.ts'
import type { ClientSecretRecord, PollAnswer } from '../../src/protocol/record.ts'

const session = { 'client-session': 'a-session-of-enough-characters' }

/** A while in which this process gets all its pending input and output done. */
async function ticks(): Promise<void> {
  for (let tick = 0; tick < 200; tick++) await new Promise((resolve) => setImmediate(resolve))
}

async function setUp() {
  const doors: ReturnType<typeof door>[] = []
  const api = await startApi(async (_call, outgoing) => {
    const mine = door()
    doors.push(mine)
    await mine.opened
    json(outgoing, { done: true })
  })
  const { url } = await startRelay({ keys: { api: keyFor(api.url) } })
  const submit = async (fields: object): Promise<ClientSecretRecord> => {
    const body = JSON.stringify({
      clientSecretName: 'api',
      url: `${api.url}/`,
      method: 'POST',
      headers: { authorization: '$CLIENT_SECRET' },
      ...fields,
    })
    const response = await fetch(`${url}/requests`, {
      method: 'POST',
      headers: { ...session, 'content-type': 'application/json' },
      body,
    })
    expect(response.status).toBe(202)
    return (await response.json()) as ClientSecretRecord
  }
  const poll = async (ids: string[], wait = 0, headers: Record<string, string> = session): Promise<PollAnswer> => {
    const response = await fetch(`${url}/requests?ids=${ids.join(',')}&wait=${wait}`, { headers })
    expect(response.status).toBe(200)
    return (await response.json()) as PollAnswer
  }
  const opened = async (count: number) => {
    while (doors.length < count) await new Promise((resolve) => setTimeout(resolve, 5))
  }
  return { submit, poll, doors, opened, url }
}

describe('a poll', () => {
  test('answers many ids at once, and only what differs from the version seen', async () => {
    const { submit, poll, doors, opened } = await setUp()
    const [a, b] = [await submit({ poll: 1 }), await submit({ poll: 1 })]
    await opened(2)
    const first = await poll([a.id, b.id])
    expect(first.records.map(({ id, status }) => [id, status]).sort()).toEqual(
      [
        [a.id, 'running'],
        [b.id, 'running'],
      ].sort(),
    )

    const seen = first.records.map(({ id, version }) => `${id}:${version}`)
    expect(await poll(seen)).toEqual({ records: [], errors: [] })
    const held = poll(seen, 20_000)
    for (const { open } of doors) open()
    const { records } = await held
    expect(records[0]).toMatchObject({ status: 'resolved', response: { status: 200, body: '{"done":true}' } })
  })

  test('is held until something changes, and no longer than it says', async () => {
    const { submit, poll, opened } = await setUp()
    const { id } = await submit({ poll: 1 })
    await opened(1)
    const [running] = (await poll([id])).records
    const started = performance.now()
    expect(await poll([`${id}:${running!.version}`], 200)).toEqual({ records: [], errors: [] })
    // Timers may fire a moment early.
    expect(performance.now() - started).toBeGreaterThanOrEqual(190)
  })

  test('tells the place in line, and every step forward', async () => {
    const { submit, poll, doors, opened } = await setUp()
    const [first, second, third] = [
      await submit({ queue: 'q' }),
      await submit({ queue: 'q' }),
      await submit({ queue: 'q' }),
    ]
    expect([first.inQueue, second.inQueue, third.inQueue]).toEqual([1, 2, 3])
    expect(first.queueName).toBe('q')
    await opened(1)
    const held = poll([`${third.id}:${third.version}`], 20_000)
    // By then the relay, which runs in this process, holds it.
    await ticks()
    doors[0]!.open()
    expect((await held).records[0]).toMatchObject({ id: third.id, status: 'pending', inQueue: 2 })
  })

  test('tells places in the order of arrival, also when many come at once', async () => {
    const { submit, poll } = await setUp()
    const records = await Promise.all(Array.from({ length: 20 }, () => submit({ queue: 'q' })))
    const { records: now } = await poll(records.map(({ id }) => id))
    const places = new Map(now.map(({ id, inQueue }) => [id, inQueue]))
    expect(records.map(({ id }) => places.get(id)).sort((a, b) => a! - b!)).toEqual(
      Array.from({ length: 20 }, (_, index) => index + 1),
    )
  })

  test('of somebody else’s request and of none are told apart by nothing', async () => {
    const { submit, poll } = await setUp()
    const { id } = await submit({ poll: 1 })
    const none = strangerOf(id)
    const stranger = { 'client-session': 'another-session-of-characters' }
    const message = 'There is no such request, or it is not yours.'
    expect(await poll([id, none], 0, stranger)).toEqual({
      records: [],
      errors: [id, none].map((one) => ({
        id: one,
        error: { code: 'REQUEST_NOT_FOUND', message, requestId: one, status: 404 },
      })),
    })
  })

  test.each([
    ['?ids=', 'INVALID_PARAMETER'],
    ['?ids=a&wait=x', 'INVALID_PARAMETER'],
    [`?ids=${Array.from({ length: 201 }, (_, index) => index).join(',')}`, 'INVALID_PARAMETER'],
  ])('with the query %s is refused', async (query, code) => {
    const { url } = await setUp()
    const response = await fetch(`${url}/requests${query}`, { headers: session })
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ error: { code } })
  })
})
