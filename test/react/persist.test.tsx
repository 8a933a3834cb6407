import { act, render, waitFor } from '@testing-library/react'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { ClientSecretProvider } from '../../src/exports/index.ts'
import { reader, setUp, setUpWithDoor } from '../helpers/page.tsx'

afterEach(() => {
  sessionStorage.clear()
  localStorage.clear()
})

describe.each(['session', 'local'] as const)('persist: %s', (persist) => {
  test('a request that runs is found after a reload, followed, told once, and can be cancelled', async () => {
    const { api, url, request, open } = await setUpWithDoor()
    const onResponse = vi.fn()
    const options = { ...request, poll: 5_000, id: 'otter', persist, onResponse }
    // A provider of its own makes a client of its own, as a reload does.
    const load = () => {
      const part = reader(options, 'status')
      return Object.assign(part, {
        page: render(<ClientSecretProvider relay={url}>{<part.Reader />}</ClientSecretProvider>),
      })
    }
    const before = load()
    act(() => before.hook.send())
    await waitFor(() => expect(before.hook.status).toBe('running'))
    before.page.unmount()

    const after = load()
    expect(after.hook).toMatchObject({
      status: 'running',
      isPolling: true,
      isLoading: true,
      record: { id: before.hook.record?.id },
    })
    open()
    await waitFor(() => expect(after.hook).toMatchObject({ status: 'resolved', data: { picture: 'otter ' } }))
    after.page.unmount()

    // Once more: the answer is shown again, and told to nobody a second time.
    const later = load()
    expect(later.hook.status).toBe('sending')
    await waitFor(() => expect(later.hook).toMatchObject({ status: 'resolved', data: { picture: 'otter ' } }))
    expect(onResponse).toHaveBeenCalledOnce()
    expect(api.calls).toHaveLength(1)

    act(() => later.hook.reset())
    later.page.unmount()
    expect(load().hook.status).toBe('idle')
  })

  test('cancel after the reload ends the call of the API', async () => {
    let ended = false
    const { url, request } = await setUp((_call, outgoing) => void outgoing.once('close', () => (ended = true)))
    const options = { ...request, poll: 5_000, id: 'otter', persist }
    const before = reader(options, 'status')
    const page = render(<ClientSecretProvider relay={url}>{<before.Reader />}</ClientSecretProvider>)
    act(() => before.hook.send())
    await waitFor(() => expect(before.hook.status).toBe('running'))
    page.unmount()
    const after = reader(options, 'status')
    render(<ClientSecretProvider relay={url}>{<after.Reader />}</ClientSecretProvider>)
    await act(() => after.hook.cancel())
    await waitFor(() => expect(after.hook.status).toBe('cancelled'))
    await waitFor(() => expect(ended).toBe(true))
  })
})

test('what one user kept is not found by the next', async () => {
  const { url, request } = await setUp()
  const options = { ...request, id: 'otter', persist: 'local' } as const
  const ann = reader(options, 'status')
  const page = render(
    <ClientSecretProvider relay={url} user="ann">
      <ann.Reader />
    </ClientSecretProvider>,
  )
  await act(() => ann.hook.sendAsync())
  expect(ann.hook.status).toBe('resolved')
  // The same page, another user: neither shown nor found.
  page.rerender(
    <ClientSecretProvider relay={url} user="bob">
      <ann.Reader />
    </ClientSecretProvider>,
  )
  expect(ann.hook).toMatchObject({ status: 'idle', data: undefined })
})

test('without an id it is an error that says so', async () => {
  const { request, inProvider } = await setUp()
  const { Reader } = reader({ ...request, persist: 'local' }, 'status')
  const report = vi.spyOn(console, 'error').mockImplementation(() => {})
  expect(() => render(inProvider(<Reader />))).toThrow(
    'persist needs an id by which the request is found again after a reload, such as id: "otter".',
  )
  report.mockRestore()
})

test('where storage is blocked the page works on', async () => {
  const blocked = vi.spyOn(Storage.prototype, 'setItem').mockImplementation(() => {
    throw new DOMException('blocked', 'SecurityError')
  })
  const { url, request } = await setUp()
  const part = reader({ ...request, id: 'otter', persist: 'local' }, 'status')
  render(<ClientSecretProvider relay={url}>{<part.Reader />}</ClientSecretProvider>)
  await act(() => part.hook.sendAsync())
  expect(part.hook.status).toBe('resolved')
  blocked.mockRestore()
})
