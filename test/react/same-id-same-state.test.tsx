import { act, render, waitFor } from '@testing-library/react'
import { expect, test } from 'vitest'
import { reader, setUp, setUpWithDoor } from '../helpers/page.tsx'

test('two components with the same id show one request, and each can act on it', async () => {
  const { api, request, inProvider, open } = await setUpWithDoor()
  const options = { ...request, poll: 5_000, id: 'otter' }
  const [first, second, other] = [
    reader(options, 'status'),
    reader(options, 'status'),
    reader({ ...options, id: 'else' }, 'status'),
  ]
  render(inProvider([<first.Reader key="1" />, <second.Reader key="2" />, <other.Reader key="3" />]))
  act(() => first.hook.send())
  await waitFor(() => expect(second.hook.status).toBe('running'))
  expect(first.hook.record).toBe(second.hook.record)
  act(() => second.hook.stop())
  await waitFor(() => expect(first.hook.status).toBe('stopped'))
  act(() => first.hook.resume())
  open()
  await waitFor(() => expect(second.hook).toMatchObject({ status: 'resolved', data: { picture: 'otter ' } }))
  act(() => second.hook.reset())
  expect(first.hook.status).toBe('idle')
  expect(other.hook.status).toBe('idle')
  expect(api.calls).toHaveLength(1)
})

test('the state with an id is still there when all its components were gone for a while', async () => {
  const { request, inProvider } = await setUp()
  const before = reader({ ...request, id: 'otter' }, 'status')
  const page = render(inProvider(<before.Reader />))
  await act(() => before.hook.sendAsync())
  page.rerender(inProvider(null))
  const after = reader({ ...request, id: 'otter' }, 'status')
  page.rerender(inProvider(<after.Reader />))
  expect(after.hook).toMatchObject({ status: 'resolved', data: { picture: 'otter ' } })
})

test('one that leaves does not end the watching of the other; when the last has left, one that comes goes on', async () => {
  const { api, network, request, inProvider, open } = await setUpWithDoor()
  const options = { ...request, poll: 5_000, id: 'otter' }
  const [first, second] = [reader(options, 'status'), reader(options, 'status')]
  const page = render(inProvider([<first.Reader key="1" />, <second.Reader key="2" />]))
  act(() => first.hook.send())
  await waitFor(() => expect(second.hook.status).toBe('running'))
  page.rerender(inProvider([<second.Reader key="2" />]))
  expect(second.hook).toMatchObject({ status: 'running', isPolling: true })
  page.rerender(inProvider([]))
  await waitFor(() => expect(network.inFlight).toBe(0))
  open()
  await waitFor(() => expect(api.calls[0]?.endedAt).toBeDefined())
  const third = reader(options, 'status')
  page.rerender(inProvider(<third.Reader />))
  await waitFor(() => expect(third.hook).toMatchObject({ status: 'resolved', data: { picture: 'otter ' } }))
  expect(api.calls).toHaveLength(1)
})

test('with the same id in two providers they are two requests', async () => {
  const [one, two] = [await setUp(), await setUp()]
  const [first, second] = [
    reader({ ...one.request, id: 'otter' }, 'status'),
    reader({ ...two.request, id: 'otter' }, 'status'),
  ]
  render([
    <div key="1">{one.inProvider(<first.Reader />)}</div>,
    <div key="2">{two.inProvider(<second.Reader />)}</div>,
  ])
  await act(() => first.hook.sendAsync())
  expect(first.hook.status).toBe('resolved')
  expect(second.hook.status).toBe('idle')
})
