import { createHash } from 'node:crypto'
import { expect, onTestFinished, test, vi } from 'vitest'
import { createRelay, createRelayOn } from '../../src/relay/create-relay.ts'
import type { KeyOptions } from '../../src/relay/keys/key.ts'
import { internet } from '../../src/relay/upstream/http-client.ts'
import { door, json, startApi, type ApiCall } from '../helpers/api.ts'
import { keyFor, postTo, startRelay } from '../helpers/relay.ts'
import { until } from '../helpers/watched-fetch.ts'

/** Values without a part in common. */
const value = (n: number) => createHash('sha256').update(`value ${n}`).digest('base64url')

/** A vault, and an API that takes the values of `valid` and says which one it got. */
async function setUp(options: Partial<KeyOptions> = {}) {
  const vault = { current: value(0), asked: 0, answer: async (): Promise<string> => vault.current }
  const valid = new Set([value(0)])
  const { opened, open } = door()
  const api = await startApi(async ({ headers, body }: ApiCall, outgoing) => {
    if (body.includes('wait')) await opened
    const sent = headers.authorization ?? ''
    json(outgoing, { sent, known: [0, 1, 2, 3].map(value) }, valid.has(sent) ? 200 : 401)
  })
  const { secret: _secret, ...key } = keyFor(api.url)
  const ask = () => {
    vault.asked += 1
    return vault.answer()
  }
  const { relay, client, log } = await startRelay({
    keys: { api: { ...key, secret: ask, ...options } },
    limits: { requestsPerMinute: 1_000_000 },
  })
  await relay.ready
  const request = {
    clientSecretName: 'api',
    url: `${api.url}/v1`,
    method: 'POST',
    headers: { authorization: '$CLIENT_SECRET' },
  } as const
  const sentValues = () => api.calls.map(({ headers }) => headers.authorization)
  return {
    vault,
    valid,
    open,
    api,
    relay,
    client,
    log,
    request,
    sentValues,
    send: () => client.clientSecretRequest(request),
  }
}

test('the relay asks at its start, and sends what the source gave', async () => {
  const { vault, send, sentValues } = await setUp()
  await Promise.all([send(), send()])
  expect(vault.asked).toBe(1)
  expect(sentValues()).toEqual([value(0), value(0)])
})

test('it asks again at the interval', async () => {
  const { vault, valid, send, sentValues } = await setUp({ refreshEvery: 1 })
  valid.add(value(1))
  vault.current = value(1)
  await until(() => vault.asked > 1)
  await send()
  expect(sentValues()).toEqual([value(1)])
})

test('it asks again at a signal', async () => {
  const { vault, valid, relay, send, sentValues } = await setUp()
  valid.add(value(1))
  vault.current = value(1)
  await relay.refreshSecrets()
  await send()
  expect(sentValues()).toEqual([value(1)])
})

test('it asks once after 401s, and repeats each call with the new value', async () => {
  const { vault, valid, send, sentValues } = await setUp()
  vault.current = value(1)
  valid.add(value(1)).delete(value(0))
  await Promise.all([send(), send(), send()])
  expect(vault.asked).toBe(2)
  expect(sentValues().filter((sent) => sent === value(1))).toHaveLength(3)
  await send()
  expect(sentValues().at(-1)).toBe(value(1))
})

test('a 401 asks once more if the question under way is older', async () => {
  const { vault, valid, relay, api, send } = await setUp()
  const { opened, open } = door()
  const { current: before } = vault
  vault.answer = () => opened.then(() => before)
  const older = relay.refreshSecrets()
  await until(() => vault.asked === 2)
  vault.current = value(1)
  vault.answer = () => Promise.resolve(vault.current)
  valid.add(value(1)).delete(value(0))
  const sends = [send(), send()]
  await until(() => api.calls.length === 2)
  open()
  await Promise.all([...sends, older])
  expect(vault.asked).toBe(3)
})

test('callers that cause 401s do not reach the source with each call', async () => {
  const { vault, valid, send } = await setUp()
  valid.clear()
  const began = performance.now()
  const sends = Array.from({ length: 20 }, () => expect(send()).rejects.toMatchObject({ status: 401 }))
  await Promise.all(sends)
  // The first at the start; the others at most once in a second.
  expect(vault.asked).toBeLessThanOrEqual(2 + Math.ceil((performance.now() - began) / 1000))
})

test('an API that takes a new value late gets the one before it', async () => {
  const { vault, valid, relay, send, sentValues, log } = await setUp()
  vault.current = value(1)
  await relay.refreshSecrets()
  await send()
  expect(sentValues()).toEqual([value(1), value(0)])
  await send()
  expect(sentValues().at(-1)).toBe(value(0))
  expect(log).toContainEqual(expect.objectContaining({ level: 'warn', message: expect.stringContaining('401') }))
  // And then the new one only.
  valid.add(value(1)).delete(value(0))
  await send()
  expect(sentValues().at(-1)).toBe(value(1))
})

test.each([
  ['fails', () => Promise.reject(new Error('vault is sealed'))],
  ['gives nothing', () => Promise.resolve(undefined as unknown as string)],
  ['gives a text that is too short', () => Promise.resolve('short')],
])('a source that %s keeps the last value, and the log says so', async (_what, answer) => {
  const { vault, relay, send, sentValues, log } = await setUp()
  vault.answer = answer
  await relay.refreshSecrets()
  await send()
  expect(sentValues()).toEqual([value(0)])
  expect(log.filter(({ level }) => level === 'error')).toMatchObject([
    { details: { key: 'api' }, message: expect.stringContaining('goes on with the last value') },
  ])
  expect(JSON.stringify(log)).not.toContain(value(0))
})

test('a source whose answer is no JSON shows nothing of it in the log', async () => {
  const { vault, relay, log } = await setUp()
  vault.answer = () => Promise.resolve(JSON.parse(value(1)) as string)
  await relay.refreshSecrets()
  const [entry] = log.filter(({ level }) => level === 'error')
  const { err } = entry!.details as { err: Error }
  expect(err.message).toContain('SyntaxError')
  expect(`${err.message} ${err.stack} ${String(err.cause)}`).not.toContain(value(1).slice(0, 6))
})

test('a value is redacted from its first to its last use, also when it is old', async () => {
  const { vault, valid, relay, send, log } = await setUp()
  for (const n of [1, 2]) {
    vault.current = value(n)
    valid.add(value(n))
    await relay.refreshSecrets()
    const answer = JSON.stringify(await send())
    for (let old = 0; old <= n; old++) expect(answer).not.toContain(value(old))
    // The relay does not know it yet.
    expect(answer).toContain(value(n + 1))
  }
  vault.answer = () => Promise.reject(new Error(`no longer ${value(0)}`))
  await relay.refreshSecrets()
  expect(JSON.stringify(log, (_key, one: unknown) => (one instanceof Error ? one.message : one))).not.toContain(
    value(0),
  )
})

test('a call on its way with the old value is redacted after the change', async () => {
  const { vault, valid, open, relay, client, request, api } = await setUp()
  vault.current = value(1)
  valid.add(value(1))
  const before = client.clientSecretRequest({ ...request, data: { wait: true } })
  await until(() => api.calls.length === 1)
  await relay.refreshSecrets()
  vault.current = value(2)
  await relay.refreshSecrets()
  open()
  const answer = JSON.stringify(await before)
  for (const n of [0, 1, 2]) expect(answer).not.toContain(value(n))
})

test('a value that comes after a change of the options is redacted', async () => {
  const { opened, open } = door()
  const api = await startApi((_call, outgoing) => json(outgoing, { known: value(1) }))
  const { secret: _secret, ...key } = keyFor(api.url)
  let asked = 0
  const slowly = () => (asked++ === 0 ? value(0) : opened.then(() => value(1)))
  const relay = createRelayOn(internet, { keys: { api: { ...key, secret: slowly } } })
  onTestFinished(() => relay.close())
  await relay.ready
  const refreshed = relay.refreshSecrets()
  await until(() => asked === 2)
  expect(await relay.renew({ keys: { api: { ...key, secret: () => value(2) } } })).toBe(true)
  open()
  await refreshed
  const response = await postTo(relay, {
    clientSecretName: 'api',
    method: 'POST',
    headers: { authorization: '$CLIENT_SECRET' },
    url: `${api.url}/`,
  })
  const answer = await response.text()
  expect(answer).toContain('known')
  expect(answer).not.toContain(value(1))
})

test('a relay whose source fails at the start does not start', async () => {
  const logger = { info: vi.fn(), warn: vi.fn(), error: vi.fn() }
  const { secret: _secret, ...key } = keyFor('https://api.test')
  const relay = createRelay({
    keys: { api: { ...key, secret: () => Promise.reject(new Error('permission denied')) } },
    logger,
  })
  onTestFinished(() => relay.close())
  await expect(relay.ready).rejects.toThrow(/source of keys\.api gave no secret: permission denied/)
  expect(() => createRelay({ keys: { api: { ...key, secret: () => '', refreshEvery: 0 } }, logger })).toThrow(
    /refreshEvery/,
  )
})

test('rotated, slow and failing, at 50 requests a second: none fails', async () => {
  const { vault, valid, relay, send } = await setUp({ refreshEvery: 1 })
  const failures: unknown[] = []
  const running = new Set<Promise<unknown>>()
  let sent = 0
  const began = performance.now()
  const timer = setInterval(() => {
    for (; sent < ((performance.now() - began) / 1000) * 50; sent++) {
      const one: Promise<unknown> = send()
        .catch((error: unknown) => failures.push(error))
        .finally(() => running.delete(one))
      running.add(one)
    }
  }, 5)
  onTestFinished(() => clearInterval(timer))
  const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds))
  await pause(500)
  // Rotated in the vault first, then at the API.
  vault.current = value(1)
  await relay.refreshSecrets()
  await pause(500)
  valid.add(value(1)).delete(value(0))
  await pause(500)
  // Slow: a second for each answer, while the value changes everywhere in one moment.
  vault.answer = async () => {
    await pause(1_000)
    return vault.current
  }
  vault.current = value(2)
  valid.add(value(2)).delete(value(1))
  await pause(2_500)
  // Failing.
  vault.answer = () => Promise.reject(new Error('vault is sealed'))
  await pause(2_500)
  // Back, with a new value that the API takes beside the old one.
  vault.current = value(3)
  valid.add(value(3))
  vault.answer = () => Promise.resolve(vault.current)
  await pause(1_500)
  valid.delete(value(2))
  await pause(500)
  clearInterval(timer)
  await Promise.all(running)
  console.info(`secret sources: ${sent} requests, ${failures.length} failed, the vault was asked ${vault.asked} times`)
  expect(failures).toEqual([])
  expect(sent).toBeGreaterThan(300)
})
