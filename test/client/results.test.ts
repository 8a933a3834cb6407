import { describe, expect, test, vi } from 'vitest'
import { ClientSecretError, isClientSecretError } from '../../src/protocol/errors.ts'
import { isPollStopped } from '../../src/client/poll-stopped.ts'
import { door, json, startApi, type ApiAnswer } from '../helpers/api.ts'
import { eventually } from '../helpers/eventually.ts'
import { keyFor, startRelay } from '../helpers/relay.ts'

async function setUp(
  answer: ApiAnswer = (_call, outgoing) => json(outgoing, { picture: 'otter' }, 200, { 'x-request-id': 'up-1' }),
) {
  const api = await startApi(answer)
  const { client } = await startRelay({ keys: { api: keyFor(api.url) } })
  const request = {
    clientSecretName: 'api',
    url: `${api.url}/v1/pictures`,
    method: 'POST' as const,
    headers: { Authorization: 'Bearer $CLIENT_SECRET' },
  }
  const callbacks = { onResponse: vi.fn(), onError: vi.fn() }
  return { api, client, request, callbacks }
}

const failing: ApiAnswer = (_call, outgoing) => json(outgoing, { error: { message: 'No otters left.' } }, 500)

describe('what the promise gives', () => {
  test("a direct request: the API's answer, and onResponse once with it", async () => {
    const { client, request, callbacks } = await setUp()
    await expect(client.clientSecretRequest({ ...request, ...callbacks })).resolves.toEqual({ picture: 'otter' })
    expect(callbacks.onResponse.mock.calls).toEqual([
      [
        { picture: 'otter' },
        { status: 200, headers: expect.objectContaining({ 'x-request-id': 'up-1' }), body: '{"picture":"otter"}' },
      ],
    ])
    expect(callbacks.onError).not.toHaveBeenCalled()
  })

  test('stream: true gives the answer whole, and warns once', async () => {
    const { client, request } = await setUp()
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
    for (const stream of [true, true, false])
      await expect(client.clientSecretRequest({ ...request, data: { stream } })).resolves.toEqual({ picture: 'otter' })
    expect(warn).toHaveBeenCalledExactlyOnceWith(expect.stringContaining('the answer arrives whole'))
    warn.mockRestore()
  })

  test.each([{ poll: 50 }, { poll: 50, queue: 'pictures' }])(
    "with %o: the API's answer, with callbacks or without",
    async (background) => {
      const { client, request, callbacks } = await setUp()
      await expect(client.clientSecretRequest({ ...request, ...background })).resolves.toEqual({ picture: 'otter' })
      await expect(client.clientSecretRequest({ ...request, ...background, ...callbacks })).resolves.toEqual({
        picture: 'otter',
      })
      expect(callbacks.onResponse).toHaveBeenCalledExactlyOnceWith(
        { picture: 'otter' },
        expect.objectContaining({ status: 200 }),
      )
      expect(callbacks.onError).not.toHaveBeenCalled()
    },
  )

  test('only a queue: at once the status, whose poll() gives the answer', async () => {
    const { opened, open } = door()
    const { client, request, callbacks } = await setUp(async (_call, outgoing) => {
      await opened
      json(outgoing, { picture: 'otter' })
    })
    const first = await client.clientSecretRequest({ ...request, queue: 'pictures', ...callbacks })
    const second = await client.clientSecretRequest({ ...request, queue: 'pictures' })
    expect(first).toEqual({
      id: expect.stringMatching(/^[0-9a-z]+-[0-9a-f]{32}$/),
      status: 'pending',
      queueName: 'pictures',
      inQueue: 1,
      poll: expect.any(Function),
    })
    expect(second).toMatchObject({ status: 'pending', inQueue: 2 })
    expect(callbacks.onResponse).not.toHaveBeenCalled()

    const own = { onResponse: vi.fn(), onError: vi.fn() }
    const polled = first.poll({ interval: 50, ...own })
    open()
    await expect(polled).resolves.toEqual({ picture: 'otter' })
    await expect(second.poll()).resolves.toEqual({ picture: 'otter' })
    expect(own.onResponse).toHaveBeenCalledExactlyOnceWith(
      { picture: 'otter' },
      expect.objectContaining({ status: 200 }),
    )

    // A second poll of the same request gives the answer again; the request's own callback was called.
    await expect(first.poll()).resolves.toEqual({ picture: 'otter' })
    expect(callbacks.onResponse).toHaveBeenCalledOnce()
  })

  test.each([
    { name: 'text', type: 'text/plain', body: 'plain otter', data: 'plain otter' },
    { name: 'JSON of another name', type: 'application/problem+json; charset=utf-8', body: '{"a":1}', data: { a: 1 } },
    { name: 'JSON with a byte order mark', type: 'application/json', body: '\uFEFF{"a":1}', data: { a: 1 } },
    { name: 'a sequence of JSON, which is no JSON', type: 'application/json-seq', body: '{"a":1}', data: '{"a":1}' },
    { name: 'JSON that is a bare value', type: 'application/json', body: '"otter"', data: 'otter' },
    { name: 'nothing', type: 'application/json', body: '', data: null },
    {
      name: 'bytes',
      type: 'image/png',
      body: Buffer.from([0x89, 0x50, 0xff, 0x00]),
      data: new Uint8Array([0x89, 0x50, 0xff, 0x00]),
    },
  ])('the answer is read by its content type: $name', async ({ type, body, data }) => {
    const { client, request } = await setUp(
      (_call, outgoing) => void outgoing.writeHead(200, { 'content-type': type }).end(body),
    )
    expect(await client.clientSecretRequest(request)).toEqual(data)
  })
})

describe('stopping', () => {
  test('a stopped poll resolves, calls neither callback, and the request goes on', async () => {
    const { opened, open } = door()
    const { api, client, request, callbacks } = await setUp(async (_call, outgoing) => {
      await opened
      json(outgoing, { picture: 'otter' })
    })
    const queued = await client.clientSecretRequest({ ...request, queue: 'pictures', ...callbacks })
    const polled = queued.poll({ interval: 50 })
    polled.stop()
    const outcome = await polled
    expect(outcome).toEqual({ id: queued.id, status: 'stopped' })
    expect(isPollStopped(outcome)).toBe(true)
    open()
    await expect(queued.poll()).resolves.toEqual({ picture: 'otter' })
    expect(api.calls).toHaveLength(1)
    expect(callbacks.onResponse).toHaveBeenCalledOnce()
    expect(callbacks.onError).not.toHaveBeenCalled()
  })

  test('stopPolling(id) stops a request that polls by itself', async () => {
    const { opened, open } = door()
    const { client, request } = await setUp(async (_call, outgoing) => {
      await opened
      json(outgoing, {})
    })
    const ids: string[] = []
    const sent = client.send({ ...request, poll: 50 }, { onUpdate: ({ id }) => void ids.push(id) })
    await eventually(() => expect(ids).not.toHaveLength(0))
    client.stopPolling(ids[0]!)
    expect(await sent).toEqual({ id: ids[0], status: 'stopped' })
    open()
  })

  test("an API's body that looks like a stop is not one", async () => {
    const { client, request } = await setUp((_call, outgoing) => json(outgoing, { id: 'x', status: 'stopped' }))
    expect(isPollStopped(await client.clientSecretRequest(request))).toBe(false)
  })
})

describe('failures', () => {
  test.each([{}, { poll: 50 }, { poll: 50, queue: 'pictures' }])(
    'with %o: rejects, and calls onError once with the same error',
    async (background) => {
      const { client, request, callbacks } = await setUp(failing)
      const error = await client
        .clientSecretRequest({ ...request, ...background, ...callbacks })
        .catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(ClientSecretError)
      expect(isClientSecretError(error)).toBe(true)
      expect(error).toMatchObject({
        code: 'UPSTREAM_ERROR',
        status: 500,
        message: 'The API answered 500 Internal Server Error: No otters left.',
        help: 'https://www.npmjs.com/package/react-client-secret#upstream_error',
        data: { error: { message: 'No otters left.' } },
        requestId: expect.stringMatching(/^[0-9a-z]+-[0-9a-f]{32}$/),
      })
      expect(callbacks.onError).toHaveBeenCalledExactlyOnceWith(error)
      expect(callbacks.onResponse).not.toHaveBeenCalled()
    },
  )

  test('of a request polled by hand: poll() rejects, and each onError is called once', async () => {
    const { client, request, callbacks } = await setUp(failing)
    const queued = await client.clientSecretRequest({ ...request, queue: 'pictures', ...callbacks })
    const own = { onError: vi.fn() }
    await expect(queued.poll(own)).rejects.toMatchObject({ code: 'UPSTREAM_ERROR' })
    await expect(queued.poll()).rejects.toMatchObject({ code: 'UPSTREAM_ERROR' })
    expect(own.onError).toHaveBeenCalledOnce()
    expect(callbacks.onError).toHaveBeenCalledOnce()
  })

  test('an unawaited promise with onError raises no unhandled rejection; without onError it does', async () => {
    const { client, request } = await setUp(failing)
    const unhandled: unknown[] = []
    const listener = (reason: unknown) => void unhandled.push(reason)
    // vitest's own listeners would call the second one a failure of this test.
    const others = process.listeners('unhandledRejection')
    process.removeAllListeners('unhandledRejection')
    process.on('unhandledRejection', listener)
    try {
      await new Promise<void>((resolve) => void client.clientSecretRequest({ ...request, onError: () => resolve() }))
      const queued = await client.clientSecretRequest({ ...request, queue: 'pictures' })
      await new Promise<void>((resolve) => void queued.poll({ onError: () => resolve() }))
      await new Promise((resolve) => setImmediate(resolve))
      expect(unhandled).toEqual([])

      void client.clientSecretRequest({ ...request, method: 'NOPE' as 'GET' })
      await eventually(() => expect(unhandled).toEqual([expect.objectContaining({ code: 'INVALID_PARAMETER' })]))
    } finally {
      process.off('unhandledRejection', listener)
      for (const other of others) process.on('unhandledRejection', other)
    }
  })

  test('a callback that throws disturbs nobody: its error is uncaught, the promise goes on', async () => {
    const { client, request } = await setUp()
    const uncaught: unknown[] = []
    const others = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    process.on('uncaughtException', (error) => void uncaught.push(error))
    try {
      const mistake = new Error('mine')
      const answer = await client.clientSecretRequest({
        ...request,
        poll: 50,
        onResponse: () => {
          throw mistake
        },
      })
      expect(answer).toEqual({ picture: 'otter' })
      await eventually(() => expect(uncaught).toEqual([mistake]))
    } finally {
      process.removeAllListeners('uncaughtException')
      for (const other of others) process.on('uncaughtException', other)
    }
  })
})

describe('signal', () => {
  test('aborted before: nothing is sent', async () => {
    const { api, client, request, callbacks } = await setUp()
    await expect(
      client.clientSecretRequest({ ...request, ...callbacks }, { signal: AbortSignal.abort() }),
    ).rejects.toMatchObject({ code: 'ABORTED' })
    expect(callbacks.onError).toHaveBeenCalledOnce()
    expect(api.calls).toHaveLength(0)
  })

  test('aborted while it runs: the promise rejects with ABORTED', async () => {
    const { opened, open } = door()
    const arrived = door()
    const { client, request } = await setUp(async (_call, outgoing) => {
      arrived.open()
      await opened
      json(outgoing, {})
    })
    const controller = new AbortController()
    const sent = client.clientSecretRequest(request, { signal: controller.signal })
    await arrived.opened
    controller.abort()
    await expect(sent).rejects.toMatchObject({ code: 'ABORTED' })
    open()
  })

  test('aborted while it is polled: the polling ends, the request goes on', async () => {
    const { opened, open } = door()
    const { client, request, callbacks } = await setUp(async (_call, outgoing) => {
      await opened
      json(outgoing, { picture: 'otter' })
    })
    const queued = await client.clientSecretRequest({ ...request, queue: 'pictures', ...callbacks })
    const controller = new AbortController()
    const polled = queued.poll({ signal: controller.signal })
    controller.abort()
    await expect(polled).rejects.toMatchObject({ code: 'ABORTED' })
    expect(callbacks.onError).not.toHaveBeenCalled()
    open()
    await expect(queued.poll()).resolves.toEqual({ picture: 'otter' })
    expect(callbacks.onResponse).toHaveBeenCalledOnce()
  })
})
