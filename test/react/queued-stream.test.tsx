import { act, render, waitFor } from '@testing-library/react'
import { StrictMode, useEffect, useRef } from 'react'
import { expect, test, vi } from 'vitest'
import { ClientSecretProvider, createClient, sessionPersister, useClientSecretStream } from '../../src/exports/index.ts'
import { chatEvent, renderStream, setUpStream, streamReader } from '../helpers/streams.tsx'

const text = 'Otter 🦦 schlürft Åäö 水獺 '.repeat(8)
const whole = Buffer.from([...text].map(chatEvent).join(''))
const fields = ['status', 'inQueue', 'text', 'error'] as const
const queued = { queue: 'chat', poll: 200 }

test('under StrictMode, a send in an effect takes one place in the queue and makes one call', async () => {
  const { api, client, request, inProvider, answers } = await setUpStream()
  const before = renderStream(inProvider, { ...request, ...queued }, {}, ...fields)
  act(() => before.hook.send())
  await waitFor(() => expect(answers).toHaveLength(1))
  function Page() {
    const { send, status, inQueue, text } = useClientSecretStream({ ...request, ...queued })
    const isSent = useRef(false)
    useEffect(() => {
      if (!isSent.current) send()
      isSent.current = true
    }, [send])
    return <output>{`${status} ${inQueue} ${text}`}</output>
  }
  const { container } = render(<StrictMode>{inProvider(<Page />)}</StrictMode>)
  await waitFor(() => expect(container.textContent).toBe('queued 2 '))
  expect(await client.transport.queueCount('chat')).toMatchObject({ inQueue: 2 })
  answers[0]!.end()
  await waitFor(() => expect(answers).toHaveLength(2))
  answers[1]!.end(whole)
  await waitFor(() => expect(container.textContent).toBe(`resolved undefined ${text}`))
  expect(api.calls).toHaveLength(2)
})

test('a reload in line and one in the middle: the place, then the whole text; the callbacks run once', async () => {
  sessionStorage.clear()
  const { api, url, request, client, inProvider, answers } = await setUpStream({
    limits: { disconnectGracePeriod: 50 },
  })
  const load = (callbacks: object = {}) => {
    const options = { id: 'chat', persist: sessionPersister, ...callbacks }
    const page = streamReader({ ...request, ...queued }, options, ...fields)
    const own = createClient({ relay: url })
    const { unmount } = render(
      <ClientSecretProvider client={own}>
        <page.Reader />
      </ClientSecretProvider>,
    )
    return { page, unmount, session: () => own.transport.session!(null) }
  }
  const first = load()
  // The same visitor has a stream in front of it.
  client.transport.session!(first.session())
  const before = renderStream(inProvider, { ...request, ...queued }, {}, ...fields)
  act(() => before.hook.send())
  await waitFor(() => expect(answers).toHaveLength(1))
  act(() => first.page.hook.send())
  await waitFor(() => expect(first.page.hook).toMatchObject({ status: 'queued', inQueue: 2, isStreaming: true }))
  first.unmount()

  const second = load()
  expect(second.page.hook.status).toBe('sending')
  await waitFor(() => expect(second.page.hook).toMatchObject({ status: 'queued', inQueue: 2 }))
  answers[0]!.end()
  await waitFor(() => expect(answers).toHaveLength(2))
  answers[1]!.write(whole.subarray(0, 2_777))
  await waitFor(() => expect(second.page.hook.text).not.toBe(''))
  expect(second.page.hook.inQueue).toBeUndefined()
  second.unmount()

  const callbacks = { onResponse: vi.fn(), onEvent: vi.fn() }
  const third = load(callbacks)
  await waitFor(() => expect(third.page.hook.text).not.toBe(''))
  answers[1]!.end(whole.subarray(2_777))
  await waitFor(() => expect(third.page.hook.status).toBe('resolved'))
  expect(third.page.hook.text).toBe(text)
  expect(callbacks.onResponse).toHaveBeenCalledOnce()
  expect(callbacks.onEvent).toHaveBeenCalledTimes([...text].length)
  expect(api.calls).toHaveLength(2)
})

test('a stop in line leaves the request there; resume shows its answer; cancel in line withdraws it', async () => {
  const { api, request, inProvider, answers } = await setUpStream()
  const open = () => renderStream(inProvider, { ...request, ...queued }, {}, ...fields)
  const [first, stopped, cancelled] = [open(), open(), open()]
  act(() => first.hook.send())
  await waitFor(() => expect(answers).toHaveLength(1))
  act(() => stopped.hook.send())
  await waitFor(() => expect(stopped.hook).toMatchObject({ status: 'queued', inQueue: 2 }))
  act(() => cancelled.hook.send())
  await waitFor(() => expect(cancelled.hook).toMatchObject({ status: 'queued', inQueue: 3 }))
  act(() => stopped.hook.stop())
  await act(() => cancelled.hook.cancel())
  expect(stopped.hook).toMatchObject({ status: 'stopped', inQueue: undefined })
  expect(cancelled.hook).toMatchObject({ status: 'cancelled', error: { code: 'CANCELLED' } })
  answers[0]!.end()
  await waitFor(() => expect(answers).toHaveLength(2))
  answers[1]!.end(whole)
  act(() => stopped.hook.resume())
  await waitFor(() => expect(stopped.hook.status).toBe('resolved'))
  expect(stopped.hook.text).toBe(text)
  expect(api.calls).toHaveLength(2)
})

test('an unmount in line watches no more; a component that returns shows the place', async () => {
  const { api, request, inProvider, answers, network } = await setUpStream()
  const first = renderStream(inProvider, { ...request, ...queued }, {}, ...fields)
  act(() => first.hook.send())
  await waitFor(() => expect(answers).toHaveLength(1))
  const page = streamReader({ ...request, ...queued }, { id: 'shown' }, ...fields)
  const { rerender } = render(inProvider(<page.Reader />))
  act(() => page.hook.send())
  await waitFor(() => expect(page.hook).toMatchObject({ status: 'queued', inQueue: 2 }))
  rerender(inProvider(null))
  await waitFor(() => expect(network.inFlight).toBe(0))
  rerender(inProvider(<page.Reader />))
  await waitFor(() => expect(page.hook).toMatchObject({ status: 'queued', inQueue: 2 }))
  answers[0]!.end()
  await waitFor(() => expect(answers).toHaveLength(2))
  answers[1]!.end(whole)
  await waitFor(() => expect(page.hook).toMatchObject({ status: 'resolved', text }))
  expect(api.calls).toHaveLength(2)
})
