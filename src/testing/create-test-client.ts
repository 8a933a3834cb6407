import { createClient, type Client } from '../client/create-client.ts'
import type { ClientSecretRequest } from '../protocol/request.ts'
import { createScript, type Answering, type Matcher } from './script.ts'
import { scriptedRelay } from './scripted-relay.ts'

/** A client as hooks and provider know it, and what a test says and sees of it. */
export interface TestClient extends Client {
  /**
   * Says what becomes of the requests that match. Several answers are taken in
   * turn, and the last again and again. What was said last counts first, so that
   * a test can say otherwise than what all tests share.
   *
   * @param match Fields of the request, those left out match all; or a function that looks at it.
   * @param answers Each a `reply`, a `fail` or a `hold`, or a function that makes one from the request.
   * @returns The client, for the next `on`.
   */
  on: (match: Matcher, ...answers: [Answering, ...Answering[]]) => TestClient
  /** The requests that were sent, in order, as they travel: checked, the method in capitals, without callbacks. */
  readonly requests: readonly ClientSecretRequest[]
  /** From now on no call reaches the relay: what is sent fails with `NETWORK_ERROR`, polls are tried again and again. */
  disconnect: () => void
  /** The relay is reached again. Polls find it with their next try. */
  reconnect: () => void
}

export interface TestClientOptions {
  /** Milliseconds that each call to the relay takes, so that a person sees every state. Default 0: no timer. */
  latency?: number | undefined
  /** Who is signed in, by any id. */
  user?: string | undefined
}

/**
 * A client for tests and drawings of your own components: without a relay and
 * without a network, it plays what its script says. The provider takes it as its
 * `client`, and the hooks do not know the difference: checks, polling, queues,
 * history and cancelling are those of the real one.
 *
 * It waits with `setTimeout` and `Date` only, and so stands still under fake
 * timers until the test moves them. A request that nothing was said of fails
 * with `INTERNAL`, and the error says how to script it.
 *
 * @example
 * const client = createTestClient().on({ url: /images/ }, reply({ picture: 'otter' }, { after: 2_000, inQueue: 3 }))
 * render(<ClientSecretProvider client={client}><Otter /></ClientSecretProvider>)
 */
export function createTestClient({ latency = 0, user }: TestClientOptions = {}): TestClient {
  const script = createScript()
  const { transport, requests, connect } = scriptedRelay(script, latency)
  const client: TestClient = {
    ...createClient({ transport, user }),
    on(match, ...answers) {
      script.on(match, answers)
      return client
    },
    requests,
    disconnect: () => connect(false),
    reconnect: () => connect(true),
  }
  return client
}
