import { callBack, once, tellError, type Callbacks } from '../client/callbacks.ts'
import type { Client, RequestParams, SendOptions, Sent } from '../client/create-client.ts'
import { isPollStopped, type FollowOptions } from '../client/follow.ts'
import type { KeptRequest } from '../client/kept-requests.ts'
import type { PauseReason } from '../client/page.ts'
import { queuedRequest } from '../client/queued-request.ts'
import { randomId } from '../client/random-id.ts'
import { sleep } from '../client/retry.ts'
import type { StandardSchema } from '../client/standard-schema.ts'
import type { Seen } from '../client/transport.ts'
import { isGone, type ClientSecretError } from '../protocol/errors.ts'
import { isSettled, type CancelAnswer, type ClientSecretRecord } from '../protocol/record.ts'
import { ended, failed, idle, lookingUp, sending, stopped, underWay, type RequestState } from './request-state.ts'
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
  /** Before a request is sent. */
  prepare: () => void
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
  attach: (listeners: Listeners, keeper: Keeper | null) => () => void
  isAttached: () => boolean
}

/** Milliseconds, for a request that was not told how often to poll. */
const defaultPoll = 1_000

/** A request as it is followed, from one beginning of the following to its end. Only the last one is shown. */
interface Following {
  listeners: Listeners
  /** Ends the following, not the request. */
  stop: AbortController
  /** Ends the call to the relay. */
  abort: AbortController
  /** Milliseconds between polls; 0 while nobody polls. */
  poll: number
  /** What the relay knows the request by until its record is known. */
  idempotencyKey: string
  record: ClientSecretRecord | undefined
  isActive: boolean
  /** Reset: its listeners are told nothing more. */
  isForgotten: boolean
}

export function createRequestController(
  client: Client,
  state: Stored<RequestState>,
  recordId?: string,
): RequestController {
  let shown: Following | null = null
  const active = new Set<Following>()
  let attached = 0
  /** What was followed when the last component left. It is taken up again when one comes back. */
  const paused = new Set<Following>()
  let keeper: Keeper | null = null

  function begin(poll: number, listeners: Listeners): Following {
    return (shown = {
      listeners,
      poll,
      stop: new AbortController(),
      abort: new AbortController(),
      idempotencyKey: randomId(),
      record: undefined,
      isActive: false,
      isForgotten: false,
    })
  }

  /** Follows a request to its end, and shows how it goes while it is the one shown. */
  async function watch<Result extends Sent>(
    following: Following,
    start: (options: SendOptions) => Promise<Result>,
  ): Promise<Result> {
    const { listeners } = following
    let pauseReason: PauseReason | undefined
    const show = (next: RequestState | null) => {
      if (next && shown === following) state.write(next)
    }
    following.isActive = true
    active.add(following)
    try {
      const result = await start({
        signal: following.abort.signal,
        stopSignal: following.stop.signal,
        schema: listeners.schema,
        idempotencyKey: following.idempotencyKey,
        onUpdate: (record) => {
          following.record = record
          if (shown === following) keeper?.write({ record, poll: following.poll })
          show(underWay(record, following.isActive && following.poll > 0, pauseReason))
          callBack(listeners.onUpdate, record)
        },
        onPause: (reason) => {
          pauseReason = reason
          if (following.record) show(underWay(following.record, following.poll > 0, reason))
        },
      })
      if (isPollStopped(result) && paused.has(following)) {
        // Nobody stopped it; the component went, and may be back already.
        if (following.record) show(underWay(following.record, false))
        if (attached > 0) takeUp(following)
      } else show(ended(result, following.record))
      return result
    } catch (error) {
      // Of what is gone, a reload need not ask again.
      if (shown === following && isGone(error)) keeper?.write(null)
      show(failed(error, following.record))
      throw error
    } finally {
      following.isActive = false
      active.delete(following)
    }
  }

  /** Tells the listeners how it ended; the promise is what a send gives. */
  function told(following: Following, sent: Promise<Sent>): Promise<unknown> {
    const { listeners } = following
    const tell = once({
      onResponse: (data, response) => {
        if (following.isForgotten) return
        callBack(listeners.onResponse, data, response)
        callBack(listeners.onSettled, data, undefined)
      },
      onError: (error) => {
        if (following.isForgotten) return
        callBack(listeners.onError, error)
        callBack(listeners.onSettled, undefined, error)
      },
    })
    const answered = sent.then((answer) => {
      if (isPollStopped(answer)) return answer
      // Polled by hand, it is shown all the same.
      if (!answer.response)
        return queuedRequest(answer.record, tell, (seen, options) => followByHand(following, seen, options))
      callBack(tell.onResponse, answer.data, answer.response)
      return answer.data
    })
    return tellError(answered, () => (listeners.onError || listeners.onSettled ? [tell] : []))
  }

  function followByHand(sent: Following, seen: Seen, { interval, signal, stopSignal }: FollowOptions) {
    // What was sent since, or reset, is shown; this only polls.
    const isShown = shown === sent || shown?.record?.id === seen.id
    const before = shown
    const following = begin(interval ?? defaultPoll, sent.listeners)
    following.record = sent.record
    const now = sent.record && underWay(sent.record, true)
    if (!isShown) shown = before
    else if (now) state.write(now)
    return watch(following, (options) =>
      client.follow(seen, {
        ...options,
        interval,
        signal: either(options.signal, signal),
        stopSignal: either(options.stopSignal, stopSignal),
      }),
    )
  }

  function follow(id: string, poll: number, listeners: Listeners, record?: ClientSecretRecord): void {
    const following = begin(poll, listeners)
    following.record = record
    const sent = watch(following, (options) => client.follow({ id }, { ...options, interval: poll }))
    // Its failure is in the state, and told to the listeners.
    told(following, sent).catch(() => {})
  }

  /** Follows again what was followed when the last component left. */
  function takeUp(following: Following): void {
    const { record, poll, listeners } = following
    // Still on its way to the relay: it is taken up when its record is known.
    if (!record) return
    paused.delete(following)
    const before = shown
    if (before === following) state.write(underWay(record, true) ?? idle)
    follow(record.id, poll || defaultPoll, listeners, record)
    if (before !== following) shown = before
  }

  function resume(listeners: Listeners): void {
    const { record } = state.read()
    if (!record || isSettled(record) || shown?.isActive) return
    if (attached === 0) return
    state.write(underWay(record, true) ?? idle)
    follow(record.id, shown?.poll || defaultPoll, shown?.listeners ?? listeners, record)
  }

  /** Finds what was kept over a reload. */
  function restore(listeners: Listeners): void {
    const kept = keeper?.read()
    if (!kept) return
    const { record, poll } = kept
    state.write(underWay(record, poll > 0) ?? lookingUp)
    // What had ended before the reload is shown again, but told to nobody a second time.
    if (isSettled(record)) follow(record.id, defaultPoll, { schema: listeners.schema })
    else if (poll > 0) follow(record.id, poll, listeners, record)
    else begin(0, listeners).record = record
  }

  /** Ends a submit that is on its way: the relay knows it by its key, once it has arrived there. */
  async function cancelSubmit({ idempotencyKey, abort }: Following): Promise<CancelAnswer> {
    for (let tries = 0; tries < 5; tries++) {
      try {
        return await client.cancel(idempotencyKey)
      } catch (error) {
        if (!isGone(error)) throw error
        await sleep(100)
      }
    }
    abort.abort()
    return { removed: true, message: 'The call to the relay was ended before it had arrived there.' }
  }

  return {
    send(params, listeners) {
      paused.clear()
      keeper?.prepare()
      keeper?.write(null)
      const following = begin(typeof params.poll === 'number' ? params.poll : 0, listeners)
      state.write(sending)
      const sent = watch(following, (options) => client.send(params, options))
      return told(following, sent)
    },

    stop() {
      const now = state.read()
      paused.clear()
      shown?.stop.abort()
      // A direct request has no polling that could end.
      if (!now.record || !now.isLoading) return
      if (shown) shown.isActive = false
      state.write(stopped(now.record))
    },

    resume,

    async cancel(listeners) {
      const { record, status } = state.read()
      const id = record?.id ?? recordId
      if (id !== undefined) {
        const answer = await client.cancel(id)
        // Whoever follows it hears of it by that.
        resume(listeners)
        return answer
      }
      if (status !== 'sending' || !shown) return { removed: false, message: 'There is no request to cancel.' }
      return cancelSubmit(shown)
    },

    reset() {
      for (const following of [...active, ...paused, ...(shown ? [shown] : [])]) {
        following.isForgotten = true
        following.stop.abort()
      }
      paused.clear()
      shown = null
      keeper?.write(null)
      state.write(idle)
    },

    isAttached: () => attached > 0,

    attach(listeners, ownKeeper) {
      const detachState = state.attach()
      attached += 1
      keeper = ownKeeper ?? keeper
      for (const following of [...paused]) takeUp(following)
      if (state.read().status === 'idle' && !shown?.isActive) {
        if (recordId === undefined) restore(listeners)
        else {
          state.write(lookingUp)
          follow(recordId, defaultPoll, listeners)
        }
      }
      return () => {
        attached -= 1
        if (attached === 0) {
          const isLookingUp = state.read() === lookingUp
          for (const following of active) {
            // Of what is looked up it is not even known that it exists; that begins anew.
            if (!(isLookingUp && following === shown)) paused.add(following)
            following.isActive = false
            following.stop.abort()
          }
          if (isLookingUp) {
            shown = null
            state.write(idle)
          }
        }
        detachState()
      }
    },
  }
}

function either(...signals: (AbortSignal | undefined)[]): AbortSignal {
  return AbortSignal.any(signals.filter((signal) => signal !== undefined))
}
