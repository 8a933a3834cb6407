import { callBack } from '../client/callbacks.ts'
import type { ClientCore } from '../client/create-core.ts'
import { nothingToCancel, type RequestObject, type RequestStart } from '../client/create-request.ts'
import {
  createStream,
  type StreamObject,
  type StreamStart,
  type StreamState,
  type StreamParams,
} from '../client/create-stream.ts'
import { randomId } from '../client/random-id.ts'
import type { StreamOptions } from '../client/stream-content.ts'
import { asClientSecretError, type ClientSecretError } from '../protocol/errors.ts'
import type { CancelAnswer } from '../protocol/record.ts'
import type { Persister } from './persisted-requests.ts'
import { onNextFrame } from './next-frame.ts'
import { createLoopCheck } from './send-loop.ts'
import type { LocalStore } from './store.ts'

/** Milliseconds in which a page looks for a stream that had no answer before the reload. */
const maxHeadTime = 3_600_000

/** A place in the tree that shows its latest stream. */
export interface StreamPlace {
  store: LocalStore<StreamState>
  send: (params: StreamParams, options: () => StreamOptions) => void
  stop: () => void
  resume: () => void
  cancel: () => Promise<CancelAnswer>
  /** Called by a component that shows the place, until it calls the returned function. */
  attach: (options: () => StreamOptions, persister: Persister | null) => () => void
}

/** The state before `send`. */
export const idleStream: StreamState = {
  status: 'idle',
  text: '',
  events: [],
  data: undefined,
  inQueue: undefined,
  record: undefined,
  response: undefined,
  isStreaming: false,
  error: undefined,
}

export function createStreamPlace(client: ClientCore, store: LocalStore<StreamState>): StreamPlace {
  let shown: StreamObject | undefined
  let cancelFrame: (() => void) | undefined
  let persister: Persister | null = null
  /** Finds the shown stream until its record is known. */
  let idempotencyKey = ''
  const loopError = createLoopCheck()

  /** Once a frame, however fast the stream is. */
  function write(stream: StreamObject, isUrgent: boolean): void {
    const writeNow = () => {
      cancelFrame?.()
      cancelFrame = undefined
      store.write(stream.state())
    }
    if (shown !== stream) return
    if (isUrgent) {
      writeNow()
      persist(stream.state())
    } else cancelFrame ??= onNextFrame(writeNow)
  }

  function show(start: StreamStart<unknown, unknown>): StreamObject {
    const stream: StreamObject = createStream<unknown, unknown>(client, {
      ...start,
      onChange: (isUrgent) => write(stream, isUrgent),
    })
    shown = stream
    return stream
  }

  function persist({ record, status, error, isStreaming }: StreamState): void {
    if (!persister) return
    const isOpen = isStreaming || status === 'stopped'
    // Without a record, the relay refused it.
    if (!record && !isOpen) return persister.forget()
    const head = record
      ? // The id begins with the time of expiry.
        { ...record, status: isOpen ? 'running' : status, expiresAt: parseInt(record.id, 36) }
      : { id: idempotencyKey, status: 'pending', expiresAt: Date.now() + maxHeadTime }
    persister.write({ record: { ...head, version: '1' }, interval: 1, outcome: error } as unknown as RequestObject)
  }

  function restore(options: () => StreamOptions): void {
    const restored = ({ seen, record }: RequestStart) => {
      // The callbacks of a settled stream ran before the reload.
      const quiet = () => ({ ...options(), onResponse: undefined, onError: undefined, onSettled: undefined })
      idempotencyKey = seen!.id
      // Pending until the API answers.
      const named = record?.status === 'pending' ? { idempotencyKey } : { record: { id: seen!.id } }
      const stream = show({ ...named, options: record ? options : quiet })
      return { resume: () => void stream.resume() } as RequestObject
    }
    persister?.restore(restored, () => ({}))
  }

  function refuse(error: ClientSecretError, { onError, onSettled }: StreamOptions): void {
    store.write({ ...store.initial, status: 'failed', error })
    callBack(onError, error)
    callBack(onSettled, undefined, error)
  }

  return {
    store,

    send(params, options) {
      shown?.stop()
      shown = undefined
      cancelFrame?.()
      const error = loopError(params)
      // Once: a new state would run the effect again.
      if (error) return void (store.read().error?.code !== error.code && refuse(error, options()))
      try {
        persister?.prepare()
        idempotencyKey = randomId()
        void show({ params: persister ? { ...params, keep: true } : params, options, idempotencyKey }).send()
      } catch (thrown) {
        refuse(asClientSecretError(thrown), options())
      }
    },

    stop: () => shown?.stop(),
    resume: () => void shown?.resume(),
    cancel: async () => shown?.cancel() ?? nothingToCancel,

    attach(options, ownPersister) {
      const detach = store.attach()
      persister = ownPersister ?? persister
      if (shown?.state().isStreaming) void shown.resume()
      else if (!shown && store.read() === store.initial) restore(options)
      return () => {
        detach()
        // StrictMode and Fast Refresh unmount a component and mount it again at once.
        queueMicrotask(() => {
          if (!store.isShown()) shown?.pause()
        })
      }
    },
  }
}
