import { act, render, screen, waitFor } from '@testing-library/react'
import { memo, StrictMode, useEffect, useRef } from 'react'
import { expect, test, vi } from 'vitest'
import { ClientSecretProvider, useClientSecretRequest, type UseClientSecretRequest } from '../../src/exports/index.ts'
import { reader, renderReader, setUp, setUpWithDoor, type Picture } from '../helpers/page.tsx'

test('what was learned from one field holds for the others, also later, in a function of an older render', async () => {
  const { request, inProvider } = await setUp()
  const page = renderReader(inProvider, request, 'status')
  await act(() => page.hook.sendAsync())
  const older = page.hook
  const save = async () => {
    if (older.status !== 'resolved') return ''
    await Promise.resolve()
    return older.data.picture
  }
  const saved = save()
  act(() => page.hook.reset())
  expect(await saved).toBe('otter ')
  expect(page.hook.status).toBe('idle')
})

test('a field that is first read after the render is that of now', async () => {
  const { request, inProvider } = await setUp()
  const page = renderReader(inProvider, request)
  await act(() => page.hook.sendAsync())
  expect(page.renders).toBe(1)
  expect(page.hook.status).toBe('resolved')
})

test('a memoised child that gets the hook renders when it must', async () => {
  const { request, inProvider } = await setUp()
  let hook!: UseClientSecretRequest<Picture>
  const Child = memo(function Child({ otter }: { otter: UseClientSecretRequest<Picture> }) {
    return <output>{otter.status}</output>
  })
  const Page = () => {
    hook = useClientSecretRequest<Picture>(request)
    return <Child otter={hook} />
  }
  render(inProvider(<Page />))
  await act(() => hook.sendAsync())
  expect(screen.getByText('resolved')).toBeTruthy()
})

test('sent on mount, once, under StrictMode, a request is followed to its end', async () => {
  const { api, request, inProvider, open } = await setUpWithDoor()
  const onResponse = vi.fn()
  const part = reader({ ...request, poll: 5_000, onResponse }, 'status')
  const Page = () => {
    const isSent = useRef(false)
    const child = <part.Reader />
    useEffect(() => {
      if (isSent.current) return
      isSent.current = true
      part.hook.send()
    }, [])
    return child
  }
  render(<StrictMode>{inProvider(<Page />)}</StrictMode>)
  await waitFor(() => expect(part.hook.status).toBe('running'))
  open()
  await waitFor(() => expect(part.hook.status).toBe('resolved'))
  expect(onResponse).toHaveBeenCalledOnce()
  expect(api.calls).toHaveLength(1)
})

test('after reset nothing is told any more, of a direct request either; after an unmount a direct one still is', async () => {
  const { api, request, inProvider, open } = await setUpWithDoor()
  const onResponse = vi.fn()
  const page = renderReader(inProvider, { ...request, onResponse }, 'status')
  const first = page.hook.sendAsync({ data: { n: 1 } })
  act(() => page.hook.reset())
  const second = page.hook.sendAsync({ data: { n: 2 } })
  await waitFor(() => expect(api.calls).toHaveLength(2))
  page.page.unmount()
  open()
  await Promise.all([first, second])
  expect(onResponse).toHaveBeenCalledExactlyOnceWith({ picture: 'otter {"n":2}' }, expect.anything())
})

test("the provider's headers and fetch are those of now, and a new client is not made for them", async () => {
  const { url, request } = await setUp()
  const seen: (string | null)[] = []
  const page = (token: string) => (
    <ClientSecretProvider
      relay={url}
      headers={{ 'x-token': token }}
      fetch={(input, init) => {
        seen.push(new Headers(init?.headers).get('x-token'))
        return fetch(input, init)
      }}
    >
      <part.Reader />
    </ClientSecretProvider>
  )
  const part = reader(request, 'status')
  const { rerender } = render(page('one'))
  await act(() => part.hook.sendAsync())
  rerender(page('two'))
  expect(part.hook.status).toBe('resolved')
  await act(() => part.hook.sendAsync())
  expect(seen).toEqual(['one', 'two'])
})

test('a provider without a relay says so', () => {
  const report = vi.spyOn(console, 'error').mockImplementation(() => {})
  expect(() => render(<ClientSecretProvider relay={undefined as unknown as string} />)).toThrow(
    /relay must be a path .* it is undefined/,
  )
  report.mockRestore()
})

test('headers of send take the place of those of the request in any letter case', async () => {
  const { api, request, inProvider } = await setUp()
  const page = renderReader(inProvider, request, 'status')
  await act(() => page.hook.sendAsync({ headers: { authorization: 'Other $CLIENT_SECRET' } }))
  expect(api.calls[0]?.headers.authorization).toMatch(/^Other /)
})

test('a callback that a later render brings is called', async () => {
  const { request, inProvider, open } = await setUpWithDoor()
  const late = vi.fn()
  let hook!: UseClientSecretRequest<Picture>
  const Page = ({ onResponse }: { onResponse?: () => void }) => {
    hook = useClientSecretRequest<Picture>({ ...request, poll: 5_000, onResponse })
    return <output>{hook.status}</output>
  }
  const page = render(inProvider(<Page />))
  act(() => hook.send())
  await screen.findByText('running')
  page.rerender(inProvider(<Page onResponse={late} />))
  open()
  await screen.findByText('resolved')
  expect(late).toHaveBeenCalledOnce()
})
