import { act, render, screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { StrictMode, useState, type ReactNode } from 'react'
import { describe, expect, test, vi } from 'vitest'
import {
  ClientSecretProvider,
  isPollStopped,
  useClientSecretRequest,
  type ClientSecretRequestParams,
  type RequestStatus,
  type UseClientSecretRequest,
} from '../../src/exports/index.ts'
import { json } from '../helpers/api.ts'
import { setUp, setUpWithDoor } from '../helpers/page.tsx'

interface Picture {
  picture: string
}

/** A component as a user writes one, and what it showed in each render. */
function picturePage(request: ClientSecretRequestParams<Picture>) {
  const seen: RequestStatus[] = []
  let hook!: UseClientSecretRequest<Picture>
  function Page() {
    const picture = useClientSecretRequest<Picture>(request)
    hook = picture
    if (seen.at(-1) !== picture.status) seen.push(picture.status)
    return (
      <>
        <button disabled={picture.isLoading} onClick={() => picture.send({ data: { prompt: 'otter' } })}>
          Generate
        </button>
        <output>{picture.status === 'resolved' ? picture.data.picture : picture.error?.message}</output>
        <p>{picture.isPolling ? `polling, place ${picture.inQueue}` : ''}</p>
      </>
    )
  }
  return { Page, seen, hook: () => hook }
}

function inProvider(relay: string, children: ReactNode) {
  return <ClientSecretProvider relay={relay}>{children}</ClientSecretProvider>
}

const answered = 'otter {"prompt":"otter"}'

describe('the statuses of a request', () => {
  test('queued and polled: idle, sending, pending, running, resolved', async () => {
    const { url: relay, request, open } = await setUpWithDoor()
    const { Page, seen, hook } = picturePage({ ...request, queue: 'pictures', poll: 50 })
    render(inProvider(relay, <Page />))
    expect(hook()).toMatchObject({
      status: 'idle',
      isLoading: false,
      isPolling: false,
      data: undefined,
      response: undefined,
      error: undefined,
      record: undefined,
      inQueue: undefined,
    })

    await userEvent.click(screen.getByRole('button'))
    await waitFor(() => expect(hook().status).toBe('running'))
    expect(hook()).toMatchObject({
      isLoading: true,
      isPolling: true,
      inQueue: 1,
      data: undefined,
      record: { status: 'running', queueName: 'pictures' },
    })
    expect(screen.getByText('polling, place 1')).toBeTruthy()
    open()
    expect(await screen.findByText(answered)).toBeTruthy()
    expect(seen).toEqual(['idle', 'sending', 'pending', 'running', 'resolved'])
    expect(hook()).toMatchObject({
      status: 'resolved',
      isLoading: false,
      isPolling: false,
      inQueue: undefined,
      data: { picture: answered },
      response: {
        status: 200,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ picture: answered }),
      },
      record: { status: 'resolved' },
    })
  })

  test('direct: idle, sending, resolved', async () => {
    const { url: relay, request } = await setUp()
    const { Page, seen } = picturePage(request)
    render(inProvider(relay, <Page />))
    await userEvent.click(screen.getByRole('button'))
    expect(await screen.findByText(answered)).toBeTruthy()
    expect(seen).toEqual(['idle', 'sending', 'resolved'])
  })

  test('a failure: the error is in the state, with what the API said', async () => {
    const { url: relay, request } = await setUp((_call, outgoing) =>
      json(outgoing, { error: { message: 'No otters left.' } }, 429),
    )
    const { Page, seen, hook } = picturePage({ ...request, poll: 50 })
    render(inProvider(relay, <Page />))
    await userEvent.click(screen.getByRole('button'))
    expect(await screen.findByText(/No otters left/)).toBeTruthy()
    expect(seen.at(-1)).toBe('failed')
    expect(hook()).toMatchObject({
      status: 'failed',
      isLoading: false,
      error: { code: 'UPSTREAM_ERROR', status: 429, data: { error: { message: 'No otters left.' } } },
      record: { status: 'failed' },
    })
  })

  test('a wrong request: failed, and send does not throw', async () => {
    const { api, url: relay, request } = await setUp()
    const { Page, hook } = picturePage({ ...request, headers: {} })
    render(inProvider(relay, <Page />))
    await userEvent.click(screen.getByRole('button'))
    expect(await screen.findByText(/no \$CLIENT_SECRET/)).toBeTruthy()
    expect(hook()).toMatchObject({ status: 'failed', error: { code: 'PLACEHOLDER_MISSING' } })
    expect(api.calls).toEqual([])
  })

  test('a queue without poll stays pending, unpolled; its promise gives what polls it', async () => {
    const { url: relay, request } = await setUp()
    const { Page, hook } = picturePage({ ...request, queue: 'pictures' })
    render(inProvider(relay, <Page />))
    const queued = await act(() => hook().sendAsync({ data: { prompt: 'otter' } }))
    expect(hook()).toMatchObject({ status: 'pending', isLoading: true, isPolling: false, inQueue: 1 })
    if (!('poll' in queued)) throw new Error('no QueuedRequest')
    const answer = await act(() => queued.poll({ interval: 50 }))
    expect(answer).toEqual({ picture: answered })
    expect(hook()).toMatchObject({ status: 'resolved', data: { picture: answered } })
  })

  test('reset goes back to idle, and a late answer does not undo it', async () => {
    const { api, url: relay, request, open } = await setUpWithDoor()
    const { Page, hook } = picturePage({ ...request, poll: 50 })
    render(inProvider(relay, <Page />))
    const sent = hook().sendAsync({ data: { prompt: 'otter' } })
    await waitFor(() => expect(hook().status).toBe('running'))
    act(() => hook().reset())
    expect(hook().status).toBe('idle')
    open()
    expect(isPollStopped(await sent)).toBe(true)
    await waitFor(() => expect(api.calls[0]?.endedAt).toBeDefined())
    expect(hook().status).toBe('idle')
  })
})

describe('one send, one call of the API', () => {
  test('under StrictMode and a double click', async () => {
    const { api, url: relay, request } = await setUp()
    const { Page } = picturePage({ ...request, queue: 'pictures', poll: 50 })
    render(<StrictMode>{inProvider(relay, <Page />)}</StrictMode>)
    await userEvent.dblClick(screen.getByRole('button'))
    expect(await screen.findByText(answered)).toBeTruthy()
    expect(api.calls).toHaveLength(1)
  })

  test('two sends are two calls, and the state is that of the second', async () => {
    const { api, url: relay, request } = await setUp()
    const { Page, hook } = picturePage(request)
    render(<StrictMode>{inProvider(relay, <Page />)}</StrictMode>)
    const answers = await act(() =>
      Promise.all([hook().sendAsync({ data: { n: 1 } }), hook().sendAsync({ data: { n: 2 } })]),
    )
    expect(answers).toEqual([{ picture: 'otter {"n":1}' }, { picture: 'otter {"n":2}' }])
    expect(hook().data).toEqual({ picture: 'otter {"n":2}' })
    expect(api.calls).toHaveLength(2)
  })
})

describe('callbacks', () => {
  test('are called once, those of the last render, with its props', async () => {
    const { url: relay, request, open } = await setUpWithDoor()
    const told: string[] = []
    function Page() {
      const [count, setCount] = useState(0)
      const picture = useClientSecretRequest<Picture>({
        ...request,
        poll: 50,
        onResponse: ({ picture: text }) => told.push(`${text} at ${count}`),
        onError: () => told.push('error'),
      })
      return (
        <>
          <button onClick={() => picture.send({ data: { prompt: 'otter' } })}>Generate</button>
          <button onClick={() => setCount(count + 1)}>Count</button>
          <output>{picture.status}</output>
        </>
      )
    }
    render(inProvider(relay, <Page />))
    await userEvent.click(screen.getByText('Generate'))
    await screen.findByText('running')
    await userEvent.click(screen.getByText('Count'))
    open()
    await screen.findByText('resolved')
    expect(told).toEqual([`${answered} at 1`])
  })

  test('given to send, take the place of the request’s', async () => {
    const { url: relay, request } = await setUp((_call, outgoing) => json(outgoing, {}, 500))
    const [ofRequest, ofSend] = [vi.fn(), vi.fn()]
    const { Page, hook } = picturePage({ ...request, onError: ofRequest })
    render(inProvider(relay, <Page />))
    await act(
      async () =>
        void (await hook()
          .sendAsync({ onError: ofSend })
          .catch(() => {})),
    )
    expect(ofSend).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ code: 'UPSTREAM_ERROR' }))
    expect(ofRequest).not.toHaveBeenCalled()
  })
})

test('headers, params and data of send are joined with those of the request; other fields take their place', async () => {
  const { api, url: relay, request } = await setUp()
  const { Page, hook } = picturePage({ ...request, data: { model: 'm', size: 1 }, params: { a: 1 } })
  render(inProvider(relay, <Page />))
  await act(
    async () =>
      void (await hook().sendAsync({
        data: { size: 2 },
        params: { b: 2 },
        headers: { 'x-extra': 'yes' },
        method: 'PUT',
      })),
  )
  expect(api.calls[0]).toMatchObject({
    method: 'PUT',
    path: '/v1/pictures?a=1&b=2',
    body: '{"model":"m","size":2}',
    headers: { 'x-extra': 'yes', authorization: expect.stringContaining('Bearer') },
  })
})

test('the functions keep their identity', async () => {
  const { url: relay, request } = await setUp()
  const { Page, hook } = picturePage(request)
  render(inProvider(relay, <Page />))
  const { send, sendAsync, reset } = hook()
  await userEvent.click(screen.getByRole('button'))
  await screen.findByText(answered)
  expect(hook().send).toBe(send)
  expect(hook().sendAsync).toBe(sendAsync)
  expect(hook().reset).toBe(reset)
})

test('a component renders only for the fields it reads', async () => {
  const { url: relay, request } = await setUp()
  let renders = 0
  let hook!: UseClientSecretRequest<Picture>
  function DataOnly() {
    renders += 1
    hook = useClientSecretRequest<Picture>({ ...request, queue: 'pictures', poll: 50 })
    return <output>{hook.data?.picture}</output>
  }
  render(inProvider(relay, <DataOnly />))
  await act(async () => void (await hook.sendAsync({ data: { prompt: 'otter' } })))
  expect(screen.getByText(answered)).toBeTruthy()
  expect(renders).toBe(2)
})

test('an unmount ends the polling, not the request, and calls nothing', async () => {
  const { api, url: relay, request, open } = await setUpWithDoor()
  const onResponse = vi.fn()
  const { Page, hook } = picturePage({ ...request, poll: 50, onResponse })
  const page = render(inProvider(relay, <Page />))
  const sent = hook().sendAsync({ data: { prompt: 'otter' } })
  await waitFor(() => expect(api.calls).toHaveLength(1))
  page.unmount()
  expect(isPollStopped(await sent)).toBe(true)
  open()
  await waitFor(() => expect(api.calls[0]?.endedAt).toBeDefined())
  expect(onResponse).not.toHaveBeenCalled()
})

test('a hook without a provider says what to put where', () => {
  const { Page } = picturePage({ clientSecretName: 'api', url: 'https://a.example.com', method: 'GET' })
  // React reports what a component throws; here it is meant.
  const report = vi.spyOn(console, 'error').mockImplementation(() => {})
  expect(() => render(<Page />)).toThrow(
    'useClientSecretRequest is used outside a provider, so it does not know which relay to call. Put <ClientSecretProvider relay="/relay"> around your app.',
  )
  report.mockRestore()
})
