import { onTestFinished } from 'vitest'
import { createClient, type Client } from '../../src/client/create-client.ts'
import { createHttpServer } from '../../src/command/http-server.ts'
import { createRelay, createRelayOn, type Relay } from '../../src/relay/create-relay.ts'
import type { KeyOptions } from '../../src/relay/keys/key.ts'
import { internet } from '../../src/relay/upstream/http-client.ts'
import type { RelayOptions } from '../../src/relay/options.ts'
import { listen } from '../../stories/demo/openai.ts'

/** With what breaks careless code: `$&` expands in a replacement, `"` and `\` end a JSON string, `&` `+` `=` `/` change in a url. */
export const canary = 'sk-canary_$&_"quoted\\"_+/=_4f7c1d'

export interface TestRelay {
  /** Where it is mounted, over real HTTP. */
  url: string
  relay: Relay
  client: Client
  /** Everything it logged. */
  log: { level: string; details: object; message: string }[]
}

/** A key that may go anywhere below `url`, in every place the test names. */
export function keyFor(url: string, rule: Partial<KeyOptions['allow'][number]> = {}): KeyOptions & { secret: string } {
  return {
    secret: canary,
    locked: false,
    allow: [
      { url: `${url}/**`, methods: ['GET', 'POST', 'PUT', 'DELETE', 'PATCH'], allowPrivateNetwork: true, ...rule },
    ],
  }
}

/** A request whose header, query and body no log may show. Each names itself. */
export function tellingRequest(api: { url: string }) {
  return {
    clientSecretName: 'api',
    url: `${api.url}/v1/things`,
    method: 'POST' as const,
    headers: { authorization: 'Bearer $CLIENT_SECRET', 'x-private': 'header-of-the-caller' },
    params: { q: 'query-of-the-caller' },
    data: { text: 'body-of-the-caller' },
  }
}

/** An id that no record has, and that only the missing record tells from `id`: the same form, the same time of expiry. */
export function strangerOf(id: string): string {
  return id.replace(/[0-9a-f]$/, (last) => (last === '0' ? '1' : '0'))
}

/** A relay over HTTP on a free port, closed with the test. `minute` shortens the minute of shared queues, in milliseconds. */
export async function startRelay(options: RelayOptions, minute?: number): Promise<TestRelay> {
  const log: TestRelay['log'] = []
  const logAs = (level: string) => (details: object, message: string) => void log.push({ level, details, message })
  const given: RelayOptions = {
    shutdownTimeout: 100,
    logger: { info: logAs('info'), warn: logAs('warn'), error: logAs('error') },
    ...options,
  }
  const relay = minute === undefined ? createRelay(given) : createRelayOn(internet, given, process.env, minute)
  const server = createHttpServer(relay.fetch)
  const url = `${await listen(server)}/api/relay`
  onTestFinished(async () => {
    await relay.close()
    server.closeAllConnections()
    server.close()
  })
  return { url, relay, log, client: createClient({ relay: url }) }
}

/** Sends a request to a relay without HTTP in between. */
export async function postTo(
  { fetch }: Relay,
  request: object,
  session = 'a-session-of-enough-characters',
): Promise<Response> {
  return fetch(
    new Request('http://relay.test/requests', {
      method: 'POST',
      headers: { 'client-session': session, 'content-type': 'application/json' },
      body: JSON.stringify(request),
    }),
  )
}

/** A relay whose database is ready, so that a wait for a call is a wait for the call alone. */
export async function startReadyRelay(options: RelayOptions): Promise<TestRelay> {
  const started = await startRelay(options)
  await started.relay.ready
  return started
}
