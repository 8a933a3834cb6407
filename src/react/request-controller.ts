import { callBack, once, tellError, type Callbacks } from '../client/callbacks.ts'
import type { Client, RequestParams, SendOptions, Sent } from '../client/create-client.ts'
import { isPollStopped } from '../client/follow.ts'
import type { KeptRequest } from '../client/kept-requests.ts'
import type { PauseReason } from '../client/page.ts'
import { queuedRequest } from '../client/queued-request.ts'
import type { StandardSchema } from '../client/standard-schema.ts'
import type { ClientSecretError } from '../protocol/errors.ts'
import { isSettled, type CancelAnswer, type ClientSecretRecord } from '../protocol/record.ts'
import { ended, failed, idle, lookingUp, sending, underWay, type RequestState } from './request-state.ts'
import type { Stored } from './stored.ts'

/** Who hears of a request, and how its answer is checked. */
export interface Listeners<Data = unknown> extends Callbacks<Data> {
  /** Called with every change of what the relay knows of the request. */
  onUpdate?: ((record: ClientSecretRecord) => void) | undefined
  /** Called once when the request has ended, whichever way: with its data, or with its error. */
  onSettled?: ((data: Data | undefined, error: ClientSecretError | undefined) => void) | undefined
  /** Any Standard Schema (zod, valibot, arktype …); checks `data` and gives it its type. */
  schema?: StandardSchema<Data> | undefined
}

/** Keeps a request over a reload. */
export interface Keeper {
  read: () => KeptRequest | null
  write: (kept: KeptRequest | null) => void
}

/** Sends and follows the requests of one state. Which components show it is not known here. */
export interface RequestController {
  send: (params: RequestParams, listeners: Listeners) => Promise<unknown>
  /** Ends the polling; the request goes on. */
  stop: () => void
  /** Begins the polling, or takes it up again. */
  resume: (listeners: Listeners) => void
  cancel: (listeners: Listeners) => Promise<CancelAnswer>
  reset: () => void
  /** A component shows the state, until the returned function is called. */
  attach: (listeners: Listeners) => () => void
}

/** Milliseconds, for a request that was not told how often to poll. */
const defaultPoll = 1_000

/** One request on its way. Only the last one is shown; those before it still tell their listeners. */
interface Turn {
  /** Ends the following, not the request. */
  stop: AbortController
  /** Ends the call to the relay. */
  abort: AbortController
  /** Milliseconds between polls; 0 when it is polled by hand. */
  poll: number
  isFollowed: boolean
  /** Reset: its listeners are told nothing more. */
  isForgotten: boolean
}

interface ControllerParts {
  client: Client
  state: Stored<RequestState>
  keeper?: Keeper | undefined
  /** A request sent elsewhere, to be followed while a component shows it. */
  recordId?: string | undefined
}

export function createRequestController({ client, state, keeper, recordId }: ControllerParts): RequestController {
  let shown: Turn | null = null
  const turns = new Set<Turn>()
  let attached = 0
  /** What was followed when the last component left. It is taken up again when one comes back. */
  let left: Turn | null = null

  function newTurn(poll: number): Turn {
    left = null
    return (shown = {
      stop: new AbortController(),
      abort: new AbortController(),
      poll,
      isFollowed: false,
      isForgotten: false,
    })
  }

  /** Follows a request to its end, and shows how it goes while it is the one shown. */
  async function watch<Result extends Sent>(
    turn: Turn,
    listeners: Listeners,
    begin: (options: SendOptions) => Promise<Result>,
  ): Promise<Result> {
    let last: ClientSecretRecord | undefined
    let pauseReason: PauseReason | undefined
    const show = (next: RequestState | null) => {
      if (next && shown === turn) state.write(next)
    }
    turn.isFollowed = true
    turns.add(turn)
    try {
      const result = await begin({
        signal: turn.abort.signal,
        stopSignal: turn.stop.signal,
        schema: listeners.schema,
        onUpdate: (record) => {
          last = record
          if (shown === turn) keeper?.write({ record, poll: turn.poll })
          show(underWay(record, turn.poll > 0, pauseReason))
          callBack(listeners.onUpdate, record)
        },
        onPause: (reason) => {
          pauseReason = reason
          if (last) show(underWay(last, turn.poll > 0, reason))
        },
      })
      if (left === turn && last && isPollStopped(result)) {
        // Nobody stopped it; the component went, and may be back already.
        show(underWay(last, false))
        if (attached > 0) resume(listeners)
      } else show(ended(result, last))
      return result
    } catch (error) {
      show(failed(error, last))
      throw error
    } finally {
      turn.isFollowed = false
      turns.delete(turn)
    }
  }

  /** Tells the listeners how it ended; the promise is what a send gives. */
  function told(turn: Turn, sent: Promise<Sent>, listeners: Listeners): Promise<unknown> {
    const tell = once({
      onResponse: (data, response) => {
        if (turn.isForgotten) return
        callBack(listeners.onResponse, data, response)
        callBack(listeners.onSettled, data, undefined)
      },
      onError: (error) => {
        if (turn.isForgotten) return
        callBack(listeners.onError, error)
        callBack(listeners.onSettled, undefined, error)
      },
    })
    const answered = sent.then((answer) => {
      if (isPollStopped(answer)) return answer
      if (answer.response) {
        callBack(tell.onResponse, answer.data, answer.response)
        return answer.data
      }
      // Polled by hand, it is shown all the same.
      return queuedRequest(answer.record, tell, (seen, { interval, signal, stopSignal }) => {
        turn.poll = interval ?? defaultPoll
        return watch(turn, listeners, (options) =>
          client.follow(seen, {
            ...options,
            interval,
            signal: either(options.signal, signal),
            stopSignal: either(options.stopSignal, stopSignal),
          }),
        )
      })
    })
    return tellError(answered, () => (listeners.onError || listeners.onSettled ? [tell] : []))
  }

  function follow(id: string, poll: number, listeners: Listeners): void {
    const turn = newTurn(poll)
    const sent = watch(turn, listeners, (options) => client.follow({ id }, { ...options, interval: poll }))
    // Its failure is in the state, and told to the listeners.
    told(turn, sent, listeners).catch(() => {})
  }

  function resume(listeners: Listeners): void {
    const { record } = state.read()
    if (!record || isSettled(record) || shown?.isFollowed) return
    const poll = shown?.poll || defaultPoll
    state.write(underWay(record, true) ?? idle)
    follow(record.id, poll, listeners)
  }

  /** Finds what was kept over a reload. */
  function restore(listeners: Listeners): void {
    const kept = keeper?.read()
    if (!kept) return
    const { record, poll } = kept
    state.write(underWay(record, poll > 0) ?? lookingUp)
    // What had ended before the reload is shown again, but told to nobody a second time.
    if (isSettled(record)) follow(record.id, defaultPoll, { schema: listeners.schema })
    else if (poll > 0) follow(record.id, poll, listeners)
  }

  return {
    send(params, listeners) {
      const turn = newTurn(typeof params.poll === 'number' ? params.poll : 0)
      keeper?.write(null)
      state.write(sending)
      const sent = watch(turn, listeners, (options) => client.send(params, options))
      return told(turn, sent, listeners)
    },

    stop: () => shown?.stop.abort(),

    resume,

    async cancel(listeners) {
      const { record, status } = state.read()
      if (record) {
        const answer = await client.cancel(record.id)
        // Whoever follows it hears of it by that.
        resume(listeners)
        return answer
      }
      if (status !== 'sending') return { removed: false, message: 'There is no request to cancel.' }
      shown?.abort.abort()
      return { removed: true, message: 'The call to the relay was ended. The API may have acted on it already.' }
    },

    reset() {
      shown = left = null
      for (const turn of turns) {
        turn.isForgotten = true
        turn.stop.abort()
      }
      keeper?.write(null)
      state.write(idle)
    },

    attach(listeners) {
      const detachState = state.attach()
      attached += 1
      const { status } = state.read()
      if (left) resume(listeners)
      else if (status === 'idle') {
        if (recordId === undefined) restore(listeners)
        else {
          state.write(lookingUp)
          follow(recordId, defaultPoll, listeners)
        }
      }
      return () => {
        attached -= 1
        if (attached === 0) {
          left = shown?.isFollowed ? shown : null
          for (const turn of turns) {
            turn.isFollowed = false
            turn.stop.abort()
          }
          // Of a record it is not even known that it exists.
          if (state.read() === lookingUp) state.write(idle)
        }
        detachState()
      }
    },
  }
}

function either(...signals: (AbortSignal | undefined)[]): AbortSignal {
  return AbortSignal.any(signals.filter((signal) => signal !== undefined))
}
