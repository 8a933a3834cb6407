import { describe, expect, test } from 'vitest'
import type { HistoryPage, PollAnswer } from '../../src/protocol/record.ts'
import { door, json, startApi, type ApiAnswer } from '../helpers/api.ts'
import { eventually } from '../helpers/eventually.ts'
import { keyFor, startRelay } from '../helpers/relay.ts'

/**
 * A relay whose database in memory keeps 1 MiB, and what its callers do. /later is answered when the test says so, and
 * /stream/<bytes> ends then. /endless writes until the relay hangs up.
 */
async function setUp() {
  const { opened, open } = door()
  const answer: ApiAnswer = async ({ path }, outgoing) => {
    const [, size] = /^\/stream\/(\d+)/.exec(path) ?? []
    if (path === '/endless') {
      outgoing.writeHead(200, { 'content-type': 'text/plain' })
      const write = () => setImmediate(() => void (outgoing.write('otter\n'.repeat(10_000)) && write()))
      outgoing.on('drain', write)
      return void write()
    }
    if (size) {
      outgoing.writeHead(200, { 'content-type': 'text/plain' }).write('otter\n'.repeat(Number(size) / 6))
      await opened
      return void outgoing.end('end')
    }
    if (path === '/later') await opened
    json(outgoing, 'x'.repeat(200_000))
  }
  const api = await startApi(answer)
  const { url, log } = await startRelay({
    keys: { api: { ...keyFor(api.url), secret: 'sk-proj-8hQ2mX4vB7nK1pR5tY9wZ3cF6gJ0lD' } },
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
    /** Sends a kept stream. `text` is empty if the stream fails. */
    keep: async (headers: Record<string, string>, path: string) => {
      const description = { clientSecretName: 'api', url: `${api.url}${path}`, method: 'POST', keep: true }
      const request = JSON.stringify({ ...description, headers: { authorization: '$CLIENT_SECRET' } })
      const response = await fetch(`${url}/fetch`, {
        method: 'POST',
        headers: { 'client-secret-request': btoa(request), ...headers },
      })
      const { id } = JSON.parse(atob(response.headers.get('client-secret-response')!)) as { id: string }
      return { id, text: response.text().catch(() => '') }
    },
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
    await eventually(async () =>
      expect(await history(visitor)).not.toContainEqual(expect.objectContaining({ status: 'running' })),
    )
    expect(await send(visitor, '/')).toMatchObject({ status: 'resolved' })
  })

  test('of kept streams fails the streams that find no room: one that runs goes on, and other requests too', async () => {
    const { keep, send, poll, open } = await setUp()
    const first = await keep(visitor, '/stream/300000')
    // Base64 needs a third more: half of 1 MiB has room for the first stream, and 1 MiB for all that ada keeps.
    const tooMuch = {
      code: 'RESPONSE_TOO_LARGE',
      message: expect.stringMatching(/kept stream.*limits\.bytesInMemory/) as string,
    }
    for (const who of [visitor, stranger, ada]) {
      const { id, text } = await keep(who, '/endless')
      expect(await text).toBe('')
      expect((await poll(who, [id])).records).toMatchObject([{ status: 'failed', error: tooMuch }])
    }
    const signedIn = await keep(ada, '/stream/90000')
    for (const who of [stranger, ada]) expect(await send(who, '/')).toMatchObject({ status: 'resolved' })
    open()
    expect(await first.text).toBe(`${'otter\n'.repeat(300_000 / 6)}end`)
    expect(await signedIn.text).toBe(`${'otter\n'.repeat(90_000 / 6)}end`)
    // The room of a stream that has ended is free.
    const next = await keep(stranger, '/stream/300000')
    expect(await next.text).toHaveLength(300_003)
  })
})
