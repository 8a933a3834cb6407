import { Fragment, useEffect, useState, type ReactNode } from 'react'
import { standIn } from 'virtual:demo-api'
import type { RequestStatus, StreamStatus } from '../../src/exports/index.ts'

/** The frame of a demo: what it shows on the left, what happens on the right. */
export function Demo({
  title,
  lead,
  children,
  aside,
  isScripted = false,
}: {
  title: string
  lead: ReactNode
  children: ReactNode
  aside: ReactNode
  /** It brings a testing client of its own, wherever it is shown. */
  isScripted?: boolean
}) {
  return (
    <main className="demo">
      <header>
        <h1>{title}</h1>
        <p>{lead}</p>
        {standIn && !isScripted && (
          <p className="note">
            Here the testing client stands in for relay and API, and forgets all of it at a reload.{' '}
            <code>npm run demo</code> has the real ones.
          </p>
        )}
      </header>
      <div className="columns">
        <section className="card">{children}</section>
        <aside className="steps" aria-label="What happens">
          {aside}
        </aside>
      </div>
    </main>
  )
}

/** A step on the way from the page to the API. */
export function Step({ who, children }: { who: string; children: ReactNode }) {
  return (
    <section className="step">
      <h2>{who}</h2>
      {children}
    </section>
  )
}

/** Code, with the placeholder made visible. */
export function Code({ children }: { children: string }) {
  const parts = children.split('$CLIENT_SECRET')
  return (
    // Focusable, so that it can be scrolled with the keyboard.
    <pre tabIndex={0} role="region" aria-label="Code">
      {parts.map((part, index) => (
        <Fragment key={index}>
          {index > 0 && <mark>$CLIENT_SECRET</mark>}
          {part}
        </Fragment>
      ))}
    </pre>
  )
}

export function json(value: unknown): string {
  return JSON.stringify(value, null, 2)
}

/** The statuses that a request went through, each with the time at which it came. */
export function Timeline({ status }: { status: RequestStatus | StreamStatus }) {
  const steps = useTimeline(status)
  return (
    <ol className="timeline" aria-label="Statuses">
      {steps.map((step) => (
        <li key={step.status} className={step.status}>
          <span className="dot" aria-hidden />
          <code>{step.status}</code>
          <time>{step.after === 0 ? '' : `${(step.after / 1000).toFixed(2)} s`}</time>
        </li>
      ))}
    </ol>
  )
}

interface TimelineStep {
  status: RequestStatus | StreamStatus
  /** Milliseconds since it was sent. */
  after: number
}

function useTimeline(status: RequestStatus | StreamStatus): TimelineStep[] {
  const [{ steps, sentAt }, setTimeline] = useState({
    steps: [{ status: 'idle', after: 0 }] as TimelineStep[],
    sentAt: 0,
  })
  const last = steps.at(-1)?.status
  useEffect(() => {
    if (status === last) return
    const now = performance.now()
    // The time at which a status is on the screen is known only after it is.
    // eslint-disable-next-line react-hooks/set-state-in-effect
    setTimeline(
      status === 'idle'
        ? { steps: [{ status, after: 0 }], sentAt: 0 }
        : status === 'sending' && last !== 'queued'
          ? {
              steps: [
                { status: 'idle', after: 0 },
                { status, after: 0 },
              ],
              sentAt: now,
            }
          : { steps: [...steps, { status, after: now - sentAt }], sentAt },
    )
  }, [status, last, steps, sentAt])
  return steps
}

/** Seconds since `isRunning` became true; it stands still afterwards. */
export function Elapsed({ isRunning }: { isRunning: boolean }) {
  const [seconds, setSeconds] = useState(0)
  useEffect(() => {
    if (!isRunning) return
    const start = performance.now()
    const timer = setInterval(() => setSeconds((performance.now() - start) / 1000), 100)
    return () => clearInterval(timer)
  }, [isRunning])
  return <>{seconds.toFixed(1)} s</>
}

/** What the API behind the relay got, as its gate noted it. */
export interface SeenByApi {
  method: string
  path: string
  hadKey: boolean
  body: string
  startedAt: number
}

export async function seenByApi(): Promise<SeenByApi[]> {
  return standIn ? standIn.seenByApi() : ((await (await fetch('/demo/calls')).json()) as SeenByApi[])
}

/** Looks at the API's gate when a request has settled: what came with `mark` in its body since then. */
export function ApiSaw({ isSettled, since, mark }: { isSettled: boolean; since: number; mark: string }) {
  const [calls, setCalls] = useState<SeenByApi[]>([])
  useEffect(() => {
    if (!isSettled) return
    let isCurrent = true
    void seenByApi().then((all) => {
      if (isCurrent) setCalls(all.filter(({ body, startedAt }) => startedAt >= since && body.includes(mark)))
    })
    return () => {
      isCurrent = false
    }
  }, [isSettled, mark, since])
  if (!isSettled) return <p className="quiet">Nothing yet.</p>
  return (
    <ul className="seen">
      {calls.map((call, index) => (
        <li key={index}>
          <code>
            {call.method} {call.path}
          </code>
          <span className={call.hadKey ? 'good' : 'bad'}>{call.hadKey ? 'with the real key' : 'without the key'}</span>
        </li>
      ))}
    </ul>
  )
}
