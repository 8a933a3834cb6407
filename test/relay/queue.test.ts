import { describe, expect, test } from 'vitest'
import { door, json, startApi } from '../helpers/api.ts'
import { keyFor, startRelay } from '../helpers/relay.ts'

/** An API whose calls all wait before one door, so that it is known which of them run at the same time. */
async function setUp() {
  const doors: ReturnType<typeof door>[] = []
  const arrivals: string[] = []
  let running = 0
  let maxAtOnce = 0
  const api = await startApi(async (call, outgoing) => {
    arrivals.push(call.body)
    maxAtOnce = Math.max(maxAtOnce, ++running)
    const mine = door()
    doors.push(mine)
    await mine.opened
    running -= 1
    json(outgoing, { n: call.body })
  })
  const { client } = await startRelay({ keys: { api: keyFor(api.url) } })
  const request = (n: number, fields: { queue?: string; poll?: number; path?: string }) => {
    const { path = '/v1/x', ...rest } = fields
    return client.clientSecretRequest({
      clientSecretName: 'api',
      url: api.url + path,
      method: 'POST',
      headers: { authorization: '$CLIENT_SECRET' },
      data: { n },
      ...rest,
    })
  }
  const until = async (condition: () => boolean) => {
    while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5))
  }
  return { api, request, doors, arrivals, until, maxAtOnce: () => maxAtOnce }
}

describe('requests with the same url, method and queue', () => {
  test('reach the API one after another, in order, none overlapping', async () => {
    const { request, doors, arrivals, until, maxAtOnce } = await setUp()
    const answers = []
    for (const n of [1, 2, 3]) {
      // By hand, so that the second is sent when the first is certainly in line.
      const queued = await request(n, { queue: 'q' })
      answers.push((queued as { poll(): Promise<unknown> }).poll())
    }
    for (const n of [1, 2, 3]) {
      await until(() => doors.length === n)
      doors[n - 1]!.open()
    }
    await Promise.all(answers)
    expect(arrivals.map((body) => (JSON.parse(body) as { n: number }).n)).toEqual([1, 2, 3])
    expect(maxAtOnce()).toBe(1)
  })

  test('go on after one of them failed', async () => {
    const api = await startApi((call, outgoing) => json(outgoing, {}, call.body.includes('1') ? 500 : 200))
    const { client } = await startRelay({ keys: { api: keyFor(api.url) } })
    const request = (n: number) =>
      client.clientSecretRequest({
        clientSecretName: 'api',
        url: `${api.url}/`,
        method: 'POST',
        headers: { authorization: '$CLIENT_SECRET' },
        data: { n },
        queue: 'q',
        poll: 50,
      })
    const [first, second] = await Promise.allSettled([request(1), request(2)])
    expect(first).toMatchObject({ status: 'rejected' })
    expect(second).toMatchObject({ status: 'fulfilled' })
  })
})

describe('what runs at the same time', () => {
  test.each([
    ['three without a queue, polled', [{ poll: 50 }, { poll: 50 }, { poll: 50 }]],
    ['three without a queue, direct', [{}, {}, {}]],
    [
      'two queues',
      [
        { queue: 'a', poll: 50 },
        { queue: 'b', poll: 50 },
      ],
    ],
    [
      'one queue, two urls',
      [
        { queue: 'a', poll: 50 },
        { queue: 'a', poll: 50, path: '/v1/y' },
      ],
    ],
    [
      'a queue whose name begins like another',
      [
        { queue: 'u1', poll: 50 },
        { queue: 'u1-bg', poll: 50 },
      ],
    ],
  ] as [string, { queue?: string; poll?: number; path?: string }[]][])('%s', async (_name, requests) => {
    const { request, doors, until, maxAtOnce } = await setUp()
    const answers = requests.map((fields, n) => request(n, fields))
    await until(() => doors.length === requests.length)
    expect(maxAtOnce()).toBe(requests.length)
    for (const { open } of doors) open()
    await Promise.all(answers)
  })
})
