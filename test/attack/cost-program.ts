/**
 * A process of its own, whose heap is bounded: sends each body that it is told
 * to a relay, as an anonymous visitor does, or has an API answer it, and tells what it cost.
 */
import { setImmediate as turn } from 'node:timers/promises'
import { some } from '../../src/attack/canary.ts'
import { startFakeInternet } from '../../src/attack/fake-internet.ts'
import { httpAnswer } from '../../src/attack/raw-http.ts'
import { createRelayOn } from '../../src/relay/create-relay.ts'
import type { KeyOptions } from '../../src/relay/keys/key.ts'
import type { KeyRule } from '../../src/relay/keys/key-rules.ts'
import type { Cost } from './cost.ts'
import { commonBeginning, lookedFor, type ExpensiveBody } from './expensive.ts'

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

const rule = (host: string): KeyRule => ({
  url: `https://${host}.example/v1/**`,
  methods: ['POST', 'GET'],
  in: ['headers.authorization', 'params.q', 'data#/prompt'],
})

/** Keys of one API, whose values have their beginning in common. */
const neighbours = Array.from({ length: 100 }, (_, index) => [
  `neighbour${index}`,
  { secret: index === 0 ? lookedFor : `${commonBeginning}${some(86, alphabet)}`, locked: false, allow: [rule('many')] },
])

const silent = { info() {}, warn() {}, error() {} }
const unlimited = { requestsPerMinute: 1_000_000_000, unsettledPerCaller: 1_000_000_000 }
const internet = await startFakeInternet(new Set(), ({ to }) =>
  to.host === 'tokens.example'
    ? [httpAnswer({ body: JSON.stringify({ access_token: 'token-for-the-fuzzer-4711', expires_in: 86_400 }) })]
    : null,
)
const relay = createRelayOn(
  internet.network,
  {
    keys: {
      open: { secret: 'open-key-for-the-fuzzer-4711', locked: false, allow: [rule('open')] },
      several: {
        secret: { id: 'id-for-the-fuzzer-4711', key: 'value-for-the-fuzzer-4711' },
        locked: false,
        allow: [rule('several')],
      },
      token: {
        secret: 'exchanged-for-the-fuzzer-4711',
        token: { grant: 'client_credentials', url: 'https://tokens.example/oauth', clientId: 'fuzzer' },
        locked: false,
        allow: [rule('token')],
      },
      signed: {
        secret: 'signing-for-the-fuzzer-4711',
        sign: { hmac: 'sha256', over: ['method', 'path', 'query', 'body'] },
        locked: false,
        allow: [rule('signed')],
      },
      locked: { secret: 'locked-key-for-the-fuzzer-4711', allow: [rule('locked')] },
      ...(Object.fromEntries(neighbours) as Record<string, KeyOptions>),
    },
    authenticate: () => null,
    limits: unlimited,
    expires: { default: 1 },
    logger: silent,
  },
  {},
)
await relay.ready

/** Of the thread that answers: V8's other threads compile and collect for the bodies before too. */
const milliseconds = ({ user, system }: NodeJS.CpuUsage) => (user + system) / 1000

/** What comes before a call, for what callers send; of what APIs answer, the whole call. */
const asking = JSON.stringify({
  clientSecretName: 'neighbour0',
  url: 'https://many.example/v1/x',
  method: 'GET',
  headers: { authorization: 'Bearer $CLIENT_SECRET' },
})

/** Describes a raw body. */
const described = (type: string) =>
  btoa(
    JSON.stringify({
      clientSecretName: 'open',
      url: 'https://open.example/v1/x',
      method: 'POST',
      headers: { authorization: 'Bearer $CLIENT_SECRET', ...(type && { 'content-type': type }) },
    }),
  )

async function costOf({ kind, text, type }: ExpensiveBody): Promise<Cost> {
  const answer = kind === 'answer' ? text : '{}'
  const bytes = Buffer.from(kind === 'request' ? text : JSON.stringify(text))
  internet.begin({ answer: () => [httpAnswer({ headers: { 'content-type': 'text/plain' }, body: answer })] })
  const body = kind === 'answer' ? asking : text
  const request = new Request('http://relay.example/requests', {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(body)),
      'client-session': 'a-visitor-of-the-fuzzer-4711',
      ...(type !== undefined && { 'client-secret-request': described(type) }),
    },
    body,
  })
  const before = process.threadCpuUsage()
  const response = await relay.fetch(request)
  await response.text()
  // What it has left to do belongs to it.
  await turn()
  const spent = milliseconds(process.threadCpuUsage(before))
  // The count of a thread moves in ticks of some milliseconds, in which this would be nothing.
  const beforeParse = process.cpuUsage()
  try {
    JSON.parse(bytes.toString())
  } catch {
    // It costs what it costs up to the mistake.
  }
  const parse = milliseconds(process.cpuUsage(beforeParse))
  return { kind, spent, parse, bytes: bytes.length, status: response.status }
}

process.on('message', (body: ExpensiveBody) => {
  void costOf(body).then((cost) => process.send!(cost))
})
process.send!('ready')
