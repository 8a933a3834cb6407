// @vitest-environment node
import { Suspense, use, version, type ReactNode } from 'react'
import { renderToPipeableStream, renderToString } from 'react-dom/server'
import { setTimeout as later } from 'node:timers/promises'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import {
  localPersister,
  ClientSecretProvider,
  createClient,
  useClientSecretHistory,
  useClientSecretQuery,
  useClientSecretQueue,
  useClientSecretRecord,
  useClientSecretRequest,
  type UseClientSecretRequest,
} from '../../src/exports/index.ts'
import { json, startApi } from '../helpers/api.ts'
import { keyFor, startRelay } from '../helpers/relay.ts'

const request = {
  clientSecretName: 'api',
  url: 'https://api.example.com/v1',
  method: 'POST',
  headers: { Authorization: 'Bearer $CLIENT_SECRET' },
} as const

/** A component with every hook. */
function Everything() {
  const sent = useClientSecretRequest({ ...request, data: { n: 1 } })
  const kept = useClientSecretRequest({ ...request, id: 'otter', persist: localPersister })
  const query = useClientSecretQuery(request)
  const record = useClientSecretRecord('some-id')
  const history = useClientSecretHistory({ compact: true })
  const queue = useClientSecretQueue('images')
  return <p>{[sent.status, kept.status, query.isLoading, record.status, history.isLoading, queue.isLoading].join()}</p>
}

function App({ client }: { client?: ReturnType<typeof createClient> }) {
  return (
    <Suspense fallback="waiting">
      {client ? (
        <ClientSecretProvider client={client}>
          <Everything />
        </ClientSecretProvider>
      ) : (
        <ClientSecretProvider relay="/relay" user="ann" headers={() => ({})}>
          <Everything />
        </ClientSecretProvider>
      )}
    </Suspense>
  )
}

/** Makes all that Next forbids while it prerenders throw, but for React itself, until it is let go. */
function forbidDiceAndClocks(): () => void {
  const undo: (() => void)[] = []
  const check = (name: string) => {
    const [, , , caller] = new Error().stack!.split('\n')
    if (!caller?.includes('/react-dom/')) throw new Error(`${name} was called while rendering`)
  }
  const forbid = (owner: object, name: string) => {
    const before = Object.getOwnPropertyDescriptor(owner, name)
    const real = Reflect.get(owner, name) as (...args: unknown[]) => unknown
    const checked = new Proxy(real, {
      apply: (target, self, args) => (check(name), Reflect.apply(target, self, args)),
      construct: (target, args) => (args.length > 0 || check(name), Reflect.construct(target, args) as object),
    })
    Object.defineProperty(owner, name, { configurable: true, writable: true, value: checked })
    undo.push(() => (before ? Object.defineProperty(owner, name, before) : Reflect.deleteProperty(owner, name)))
  }
  forbid(Math, 'random')
  forbid(crypto, 'getRandomValues')
  forbid(crypto, 'randomUUID')
  forbid(performance, 'now')
  forbid(Date, 'now')
  forbid(globalThis, 'Date')
  return () => undo.reverse().forEach((one) => one())
}

const expected = 'idle,idle,true,idle,true,true'

test('a render throws no dice and reads no clock: renderToString', () => {
  const letGo = forbidDiceAndClocks()
  onTestFinished(letGo)
  expect(() => Math.random()).toThrow()
  expect(() => new Date()).toThrow()
  expect(() => Date.now()).toThrow()
  const html = [renderToString(<App />), renderToString(<App client={createClient({ relay: '/relay' })} />)]
  letGo()
  for (const one of html) expect(one).toContain(expected)
})

// As Next does it with `cacheComponents`; React 18 has no prerender.
test.skipIf(version.startsWith('18.'))('a render throws no dice and reads no clock: prerender', async () => {
  const { prerender } = (await import('react-dom/static')) as {
    prerender: (app: ReactNode) => Promise<{ prelude: ReadableStream<Uint8Array> }>
  }
  const letGo = forbidDiceAndClocks()
  onTestFinished(letGo)
  const { prelude } = await prerender(<App />)
  const html = await new Response(prelude).text()
  letGo()
  expect(html).toContain(expected)
})

test('threat 24: two users whom one server renders at once never see each other’s state', async () => {
  const api = await startApi((call, outgoing) => json(outgoing, JSON.parse(call.body)))
  const { url } = await startRelay({
    keys: { api: { ...keyFor(api.url), locked: true } },
    authenticate: (incoming) => incoming.headers.get('x-user'),
  })
  const renders = Array.from({ length: 100 }, (_, n) => ({
    n,
    user: n % 2 ? 'ann' : 'bob',
    hook: undefined as unknown as UseClientSecretRequest,
  }))
  const htmls = await Promise.all(
    renders.map(async (one) => {
      // Some begin while others wait.
      await later(one.n % 10)
      const wait = later(5)
      let isOver = false
      void wait.then(() => (isOver = true))
      const Slow = () => {
        if (!isOver) {
          if (typeof use !== 'function') throw wait
          use(wait)
        }
        return null
      }
      const Page = () => {
        const hook = useClientSecretRequest({ ...request, url: `${api.url}/`, id: 'otter', data: { n: one.n } })
        // Read later: what a render has read stays as that render saw it.
        one.hook = hook
        return <p>{one.user}</p>
      }
      return text(
        renderToPipeableStream(
          <Suspense fallback="waiting">
            {/* The same props for all, and only some say who it is. */}
            <ClientSecretProvider
              relay={url}
              user={one.n % 4 < 2 ? one.user : undefined}
              headers={() => ({ 'x-user': one.user })}
            >
              <Page />
              <Slow />
            </ClientSecretProvider>
          </Suspense>,
        ).pipe(new PassThrough()),
      )
    }),
  )
  for (const [n, html] of htmls.entries()) expect(html).toContain(`<p>${renders[n]!.user}</p>`)

  // A server sends nothing by itself; even where it does, each render has its own.
  const senders = renders.filter(({ n }) => n % 3 === 0)
  await Promise.all(senders.map(({ hook }) => hook.sendAsync()))
  for (const one of renders) expect(one.hook.data).toEqual(senders.includes(one) ? { n: one.n } : undefined)
})
