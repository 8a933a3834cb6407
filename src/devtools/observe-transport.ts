import type { Transport } from '../client/transport.ts'
import { fetchAnswerHeader, type FetchAnswerHead, type FetchRefusalHead } from '../protocol/fetch.ts'
import { countEvents } from './count-events.ts'
import { describedCall } from './described-call.ts'
import { createRequestLog, type ObservedRequest, type RequestLog } from './request-log.ts'

/** The requests of a client, while it is attached. */
export interface Observer extends Pick<RequestLog, 'shown' | 'subscribe' | 'clear'> {
  /** Observes until the returned function is called. */
  attach: () => () => void
}

type Submit = Transport['submit']
type Poll = Transport['poll']
type Fetch = NonNullable<Transport['fetch']>

const observers = new WeakMap<Transport, Observer>()

/** The observer of a transport. It replaces functions of the transport only while it is attached. */
export function observerOf(transport: Transport): Observer {
  const observer = observers.get(transport) ?? createObserver(transport)
  observers.set(transport, observer)
  return observer
}

function createObserver(transport: Transport): Observer {
  const log = createRequestLog()
  const { shown, subscribe, clear } = log
  let attached = 0
  let detach = () => {}

  function patch(): () => void {
    /* eslint-disable @typescript-eslint/unbound-method -- put back as they were, and called on the transport */
    const { submit, poll, fetch } = transport
    const restored = { submit, poll, ...(fetch && { fetch }) }
    Object.assign(transport, {
      submit: observedSubmit(log, submit.bind(transport)),
      poll: observedPoll(log, poll.bind(transport)),
      ...(fetch && { fetch: observedFetch(log, fetch.bind(transport)) }),
    })
    /* eslint-enable */
    return () => void Object.assign(transport, restored)
  }

  return {
    shown,
    subscribe,
    clear,
    attach() {
      if (attached++ === 0) detach = patch()
      let isAttached = true
      return () => {
        if (isAttached && --attached === 0) detach()
        isAttached = false
      }
    },
  }
}

function observedSubmit(log: RequestLog, submit: Submit): Submit {
  return async (sent, options) => {
    const { method, url, clientSecretName, queue } = sent
    const request = log.find(options.idempotencyKey, { method, url, clientSecretName, queue })
    log.send(request)
    try {
      const record = await submit(sent, options)
      log.take(request, record)
      return record
    } catch (error) {
      log.fail(request, error, options.signal)
      throw error
    }
  }
}

function observedPoll(log: RequestLog, poll: Poll): Poll {
  return async (seen, options) => {
    for (const { id } of seen) {
      const request = log.find(id, { id, status: 'pending' })
      log.set(request, { polls: request.polls + 1 })
    }
    const answer = await poll(seen, options)
    for (const record of answer.records) log.take(log.find(record.id, { id: record.id }), record)
    for (const { id, error } of answer.errors) log.end(log.find(id, { id }), 'failed', error)
    return answer
  }
}

function observedFetch(log: RequestLog, fetch: Fetch): Fetch {
  return async (init) => {
    const request = log.find(init.headers['idempotency-key'] ?? init.path ?? '', describedCall(init))
    log.send(request)
    let answer: Response
    try {
      answer = await fetch(init)
    } catch (error) {
      log.fail(request, error, init.signal)
      throw error
    }
    const head = headOf(answer)
    if (!head) {
      const message = `The answer ${answer.status} is not from the relay.`
      log.end(request, 'failed', { code: 'UNAVAILABLE', message })
      return answer
    }
    log.set(request, { id: head.id ?? request.id, apiStatus: head.error ? undefined : head.status })
    if (head.error) log.end(request, 'failed', head.error)
    else if (!answer.body) log.end(request, endOf(head))
    else return counted(log, request, head, answer, init.signal)
    return answer
  }
}

const endOf = ({ status }: FetchAnswerHead) => (status < 400 ? 'resolved' : 'failed')

function headOf(answer: Response): (FetchAnswerHead & Partial<FetchRefusalHead>) | undefined {
  try {
    return JSON.parse(atob(answer.headers.get(fetchAnswerHeader)!)) as FetchAnswerHead
  } catch {
    return undefined
  }
}

/** The same answer. Its bytes are counted while the page reads them, and none is read before. */
function counted(
  log: RequestLog,
  request: ObservedRequest,
  head: FetchAnswerHead,
  answer: Response,
  signal: AbortSignal | null,
): Response {
  const count = countEvents(head.headers['content-type'])
  const reader = answer.body!.getReader()
  log.set(request, { status: 'streaming', bytes: request.bytes ?? 0 })
  const source: UnderlyingDefaultSource<Uint8Array> = {
    async pull(controller) {
      try {
        const { done, value } = await reader.read()
        if (done) {
          log.end(request, endOf(head))
          return controller.close()
        }
        const events = count(value)
        log.set(request, {
          bytes: request.bytes! + value.length,
          events: events === undefined ? undefined : (request.events ?? 0) + events,
        })
        controller.enqueue(value)
      } catch (error) {
        log.fail(request, error, signal)
        throw error
      }
    },
    async cancel(reason) {
      log.end(request, 'stopped')
      await reader.cancel(reason)
    },
  }
  const { status, statusText, headers } = answer
  return new Response(new ReadableStream(source, { highWaterMark: 0 }), { status, statusText, headers })
}
