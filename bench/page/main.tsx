import { flushSync } from 'react-dom'
import { createRoot } from 'react-dom/client'
import type { JobRequest, Side } from './side.ts'
import { HeldFetch } from './sides/held-fetch.tsx'
import { Ours, OursProvider } from './sides/ours.tsx'
import { SetInterval } from './sides/set-interval.tsx'
import { Swr } from './sides/swr.tsx'
import { TanStackQuery, TanStackQueryProvider } from './sides/tanstack-query.tsx'

/** The page of the benches: it shows components of one side, and says what became of their jobs. */
export interface Bench {
  /** Shows a component for each request, in place of what was shown before. */
  show(side: SideName, requests: JobRequest[], poll: number): void
  /** Presses all their buttons. */
  send(): void
  /** Resolves when every answer is on the screen. */
  shown(): Promise<Seen[]>
  /** Calls of fetch since the last `show`. */
  requests(): number
  /** Milliseconds since 1970, by the clock of this page. */
  now(): number
}

export interface Seen {
  name: string
  /** By the clock of this page, when React had committed the answer. */
  committedAt: number
  /** Commits of the component, from the press of its button to the answer. */
  renders: number
}

const sides = {
  heldFetch: HeldFetch,
  ours: Ours,
  tanstackQuery: TanStackQuery,
  swr: Swr,
  setInterval: SetInterval,
} satisfies Record<string, Side>

export type SideName = keyof typeof sides

declare global {
  var bench: Bench
}

let requests = 0
const { fetch } = globalThis
globalThis.fetch = (...args) => {
  requests += 1
  return fetch(...args)
}

const now = () => performance.timeOrigin + performance.now()
const place = document.getElementById('place')!
const root = createRoot(place)
let seen: Promise<Seen>[] = []
let forget = () => {}

/** Watches the commits of one component. */
function watch(name: string) {
  let renders = 0
  let resolve: (seen: Seen) => void
  const promise = new Promise<Seen>((settle) => (resolve = settle))
  return {
    promise,
    reset: () => (renders = 0),
    onCommit: (shown: string | undefined) => {
      renders += 1
      if (shown === name) resolve({ name, committedAt: now(), renders })
    },
  }
}

globalThis.bench = {
  show(name, asked, poll) {
    const Side = sides[name]
    const watches = asked.map(({ data }) => watch(data.name))
    seen = watches.map(({ promise }) => promise)
    forget = () => watches.forEach(({ reset }) => reset())
    flushSync(() =>
      root.render(
        <TanStackQueryProvider>
          <OursProvider>
            {asked.map((request, index) => (
              <Side key={request.data.name} request={request} poll={poll} onCommit={watches[index]!.onCommit} />
            ))}
          </OursProvider>
        </TanStackQueryProvider>,
      ),
    )
    requests = 0
  },
  send() {
    forget()
    for (const button of place.querySelectorAll('button')) button.click()
  },
  shown: () => Promise.all(seen),
  requests: () => requests,
  now,
}
