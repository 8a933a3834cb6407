// @vitest-environment jsdom
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { createClient } from '../../src/client/create-client.ts'
import { skapiCompatible, type SkapiCompatible, type SkapiQueued } from '../../src/client/skapi-compatible.ts'
import { skapiTransport } from '../../src/client/skapi-transport.ts'
import { door, json, startApi, type ApiAnswer } from '../helpers/api.ts'
import { keyFor, startRelay } from '../helpers/relay.ts'
import { skapi2Folder, startSkapi } from '../helpers/skapi-server.ts'
import { until } from '../helpers/watched-fetch.ts'

// The snippets of Skapi's documentation of 2.0, over skapiCompatible and, with SKAPI_JS_2, over the real class.

type Sides = 'relay' | 'transport' | 'real'

/** Snippets that differ over the real class, with the reason. The page From Skapi lists ours. */
const broken = new Set([
  'poll and onResponse', // reads poll() of what onResponse gives: a TypeError
  'callbacks of poll()', // takes those of the request only
])

const sides: [string, Sides][] = [
  ['skapiCompatible on a relay', 'relay'],
  ['skapiCompatible on skapiTransport', 'transport'],
]
if (skapi2Folder) sides.push(['the real class of 2.0', 'real'])
else console.info('skipped: the snippets over skapi-js 2.0. SKAPI_JS_2 names no folder with it.')

describe.each(sides)('%s', (_title, side) => {
  const snippet = (name: string, run: () => Promise<void>) =>
    test.skipIf(side === 'real' && broken.has(name))(name, run)

  async function setUp(answer: ApiAnswer = (_call, outgoing) => json(outgoing, { picture: 'otter' })) {
    const api = await startApi(answer)
    const secret = 'sk-plain-enough-for-json'
    const request = {
      clientSecretName: 'api',
      url: `${api.url}/v1/images/generations`,
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Authorization: 'Bearer $CLIENT_SECRET' },
      data: { model: 'gpt-image-1.5', n: 1 },
    }
    let skapi: SkapiCompatible
    if (side === 'relay') {
      const { url } = await startRelay({ keys: { api: keyFor(api.url) } })
      skapi = skapiCompatible(createClient({ relay: url }))
    } else {
      const server = await startSkapi(side === 'real' ? 'folder' : 2, secret, { isSignedIn: true })
      skapi =
        side === 'real'
          ? (server.skapi as unknown as SkapiCompatible)
          : skapiCompatible(createClient({ transport: skapiTransport(server.skapi) }))
    }
    return { api, skapi, request }
  }

  /** An API that answers when the door opens. */
  function held() {
    const { opened, open } = door()
    onTestFinished(open)
    return {
      open,
      answer: (async (_call, outgoing) => {
        await opened
        json(outgoing, { picture: 'otter' })
      }) satisfies ApiAnswer,
    }
  }

  snippet('direct', async () => {
    const { api, skapi, request } = await setUp()
    expect(await skapi.clientSecretRequest({ ...request })).toEqual({ picture: 'otter' })
    expect(api.calls).toMatchObject([{ method: 'POST', body: '{"model":"gpt-image-1.5","n":1}' }])
  })

  snippet("the callback's value is the result", async () => {
    const { skapi, request } = await setUp()
    const onResponse = vi.fn(() => 'shown')
    expect(await skapi.clientSecretRequest({ ...request, onResponse })).toBe('shown')
    expect(onResponse).toHaveBeenCalledExactlyOnceWith({ picture: 'otter' })
  })

  snippet('onError takes the failure', async () => {
    const { skapi, request } = await setUp((_call, outgoing) => json(outgoing, { message: 'No otters left.' }, 500))
    const onError = vi.fn(() => 'told')
    expect(await skapi.clientSecretRequest({ ...request, onError })).toBe('told')
    expect(onError).toHaveBeenCalledOnce()
    await expect(skapi.clientSecretRequest({ ...request })).rejects.toThrow(/No otters left/)
  })

  snippet("a form's submit event", async () => {
    const { api, skapi, request } = await setUp()
    document.body.innerHTML = `<form>
      <input name="clientSecretName" hidden value="api"><input name="url" hidden value="${request.url}">
      <input name="method" hidden value="POST"><input name="headers[Authorization]" hidden value="Bearer $CLIENT_SECRET">
      <input name="data[model]" hidden value="gpt-image-1.5"><input name="data[n]" hidden type='number' value="1">
      <input name="data[safe]" type="checkbox" checked><input name="data[loud]" type="checkbox">
      <input name="data[size][0]" value="1024"><input name="data[size][1]" value="512">
      <select name="data[style]"><option>vivid</option></select>
      <textarea name='data[prompt]'>A cute baby sea otter</textarea></form>`
    const form = document.querySelector('form')!
    const event = new SubmitEvent('submit', { cancelable: true })
    const answer = new Promise((resolve) => {
      form.addEventListener('submit', (event) => resolve(skapi.clientSecretRequest(event)))
    })
    form.dispatchEvent(event)
    expect(await answer).toEqual({ picture: 'otter' })
    expect(event.defaultPrevented).toBe(true)
    expect(JSON.parse(api.calls[0]!.body)).toEqual({
      model: 'gpt-image-1.5',
      n: 1,
      safe: true,
      loud: false,
      size: ['1024', '512'],
      style: 'vivid',
      prompt: 'A cute baby sea otter',
    })
  })

  snippet('poll gives the final result', async () => {
    const { skapi, request } = await setUp()
    expect(await skapi.clientSecretRequest({ ...request, poll: 50 })).toEqual({ picture: 'otter' })
  })

  snippet('poll and onResponse', async () => {
    const { skapi, request } = await setUp()
    const onResponse = vi.fn(() => 'shown')
    expect(await skapi.clientSecretRequest({ ...request, queue: 'q', poll: 50, onResponse })).toBe('shown')
    expect(onResponse).toHaveBeenCalledExactlyOnceWith({ picture: 'otter' })
  })

  snippet('poll by hand', async () => {
    const { open, answer } = held()
    const { skapi, request } = await setUp(answer)
    const queued = await skapi.clientSecretRequest<SkapiQueued>({ ...request, queue: 'image-queue' })
    expect(queued).toMatchObject({ id: expect.any(String), queue_name: 'image-queue', in_queue: 1 })
    const result = queued.poll({ latency: 50 })
    open()
    expect(await result).toEqual({ picture: 'otter' })
  })

  snippet('callbacks of poll()', async () => {
    const { skapi, request } = await setUp()
    const queued = await skapi.clientSecretRequest<SkapiQueued>({ ...request, queue: 'image-queue' })
    const onResponse = vi.fn(() => 'shown')
    expect(await queued.poll({ latency: 50, onResponse })).toEqual({ picture: 'otter' })
    expect(onResponse).toHaveBeenCalledExactlyOnceWith({ picture: 'otter' })
  })

  snippet('a poll stops by id, by queue, and with all others', async () => {
    const { answer } = held()
    const { skapi, request } = await setUp(answer)
    const send = (queue: string) => skapi.clientSecretRequest<SkapiQueued>({ ...request, queue })
    const [a, b, c] = [await send('a'), await send('b'), await send('c')]
    const onResponse = vi.fn()
    const polls = [a, b, c].map((queued) => queued.poll({ latency: 50, onResponse }))
    expect(skapi.stopClientSecretPolling({ url: request.url, method: 'POST', id: a.id })).toBe(1)
    expect(skapi.isPollStopped(await polls[0])).toBe(true)
    expect(skapi.stopClientSecretPolling({ queue: 'b' })).toBe(1)
    expect(skapi.stopClientSecretPolling({ queue: 'none' })).toBe(0)
    expect(skapi.stopClientSecretPolling()).toBe(1)
    expect(await Promise.all(polls)).toMatchObject(polls.map(() => ({ status: 'stopped' })))
    expect(skapi.stopClientSecretPolling()).toBe(0)
    expect(onResponse).not.toHaveBeenCalled()
  })

  snippet('a poll that began with the send stops, too', async () => {
    const { answer } = held()
    const { api, skapi, request } = await setUp(answer)
    const onResponse = vi.fn()
    const result = skapi.clientSecretRequest({ ...request, queue: 'd', poll: 50 })
    await until(() => api.calls.length === 1)
    await until(() => skapi.stopClientSecretPolling({ queue: 'd' }) === 1)
    expect(skapi.isPollStopped(await result)).toBe(true)
    expect(onResponse).not.toHaveBeenCalled()
  })

  snippet('the history', async () => {
    const { open, answer } = held()
    const { skapi, request } = await setUp(answer)
    const before = Date.now() - 1
    await skapi.clientSecretRequest({ ...request, queue: 'image' })
    await skapi.clientSecretRequest({ ...request, queue: 'image-jobs' })
    const { url, method } = request
    const history = await skapi.clientSecretRequestHistory({ url, method, queue: 'image', queue_exact: true })
    expect(history).toMatchObject({ startKey: 'end', endOfList: true })
    expect(history.list).toHaveLength(1)
    const [item] = history.list
    expect(item).toMatchObject({ status: expect.stringMatching(/pending|running/), queue_name: 'image' })
    expect(item!.created).toBeGreaterThan(before)
    expect(item!.expires * 1000).toBeGreaterThan(before)
    const result = item!.poll!({ latency: 50 })
    open()
    expect(await result).toEqual({ picture: 'otter' })
    const { list } = await skapi.clientSecretRequestHistory({
      url,
      method,
      queue: 'image',
      queue_exact: true,
      status: 'resolved',
    })
    expect(list).toMatchObject([{ status_code: 200, response_body: { picture: 'otter' }, request_body: request.data }])
    const compact = await skapi.clientSecretRequestHistory(
      { url, method, queue: 'image', queue_exact: true, compact: true },
      { limit: 10 },
    )
    expect(compact.list[0]!.response_body ?? null).toBeNull()
  })

  snippet('cancel and count', async () => {
    const { answer } = held()
    const { skapi, request } = await setUp(answer)
    await skapi.clientSecretRequest({ ...request, queue: 'image-jobs' })
    const second = await skapi.clientSecretRequest<SkapiQueued>({ ...request, queue: 'image-jobs' })
    expect(await skapi.clientSecretRequestQueueCount({ queue: 'image-jobs' })).toEqual({
      queue_name: 'image-jobs',
      in_queue: 2,
    })
    const { url, method } = request
    const { removed } = await skapi.cancelClientSecretRequest({ url, method, id: second.id, queue: 'image-jobs' })
    expect(removed).toBe(true)
    expect(await skapi.clientSecretRequestQueueCount({ queue: 'image-jobs' })).toMatchObject({ in_queue: 1 })
  })
})

test('fetchMore gives page after page', async () => {
  const api = await startApi((_call, outgoing) => json(outgoing, {}))
  const { url } = await startRelay({ keys: { api: keyFor(api.url) } })
  const skapi = skapiCompatible(createClient({ relay: url }))
  const request = {
    clientSecretName: 'api',
    url: `${api.url}/v1`,
    method: 'post',
    headers: { authorization: '$CLIENT_SECRET' },
  }
  for (const n of [1, 2, 3]) await skapi.clientSecretRequest({ ...request, data: { n }, poll: 20 })
  const pages = []
  for (let page; !page?.endOfList; pages.push(page.list.map(({ request_body }) => (request_body as { n: number }).n)))
    page = await skapi.clientSecretRequestHistory(
      { url: request.url, method: 'POST' },
      { limit: 2, fetchMore: pages.length > 0 },
    )
  expect(pages.flat()).toEqual([3, 2, 1])
  const first = await skapi.clientSecretRequestHistory({ url: request.url, method: 'POST' }, { limit: 1 })
  const next = await skapi.clientSecretRequestHistory(
    { url: request.url, method: 'POST' },
    { limit: 1, startKey: first.startKey },
  )
  expect(next.list).toMatchObject([{ request_body: { n: 2 } }])
})

test('a failed poll with onError rejects, without an unhandled rejection', async () => {
  const api = await startApi((_call, outgoing) => json(outgoing, { error: 'no' }, 500))
  const { url } = await startRelay({ keys: { api: keyFor(api.url) } })
  const skapi = skapiCompatible(createClient({ relay: url }))
  const unhandled = vi.fn()
  process.on('unhandledRejection', unhandled)
  onTestFinished(() => void process.off('unhandledRejection', unhandled))
  const request = {
    clientSecretName: 'api',
    url: `${api.url}/v1`,
    method: 'POST',
    headers: { authorization: '$CLIENT_SECRET' },
  }
  const queued = await skapi.clientSecretRequest<SkapiQueued>({ ...request, queue: 'q' })
  const error = await new Promise((onError) => void queued.poll({ latency: 20, onError }))
  expect(error).toMatchObject({ code: 'UPSTREAM_ERROR', data: { error: 'no' } })
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(unhandled).not.toHaveBeenCalled()
})

test('a form cannot reach a prototype', async () => {
  const skapi = skapiCompatible(createClient({ relay: 'http://127.0.0.1:9' }))
  const form = new FormData()
  form.append('__proto__[polluted]', 'yes')
  await expect(skapi.clientSecretRequest(form)).rejects.toMatchObject({ code: 'INVALID_PARAMETER' })
  form.delete('__proto__[polluted]')
  form.append('constructor[prototype][polluted]', 'yes')
  await skapi.clientSecretRequest(form).catch(() => {})
  expect(({} as { polluted?: string }).polluted).toBeUndefined()
})
