import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import type { Server } from 'node:http'
import { createAdaptorServer } from '@hono/node-server'
import { createRelay, type Relay } from '../../src/relay/create-relay.ts'
import { listen } from '../../stories/demo/openai.ts'
import { randomFrom } from '../../bench/parts/figures.ts'
import { eventually } from '../helpers/eventually.ts'
import { keyFor } from '../helpers/relay.ts'
import { begin, delta, end, startChatWorld, text, toolCall, words, type ChatCall } from './kept-chat-world.ts'
import { reloadAtRandom } from './random-moments.ts'

let world: Awaited<ReturnType<typeof startChatWorld>>
let relay: Relay
let server: Server

beforeAll(async () => {
  world = await startChatWorld(async (apiUrl) => {
    const keys = { openai: { ...keyFor(apiUrl), secret: 'sk-proj-8hQ2mX4vB7nK1pR5tY9wZ3cF6gJ0lD' } }
    const queues = { chat: { shared: true, maxConcurrency: 1 } } as const
    relay = createRelay({ keys, queues, logger: { info() {}, warn() {}, error: console.error }, shutdownTimeout: 100 })
    server = createAdaptorServer({ fetch: relay.fetch }) as Server
    return listen(server)
  })
}, 120_000)

afterAll(async () => {
  await world?.close()
  server?.closeAllConnections()
  server?.close()
  await relay?.close()
})

// `npm run crash:streams` does it at more moments, and kills relays.
test('reloads at random moments, of useClientSecretStream and of useChat: the same text, one call', async () => {
  const seed = Math.floor(Math.random() * 2 ** 31)
  const random = randomFrom(seed)
  const moments = await Promise.all(
    (['stream', 'inline', 'queued-stream', 'queued-inline'] as const).map((page) =>
      reloadAtRandom(world, page, random),
    ),
  )
  expect(
    moments.filter(({ problems }) => problems.length > 0),
    `seed ${seed}`,
  ).toEqual([])
})

/** Words without an end. */
const endless = ({ outgoing }: ChatCall) =>
  void outgoing
    .writeHead(200, { 'content-type': 'text/event-stream' })
    .write(begin + words.slice(0, 20).map(delta).join(''))

async function open(path: string) {
  const one = await world.open(path)
  onTestFinished(() => one.page.context().close())
  return one
}

test('the recipe as it is printed: a reload in the middle, the same text, one call of the API', async () => {
  const { page, ask, callsOf } = await open('printed')
  await ask('Tell me of the printed otter.')
  await page.getByText('Otter 9 ').waitFor()
  await page.reload()
  await page.getByText('user: Tell me of the printed otter.').waitFor()
  await page.getByText(text.trim(), { exact: false }).waitFor()
  expect(await page.locator('p').allTextContents()).toEqual([
    'user: Tell me of the printed otter.',
    `assistant: ${text}`,
  ])
  expect(callsOf('printed otter')).toHaveLength(1)
  // The chat is complete, and the page needs no call for it.
  await expect.poll(() => page.getByRole('button', { name: 'Ask' }).isEnabled()).toBe(true)
  const before = world.relayed.length
  await page.reload()
  await page.getByText(text.trim(), { exact: false }).waitFor()
  expect(world.relayed.length).toBe(before)
  await ask('And the printed otter again?')
  await expect
    .poll(() => page.locator('p').allTextContents())
    .toEqual([
      'user: Tell me of the printed otter.',
      `assistant: ${text}`,
      'user: And the printed otter again?',
      `assistant: ${text}`,
    ])
  expect(callsOf('printed otter')).toHaveLength(2)
})

test('a chat of the hook, under StrictMode: two reloads, the same text, one call', async () => {
  const { page, ask, text: shown, status, callsOf } = await open('inline')
  await ask('the strict otter')
  await page.getByText('Otter 5 ').waitFor()
  await page.reload()
  await page.getByText('Otter 15 ').waitFor()
  await page.reload()
  await expect.poll(status).toBe('ready, 2 messages')
  expect(await shown()).toBe(text)
  expect(callsOf('strict otter')).toHaveLength(1)
})

test('in a queue: the place on the page; a reload in line and one in the middle, the same text, one call each', async () => {
  let finish = () => {}
  world.answers.set('first-in-line', ({ outgoing }) => {
    outgoing.writeHead(200, { 'content-type': 'text/event-stream' }).write(begin)
    finish = () => outgoing.end(words.map(delta).join('') + end)
  })
  const first = await open('queued-stream?first-in-line')
  await first.ask()
  await eventually(() => expect(first.callsOf('first-in-line')).toHaveLength(1))
  const second = await open('queued-stream?second-in-line')
  await second.ask()
  await expect.poll(second.status).toBe('queued 2')
  const third = await open('queued-inline')
  await third.ask('the third in line')
  await expect.poll(third.status).toMatch(/^submitted/)
  await Promise.all([second.page.reload(), third.page.reload()])
  await expect.poll(second.status).toBe('queued 2')
  await expect.poll(third.status).toMatch(/^submitted/)
  expect(world.calls.filter(({ body }) => /(second-|third )in.line/.test(body))).toEqual([])
  finish()
  await expect.poll(first.status).toBe('resolved')
  for (const { page } of [second, third]) {
    await page.getByText('Otter 9 ').waitFor()
    await page.reload()
  }
  await expect.poll(second.status).toBe('resolved')
  await expect.poll(third.status).toBe('ready, 2 messages')
  for (const shown of [first, second, third]) expect(await shown.text()).toBe(text)
  for (const part of ['first-in-line', 'second-in-line', 'the third in line'])
    expect(world.calls.filter(({ body }) => body.includes(part))).toHaveLength(1)
})

test('in a queue: stop of useChat in line withdraws the call', async () => {
  world.answers.set('stays-in-front', endless)
  const first = await open('queued-stream?stays-in-front')
  await first.ask()
  await eventually(() => expect(first.callsOf('stays-in-front')).toHaveLength(1))
  const second = await open('queued-inline')
  await second.ask('the withdrawn otter')
  await eventually(() => expect(world.relayed.at(-1)).toContain('GET /relay/requests?ids='))
  await second.stop()
  await expect.poll(second.status).toMatch(/^ready/)
  await first.stop()
  await expect.poll(first.status).toBe('cancelled')
  const third = await open('queued-stream?after-the-withdrawn')
  await third.ask()
  await expect.poll(third.status).toBe('resolved')
  expect(second.callsOf('withdrawn otter')).toEqual([])
})

test('a reload before the API answers: one call', async () => {
  world.answers.set('late otter', () => {})
  const { page, ask, text: shown, status, callsOf } = await open('inline')
  await ask('the late otter')
  await eventually(() => expect(callsOf('late otter')).toHaveLength(1))
  await page.reload()
  await expect.poll(status).toMatch(/^submitted/)
  const [{ outgoing } = undefined!] = callsOf('late otter')
  outgoing.writeHead(200, { 'content-type': 'text/event-stream' }).end(begin + words.map(delta).join('') + end)
  await expect.poll(shown).toBe(text)
  expect(callsOf('late otter')).toHaveLength(1)
})

test('stop ends the call, and the text so far stays over a reload', async () => {
  world.answers.set('stopped otter', endless)
  const { page, ask, stop, text: shown, status, callsOf } = await open('inline')
  await ask('the stopped otter')
  await page.getByText('Otter 5 ').waitFor()
  await stop()
  const [call] = callsOf('stopped otter')
  await eventually(() => expect(call!.isClosed).toBe(true))
  expect(call!.outgoing.writableFinished).toBe(false)
  const had = await shown()
  expect(text.startsWith(had)).toBe(true)
  await page.reload()
  await expect.poll(status).toBe('ready, 2 messages')
  expect(await shown()).toBe(had)
  expect(callsOf('stopped otter')).toHaveLength(1)
})

test('stop after a reload ends the call too', async () => {
  world.answers.set('stops later', endless)
  const { page, ask, stop, status, callsOf } = await open('inline')
  await ask('the otter that stops later')
  await page.getByText('Otter 5 ').waitFor()
  await page.reload()
  await page.getByText('Otter 19 ').waitFor()
  await stop()
  const [call] = callsOf('stops later')
  await eventually(() => expect(call!.isClosed).toBe(true))
  expect(call!.outgoing.writableFinished).toBe(false)
  expect(await status()).toBe('ready, 2 messages')
})

test('a tool, and a reload in the second step: two calls, the same text', async () => {
  world.answers.set('"the otter with a tool"}]}]', ({ outgoing }) => {
    outgoing.writeHead(200, { 'content-type': 'text/event-stream' }).end(toolCall)
  })
  const { page, ask, text: shown, status, callsOf } = await open('inline')
  await ask('the otter with a tool')
  await page.getByText('Otter 5 ').waitFor()
  await page.reload()
  await expect.poll(status).toBe('ready, 2 messages')
  expect(await shown()).toBe(text)
  expect(callsOf('otter with a tool')).toHaveLength(2)
})

test('an error of the API is shown, and a reload does not call again', async () => {
  world.answers.set('refused otter', ({ outgoing }) => {
    outgoing.writeHead(400, { 'content-type': 'application/json' })
    outgoing.end(JSON.stringify({ error: { message: 'No such otter.', type: 'invalid_request_error' } }))
  })
  const { page, ask, status, callsOf } = await open('inline')
  await ask('the refused otter')
  await page.getByText('No such otter.').waitFor()
  await page.reload()
  await expect.poll(status).toMatch(/^ready/)
  expect(callsOf('refused otter')).toHaveLength(1)
})

test('an API that breaks off: the text so far and an error; no second call', async () => {
  world.answers.set('broken otter', ({ outgoing }) => {
    outgoing.writeHead(200, { 'content-type': 'text/event-stream' }).write(begin + delta('An otter '))
    setTimeout(() => outgoing.destroy(), 100)
  })
  const { page, ask, text: shown, status, callsOf } = await open('inline')
  await ask('the broken otter')
  await page.getByRole('alert').waitFor()
  expect(await page.getByRole('alert').textContent()).toContain('broke off')
  expect(await shown()).toBe('An otter ')
  await page.reload()
  await expect.poll(status).toBe('error, 2 messages')
  expect(await shown()).toBe('An otter ')
  expect(callsOf('broken otter')).toHaveLength(1)
})
