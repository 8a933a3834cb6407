import { act, render, waitFor } from '@testing-library/react'
import { StrictMode } from 'react'
import { expect, test, vi } from 'vitest'
import { useClientSecretRecord, type Listeners, type UseClientSecretRecord } from '../../src/exports/index.ts'
import { setUpWithDoor } from '../helpers/page.tsx'

function follower(id: string | null, listeners?: Listeners) {
  const parts = {
    hook: undefined as unknown as UseClientSecretRecord,
    Follower: () => {
      parts.hook = useClientSecretRecord(id, listeners)
      return <output>{parts.hook.status}</output>
    },
  }
  return parts
}

test('follows a request that was sent elsewhere, and tells its listeners', async () => {
  const { client, request, inProvider, open } = await setUpWithDoor()
  const { id } = await client.clientSecretRequest({ ...request, queue: 'q' })
  const listeners = { onResponse: vi.fn(), onUpdate: vi.fn(), onSettled: vi.fn() }
  const part = follower(id, listeners)
  render(inProvider(<part.Follower />))
  expect(part.hook).toMatchObject({ status: 'sending', isLoading: true, isPolling: true })
  await waitFor(() =>
    expect(part.hook).toMatchObject({ status: 'running', record: { id, request: { url: request.url, queue: 'q' } } }),
  )
  open()
  await waitFor(() =>
    expect(part.hook).toMatchObject({ status: 'resolved', data: { picture: 'otter ' }, record: { id } }),
  )
  expect(listeners.onResponse).toHaveBeenCalledOnce()
  expect(listeners.onSettled).toHaveBeenCalledExactlyOnceWith({ picture: 'otter ' }, undefined)
  expect(listeners.onUpdate.mock.calls).toMatchObject([[{ status: 'running' }], [{ status: 'resolved' }]])
})

test('null follows nothing; another id follows that one', async () => {
  const { client, request, inProvider, open } = await setUpWithDoor()
  open()
  const part = follower(null)
  const page = render(inProvider(<part.Follower />))
  expect(part.hook.status).toBe('idle')
  const { id } = await client.clientSecretRequest({ ...request, queue: 'q' })
  const next = follower(id)
  page.rerender(inProvider(<next.Follower />))
  await waitFor(() => expect(next.hook.status).toBe('resolved'))
})

test('cancel, stop and resume work on it; one that is not there has failed', async () => {
  const { client, request, inProvider } = await setUpWithDoor()
  const { id } = await client.clientSecretRequest({ ...request, queue: 'q' })
  const part = follower(id)
  render(inProvider(<part.Follower />))
  await waitFor(() => expect(part.hook.status).toBe('running'))
  act(() => part.hook.stop())
  await waitFor(() => expect(part.hook.status).toBe('stopped'))
  act(() => part.hook.resume())
  expect(part.hook.status).toBe('running')
  await act(() => part.hook.cancel())
  await waitFor(() => expect(part.hook.status).toBe('cancelled'))

  const none = follower('none')
  render(inProvider(<none.Follower />))
  await waitFor(() => expect(none.hook).toMatchObject({ status: 'failed', error: { code: 'REQUEST_NOT_FOUND' } }))
})

test('follows under StrictMode, and when it was unmounted while it was looked up', async () => {
  const { client, request, inProvider, open } = await setUpWithDoor()
  const { id } = await client.clientSecretRequest({ ...request, queue: 'q' })
  const part = follower(id)
  const page = render(<StrictMode>{inProvider(<part.Follower />)}</StrictMode>)
  page.rerender(<StrictMode>{inProvider(null)}</StrictMode>)
  page.rerender(<StrictMode>{inProvider(<part.Follower />)}</StrictMode>)
  await waitFor(() => expect(part.hook.status).toBe('running'))
  open()
  await waitFor(() => expect(part.hook.status).toBe('resolved'))
})

test('cancel while it is looked up cancels it', async () => {
  const { client, request, inProvider } = await setUpWithDoor()
  const { id } = await client.clientSecretRequest({ ...request, queue: 'q' })
  const part = follower(id)
  render(inProvider(<part.Follower />))
  expect(part.hook.status).toBe('sending')
  expect(await act(() => part.hook.cancel())).toMatchObject({ removed: true })
  await waitFor(() => expect(part.hook.status).toBe('cancelled'))
})
