import { act, render, screen, waitFor } from '@testing-library/react'
import * as React from 'react'
import { Component, StrictMode, Suspense, useEffect, useRef, useState, type ReactNode } from 'react'
import { afterAll, describe, expect, test } from 'vitest'
import {
  ClientSecretProvider,
  useClientSecretQuery,
  useClientSecretRecord,
  useClientSecretRequest,
  type ClientSecretProviderProps,
} from '../../src/exports/index.ts'
import { door } from '../helpers/api.ts'
import { setUp, setUpWithDoor, type Picture } from '../helpers/page.tsx'

type Parts = Awaited<ReturnType<typeof setUp>>

/** Suspends until its time has come, as a part of the page that loads something else does. */
function sleeper() {
  const { opened, open } = door()
  let isAwake = false
  return {
    wake: () => {
      isAwake = true
      open()
    },
    Sleeper() {
      if (!isAwake) throw opened
      return null
    },
  }
}

/** A component of each hook, whose request is answered once. */
const components = {
  query: ({ request }: Parts) =>
    function Query() {
      const { data } = useClientSecretQuery<Picture>({ ...request, data: { n: 1 } }, { suspense: true })
      return <output>{data?.picture}</output>
    },
  request: ({ request }: Parts) =>
    function Request() {
      const { send, data } = useClientSecretRequest<Picture>({ ...request, data: { n: 1 } })
      const isSent = useRef(false)
      useEffect(() => {
        if (!isSent.current) send()
        isSent.current = true
      }, [send])
      return <output>{data?.picture}</output>
    },
  record: ({ request }: Parts) =>
    function Record() {
      const { send, record } = useClientSecretRequest({ ...request, data: { n: 1 }, queue: 'q' })
      const isSent = useRef(false)
      useEffect(() => {
        if (!isSent.current) send()
        isSent.current = true
      }, [send])
      const { data } = useClientSecretRecord<Picture>(record?.id ?? null)
      return <output>{data?.picture}</output>
    },
} satisfies Record<string, (parts: Parts) => () => ReactNode>

const hooks = Object.keys(components) as (keyof typeof components)[]
const places = ['above', 'below'] as const
const cells = hooks.flatMap((hook) =>
  places.flatMap((place) => [true, false].map((isStrict) => ({ hook, place, isStrict }))),
)

/** Calls at the API in each cell. The project `react` runs the sources, `built` the package. */
const callsByCell: Record<string, number> = {}
afterAll(() => console.table(callsByCell))

describe('one call of the API, wherever the provider stands', () => {
  test.each(cells)('$hook, provider $place the <Suspense>, StrictMode $isStrict', async ({ hook, place, isStrict }) => {
    const parts = await setUp()
    const Shown = components[hook](parts)
    const { Sleeper, wake } = sleeper()
    // Inline, and so new in each render, as most apps have them.
    const provided = (children: ReactNode) => (
      <ClientSecretProvider relay={parts.url} headers={() => ({ 'x-page': '1' })} fetch={(...args) => fetch(...args)}>
        {children}
      </ClientSecretProvider>
    )
    const Page = () => (
      <>
        <Shown />
        <Sleeper />
      </>
    )
    const Below = () => provided(<Page />)
    const page = (
      <>
        {place === 'above' ? (
          provided(
            <Suspense fallback="waiting">
              <Page />
            </Suspense>,
          )
        ) : (
          <Suspense fallback="waiting">
            <Below />
          </Suspense>
        )}
      </>
    )
    await act(async () => void render(isStrict ? <StrictMode>{page}</StrictMode> : page))
    expect(screen.getByText('waiting')).toBeTruthy()
    await act(async () => wake())
    expect(await screen.findByText('otter {"n":1}')).toBeTruthy()
    callsByCell[`${hook}, provider ${place === 'above' ? 'outside' : 'inside'}${isStrict ? ', StrictMode' : ''}`] =
      parts.api.calls.length
    expect(parts.api.calls).toHaveLength(1)
  })

  test('a query that fails below the provider asks once, and the error boundary has it', async () => {
    const { api, url, request } = await setUp((_call, outgoing) => void outgoing.writeHead(500).end())
    class Boundary extends Component<{ children: ReactNode }, { error?: Error }> {
      override state: { error?: Error } = {}
      static getDerivedStateFromError = (error: Error) => ({ error })
      override render = () => this.state.error?.name ?? this.props.children
    }
    const Asking = () => <>{useClientSecretQuery(request, { suspense: true }).data}</>
    const silent = { onCaughtError: () => {}, onRecoverableError: () => {} }
    await act(async () =>
      render(
        <Boundary>
          <Suspense fallback="waiting">
            <ClientSecretProvider relay={url}>
              <Asking />
            </ClientSecretProvider>
          </Suspense>
        </Boundary>,
        silent as object,
      ),
    )
    expect(await screen.findByText('ClientSecretError')).toBeTruthy()
    expect(api.calls).toHaveLength(1)
  })
})

describe('whose client it is', () => {
  /** A provider with a query below one <Suspense>, and what headers its calls had. */
  async function asking(count: number) {
    const parts = await setUpWithDoor()
    const seen: string[] = []
    const watched: typeof fetch = (input, init) => {
      const { data } = JSON.parse(String(init?.body)) as { data: { n: number } }
      seen.push(`${new Headers(init?.headers).get('x-token')}: ${data.n}`)
      return fetch(input, init)
    }
    const Query = ({ n }: { n: number }) => (
      <output>
        {useClientSecretQuery<Picture>({ ...parts.request, data: { n } }, { suspense: true }).data?.picture}
      </output>
    )
    const Page = ({ props = () => ({}) }: { props?: (n: number) => Partial<ClientSecretProviderProps> }) => (
      <Suspense fallback="waiting">
        {Array.from({ length: count }, (_, n) => (
          <ClientSecretProvider
            key={n}
            {...({ relay: parts.url, fetch: watched, ...props(n) } as ClientSecretProviderProps)}
          >
            <Query n={n} />
          </ClientSecretProvider>
        ))}
      </Suspense>
    )
    return { ...parts, seen, Page }
  }

  test('two providers alike share it: each of their queries is asked once', async () => {
    const { api, Page, open } = await asking(2)
    await act(async () => void render(<Page />))
    open()
    expect(await screen.findByText('otter {"n":1}')).toBeTruthy()
    expect(api.calls).toHaveLength(2)
  })

  test('two providers alike but for their headers each send with their own', async () => {
    const { api, seen, Page, open } = await asking(2)
    await act(async () => void render(<Page props={(n) => ({ headers: () => ({ 'x-token': `token ${n}` }) })} />))
    open()
    expect(await screen.findByText('otter {"n":1}')).toBeTruthy()
    expect([...new Set(seen)].sort()).toEqual(['token 0: 0', 'token 1: 1'])
    // React may ask the second before it knows that it is a second.
    expect(api.calls.length).toBeLessThanOrEqual(3)
  })

  test('another user in the middle of it asks anew, with headers of their own', async () => {
    const { api, seen, Page, open } = await asking(1)
    const as = (user: string) => <Page props={() => ({ user, headers: { 'x-token': user } })} />
    const page = await act(async () => render(as('ann')))
    await act(async () => page.rerender(as('bob')))
    open()
    expect(await screen.findByText('otter {"n":0}')).toBeTruthy()
    expect(seen).toEqual(['ann: 0', 'bob: 0'])
    expect(api.calls).toHaveLength(2)
  })

  test('a change of user while it is on the page: asked once for the next one', async () => {
    const { api, Page, open } = await asking(1)
    open()
    const page = await act(async () => render(<Page props={() => ({ user: 'ann' })} />))
    await screen.findByText('otter {"n":0}')
    await act(async () => page.rerender(<Page props={() => ({ user: 'bob' })} />))
    await waitFor(() => expect(screen.queryByText('waiting')).toBeNull())
    expect(api.calls).toHaveLength(2)
  })

  test('a provider that comes after one that was left in the middle, with other headers, has another client', async () => {
    const { api, Page, open } = await asking(1)
    const page = await act(async () => render(<Page props={() => ({ headers: { 'x-token': 'ann' } })} />))
    page.unmount()
    open()
    await act(async () => void render(<Page props={() => ({ headers: { 'x-token': 'bob' } })} />))
    expect(await screen.findByText('otter {"n":0}')).toBeTruthy()
    expect(api.calls).toHaveLength(2)
  })
})

// React 18 renders without pauses here.
test.skipIf(!('use' in React))('providers alike that are rendered in turns end with clients of their own', async () => {
  const { request, url } = await setUp()
  const seen = new Set<string>()
  const Sender = ({ n }: { n: number }) => {
    const { send, status } = useClientSecretRequest({ ...request, data: { n } })
    return <button onClick={() => send()}>{`${n} ${status}`}</button>
  }
  const Slow = () => {
    // Longer than React renders at a stretch.
    const end = performance.now() + 20
    while (performance.now() < end);
    return null
  }
  const Page = () => {
    const [isShown, show] = useState(false)
    const provider = (n: number) => (
      <ClientSecretProvider
        relay={url}
        headers={() => ({ 'x-token': String(n) })}
        fetch={(input, init) => {
          seen.add(new Headers(init?.headers).get('x-token')!)
          return fetch(input, init)
        }}
      >
        <Sender n={n} />
        <Slow />
        <Slow />
      </ClientSecretProvider>
    )
    return (
      <>
        <i onClick={() => React.startTransition(() => show(true))}>show</i>
        {isShown && [<div key="1">{provider(1)}</div>, <div key="2">{provider(2)}</div>]}
      </>
    )
  }
  render(<Page />)
  const environment = globalThis as { IS_REACT_ACT_ENVIRONMENT?: boolean }
  environment.IS_REACT_ACT_ENVIRONMENT = false
  screen.getByText('show').click()
  const buttons = await screen.findAllByText(/idle/)
  environment.IS_REACT_ACT_ENVIRONMENT = true
  for (const button of buttons) act(() => button.click())
  await waitFor(() => expect(screen.getAllByText(/resolved/)).toHaveLength(2))
  expect([...seen].sort()).toEqual(['1', '2'])
})
