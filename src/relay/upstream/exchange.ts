import type { Dispatcher } from 'undici'
import { flatten, isPart, type Head } from './answer-head.ts'
import type { Body } from './decode-body.ts'
import { partRefused } from './call-errors.ts'
import type { RightToCall } from './right-to-call.ts'

/** The result of an exchange that sent nothing: the right to call had expired when the connection was there. */
export const tooLate = Symbol('too late')

/** Receives an answer from its head on. Gives the receiver of the body, and the answer if the head is enough for it. */
export type Receive<Answer> = (
  head: Head,
  call: {
    connection: Dispatcher.DispatchController
    /** The answer is complete. */
    answered: (answer: Answer) => void
    /** The body is complete. */
    ended: () => void
    fail: (reason: unknown) => void
  },
) => { body: Body; answer?: Answer }

/**
 * Sends one request and receives its answer. It uses the dispatcher directly, because undici's `request` makes a stream
 * of each answer, which takes as long as the call.
 */
export function exchange<Answer>(
  dispatcher: Dispatcher,
  request: Dispatcher.DispatchOptions,
  signal: AbortSignal,
  right: RightToCall,
  receive: Receive<Answer>,
): Promise<Answer | typeof tooLate> {
  return new Promise((resolve, reject) => {
    let connection: Dispatcher.DispatchController | undefined
    let body: Body | undefined
    let failure: unknown
    const ended = () => signal.removeEventListener('abort', leave)
    /** Ends the call at any stage. */
    const fail = (reason: unknown) => {
      ended()
      failure ??= reason
      reject(failure)
      body?.discard(failure)
      connection?.abort(failure as Error)
    }
    const leave = () => fail(signal.reason)
    if (signal.aborted) return leave()
    signal.addEventListener('abort', leave, { once: true })

    dispatcher.dispatch(request, {
      onRequestStart(controller) {
        connection = controller
        if (failure) controller.abort(failure as Error)
        // The last moment before the request is sent; the connection may have taken a while. A throw keeps the connection.
        if (right.isFresh()) return
        resolve(tooLate)
        throw new Error('too late')
      },
      onResponseStart(controller, status, received, statusText = '') {
        // An informational status such as 103 comes before the answer itself.
        if (status < 200) return
        const headers = flatten(received)
        if (isPart(status, headers)) return fail(partRefused())
        try {
          const call = { connection: controller, answered: resolve, ended, fail }
          const { body: begun, answer } = receive({ method: request.method, status, statusText, headers }, call)
          body = begun
          if (answer !== undefined) resolve(answer)
        } catch (error) {
          fail(error)
        }
      },
      onResponseData: (_controller, chunk) => body?.add(chunk),
      onResponseEnd() {
        if (body) body.end()
        // The connection ended after an informational status such as 101.
        else fail(Object.assign(new Error('no answer'), { code: 'ECONNRESET' }))
      },
      onResponseError: (_controller, error) => fail(error),
    })
  })
}
