import type { ServerResponse } from 'node:http'
import { act, render, waitFor } from '@testing-library/react'
import { expect, test, vi } from 'vitest'
import { ClientSecretProvider, createClient, localPersister, sessionPersister } from '../../src/exports/index.ts'
import { startApi } from '../helpers/api.ts'
import { keyFor, startRelay } from '../helpers/relay.ts'
import { chatEvent, setUpStream, streamReader } from '../helpers/streams.tsx'

const text = 'Otter 🦦 schlürft Åäö 水獺 '.repeat(8)
const whole = Buffer.from([...text].map(chatEvent).join(''))

test.each([0, 1, 59, 500, 2_000, 2_777, whole.length])(
  'a reload after %i bytes of the API: the text is the same, and the API is called once',
  async (offset) => {
    sessionStorage.clear()
    const { api, url, request, answers, write, end } = await setUpStream({ limits: { disconnectGracePeriod: 50 } })
    /** A page of its own: its client and its SWR cache know nothing of the page before. */
    const load = (callbacks: object) => {
      const page = streamReader(request, { id: 'chat', persist: sessionPersister, ...callbacks }, 'text', 'status')
      const client = createClient({ relay: url })
      return Object.assign(page, {
        page: render(
          <ClientSecretProvider client={client}>
            <page.Reader />
          </ClientSecretProvider>,
        ),
      })
    }
    const first = load({})
    act(() => first.hook.send())
    await waitFor(() => expect(first.hook.status).toBe('streaming'))
    write(whole.subarray(0, offset))
    if (offset > 500) await waitFor(() => expect(first.hook.text).not.toBe(''))
    first.page.unmount()

    const callbacks = { onResponse: vi.fn(), onEvent: vi.fn() }
    const second = load(callbacks)
    expect(second.hook.status).toBe('sending')
    // Beyond the grace period of a stream that is not kept.
    await new Promise((resolve) => setTimeout(resolve, 100))
    write(whole.subarray(offset))
    end()
    await waitFor(() => expect(second.hook.status).toBe('resolved'))
    expect(second.hook.text).toBe(text)
    expect(callbacks.onResponse).toHaveBeenCalledOnce()
    expect(callbacks.onEvent).toHaveBeenCalledTimes([...text].length)
    second.page.unmount()

    const third = load(callbacks)
    await waitFor(() => expect(third.hook.status).toBe('resolved'))
    expect(third.hook.text).toBe(text)
    expect(callbacks.onResponse).toHaveBeenCalledOnce()
    expect(answers).toHaveLength(1)
    expect(api.calls).toHaveLength(1)
  },
)

test('a reload before the API answers finds the stream; the API is called once', async () => {
  sessionStorage.clear()
  const heads: ServerResponse[] = []
  const api = await startApi((_call, outgoing) => void heads.push(outgoing))
  const { url } = await startRelay({ keys: { api: keyFor(api.url) }, limits: { disconnectGracePeriod: 50 } })
  const headers = { Authorization: 'Bearer $CLIENT_SECRET' }
  const request = { clientSecretName: 'api', url: `${api.url}/v1/chat`, method: 'POST', headers } as const
  const load = () => {
    const page = streamReader(request, { id: 'chat', persist: sessionPersister }, 'text', 'status')
    const { unmount } = render(
      <ClientSecretProvider client={createClient({ relay: url })}>
        <page.Reader />
      </ClientSecretProvider>,
    )
    return { page, unmount }
  }
  const first = load()
  act(() => first.page.hook.send())
  await waitFor(() => expect(heads).toHaveLength(1))
  first.unmount()
  const second = load()
  expect(second.page.hook).toMatchObject({ status: 'sending', record: undefined })
  heads[0]!.writeHead(200, { 'content-type': 'text/event-stream' }).end(whole)
  await waitFor(() => expect(second.page.hook.status).toBe('resolved'))
  expect(second.page.hook.text).toBe(text)
  expect(second.page.hook.record).toBeDefined()
  expect(api.calls).toHaveLength(1)
})

test('a request that never reached the relay, or that the relay refused, is not there after a reload', async () => {
  sessionStorage.clear()
  const { url, request, api } = await setUpStream()
  const load = (given: object, fetch?: typeof globalThis.fetch) => {
    const page = streamReader({ ...request, ...given }, { id: 'chat', persist: sessionPersister }, 'status')
    const { unmount } = render(
      <ClientSecretProvider client={createClient({ relay: url, fetch })}>
        <page.Reader />
      </ClientSecretProvider>,
    )
    return { page, unmount }
  }
  const never = load({}, () => new Promise(() => {}))
  act(() => never.page.hook.send())
  never.unmount()
  const after = load({})
  await waitFor(() => expect(after.page.hook.error?.code).toBe('REQUEST_NOT_FOUND'))
  after.unmount()
  const refused = load({ clientSecretName: 'other' })
  expect(refused.page.hook.status).toBe('idle')
  act(() => refused.page.hook.send())
  await waitFor(() => expect(refused.page.hook.error?.code).toBe('KEY_NOT_FOUND'))
  refused.unmount()
  expect(load({}).page.hook.status).toBe('idle')
  expect(api.calls).toHaveLength(0)
})

test('a new send forgets the stream before; cancel ends a stream of before the reload', async () => {
  localStorage.clear()
  const { api, url, request, answers } = await setUpStream()
  const load = () => {
    const page = streamReader(request, { id: 'chat', persist: localPersister }, 'text', 'status')
    const client = createClient({ relay: url })
    const { unmount } = render(
      <ClientSecretProvider client={client}>
        <page.Reader />
      </ClientSecretProvider>,
    )
    return { page, client, unmount }
  }
  const first = load()
  act(() => first.page.hook.send())
  await waitFor(() => expect(first.page.hook.status).toBe('streaming'))
  act(() => first.page.hook.send())
  await waitFor(() => expect(answers).toHaveLength(2))
  await waitFor(() => expect(first.page.hook.status).toBe('streaming'))
  const { id } = first.page.hook.record!
  first.unmount()
  const second = load()
  await waitFor(() => expect(second.page.hook.status).toBe('streaming'))
  expect(second.page.hook.record).toEqual({ id })
  await act(() => second.page.hook.cancel())
  expect(second.page.hook.status).toBe('cancelled')
  expect((await second.client.history()).records.map(({ status }) => status)).toEqual(['cancelled', 'running'])
  expect(api.calls).toHaveLength(2)
})

test('persist without an id is an error that says so', async () => {
  const { request, inProvider } = await setUpStream()
  const page = streamReader(request, { persist: sessionPersister })
  const printed = vi.spyOn(console, 'error').mockImplementation(() => {})
  expect(() => render(inProvider(<page.Reader />))).toThrow(/persist needs an id/)
  printed.mockRestore()
})
