import { callBack } from '../client/callbacks.ts'
import type { ClientCore } from '../client/create-core.ts'
import { nothingToCancel } from '../client/create-request.ts'
import { createStream, type StreamObject, type StreamParams, type StreamState } from '../client/create-stream.ts'
import type { StreamOptions } from '../client/stream-content.ts'
import { asClientSecretError, type ClientSecretError } from '../protocol/errors.ts'
import type { CancelAnswer } from '../protocol/record.ts'
import { onNextFrame } from './next-frame.ts'
import { createLoopCheck } from './send-loop.ts'
import type { SWRStore } from './swr-store.ts'

/** A place in the tree that shows its latest stream. */
export interface StreamPlace {
  store: SWRStore<StreamState>
  send: (params: StreamParams, options: () => StreamOptions) => void
  stop: () => void
  resume: () => void
  cancel: () => Promise<CancelAnswer>
  /** Called by a component that shows the place, until it calls the returned function. */
  attach: () => () => void
}

/** The state before `send`. */
export const idleStream: StreamState = {
  status: 'idle',
  text: '',
  events: [],
  data: undefined,
  record: undefined,
  isStreaming: false,
  error: undefined,
}

export function createStreamPlace(client: ClientCore, store: SWRStore<StreamState>): StreamPlace {
  let shown: StreamObject | undefined
  let cancelFrame: (() => void) | undefined
  const loopError = createLoopCheck()

  /** Once a frame, however fast the stream is. */
  function write(stream: StreamObject, isUrgent: boolean): void {
    const writeNow = () => {
      cancelFrame?.()
      cancelFrame = undefined
      store.write(stream.state())
    }
    if (shown !== stream) return
    if (isUrgent) writeNow()
    else cancelFrame ??= onNextFrame(writeNow)
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
        const stream: StreamObject = createStream<unknown, unknown>(client, {
          params,
          options,
          onChange: (isUrgent) => write(stream, isUrgent),
        })
        shown = stream
        void stream.send()
      } catch (thrown) {
        refuse(asClientSecretError(thrown), options())
      }
    },

    stop: () => shown?.stop(),
    resume: () => void shown?.resume(),
    cancel: async () => shown?.cancel() ?? nothingToCancel,

    attach() {
      const detach = store.attach()
      if (shown?.state().isStreaming) void shown.resume()
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
