import { act, render, screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { describe, expect, test, vi } from 'vitest'
import { isPollStopped } from '../../src/exports/index.ts'
import { json } from '../helpers/api.ts'
import { answered, inRelay, picturePage, setUp, setUpWithDoor } from '../helpers/page.tsx'

describe('the statuses of a request', () => {
  test('queued and polled: idle, sending, pending, running, resolved', async () => {
    const { url: relay, request, open } = await setUpWithDoor()
    const { Page, seen, hook } = picturePage({ ...request, queue: 'pictures', poll: 50 })
    render(inRelay(relay, <Page />))
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
    expect(seen).toEqual(['idle', 'sending', 'running', 'resolved'])
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
    render(inRelay(relay, <Page />))
    await userEvent.click(screen.getByRole('button'))
    expect(await screen.findByText(answered)).toBeTruthy()
    expect(seen).toEqual(['idle', 'sending', 'resolved'])
  })

  test('a failure: the error is in the state, with what the API said', async () => {
    const { url: relay, request } = await setUp((_call, outgoing) =>
      json(outgoing, { error: { message: 'No otters left.' } }, 429),
    )
    const { Page, seen, hook } = picturePage({ ...request, poll: 50 })
    render(inRelay(relay, <Page />))
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
    render(inRelay(relay, <Page />))
    await userEvent.click(screen.getByRole('button'))
    expect(await screen.findByText(/no \$CLIENT_SECRET/)).toBeTruthy()
    expect(hook()).toMatchObject({ status: 'failed', error: { code: 'PLACEHOLDER_MISSING' } })
    expect(api.calls).toEqual([])
  })

  test('a queue without poll stays pending, unpolled; its promise gives what polls it', async () => {
    const { url: relay, request } = await setUp()
    const { Page, hook } = picturePage({ ...request, queue: 'pictures' })
    render(inRelay(relay, <Page />))
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
    render(inRelay(relay, <Page />))
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

test('headers, params and data of send are joined with those of the request; other fields take their place', async () => {
  const { api, url: relay, request } = await setUp()
  const { Page, hook } = picturePage({ ...request, data: { model: 'm', size: 1 }, params: { a: 1 } })
  render(inRelay(relay, <Page />))
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

test('a hook without a provider says what to put where', () => {
  const { Page } = picturePage({ clientSecretName: 'api', url: 'https://a.example.com', method: 'GET' })
  // React reports what a component throws; here it is meant.
  const report = vi.spyOn(console, 'error').mockImplementation(() => {})
  expect(() => render(<Page />)).toThrow(
    'useClientSecretRequest is used outside a provider. Put <ClientSecretProvider relay="/relay"> around your app.',
  )
  report.mockRestore()
})
