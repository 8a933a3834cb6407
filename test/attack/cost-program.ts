/**
 * A process of its own, whose heap is bounded: takes bodies, sends each to a relay
 * as an anonymous visitor does, and tells what it cost.
 */
import { setImmediate as turn } from 'node:timers/promises'
import { createRelayOn } from '../../src/relay/create-relay.ts'
import type { KeyRule } from '../../src/relay/key-rules.ts'
import type { Cost } from './cost.ts'

const rule = (host: string): KeyRule => ({
  url: `https://${host}.example/v1/**`,
  methods: ['POST', 'GET'],
  in: ['headers.authorization', 'params.q', 'data#/prompt'],
})

const silent = { info() {}, warn() {}, error() {} }
const unlimited = { requestsPerMinute: 1_000_000_000, unsettledPerCaller: 1_000_000_000 }
const relay = createRelayOn(
  {
    // What is allowed ends here: it is about what comes before a call.
    resolve: (_host, _options, callback) => callback(new Error('there is no network'), []),
    connector: () => (_options, callback) => callback(new Error('there is no network'), null),
  },
  {
    keys: {
      open: { secret: 'open-key-for-the-fuzzer-4711', locked: false, allow: [rule('open')] },
      locked: { secret: 'locked-key-for-the-fuzzer-4711', allow: [rule('locked')] },
    },
    authenticate: () => null,
    limits: unlimited,
    expires: { default: 1 },
    logger: silent,
  },
  {},
)
await relay.ready

const milliseconds = ({ user, system }: NodeJS.CpuUsage) => (user + system) / 1000

async function costOf(text: string): Promise<Cost> {
  const request = new Request('http://relay.example/requests', {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(text)),
      'client-session': 'a-visitor-of-the-fuzzer-4711',
    },
    body: text,
  })
  const before = process.cpuUsage()
  const response = await relay.fetch(request)
  await response.text()
  // What it has left to do belongs to it.
  await turn()
  const spent = milliseconds(process.cpuUsage(before))
  const bytes = Buffer.from(text)
  const beforeParse = process.cpuUsage()
  try {
    JSON.parse(bytes.toString())
  } catch {
    // It costs what it costs up to the mistake.
  }
  return { spent, parse: milliseconds(process.cpuUsage(beforeParse)), bytes: bytes.length, status: response.status }
}

process.on('message', (text: string) => {
  void costOf(text).then((cost) => process.send!(cost))
})
process.send!('ready')
