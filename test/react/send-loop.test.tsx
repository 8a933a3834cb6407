import { act, render, screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { StrictMode, useEffect, useLayoutEffect, useState } from 'react'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { useClientSecretRequest, type UseClientSecretRequest } from '../../src/exports/index.ts'
import { json } from '../helpers/api.ts'
import { renderReader, setUp, type Picture } from '../helpers/page.tsx'

type Request = UseClientSecretRequest<Picture>

/** Calls of the API that a loop makes before it is stopped. */
const stoppedAfter = 20

const loops: [string, (request: Request) => void, typeof useEffect][] = [
  ['send', (request) => request.send(), useEffect],
  ['send with data of its own', (request) => request.send({ data: { prompt: 'otter' } }), useEffect],
  ['sendAsync', (request) => void request.sendAsync().catch(() => {}), useEffect],
  ['send, in a layout effect', (request) => request.send(), useLayoutEffect],
]

function holdTheClock() {
  vi.useFakeTimers({ toFake: ['Date'] })
  onTestFinished(() => void vi.useRealTimers())
}

describe.each([true, false])('StrictMode: %s', (isStrict) => {
  test.each(loops)('a loop is stopped: %s', async (_name, send, useSomeEffect) => {
    // However slow this machine is.
    holdTheClock()
    const { api, request: params, inProvider } = await setUp()
    const onError = vi.fn()
    let hook!: Request
    let renders = 0
    function Loop() {
      const request = useClientSecretRequest<Picture>({ ...params, onError })
      hook = request
      renders += 1
      useSomeEffect(() => {
        send(request)
      }, [request])
      return <output>{request.error?.code ?? request.status}</output>
    }
    render(isStrict ? <StrictMode>{inProvider(<Loop />)}</StrictMode> : inProvider(<Loop />))
    expect(await screen.findByText('SEND_LOOP')).toBeTruthy()
    await waitFor(() => expect(api.calls.every(({ endedAt }) => endedAt !== undefined)).toBe(true))
    expect(hook).toMatchObject({ status: 'failed', isLoading: false })
    expect(hook.error?.message).toContain('const { send } = useClientSecretRequest(…)')
    // Long enough for what still runs to come back.
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(hook.error?.code).toBe('SEND_LOOP')
    expect(api.calls).toHaveLength(stoppedAfter)
    expect(renders).toBeLessThan(isStrict ? 160 : 80)
    expect(onError).toHaveBeenCalledExactlyOnceWith(hook.error)
    console.log(`Calls of the API before the loop is stopped: ${api.calls.length}; renders: ${renders}`)
  })
})

test('after the loop a click sends', async () => {
  holdTheClock()
  const { api, request: params, inProvider } = await setUp()
  function Loop() {
    const request = useClientSecretRequest<Picture>(params)
    const [isLooping, loop] = useState(true)
    useEffect(() => {
      if (isLooping) request.send()
    }, [request, isLooping])
    const { send } = request
    return (
      <>
        <button onClick={() => loop(false)}>mend</button>
        <button onClick={() => send({ data: { n: 1 } })}>send</button>
        <output>{request.data?.picture ?? request.error?.code ?? request.status}</output>
      </>
    )
  }
  render(inProvider(<Loop />))
  await screen.findByText('SEND_LOOP')
  await userEvent.click(screen.getByText('mend'))
  await userEvent.click(screen.getByText('send'))
  expect(await screen.findByText('otter {"n":1}')).toBeTruthy()
  expect(api.calls).toHaveLength(stoppedAfter + 1)
})

describe('is no loop', () => {
  test('an effect that depends on send', async () => {
    const { api, request: params, inProvider } = await setUp()
    function Once() {
      const { send, status } = useClientSecretRequest(params)
      useEffect(() => send(), [send])
      return <output>{status}</output>
    }
    render(inProvider(<Once />))
    await screen.findByText('resolved')
    expect(api.calls).toHaveLength(1)
  })

  test('a person who clicks as fast as they can', async () => {
    const { api, request, inProvider } = await setUp()
    let hook!: Request
    const Page = () => {
      hook = useClientSecretRequest<Picture>(request)
      return <button onClick={() => hook.send()}>{hook.status}</button>
    }
    render(inProvider(<Page />))
    for (let n = 0; n < 20; n++) act(() => screen.getByRole('button').click())
    await waitFor(() => expect(hook.status).toBe('resolved'))
    await waitFor(() => expect(api.calls).toHaveLength(20))
  })

  test('20 sends, an hour by a clock that is then set back, and a click', async () => {
    holdTheClock()
    const { api, request, inProvider } = await setUp()
    const page = renderReader(inProvider, request, 'status')
    for (let n = 0; n < 20; n++) await act(() => page.hook.sendAsync())
    vi.setSystemTime(Date.now() - 3_600_000)
    await act(() => page.hook.sendAsync())
    expect(api.calls).toHaveLength(21)
  })

  test('different requests, any number of them at once', async () => {
    const { api, request, inProvider } = await setUp((_call, outgoing) => json(outgoing, {}))
    const page = renderReader(inProvider, request, 'status')
    await act(() => Promise.all(Array.from({ length: 60 }, (_, n) => page.hook.sendAsync({ data: { n } }))))
    expect(api.calls).toHaveLength(60)
  })

  test('an effect that sends something else each time: page after page', async () => {
    const { api, request: params, inProvider } = await setUp()
    function Pages() {
      const request = useClientSecretRequest<Picture>(params)
      const [page, turn] = useState(0)
      const { send, status } = request
      useEffect(() => {
        send({ data: { page } })
      }, [send, page])
      useEffect(() => {
        if (status === 'resolved' && page < 11) turn((before) => before + 1)
      }, [status, page])
      return <output>{`${status} ${page}`}</output>
    }
    render(inProvider(<Pages />))
    await screen.findByText('resolved 11')
    await waitFor(() => expect(api.calls).toHaveLength(12))
  })

  test('a timer that sends the same, 15 times a second', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'Date'] })
    onTestFinished(() => void vi.useRealTimers())
    const { api, request: params, inProvider } = await setUp()
    function Ticking() {
      const { send, error, status } = useClientSecretRequest<Picture>(params)
      useEffect(() => {
        const timer = setInterval(send, 66)
        return () => clearInterval(timer)
      }, [send])
      return <output>{error?.code ?? status}</output>
    }
    render(inProvider(<Ticking />))
    act(() => void vi.advanceTimersByTime(66 * 60))
    await waitFor(() => expect(api.calls).toHaveLength(60))
    expect(screen.queryByText('SEND_LOOP')).toBeNull()
  })
})
