import { act, render, screen, waitFor } from '@testing-library/react'
import { Suspense } from 'react'
import { describe, expect, test } from 'vitest'
import {
  useClientSecretQuery,
  type UseClientSecretQuery,
  type UseClientSecretQueryOptions,
} from '../../src/exports/index.ts'
import { json } from '../helpers/api.ts'
import { setUp, setUpWithDoor } from '../helpers/page.tsx'
import type { RequestParams } from '../../src/client/request-params.ts'

interface Models {
  models: string[]
}

function asker(request: RequestParams | null, options?: UseClientSecretQueryOptions<Models>) {
  const parts = {
    renders: 0,
    hook: undefined as unknown as UseClientSecretQuery<Models>,
    Asker: () => {
      parts.renders += 1
      parts.hook = useClientSecretQuery<Models>(request, options)
      return <output>{parts.hook.error?.code ?? parts.hook.data?.models.join() ?? 'nothing yet'}</output>
    },
  }
  return parts
}

const models = { models: ['a', 'b'] }

describe('a query', () => {
  test('is sent when it is shown, once for all that ask the same', async () => {
    const { api, request, inProvider } = await setUp((_call, outgoing) => json(outgoing, models))
    const get = { ...request, method: 'GET' } as const
    const [first, second] = [asker({ ...get, params: { a: 1, b: 2 } }), asker({ ...get, params: { b: 2, a: 1 } })]
    render(inProvider([<first.Asker key="1" />, <second.Asker key="2" />]))
    expect(await screen.findAllByText('a,b')).toHaveLength(2)
    expect(first.hook.data).toBe(second.hook.data)
    expect(api.calls).toHaveLength(1)
    // Asked again by hand.
    await act(() => first.hook.mutate())
    expect(api.calls).toHaveLength(2)
  })

  test('null asks nothing', async () => {
    const { api, inProvider } = await setUp()
    const part = asker(null)
    render(inProvider(<part.Asker />))
    expect(part.hook).toMatchObject({ data: undefined, isLoading: false, isPolling: false })
    expect(api.calls).toEqual([])
  })

  test('with poll it is followed, and tells how it goes', async () => {
    const { request, inProvider, open } = await setUpWithDoor()
    const part = asker({ ...request, method: 'GET', poll: 100 })
    const Shown = () => {
      part.hook = useClientSecretQuery<Models>({ ...request, method: 'GET', poll: 100 })
      return <output>{`${part.hook.record?.status} ${part.hook.isPolling} ${JSON.stringify(part.hook.data)}`}</output>
    }
    render(inProvider(<Shown />))
    expect(await screen.findByText('running true undefined')).toBeTruthy()
    open()
    expect(await screen.findByText('resolved false {"picture":"otter "}')).toBeTruthy()
  })

  test('an error is in `error`, and typed as ours', async () => {
    const { request, inProvider } = await setUp((_call, outgoing) => json(outgoing, {}, 404))
    const part = asker({ ...request, method: 'GET' }, { shouldRetryOnError: false })
    render(inProvider(<part.Asker />))
    expect(await screen.findByText('UPSTREAM_ERROR')).toBeTruthy()
    expect(part.hook.error?.status).toBe(404)
  })

  test('suspends where it is asked to', async () => {
    const { request, inProvider, open } = await setUpWithDoor()
    const Suspending = () => {
      const { data } = useClientSecretQuery<{ picture: string }>({ ...request, method: 'GET' }, { suspense: true })
      return <output>{data?.picture}</output>
    }
    await act(async () => {
      render(
        inProvider(
          <Suspense fallback="waiting">
            <Suspending />
          </Suspense>,
        ),
      )
    })
    expect(screen.getByText('waiting')).toBeTruthy()
    await act(async () => open())
    expect(await screen.findByText('otter')).toBeTruthy()
  })
})

describe('what is sent again', () => {
  const comeBack = () => {
    act(() => {
      window.dispatchEvent(new Event('focus'))
      document.dispatchEvent(new Event('visibilitychange'))
      window.dispatchEvent(new Event('online'))
    })
  }

  test('a POST is not, on focus, on reconnect, on an error, or when it is shown again', async () => {
    let status = 200
    const { api, request, inProvider } = await setUp((_call, outgoing) => json(outgoing, models, status))
    const part = asker({ ...request, data: { ask: 1 } }, { dedupingInterval: 0, errorRetryInterval: 10 })
    const page = render(inProvider(<part.Asker />))
    await screen.findByText('a,b')
    comeBack()
    page.rerender(inProvider(null))
    page.rerender(inProvider(<part.Asker />))
    comeBack()
    status = 500
    const failing = asker({ ...request, data: { ask: 2 } }, { dedupingInterval: 0, errorRetryInterval: 10 })
    page.rerender(inProvider(<failing.Asker />))
    await screen.findByText('UPSTREAM_ERROR')
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(api.calls.map(({ body }) => body)).toEqual(['{"ask":1}', '{"ask":2}'])
  })

  test('a GET is, as SWR does it', async () => {
    const { api, request, inProvider } = await setUp((_call, outgoing) => json(outgoing, models))
    const part = asker({ ...request, method: 'GET' }, { dedupingInterval: 0 })
    render(inProvider(<part.Asker />))
    await screen.findByText('a,b')
    await waitFor(() => {
      comeBack()
      expect(api.calls.length).toBeGreaterThan(1)
    })
  })
})

describe('a query in odd circumstances', () => {
  test('the progress is shown to all, also when the one that asked has gone', async () => {
    const { request, inProvider, open } = await setUpWithDoor()
    const shown = new Map<string, string>()
    const shower = (name: string) =>
      function Shower() {
        const { record, isPolling } = useClientSecretQuery({ ...request, method: 'GET', poll: 100 })
        shown.set(name, `${record?.status} ${isPolling}`)
        return null
      }
    const [First, Second] = [shower('first'), shower('second')]
    const page = render(inProvider([<First key="1" />, <Second key="2" />]))
    await waitFor(() => expect([...shown.values()]).toEqual(['running true', 'running true']))
    page.rerender(inProvider([<Second key="2" />]))
    open()
    await waitFor(() => expect(shown.get('second')).toBe('resolved false'))
  })

  test('nobody polls any more once it has expired', async () => {
    const { request, inProvider } = await setUpWithDoor()
    let hook!: UseClientSecretQuery
    const Asker = () => {
      hook = useClientSecretQuery({ ...request, method: 'GET', poll: 100, expires: 0.5 }, { shouldRetryOnError: false })
      return <output>{`${hook.error?.code} ${hook.isPolling}`}</output>
    }
    render(inProvider(<Asker />))
    expect(await screen.findByText('EXPIRED false')).toBeTruthy()
  })

  test.each([undefined, 0])('with a queue and poll: %s it is polled all the same', async (poll) => {
    const { request, inProvider } = await setUp((_call, outgoing) => json(outgoing, models))
    const part = asker({ ...request, method: 'GET', queue: 'q', poll })
    render(inProvider(<part.Asker />))
    expect(await screen.findByText('a,b')).toBeTruthy()
  })

  test('an option that is undefined is not given', async () => {
    const { request, inProvider } = await setUp((_call, outgoing) => json(outgoing, models))
    const part = asker({ ...request, method: 'GET' }, { onSuccess: undefined, onError: undefined } as never)
    render(inProvider(<part.Asker />))
    expect(await screen.findByText('a,b')).toBeTruthy()
  })

  test('data that are no JSON are an error, and no crash', async () => {
    const { api, request, inProvider } = await setUp()
    const circular: { self?: object } = {}
    circular.self = circular
    const [first, second] = [asker({ ...request, data: circular }), asker({ ...request, data: { n: 1n } })]
    render(inProvider([<first.Asker key="1" />, <second.Asker key="2" />]))
    await waitFor(() => expect(screen.getAllByText('INVALID_PARAMETER')).toHaveLength(2))
    expect(api.calls).toEqual([])
  })
})
