import { act, waitFor } from '@testing-library/react'
import { describe, expect, test, vi } from 'vitest'
import { isPollStopped } from '../../src/exports/index.ts'
import { renderReader, setUp, setUpWithDoor } from '../helpers/page.tsx'

describe('stop and resume', () => {
  test('stop ends the polling and calls nothing; resume takes it up again, and the answer is told once', async () => {
    const { api, network, request, inProvider, open } = await setUpWithDoor()
    const callbacks = { onResponse: vi.fn(), onError: vi.fn(), onSettled: vi.fn() }
    const page = renderReader(inProvider, { ...request, poll: 5_000, ...callbacks }, 'status')
    const sent = page.hook.sendAsync()
    await waitFor(() => expect(page.hook.status).toBe('running'))
    act(() => page.hook.stop())
    expect(isPollStopped(await sent)).toBe(true)
    await waitFor(() =>
      expect(page.hook).toMatchObject({
        status: 'stopped',
        isLoading: false,
        isPolling: false,
        record: { status: 'running' },
      }),
    )
    expect(network.inFlight).toBe(0)
    open()
    await waitFor(() => expect(api.calls[0]?.endedAt).toBeDefined())
    expect(callbacks.onSettled).not.toHaveBeenCalled()

    act(() => page.hook.resume())
    expect(page.hook).toMatchObject({ status: 'running', isPolling: true })
    await waitFor(() => expect(page.hook).toMatchObject({ status: 'resolved', data: { picture: 'otter ' } }))
    expect(callbacks.onResponse).toHaveBeenCalledOnce()
    expect(callbacks.onSettled).toHaveBeenCalledExactlyOnceWith({ picture: 'otter ' }, undefined)
    expect(callbacks.onError).not.toHaveBeenCalled()
    expect(api.calls).toHaveLength(1)
  })

  test('resume begins the polling of a queued request that is polled by hand', async () => {
    const { request, inProvider } = await setUp()
    const page = renderReader(inProvider, { ...request, queue: 'q' }, 'status')
    await act(() => page.hook.sendAsync())
    expect(page.hook).toMatchObject({ status: 'pending', isPolling: false })
    act(() => page.hook.resume())
    await waitFor(() => expect(page.hook.status).toBe('resolved'))
  })

  test('where there is nothing to do, both do nothing', async () => {
    const { request, inProvider } = await setUp()
    const page = renderReader(inProvider, request, 'status')
    act(() => {
      page.hook.stop()
      page.hook.resume()
    })
    expect(page.hook.status).toBe('idle')
    await act(() => page.hook.sendAsync())
    act(() => {
      page.hook.stop()
      page.hook.resume()
    })
    expect(page.hook.status).toBe('resolved')
  })
})

describe('cancel', () => {
  test('of a waiting request takes it out of the queue: it is never sent', async () => {
    const { api, client, request, inProvider, open } = await setUpWithDoor()
    const before = await client.clientSecretRequest({ ...request, queue: 'q' })
    const onError = vi.fn()
    const page = renderReader(inProvider, { ...request, queue: 'q', poll: 5_000, onError }, 'status', 'inQueue')
    act(() => page.hook.send())
    await waitFor(() => expect(page.hook).toMatchObject({ status: 'pending', inQueue: 2 }))
    const answer = await act(() => page.hook.cancel())
    expect(answer).toEqual({
      removed: true,
      message: 'The relay removed the request from its queue, and does not call the API for it.',
    })
    await waitFor(() =>
      expect(page.hook).toMatchObject({ status: 'cancelled', error: { code: 'CANCELLED' }, isLoading: false }),
    )
    expect(onError).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ code: 'CANCELLED' }))
    open()
    await before.poll()
    expect(api.calls).toHaveLength(1)
  })

  test('of a running request ends the call of the API, also when nobody follows it', async () => {
    let ended = false
    const { request, inProvider } = await setUp((_call, outgoing) => void outgoing.once('close', () => (ended = true)))
    const page = renderReader(inProvider, { ...request, poll: 5_000 }, 'status')
    act(() => page.hook.send())
    await waitFor(() => expect(page.hook.status).toBe('running'))
    act(() => page.hook.stop())
    await waitFor(() => expect(page.hook.status).toBe('stopped'))
    expect(await act(() => page.hook.cancel())).toMatchObject({ removed: true })
    await waitFor(() => expect(page.hook.status).toBe('cancelled'))
    await waitFor(() => expect(ended).toBe(true))
  })

  test('of a settled one changes nothing and says so', async () => {
    const { request, inProvider } = await setUp()
    const page = renderReader(inProvider, { ...request, poll: 100 }, 'status')
    await act(() => page.hook.sendAsync())
    expect(await page.hook.cancel()).toEqual({
      removed: false,
      message: 'The request had already settled, so the relay could not cancel it.',
    })
    expect(page.hook.status).toBe('resolved')
  })

  test('of a direct one ends the call of the API, though it has no id yet', async () => {
    let ended = false
    const { api, request, inProvider } = await setUp(
      (_call, outgoing) => void outgoing.once('close', () => (ended = true)),
    )
    const page = renderReader(inProvider, request, 'status')
    act(() => page.hook.send())
    await waitFor(() => expect(api.calls).toHaveLength(1))
    expect(await act(() => page.hook.cancel())).toMatchObject({ removed: true })
    await waitFor(() => expect(page.hook).toMatchObject({ status: 'cancelled', error: { code: 'CANCELLED' } }))
    await waitFor(() => expect(ended).toBe(true))
  })
})

describe('in odd orders', () => {
  test('stop and resume at once: it goes on', async () => {
    const { request, inProvider, open } = await setUpWithDoor()
    const page = renderReader(inProvider, { ...request, poll: 5_000 }, 'status')
    act(() => page.hook.send())
    await waitFor(() => expect(page.hook.status).toBe('running'))
    act(() => {
      page.hook.stop()
      page.hook.resume()
    })
    open()
    await waitFor(() => expect(page.hook.status).toBe('resolved'))
  })

  test('the callbacks of a send are those that hear of it after a resume', async () => {
    const { request, inProvider, open } = await setUpWithDoor()
    const [ofSend, ofHook] = [vi.fn(), vi.fn()]
    const page = renderReader(inProvider, { ...request, poll: 5_000, onResponse: ofHook }, 'status')
    act(() => page.hook.send({ onResponse: ofSend }))
    await waitFor(() => expect(page.hook.status).toBe('running'))
    act(() => page.hook.stop())
    act(() => page.hook.resume())
    open()
    await waitFor(() => expect(page.hook.status).toBe('resolved'))
    expect(ofSend).toHaveBeenCalledOnce()
    expect(ofHook).not.toHaveBeenCalled()
  })

  test('polled by hand twice, stopped once, and stopped by the hook', async () => {
    const { request, inProvider, open } = await setUpWithDoor()
    const page = renderReader(inProvider, { ...request, queue: 'q' }, 'status', 'isPolling')
    const queued = await act(() => page.hook.sendAsync())
    if (!('poll' in queued)) throw new Error('no QueuedRequest')
    const [first, second] = [queued.poll(), queued.poll()]
    act(() => first.stop())
    await first
    expect(page.hook).toMatchObject({ isPolling: true })
    act(() => page.hook.stop())
    expect(page.hook).toMatchObject({ status: 'stopped', isPolling: false, isLoading: false })
    await second
    open()
    expect(await act(() => queued.poll())).toEqual({ picture: 'otter ' })
    await waitFor(() => expect(page.hook.status).toBe('resolved'))
  })

  test('stop of a queued request that nobody polls', async () => {
    const { request, inProvider } = await setUpWithDoor()
    const page = renderReader(inProvider, { ...request, queue: 'q' }, 'status')
    await act(() => page.hook.sendAsync())
    act(() => page.hook.stop())
    expect(page.hook).toMatchObject({ status: 'stopped', isLoading: false })
  })

  test('after reset a poll by hand tells nobody', async () => {
    const { request, inProvider } = await setUp()
    const onResponse = vi.fn()
    const page = renderReader(inProvider, { ...request, queue: 'q', onResponse }, 'status')
    const queued = await act(() => page.hook.sendAsync())
    if (!('poll' in queued)) throw new Error('no QueuedRequest')
    act(() => page.hook.reset())
    await act(() => queued.poll())
    expect(onResponse).not.toHaveBeenCalled()
    expect(page.hook.status).toBe('idle')
  })

  test('send(null), as JavaScript may', async () => {
    const { request, inProvider } = await setUp()
    const page = renderReader(inProvider, request, 'status')
    act(() => page.hook.send(null as never))
    await waitFor(() => expect(page.hook.status).toBe('resolved'))
  })
})
