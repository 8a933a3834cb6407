import { act, waitFor } from '@testing-library/react'
import { afterEach, expect, test, vi } from 'vitest'
import { renderReader, setUpWithDoor } from '../helpers/page.tsx'

function show(state: 'hidden' | 'visible'): void {
  vi.spyOn(document, 'visibilityState', 'get').mockReturnValue(state)
  document.dispatchEvent(new Event('visibilitychange'))
}

function tell(event: 'online' | 'offline'): void {
  window.dispatchEvent(new Event(event))
}

afterEach(() => void vi.restoreAllMocks())

const leaving = {
  hidden: { leave: () => show('hidden'), comeBack: () => show('visible') },
  offline: { leave: () => tell('offline'), comeBack: () => tell('online') },
}

test.each(['hidden', 'offline'] as const)(
  '%s: the held poll ends, none is sent, and on return one is sent at once',
  async (reason) => {
    const { leave, comeBack } = leaving[reason]
    const { api, network, request, inProvider, open } = await setUpWithDoor()
    const page = renderReader(inProvider, { ...request, poll: 20_000 }, 'status', 'pauseReason')
    act(() => page.hook.send())
    await waitFor(() => expect(page.hook.status).toBe('running'))
    await waitFor(() => expect(network.inFlight).toBe(1))
    act(leave)
    await waitFor(() => expect(page.hook).toMatchObject({ pauseReason: reason, status: 'running', isLoading: true }))
    await waitFor(() => expect(network.inFlight).toBe(0))
    open()
    await waitFor(() => expect(api.calls[0]?.endedAt).toBeDefined())
    const before = network.polls.length
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(network.polls).toHaveLength(before)

    act(comeBack)
    await waitFor(() => expect(page.hook).toMatchObject({ status: 'resolved', pauseReason: undefined }))
    expect(network.polls).toHaveLength(before + 1)
  },
)

test('a request sent on a hidden page is sent; only its polling rests', async () => {
  const { api, network, request, inProvider, open } = await setUpWithDoor()
  const page = renderReader(inProvider, { ...request, poll: 100 }, 'status', 'pauseReason')
  show('hidden')
  act(() => page.hook.send())
  await waitFor(() => expect(page.hook).toMatchObject({ status: 'running', pauseReason: 'hidden' }))
  await waitFor(() => expect(api.calls).toHaveLength(1))
  expect(network.polls).toEqual([])
  open()
  act(() => show('visible'))
  await waitFor(() => expect(page.hook.status).toBe('resolved'))
})
