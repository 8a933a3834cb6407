import { act, cleanup, render, waitFor } from '@testing-library/react'
import { afterEach, describe, expect, test, vi } from 'vitest'
import {
  ClientSecretProvider,
  createClient,
  localPersister,
  sessionPersister,
  useClientSecretHistory,
  type UseClientSecretHistory,
  type UseClientSecretRequestOptions,
} from '../../src/exports/index.ts'
import { door } from '../helpers/api.ts'
import { reader, setUp, setUpWithDoor, type Picture } from '../helpers/page.tsx'

afterEach(() => {
  sessionStorage.clear()
  localStorage.clear()
})

describe.each([
  ['sessionPersister', sessionPersister],
  ['localPersister', localPersister],
])('persist: %s', (_name, persist) => {
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

describe('a page that is left before the relay answers', () => {
  /** Loads the page: with a network of its own, and a client that knows nothing but the storage. */
  function load(url: string, options: UseClientSecretRequestOptions<Picture>, fetch?: typeof globalThis.fetch) {
    const part = reader({ ...options, id: 'otter', persist: sessionPersister }, 'status')
    const client = createClient({ relay: url, fetch })
    return Object.assign(part, {
      page: render(<ClientSecretProvider client={client}>{<part.Reader />}</ClientSecretProvider>),
    })
  }
  const isSubmit = (init?: RequestInit) => init?.method === 'POST'
  const never = new Promise<never>(() => {})

  test.each([
    ['polled', { poll: 5_000 }, 'resolved'],
    ['queued and polled', { poll: 5_000, queue: 'pictures' }, 'resolved'],
    // The promise that polls it by hand is lost.
    ['queued', { queue: 'pictures' }, 'running'],
  ])('a request that is %s is found after a reload, and called once', async (_name, way, status) => {
    const { api, url, request, open } = await setUpWithDoor()
    const onResponse = vi.fn()
    const options = { ...request, ...way, onResponse }
    const before = load(url, options, async (input, init) => {
      const answer = await fetch(input, init)
      return isSubmit(init) ? never : answer
    })
    act(() => before.hook.send())
    await waitFor(() => expect(api.calls).toHaveLength(1))
    expect(before.hook.status).toBe('sending')
    before.page.unmount()

    const after = load(url, options)
    expect(after.hook).toMatchObject({ status: 'sending', isLoading: true })
    await waitFor(() => expect(after.hook.status).toBe('running'))
    open()
    await waitFor(() => expect(after.hook.status).toBe(status))
    expect(onResponse).toHaveBeenCalledTimes(status === 'resolved' ? 1 : 0)
    after.page.unmount()
    // From now on, the page knows its id.
    await waitFor(() => expect(sessionStorage.getItem(sessionStorage.key(0)!)).not.toContain('idempotencyKey'))
    expect(api.calls).toHaveLength(1)
  })

  test('a request that was still on its way is found once it has arrived', async () => {
    const { api, url, request } = await setUp()
    const looked = door()
    const before = load(url, { ...request, poll: 5_000 }, async (input, init) => {
      if (isSubmit(init)) await looked.opened
      return fetch(input, init)
    })
    act(() => before.hook.send())
    before.page.unmount()
    const after = load(url, { ...request, poll: 5_000 }, async (input, init) => {
      const answer = await fetch(input, init)
      looked.open()
      return answer
    })
    await waitFor(() => expect(after.hook.status).toBe('resolved'))
    expect(api.calls).toHaveLength(1)
  })

  test('a request that never arrived is told, and forgotten', async () => {
    const { api, url, request } = await setUp()
    const onError = vi.fn()
    const options = { ...request, poll: 5_000, onError }
    const before = load(url, options, async () => never)
    act(() => before.hook.send())
    before.page.unmount()
    const after = load(url, options)
    await waitFor(() => expect(after.hook).toMatchObject({ status: 'failed', error: { code: 'REQUEST_NOT_FOUND' } }))
    expect(onError).toHaveBeenCalledOnce()
    after.page.unmount()
    expect(load(url, options).hook.status).toBe('idle')
    expect(api.calls).toHaveLength(0)
  })

  test('cancel ends its call before the page knows its id', async () => {
    let ended = false
    const { api, url, request } = await setUp((_call, outgoing) => void outgoing.once('close', () => (ended = true)))
    const before = load(url, { ...request, poll: 5_000 }, async (input, init) => {
      const answer = await fetch(input, init)
      return isSubmit(init) ? never : answer
    })
    act(() => before.hook.send())
    await waitFor(() => expect(api.calls).toHaveLength(1))
    before.page.unmount()
    const after = load(url, { ...request, poll: 5_000 })
    await act(() => after.hook.cancel())
    await waitFor(() => expect(after.hook.status).toBe('cancelled'))
    await waitFor(() => expect(ended).toBe(true))
  })

  test('a direct request, and one that the relay refused, are not looked for', async () => {
    const { url, request } = await setUp()
    const direct = load(url, request, async () => never)
    act(() => direct.hook.send())
    direct.page.unmount()
    expect(load(url, request).hook.status).toBe('idle')
    cleanup()
    const unknown = { ...request, clientSecretName: 'unknown', poll: 5_000 }
    const refused = load(url, unknown)
    act(() => refused.hook.send())
    await waitFor(() => expect(refused.hook.status).toBe('failed'))
    refused.page.unmount()
    expect(load(url, unknown).hook.status).toBe('idle')
  })
})

test('threat 24: what one user kept is not found by the next', async () => {
  const { url, request } = await setUp()
  const options = { ...request, id: 'otter', persist: localPersister }
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
  const { Reader } = reader({ ...request, persist: localPersister }, 'status')
  const report = vi.spyOn(console, 'error').mockImplementation(() => {})
  expect(() => render(inProvider(<Reader />))).toThrow('persist needs an id, such as id: "otter".')
  report.mockRestore()
})

test('where storage is blocked the page works on', async () => {
  const blocked = vi.spyOn(Storage.prototype, 'setItem').mockImplementation(() => {
    throw new DOMException('blocked', 'SecurityError')
  })
  const { url, request } = await setUp()
  const part = reader({ ...request, id: 'otter', persist: localPersister }, 'status')
  render(<ClientSecretProvider relay={url}>{<part.Reader />}</ClientSecretProvider>)
  await act(() => part.hook.sendAsync())
  expect(part.hook.status).toBe('resolved')
  blocked.mockRestore()
})

test("threat 24: the next user's history is not that of the one before", async () => {
  const { url, request } = await setUp()
  const ann = reader({ ...request, id: 'otter', persist: localPersister }, 'status')
  let history!: UseClientSecretHistory
  const Past = () => {
    history = useClientSecretHistory()
    return <output>{`${history.records.length} ${history.isLoading}`}</output>
  }
  const pageOf = (user: string) => (
    <ClientSecretProvider relay={url} user={user}>
      <ann.Reader />
      <Past />
    </ClientSecretProvider>
  )
  const page = render(pageOf('ann'))
  await act(() => ann.hook.sendAsync())
  await act(() => history.refresh())
  expect(history.records).toHaveLength(1)
  page.rerender(pageOf('bob'))
  await waitFor(() => expect(history.isLoading).toBe(false))
  expect(history.records).toEqual([])
})

test('two tabs of one browser are one visitor', async () => {
  const { api, url, request, open } = await setUpWithDoor()
  const load = (id: string) => {
    const part = reader({ ...request, poll: 5_000, id, persist: localPersister }, 'status')
    return Object.assign(part, {
      page: render(<ClientSecretProvider relay={url}>{<part.Reader />}</ClientSecretProvider>),
    })
  }
  const [a, b] = [load('a'), load('b')]
  act(() => a.hook.send())
  await waitFor(() => expect(a.hook.status).toBe('running'))
  act(() => b.hook.send())
  await waitFor(() => expect(b.hook.status).toBe('running'))
  a.page.unmount()
  b.page.unmount()
  const again = [load('a'), load('b')]
  open()
  for (const { hook } of [again[0]!, again[1]!]) expect(hook.status).toBe('running')
  await waitFor(() => expect(again.map(({ hook }) => hook.status)).toEqual(['resolved', 'resolved']))
  expect(api.calls).toHaveLength(2)
})

test('what was kept by somebody else, or is gone, is forgotten', async () => {
  const { url, request } = await setUp()
  const key = (id: string) => `react-client-secret:request:${JSON.stringify([url, null, id])}`
  const gone = {
    id: `zzzzzzzz-${'0'.repeat(32)}`,
    status: 'running',
    version: '2',
    createdAt: 0,
    updatedAt: 0,
    expiresAt: Date.now() + 60_000,
  }
  sessionStorage.setItem(key('foreign'), JSON.stringify({ record: { expiresAt: Date.now() + 60_000 } }))
  sessionStorage.setItem(key('broken'), '{')
  sessionStorage.setItem(key('gone'), JSON.stringify({ record: gone, poll: 100 }))
  const onError = vi.fn()
  const parts = ['foreign', 'broken', 'gone'].map((id) =>
    reader({ ...request, id, persist: sessionPersister, onError }, 'status'),
  )
  render(
    <ClientSecretProvider relay={url}>
      {parts.map(({ Reader }, index) => (
        <Reader key={index} />
      ))}
    </ClientSecretProvider>,
  )
  expect(parts.map(({ hook }) => hook.status)).toEqual(['idle', 'idle', 'running'])
  await waitFor(() => expect(parts[2]?.hook).toMatchObject({ status: 'failed', error: { code: 'REQUEST_NOT_FOUND' } }))
  expect(onError).toHaveBeenCalledOnce()
  expect(sessionStorage).toHaveLength(0)
})

test('of two components with one id it is enough that one persists', async () => {
  const { url, request, open } = await setUpWithDoor()
  const options = { ...request, poll: 5_000, id: 'otter' }
  const [plain, persisting] = [reader(options, 'status'), reader({ ...options, persist: sessionPersister }, 'status')]
  const page = render(
    <ClientSecretProvider relay={url}>
      <plain.Reader />
      <persisting.Reader />
    </ClientSecretProvider>,
  )
  act(() => plain.hook.send())
  await waitFor(() => expect(plain.hook.status).toBe('running'))
  page.unmount()
  const after = reader({ ...options, persist: sessionPersister }, 'status')
  render(<ClientSecretProvider relay={url}>{<after.Reader />}</ClientSecretProvider>)
  expect(after.hook.status).toBe('running')
  open()
  await waitFor(() => expect(after.hook.status).toBe('resolved'))
})
