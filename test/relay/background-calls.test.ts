import { expect, test } from 'vitest'
import type { ClientSecretRecord } from '../../src/protocol/record.ts'
import { door, json, startApi } from '../helpers/api.ts'
import { postgresOfThisFile } from '../helpers/postgres.ts'
import { keyFor, startRelay } from '../helpers/relay.ts'
import { until } from '../helpers/watched-fetch.ts'

const postgres = postgresOfThisFile()

const databases: [string, () => Promise<string | undefined>][] = [
  ['in memory', async () => undefined],
  ['on Postgres', () => postgres.database()],
]

/** A relay before an API whose calls each wait for a door; `arrivals` are the names of their callers. */
async function setUp(database: string | undefined, backgroundCalls?: number) {
  const arrivals: string[] = []
  const doors: ReturnType<typeof door>[] = []
  const api = await startApi(async (call, outgoing) => {
    arrivals.push((JSON.parse(call.body) as { caller: string }).caller)
    const mine = door()
    doors.push(mine)
    await mine.opened
    json(outgoing, {})
  })
  const { url } = await startRelay({
    keys: { api: keyFor(api.url) },
    ...(database && { database }),
    limits: { ...(backgroundCalls && { backgroundCalls }) },
  })
  const send = async (caller: string, count: number, fields: object = { poll: 1 }) => {
    const sent = await Promise.all(
      Array.from({ length: count }, () =>
        fetch(`${url}/requests`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'client-session': caller.repeat(32) },
          body: JSON.stringify({
            clientSecretName: 'api',
            method: 'POST',
            url: `${api.url}/`,
            headers: { authorization: '$CLIENT_SECRET' },
            data: { caller },
            ...fields,
          }),
        }),
      ),
    )
    expect(sent.map(({ status }) => status)).toEqual(sent.map(() => 202))
    return Promise.all(sent.map((response) => response.json() as Promise<ClientSecretRecord>))
  }
  return { arrivals, doors, send }
}

test.each(databases)(
  '%s, the first free slot of 100 goes to a caller without one, and not to 50 calls that waited before',
  async (_, database) => {
    const { arrivals, doors, send } = await setUp(await database())
    await send('a', 150)
    await until(() => arrivals.length === 100)
    await send('b', 1)
    doors[0]!.open()
    await until(() => arrivals.length === 101)
    expect(arrivals[100]).toBe('b')
    for (let n = 1; n < 151; n++) {
      await until(() => doors.length > n)
      doors[n]!.open()
    }
    expect(arrivals.filter((caller) => caller === 'a')).toHaveLength(150)
  },
)

test.each(databases)('%s, limits.backgroundCalls bounds the calls, and callers share them', async (_, database) => {
  const { arrivals, doors, send } = await setUp(await database(), 4)
  await send('a', 8)
  await until(() => arrivals.length === 4)
  await send('b', 8)
  for (let n = 0; n < 16; n++) {
    await until(() => doors.length > n)
    expect(doors.length - n).toBeLessThanOrEqual(4)
    // Each of the two has half, as soon as the first calls have ended.
    if (n === 2) expect(arrivals.slice(2, 6)).toEqual(['a', 'a', 'b', 'b'])
    doors[n]!.open()
    await until(() => doors.length === Math.min(16, n + 5))
  }
  expect(arrivals.slice(4, 12).filter((caller) => caller === 'b').length).toBeGreaterThanOrEqual(4)
})
