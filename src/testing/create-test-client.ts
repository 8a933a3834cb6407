import { createClient, type Client } from '../client/create-client.ts'
import { ClientSecretError } from '../protocol/errors.ts'
import { shown } from '../protocol/invalid-parameter.ts'
import type { Recording } from '../protocol/recording.ts'
import type { ClientSecretRequest } from '../protocol/request.ts'
import { playRecordings } from './recorded-answers.ts'
import { createScript, type Answering, type Matcher } from './script.ts'
import { scriptedRelay } from './scripted-relay.ts'

/** A client for hooks and provider, with a script and a list of its requests. */
export interface TestClient extends Client {
  /**
   * Scripts the answers to matching requests. Each request takes the next answer, and the
   * last answer repeats. A later script comes before an earlier one, so that a test can
   * override what all tests share.
   *
   * @param match Fields of the request; a missing field matches all. Or a function of the request.
   * @param answers Each a `reply`, a `fail`, a `hold`, a `stream` or a `holdStream`, or a function that returns one for the request.
   * @returns The client, for the next `on`.
   */
  on: (match: Matcher, ...answers: [Answering, ...Answering[]]) => TestClient
  /**
   * Scripts the answers of a recording that `client-secret-relay record` wrote, streams with their timing. A request
   * takes the next answer to an equal request. Without an equal one, it takes the first answer to its key, url and
   * method.
   *
   * @returns The client, for the next `on`.
   * @throws ClientSecretError `INVALID_PARAMETER` for a speed of 0 or less.
   */
  play: (recordings: readonly Recording[], options?: PlayOptions) => TestClient
  /** The sent requests, in order and as JSON: checked, with the method in capitals, without callbacks. */
  readonly requests: readonly ClientSecretRequest[]
  /** Cuts the connection: sends fail with `NETWORK_ERROR`, and polls retry until `reconnect`. */
  disconnect: () => void
  /** Restores the connection. Polls continue with their next try. */
  reconnect: () => void
}

/** Options of `play`. */
export interface PlayOptions {
  /** How many times as fast as recorded. `Infinity`: at once, without timers. Default 1. */
  speed?: number | undefined
}

export interface TestClientOptions {
  /** Milliseconds for each call of the relay, so that every state is visible. Default 0: no timer. */
  latency?: number | undefined
  /** Any id of the signed-in user. */
  user?: string | undefined
}

/**
 * Creates a client for tests and stories of your components. It needs no relay and no
 * network: it plays its script. Pass it to the provider as `client`. Checks, polling,
 * queues, history, streams and cancelling work as in the real client.
 *
 * It waits with `setTimeout` and `Date` only, so fake timers control it. A request
 * without a script fails with `INTERNAL`, and the error says how to script it.
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
    play(recordings, { speed = 1 } = {}) {
      if (!(speed > 0))
        throw new ClientSecretError('INVALID_PARAMETER', `speed must be a number above 0; it is ${shown(speed)}.`, {
          path: 'speed',
        })
      playRecordings(script, recordings, speed)
      return client
    },
    requests,
    disconnect: () => connect(false),
    reconnect: () => connect(true),
  }
  return client
}
