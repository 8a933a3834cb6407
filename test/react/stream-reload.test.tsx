import { act, render, waitFor } from '@testing-library/react'
import { expect, test, vi } from 'vitest'
import { ClientSecretProvider, createClient, localPersister, sessionPersister } from '../../src/exports/index.ts'
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
