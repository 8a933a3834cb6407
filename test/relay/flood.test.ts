import { readFileSync } from 'node:fs'
import { Agent, request as httpRequest } from 'node:http'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import type { PollAnswer } from '../../src/protocol/record.ts'
import type { RelayLimits } from '../../src/relay/common/relay-limits.ts'
import { door, json, startApi } from '../helpers/api.ts'
import { eventually } from '../helpers/eventually.ts'
import { keyFor } from '../helpers/relay.ts'
import { startRelayProcess } from '../helpers/relay-process.ts'

const token = 'the-token-of-the-caller-who-is-signed-in'
const visitor = (n: number) => ({ 'client-session': `the session of visitor ${n}` })
const signedIn = { authorization: `Bearer ${token}` }

/** A relay in a process of its own, whose memory can be told apart; its API answers /hold when the test ends. */
async function setUp(limits: RelayLimits = {}) {
  vi.stubEnv('CLIENT_SECRET_ADMIN_TOKEN', token)
  onTestFinished(() => void vi.unstubAllEnvs())
  const { opened, open } = door()
  onTestFinished(open)
  const large = { text: 'x'.repeat(5_000_000) }
  const api = await startApi(async ({ path }, outgoing) => {
    if (path === '/hold') await opened
    json(outgoing, path === '/large' ? large : {})
  })
  const { url, pid } = await startRelayProcess({ keys: { api: keyFor(api.url) }, limits })
  const agent = new Agent({ maxSockets: Infinity })
  onTestFinished(() => agent.destroy())

  function ask(path: string, headers: object, body?: Buffer): Promise<{ status: number | undefined; text: string }> {
    return new Promise((resolve, reject) => {
      const outgoing = httpRequest(
        `${url}${path}`,
        {
          agent,
          method: body ? 'POST' : 'GET',
          headers: { 'content-type': 'application/json', ...(body && { 'content-length': body.length }), ...headers },
        },
        (incoming) => {
          let text = ''
          incoming.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
          incoming.on('end', () => resolve({ status: incoming.statusCode, text }))
        },
      )
      outgoing.on('error', reject).end(body)
    })
  }
  const bodyOf = (path: string, fields: object = {}) =>
    Buffer.from(
      JSON.stringify({
        clientSecretName: 'api',
        url: `${api.url}${path}`,
        method: 'POST',
        headers: { authorization: '$CLIENT_SECRET' },
        ...fields,
      }),
    )
  return {
    api,
    ask,
    bodyOf,
    /** Megabytes that the relay has had at most. */
    peak: () => Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024,
    async isServed() {
      expect(await ask('/requests', signedIn, bodyOf('/'))).toMatchObject({ status: 200 })
    },
  }
}

// Where a process tells how much memory it has had. The figures, and those of more at once, are in bench/results/flood.json.
describe.runIf(process.platform === 'linux')('a flood', () => {
  test('of requests of one visitor takes little memory, and nobody else is held up', async () => {
    const { api, ask, bodyOf, peak, isServed } = await setUp()
    await isServed()
    const before = peak()
    const body = bodyOf('/hold', { data: { text: 'x'.repeat(1_000_000) } })
    let refused = 0
    for (let n = 0; n < 200; n++) {
      ask('/requests', visitor(0), body).then(
        ({ status }) => void (status === 429 && refused++),
        () => {},
      )
    }
    await eventually(() => expect(refused + api.calls.length).toBe(201))
    await isServed()
    expect(refused).toBeGreaterThan(150)
    expect(peak() - before).toBeLessThan(500)
  }, 60_000)

  test('of answers that stay in memory takes no more of it than is said', async () => {
    const { ask, bodyOf, peak, isServed } = await setUp({ bytesInMemory: 32 * 2 ** 20 })
    const send = async () => expect(await ask('/requests', visitor(0), bodyOf('/large'))).toMatchObject({ status: 200 })
    for (let n = 0; n < 20; n++) await send()
    const before = peak()
    for (let n = 0; n < 60; n++) await send()
    await isServed()
    expect(peak() - before).toBeLessThan(100)
  }, 120_000)

  test('of polls of visitors leaves those of others their place', async () => {
    const { api, ask, bodyOf, isServed } = await setUp({ heldPolls: 200 })
    async function waiting(who: object) {
      const calls = api.calls.length
      const submitted = await ask('/requests', who, bodyOf('/hold', { queue: 'q' }))
      const { id } = JSON.parse(submitted.text) as { id: string }
      await eventually(() => expect(api.calls.length).toBe(calls + 1))
      const { records } = JSON.parse((await ask(`/requests?ids=${id}`, who)).text) as PollAnswer
      return `/requests?ids=${id}:${records[0]!.version}&wait=20000`
    }
    const paths = [await waiting(visitor(0)), await waiting(visitor(1)), await waiting(visitor(2))]
    const mine = await waiting(signedIn)
    let answered = 0
    for (let n = 0; n < 240; n++) {
      ask(paths[n % 3]!, visitor(n % 3)).then(
        ({ status }) => void (status === 200 && answered++),
        () => {},
      )
    }
    // All but the half of those that may be held.
    await eventually(() => expect(answered).toBe(140))
    let isAnswered = false
    ask(mine, signedIn).then(
      () => (isAnswered = true),
      () => {},
    )
    await isServed()
    expect(isAnswered).toBe(false)
  }, 60_000)
})
