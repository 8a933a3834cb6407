import { act, render, screen, waitFor } from '@testing-library/react'
import { Suspense, useState } from 'react'
import { expect, test, vi } from 'vitest'
import { isPollStopped } from '../../src/exports/index.ts'
import { door } from '../helpers/api.ts'
import { reader, setUpWithDoor } from '../helpers/page.tsx'

test('a component that moves among its siblings keeps its request', async () => {
  const { api, request, inProvider, open } = await setUpWithDoor()
  const onResponse = vi.fn()
  const options = { ...request, poll: 5_000, onResponse }
  const [first, second] = [
    reader({ ...options, data: { n: 1 } }, 'status'),
    reader({ ...options, data: { n: 2 } }, 'status'),
  ]
  const order = (...keys: number[]) =>
    inProvider(keys.map((key) => (key === 1 ? <first.Reader key="1" /> : <second.Reader key="2" />)))
  const page = render(order(1, 2))
  act(() => first.hook.send())
  await waitFor(() => expect(first.hook.status).toBe('running'))
  page.rerender(order(2, 1))
  expect([first.hook.status, second.hook.status]).toEqual(['running', 'idle'])
  open()
  await waitFor(() => expect(first.hook).toMatchObject({ status: 'resolved', data: { picture: 'otter {"n":1}' } }))
  expect(second.hook.status).toBe('idle')
  expect(onResponse).toHaveBeenCalledOnce()
  expect(api.calls).toHaveLength(1)
})

test('a component that is hidden by a <Suspense> above it keeps its request, and its answer is there when it is shown', async () => {
  const { api, request, inProvider, open } = await setUpWithDoor()
  const part = reader({ ...request, poll: 5_000 }, 'status')
  const loading = door()
  let isLoaded = false
  let suspend!: () => void
  const Loading = () => {
    const [isLoading, setLoading] = useState(false)
    suspend = () => setLoading(true)
    if (isLoading && !isLoaded) throw loading.opened
    return null
  }
  render(
    inProvider(
      <Suspense fallback="waiting">
        <part.Reader />
        <Loading />
      </Suspense>,
    ),
  )
  act(() => part.hook.send())
  await waitFor(() => expect(part.hook.status).toBe('running'))
  act(() => suspend())
  expect(screen.getByText('waiting')).toBeTruthy()
  open()
  await waitFor(() => expect(api.calls[0]?.endedAt).toBeDefined())
  isLoaded = true
  await act(async () => loading.open())
  await waitFor(() => expect(part.hook).toMatchObject({ status: 'resolved', data: { picture: 'otter ' } }))
  expect(api.calls).toHaveLength(1)
})

test('an unmount is no stop: a component with the same id finds the request running, and polled', async () => {
  const { request, inProvider, open } = await setUpWithDoor()
  const options = { ...request, poll: 5_000, id: 'otter' }
  const before = reader(options, 'status')
  const page = render(inProvider(<before.Reader />))
  const sent = before.hook.sendAsync()
  await waitFor(() => expect(before.hook.status).toBe('running'))
  page.rerender(inProvider(null))
  expect(isPollStopped(await sent)).toBe(true)
  const after = reader(options, 'status', 'isPolling')
  page.rerender(inProvider(<after.Reader />))
  expect(after.seen.map(([status]) => status)).not.toContain('stopped')
  expect(after.hook).toMatchObject({ status: 'running', isPolling: true })

  // But what a person stopped stays so.
  act(() => after.hook.stop())
  page.rerender(inProvider(null))
  await act(async () => {})
  const later = reader(options, 'status')
  page.rerender(inProvider(<later.Reader />))
  expect(later.hook.status).toBe('stopped')
  open()
})
