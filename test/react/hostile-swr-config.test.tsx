import { act, render, screen, waitFor } from '@testing-library/react'
import { StrictMode, type ReactNode } from 'react'
import useSWR, { SWRConfig, type Middleware, type SWRConfiguration } from 'swr'
import { describe, expect, test, vi } from 'vitest'
import { useClientSecretQuery, useClientSecretQueue } from '../../src/exports/index.ts'
import { json } from '../helpers/api.ts'
import { reader, setUp, setUpWithDoor } from '../helpers/page.tsx'

const lies: Middleware = (useSWRNext) => (key, fetcher, config) => {
  const response = useSWRNext(`other-${String(key)}`, fetcher, config)
  return { ...response, data: 'a lie' as never, error: 'a lie' as never, isLoading: true }
}

const hostile: [string, SWRConfiguration & { provider?: () => Map<string, never> }][] = [
  ['isPaused', { isPaused: () => true }],
  ['fetcher', { fetcher: () => Promise.resolve('from the host') }],
  ['use', { use: [lies] }],
  ['refreshInterval', { refreshInterval: 10 }],
  ['dedupingInterval', { dedupingInterval: 100_000 }],
  ['provider', { provider: () => new Map<string, never>() }],
  ['suspense and keepPreviousData', { suspense: true, keepPreviousData: true }],
  ['fallback and compare', { fallback: new Proxy({}, { get: () => 'from the host' }), compare: () => true }],
  ['revalidateOnMount', { revalidateOnMount: false, revalidateIfStale: false }],
]

describe.each(hostile)("a host's <SWRConfig> with %s", (_name, config) => {
  const inHost = (children: ReactNode) => (
    <StrictMode>
      <SWRConfig value={config}>{children}</SWRConfig>
    </StrictMode>
  )

  test('changes nothing of a request: one call, all its states, its answer', async () => {
    const { api, request, inProvider, open } = await setUpWithDoor()
    const part = reader({ ...request, queue: 'q', poll: 100 }, 'status')
    render(inHost(inProvider(<part.Reader />)))
    act(() => part.hook.send())
    await waitFor(() => expect(part.hook.status).toBe('running'))
    open()
    await waitFor(() => expect(part.hook).toMatchObject({ status: 'resolved', data: { picture: 'otter ' } }))
    // StrictMode renders twice; what differs is what counts.
    expect([...new Set(part.seen.map(([status]) => status))]).toEqual(['idle', 'sending', 'running', 'resolved'])
    expect(api.calls).toHaveLength(1)
  })

  test('changes nothing of a query', async () => {
    const { api, request, inProvider } = await setUp((_call, outgoing) => json(outgoing, { models: ['a'] }))
    const Asker = () => {
      const { data, error } = useClientSecretQuery<{ models: string[] }>(
        { ...request, method: 'GET' },
        { dedupingInterval: 50 },
      )
      return <output>{error ? 'failed' : JSON.stringify(data ?? null)}</output>
    }
    render(inHost(inProvider(<Asker />)))
    expect(await screen.findByText('{"models":["a"]}')).toBeTruthy()
    // Longer than the deduping interval, within which a refresh would be left out anyway.
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(api.calls).toHaveLength(1)
  })
})

test('ours changes nothing of the host’s: its fetcher, its pace and its keys are its own', async () => {
  const { request, inProvider } = await setUp()
  const fetcher = vi.fn(() => Promise.resolve('the data of the host'))
  const Host = () => <p>{useSWR<string>('/host').data}</p>
  const part = reader({ ...request, poll: 100 }, 'status')
  const Counter = () => <i>{useClientSecretQueue('q').inQueue}</i>
  render(
    <SWRConfig value={{ fetcher }}>
      {inProvider([<Host key="1" />, <part.Reader key="2" />, <Counter key="3" />])}
    </SWRConfig>,
  )
  expect(await screen.findByText('the data of the host')).toBeTruthy()
  await act(() => part.hook.sendAsync())
  expect(fetcher).toHaveBeenCalledExactlyOnceWith('/host')
})

test('what nobody shows any more does not stay in the host’s cache', async () => {
  const cache = new Map<string, never>()
  const { request, inProvider } = await setUp()
  const part = reader(request, 'status')
  const page = render(<SWRConfig value={{ provider: () => cache }}>{inProvider(<part.Reader />)}</SWRConfig>)
  await act(() => part.hook.sendAsync())
  expect(cache.size).toBe(1)
  page.rerender(<SWRConfig value={{ provider: () => cache }}>{inProvider(null)}</SWRConfig>)
  expect(cache.size).toBe(0)
})

test('a middleware that does not call the next is told so', async () => {
  const { request, inProvider } = await setUp()
  const part = reader(request, 'status')
  const report = vi.spyOn(console, 'error').mockImplementation(() => {})
  const dead: Middleware = () => () => ({}) as never
  expect(() => render(<SWRConfig value={{ use: [dead] }}>{inProvider(<part.Reader />)}</SWRConfig>)).toThrow(
    /must call useSWRNext\(key, fetcher, config\) in every render/,
  )
  report.mockRestore()
})
