import {
  useId,
  useInsertionEffect,
  useRef,
  useState,
  useSyncExternalStore,
  type KeyboardEvent,
  type ReactNode,
} from 'react'
import type { ClientCore } from '../client/create-core.ts'
import { useClient } from '../react/client-context.ts'
import { observerOf } from './observe-transport.ts'
import type { ObservedRequest } from './request-log.ts'
import { adoptStyles } from './styles.ts'

/** The client, and how the panel begins. */
export interface ClientSecretDevtoolsProps {
  /** Default: the client of the provider around it. */
  client?: ClientCore | undefined
  /** Whether the panel is open at the beginning. Default: false. */
  isOpen?: boolean | undefined
}

/**
 * A floating panel with the requests of this page: state, place in line, polls, what the relay said, bytes and events
 * of streams, and times. It shows neither headers nor bodies. A production bundle contains none of it.
 *
 * @example
 * <ClientSecretProvider relay="/relay">
 *   <App />
 *   <ClientSecretDevtools />
 * </ClientSecretProvider>
 */
export function ClientSecretDevtools({ client, ...props }: ClientSecretDevtoolsProps): ReactNode {
  return client ? <Panel client={client} {...props} /> : <PanelOfProvider {...props} />
}

function PanelOfProvider(props: Omit<ClientSecretDevtoolsProps, 'client'>): ReactNode {
  return <Panel client={useClient('ClientSecretDevtools')} {...props} />
}

const none: readonly ObservedRequest[] = []

function Panel({
  client,
  isOpen: isOpenAtFirst = false,
}: ClientSecretDevtoolsProps & { client: ClientCore }): ReactNode {
  const observer = observerOf(client.transport)
  // Before all other effects, so that it sees a request that an effect of the first render sends.
  useInsertionEffect(() => observer.attach(), [observer])
  const requests = useSyncExternalStore(observer.subscribe, observer.shown, () => none)
  const [isOpen, setOpen] = useState(isOpenAtFirst)
  const button = useRef<HTMLButtonElement>(null)
  const id = useId()
  const underWay = requests.filter(({ endedAt }) => endedAt === undefined).length

  function close(event: KeyboardEvent): void {
    if (event.key !== 'Escape' || !isOpen) return
    event.stopPropagation()
    setOpen(false)
    button.current?.focus()
  }

  return (
    <div ref={adoptStyles} className="csd" onKeyDown={close}>
      {isOpen && (
        <section id={id} className="csd-panel" aria-label="Client secret requests">
          <header>
            <strong>Requests</strong>
            <span>
              {underWay} under way of {requests.length}
            </span>
            <button type="button" onClick={observer.clear}>
              Clear
            </button>
          </header>
          {requests.length === 0 ? (
            <p>This page has sent no request since the panel is here.</p>
          ) : (
            // It scrolls, and so the keyboard has to reach it.
            <ul tabIndex={0} aria-label="Requests, the newest first">
              {requests.map((request) => (
                <Row key={request.key} request={request} />
              ))}
            </ul>
          )}
        </section>
      )}
      <button
        ref={button}
        type="button"
        className="csd-toggle"
        aria-expanded={isOpen}
        aria-controls={isOpen ? id : undefined}
        onClick={() => setOpen(!isOpen)}
      >
        Client secret requests: {requests.length}
      </button>
    </div>
  )
}

function Row({ request }: { request: ObservedRequest }): ReactNode {
  const { status, method, url, inQueue, error, startedAt, endedAt } = request
  const details: [string, ReactNode][] = [
    ['Url', url],
    ['Key', request.clientSecretName],
    ['Queue', request.queue],
    ['Record', request.id],
    ['API', request.apiStatus],
    ['Sends', request.sends],
    ['Polls', request.polls],
    ['Bytes', request.bytes],
    ['Events', request.events],
    ['Began', new Date(startedAt).toLocaleTimeString()],
    ['Path', error?.path],
    ['Retry after', error?.retryAfter === undefined ? undefined : `${error.retryAfter} s`],
  ]
  const known = details.filter(([, value]) => value !== undefined && value !== '')
  return (
    <li>
      <details>
        <summary>
          <span className={`csd-status csd-${status}`}>{status}</span>
          <span className="csd-call">
            {method} {shortened(url)}
          </span>
          <span className="csd-fact">{factOf(request)}</span>
        </summary>
        <dl>
          {known.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      </details>
      {inQueue !== undefined && endedAt === undefined && <p>Place {inQueue} in line</p>}
      {error && (
        <p className="csd-error">
          <code>{error.code}</code> {error.message}
        </p>
      )}
    </li>
  )
}

/** The time of a request that has ended, and how much of one has come. */
function factOf({ bytes, events, startedAt, endedAt, polls }: ObservedRequest): string {
  if (endedAt !== undefined) return `${(endedAt - startedAt).toLocaleString('en-US')} ms`
  if (events !== undefined) return `${events} events`
  if (bytes !== undefined) return `${bytes} bytes`
  return polls > 0 ? `${polls} polls` : ''
}

/** Host and path. */
function shortened(url: string): string {
  return url.replace(/^https?:\/\//, '').replace(/[?#].*/, '')
}
