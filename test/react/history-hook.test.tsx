import { act, render, waitFor } from '@testing-library/react'
import { expect, test } from 'vitest'
import {
  useClientSecretHistory,
  useClientSecretQueue,
  type HistoryFilter,
  type UseClientSecretHistory,
  type UseClientSecretQueue,
} from '../../src/exports/index.ts'
import { setUp, setUpWithDoor } from '../helpers/page.tsx'

function historian(filter: HistoryFilter) {
  const parts = {
    hook: undefined as unknown as UseClientSecretHistory,
    Historian: () => {
      parts.hook = useClientSecretHistory(filter)
      return (
        <output>
          {parts.hook.records.map(({ status }) => status).join()} {String(parts.hook.isLoading)}
        </output>
      )
    },
  }
  return parts
}

test('past requests, page by page, the newest first; cursors stay right while records are added', async () => {
  const { client, request, inProvider } = await setUp()
  const send = (n: number) => client.clientSecretRequest({ ...request, data: { n } })
  for (const n of [1, 2, 3, 4, 5]) await send(n)
  const part = historian({ url: request.url, method: 'POST', limit: 2 })
  render(inProvider(<part.Historian />))
  expect(part.hook).toMatchObject({ records: [], isLoading: true })
  const shown = () => part.hook.records.map((record) => (record.request?.data as { n: number } | undefined)?.n)
  await waitFor(() => expect(shown()).toEqual([5, 4]))
  await act(() => send(6))
  expect(shown()).toEqual([6, 5, 4])
  await act(() => part.hook.loadMore())
  expect(shown()).toEqual([6, 5, 4, 3, 2])
  expect(part.hook.hasMore).toBe(true)
  await act(() => part.hook.loadMore())
  expect(shown()).toEqual([6, 5, 4, 3, 2, 1])
  expect(part.hook.hasMore).toBe(false)
  await act(() => part.hook.loadMore())
  expect(shown()).toEqual([6, 5, 4, 3, 2, 1])
  await act(() => part.hook.refresh())
  expect(shown()).toEqual([6, 5])
  expect(part.hook.records[0]).toMatchObject({
    status: 'resolved',
    response: { status: 200, body: { picture: 'otter {"n":6}' } },
  })
})

test('a send of this client appears at once, if it matches the filter, and updates', async () => {
  const { client, request, inProvider, open } = await setUpWithDoor()
  let typed!: UseClientSecretHistory<{ picture: string }>
  const Historian = () => {
    typed = useClientSecretHistory<{ picture: string }>({ queue: 'q' })
    return <output>{typed.records.map(({ status }) => status).join()}</output>
  }
  render(inProvider(<Historian />))
  await waitFor(() => expect(typed.isLoading).toBe(false))
  await act(async () => {
    await client.clientSecretRequest({ ...request, queue: 'q', data: { n: 1 } })
    await client.clientSecretRequest({ ...request, queue: 'other' })
  })
  expect(typed.records).toMatchObject([{ status: 'running', request: { queue: 'q', data: { n: 1 } } }])
  open()
  await waitFor(() => expect(typed.records[0]?.response?.body.picture).toBe('otter {"n":1}'))
})

test('those under way are kept live, without reading the page again', async () => {
  const { client, network, request, inProvider, open } = await setUpWithDoor()
  const first = await client.clientSecretRequest({ ...request, queue: 'q' })
  await client.clientSecretRequest({ ...request, queue: 'q' })
  const part = historian({ queue: 'q' })
  const page = render(inProvider(<part.Historian />))
  await waitFor(() => expect(part.hook.records.map(({ status }) => status)).toEqual(['pending', 'running']))
  await client.cancel(first.id)
  await waitFor(() => expect(part.hook.records.map(({ status }) => status)).toEqual(['running', 'cancelled']))
  open()
  await waitFor(() => expect(part.hook.records.map(({ status }) => status)).toEqual(['resolved', 'cancelled']))
  page.unmount()
  await waitFor(() => expect(network.inFlight).toBe(0))
})

test('filters: exact url, method, queue and status; compact leaves the bodies out', async () => {
  const { client, request, inProvider } = await setUp()
  await client.clientSecretRequest({ ...request, data: { n: 1 }, queue: 'u1', poll: 50 })
  await client.clientSecretRequest({ ...request, data: { n: 2 }, queue: 'u1-bg', poll: 50 })
  await client.clientSecretRequest({ ...request, url: `${request.url}?x=1`, data: { n: 3 } })
  await client.clientSecretRequest({ ...request, method: 'PUT', data: { n: 4 } })
  const numbers = async (filter: HistoryFilter) =>
    (await client.history(filter)).records.map((record) => (record.request?.data as { n: number } | undefined)?.n)
  expect(await numbers({})).toEqual([4, 3, 2, 1])
  expect(await numbers({ url: request.url })).toEqual([4, 2, 1])
  expect(await numbers({ url: request.url, method: 'POST' })).toEqual([2, 1])
  expect(await numbers({ queue: 'u1' })).toEqual([1])
  expect(await numbers({ status: 'resolved', limit: 1 })).toEqual([4])
  expect(await numbers({ status: 'failed' })).toEqual([])
  const [record] = (await client.history({ compact: true })).records
  expect(record).toMatchObject({ status: 'resolved', request: { url: request.url, method: 'PUT' } })
  expect(record?.response).toBeUndefined()
  expect(record?.request?.data).toBeUndefined()
  await expect(client.history({ limit: 0 })).rejects.toMatchObject({ code: 'INVALID_PARAMETER', path: 'limit' })
  await expect(client.history({ cursor: 'x' })).rejects.toMatchObject({ code: 'INVALID_PARAMETER', path: 'cursor' })

  const part = historian({ limit: 0 })
  render(inProvider(<part.Historian />))
  await waitFor(() => expect(part.hook).toMatchObject({ isLoading: false, error: { code: 'INVALID_PARAMETER' } }))
})

test('a queue is counted, by its exact name', async () => {
  const { client, request, inProvider, open } = await setUpWithDoor()
  for (const queue of ['u1', 'u1', 'u1-bg']) await client.clientSecretRequest({ ...request, queue })
  expect(await client.queueCount('u1')).toEqual({ queueName: 'u1', inQueue: 2 })
  expect(await client.queueCount('none / at all?')).toEqual({ queueName: 'none / at all?', inQueue: 0 })
  let hook!: UseClientSecretQueue
  const Counter = () => {
    hook = useClientSecretQueue('u1', { refreshInterval: 50 })
    return <output>{hook.inQueue}</output>
  }
  render(inProvider(<Counter />))
  await waitFor(() => expect(hook).toMatchObject({ inQueue: 2, isLoading: false, error: undefined }))
  open()
  await waitFor(() => expect(hook.inQueue).toBe(0))
})
