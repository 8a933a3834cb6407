import { describe, expect, test, vi } from 'vitest'
import type { HistoryPage, PollAnswer } from '../../src/protocol/record.ts'
import { door, json, startApi, type ApiAnswer } from '../helpers/api.ts'
import { keyFor, startRelay } from '../helpers/relay.ts'

/** A relay whose database in memory keeps 1 MiB, and what its callers do; /later is answered when the test says so. */
async function setUp() {
  const { opened, open } = door()
  const answer: ApiAnswer = async ({ path }, outgoing) => {
    if (path === '/later') await opened
    json(outgoing, 'x'.repeat(200_000))
  }
  const api = await startApi(answer)
  const { url, log } = await startRelay({
    keys: { api: keyFor(api.url) },
    authenticate: (request) => request.headers.get('user'),
    limits: { bytesInMemory: 2 ** 20 },
  })
  const ask = async (path: string, headers: Record<string, string>, body?: object) => {
    const response = await fetch(`${url}${path}`, {
      method: body ? 'POST' : 'GET',
      headers: { 'content-type': 'application/json', ...headers },
      body: body ? JSON.stringify(body) : null,
    })
    return (await response.json()) as { id?: string; error?: { code: string; message: string } }
  }
  return {
    log,
    open,
    send: (headers: Record<string, string>, path: string, fields: object = {}) =>
      ask('/requests', headers, {
        clientSecretName: 'api',
        url: `${api.url}${path}`,
        method: 'POST',
        headers: { authorization: '$CLIENT_SECRET' },
        ...fields,
      }),
    poll: async (headers: Record<string, string>, ids: string[]) =>
      (await ask(`/requests?ids=${ids.join()}`, headers)) as unknown as PollAnswer,
    history: async (headers: Record<string, string>) =>
      ((await ask('/requests?compact=true', headers)) as unknown as HistoryPage).records,
  }
}

const visitor = { 'client-session': 'a'.repeat(30) }
const stranger = { 'client-session': 'b'.repeat(30) }
const ada = { user: 'ada' }

describe('a database in memory that is full', () => {
  test('lets go of the oldest records that have settled, and of no others; says so to whoever asks, and once in the log', async () => {
    const { send, poll, history, log } = await setUp()
    const waiting = await send(visitor, '/later', { queue: 'q' })
    const ids: string[] = []
    for (let n = 0; n < 7; n++) ids.push((await send(visitor, '/')).id!)

    const kept = (await history(visitor)).map(({ id }) => id)
    expect(kept).toContain(waiting.id)
    expect(kept).toContain(ids.at(-1))
    const gone = ids.filter((id) => !kept.includes(id))
    expect(gone.length).toBeGreaterThan(2)
    expect(gone).toEqual(ids.slice(0, gone.length))

    for (const who of [visitor, stranger, ada]) {
      const { errors } = await poll(who, [gone[0]!])
      expect(errors).toMatchObject([
        { error: { code: 'EXPIRED', message: expect.stringMatching(/in memory/) as string } },
      ])
    }
    expect(log.filter(({ message }) => message.includes('limits.bytesInMemory'))).toMatchObject([{ level: 'warn' }])
  })

  test('of unsettled requests alone takes no more of visitors, then of nobody; and goes on when some have settled', async () => {
    const { send, history, open } = await setUp()
    const data = { text: 'x'.repeat(100_000) }
    const fill = async (who: Record<string, string>, name: string) => {
      let count = 0
      for (; count < 50; count++) {
        const { error } = await send(who, '/later', { queue: `${name} ${count}`, data })
        if (error) return { count, error }
      }
      return { count, error: undefined }
    }
    const visitors = await fill(visitor, 'visitor')
    expect(visitors.error).toMatchObject({
      code: 'QUEUE_FULL',
      message: expect.stringMatching(/bytesInMemory/) as string,
    })
    expect(await send(stranger, '/later', { queue: 'q', data })).toMatchObject({ error: { code: 'QUEUE_FULL' } })
    const signedIn = await fill(ada, 'ada')
    expect(signedIn.error).toMatchObject({ code: 'QUEUE_FULL' })
    expect(signedIn.count).toBeGreaterThan(0)
    expect(visitors.count + signedIn.count).toBeLessThan(14)
    open()
    await vi.waitFor(
      async () => expect(await history(visitor)).not.toContainEqual(expect.objectContaining({ status: 'running' })),
      { timeout: 10_000 },
    )
    expect(await send(visitor, '/')).toMatchObject({ status: 'resolved' })
  })
})
