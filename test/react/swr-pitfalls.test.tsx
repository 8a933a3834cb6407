import { act, waitFor } from '@testing-library/react'
import { describe, expect, test, vi } from 'vitest'
import { json } from '../helpers/api.ts'
import { renderReader, setUp, setUpWithDoor } from '../helpers/page.tsx'
import { until } from '../helpers/watched-fetch.ts'

// What goes wrong when polling is left to SWR 2.5.1, one by one.

test('polling starts with no data, and starts again after it has ended', async () => {
  const { api, request, inProvider } = await setUp()
  const page = renderReader(inProvider, { ...request, poll: 100 }, 'status')
  for (const n of [1, 2, 3]) {
    expect(await act(() => page.hook.sendAsync({ data: { n } }))).toEqual({ picture: `otter {"n":${n}}` })
    expect(page.hook.status).toBe('resolved')
  }
  expect(api.calls).toHaveLength(3)
})

test('rendering does not disturb the polling, though the options are new each time', async () => {
  const { network, request, inProvider, open } = await setUpWithDoor()
  const page = renderReader(inProvider, { ...request, poll: 20_000, onResponse: () => {} }, 'status')
  act(() => page.hook.send())
  await waitFor(() => expect(page.hook.status).toBe('running'))
  await waitFor(() => expect(network.inFlight).toBe(1))
  const before = network.polls.length
  for (let render = 0; render < 20; render++) page.page.rerender(inProvider(<page.Reader />))
  expect(network.polls).toHaveLength(before)
  open()
  await waitFor(() => expect(page.hook.status).toBe('resolved'))
  expect(network.polls).toHaveLength(before)
})

test('one failed poll does not end the polling, and is not shown', async () => {
  const { network, request, inProvider, open } = await setUpWithDoor()
  const page = renderReader(inProvider, { ...request, poll: 100 }, 'status', 'error')
  act(() => page.hook.send())
  await waitFor(() => expect(page.hook.status).toBe('running'))
  network.isCut = true
  const before = network.polls.length
  await until(() => network.polls.length > before + 1)
  expect(page.hook).toMatchObject({ status: 'running', error: undefined })
  network.isCut = false
  open()
  await waitFor(() => expect(page.hook.status).toBe('resolved'))
})

test('an answer is seen when it comes, not after a deduping interval', async () => {
  const { request, inProvider, open } = await setUpWithDoor()
  const page = renderReader(inProvider, { ...request, poll: 20_000 }, 'status')
  act(() => page.hook.send())
  await waitFor(() => expect(page.hook.status).toBe('running'))
  const opened = performance.now()
  open()
  await waitFor(() => expect(page.hook.status).toBe('resolved'), { interval: 5 })
  // Far below SWR's 2,000 ms and the interval of 20,000; a bound on the mechanism, not on the machine.
  expect(performance.now() - opened).toBeLessThan(1_500)
})

test('new bytes are shown: they are not taken for the ones before', async () => {
  let n = 0
  const { request, inProvider } = await setUp(
    (_call, outgoing) => void outgoing.writeHead(200, { 'content-type': 'image/png' }).end(Buffer.from([0xff, ++n])),
  )
  const page = renderReader(inProvider, { ...request }, 'data')
  for (const last of [1, 2]) {
    await act(() => page.hook.sendAsync())
    expect([...(page.seen.at(-1)?.[0] as Uint8Array)]).toEqual([0xff, last])
  }
})

test('two sends at once lose no result, and each callback is called', async () => {
  const { request, inProvider } = await setUp()
  const onResponse = vi.fn()
  const page = renderReader(inProvider, { ...request, poll: 100, onResponse }, 'data')
  const answers = await act(() => Promise.all([1, 2, 3].map((n) => page.hook.sendAsync({ data: { n } }))))
  expect(answers).toEqual([1, 2, 3].map((n) => ({ picture: `otter {"n":${n}}` })))
  expect(onResponse).toHaveBeenCalledTimes(3)
  expect(page.hook.data).toEqual({ picture: 'otter {"n":3}' })
})

test('a send that fails and that nobody awaits raises no unhandled rejection', async () => {
  const { request, inProvider } = await setUp((_call, outgoing) => json(outgoing, {}, 500))
  const unhandled: unknown[] = []
  const listener = (reason: unknown) => void unhandled.push(reason)
  process.on('unhandledRejection', listener)
  const page = renderReader(inProvider, request, 'status')
  act(() => page.hook.send())
  await waitFor(() => expect(page.hook.status).toBe('failed'))
  await new Promise((resolve) => setImmediate(resolve))
  process.off('unhandledRejection', listener)
  expect(unhandled).toEqual([])
})

test('an unmount reaches the network: the held poll ends', async () => {
  const { network, request, inProvider } = await setUpWithDoor()
  const page = renderReader(inProvider, { ...request, poll: 20_000 }, 'status')
  act(() => page.hook.send())
  await waitFor(() => expect(page.hook.status).toBe('running'))
  await waitFor(() => expect(network.inFlight).toBe(1))
  page.page.unmount()
  await until(() => network.inFlight === 0)
})

describe('a request is not sent again', () => {
  test('on focus, on reconnect, or because it failed', async () => {
    const { api, request, inProvider } = await setUp((_call, outgoing) => json(outgoing, {}, 500))
    const page = renderReader(inProvider, request, 'status')
    act(() => page.hook.send())
    await waitFor(() => expect(page.hook.status).toBe('failed'))
    act(() => {
      window.dispatchEvent(new Event('focus'))
      document.dispatchEvent(new Event('visibilitychange'))
      window.dispatchEvent(new Event('offline'))
      window.dispatchEvent(new Event('online'))
    })
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(api.calls).toHaveLength(1)
  })
})

test('onClick={otter.send} sends, though it is given an event', async () => {
  const { api, request, inProvider } = await setUp()
  const page = renderReader(inProvider, request, 'status')
  const send = page.hook.send as (event: unknown) => void
  act(() => send(new MouseEvent('click')))
  await waitFor(() => expect(page.hook.status).toBe('resolved'))
  expect(api.calls).toHaveLength(1)
})
