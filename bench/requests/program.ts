// Measures one input, by its number, in a process whose heap the parent has bounded. Says what it took.
import { createRelay, type Relay } from '../../src/relay/create-relay.ts'
import { median } from '../parts/figures.ts'
import { administratorToken, inputs, type Input } from './inputs.ts'

/** What an input took: processor time in milliseconds, and memory in MB. */
export interface Taken {
  bytes: number
  /** `JSON.parse` of the same bytes: of the body; or of a JSON text of the length of the url and the headers. */
  parse: number
  took: number
  /** What the process grew by, at its largest. */
  memory: number
  status: number
  code: string
}

const runs = 9
const session = 'a-visitor-of-the-bench-of-requests'
const mount = 'http://relay.test/relay'

const [api, number] = process.argv.slice(2)
const input = inputs(api!)[Number(number)]!
process.env['CLIENT_SECRET_ADMIN_TOKEN'] = administratorToken
const relay = createRelay({
  keys: {
    open: {
      secret: 'sk-of-the-bench-of-requests-4f7c1d9e2b8a',
      locked: false,
      allow: [{ url: `${api}/v1/**`, methods: ['GET', 'POST'], allowPrivateNetwork: true }],
    },
  },
  limits: { requestsPerMinute: 1_000_000 },
  shutdownTimeout: 100,
})
await relay.ready
if (input.records) input.path = input.path.replace('IDS', (await fill(relay, input.records)).slice(-200).join())

// The first runs are of code that is not compiled yet, and also a slow first run is a run.
const parse = await processorTime(() => JSON.parse(sameBytes(input)) as unknown)
const before = process.resourceUsage().maxRSS
let answer = ''
let status = 0
const took = await processorTime(async () => {
  const response = await relay.fetch(requestOf(input))
  status = response.status
  answer = await response.text()
})
const memory = (process.resourceUsage().maxRSS - before) / 1024
const code = /"code":"(\w+)"/.exec(answer.slice(0, 1_000))?.[1] ?? ''
process.send!({ bytes: sameBytes(input).length, parse, took, memory, status, code } satisfies Taken)
process.disconnect()
await relay.close()

async function processorTime(work: () => unknown): Promise<number> {
  const times: number[] = []
  for (let run = 0; run < runs; run++) {
    const start = process.cpuUsage()
    await work()
    const { user, system } = process.cpuUsage(start)
    times.push((user + system) / 1_000)
  }
  return median(times)
}

function requestOf({ method = 'GET', path, headers, body = '' }: Input): Request {
  return new Request(mount + path, {
    method,
    headers: {
      'client-session': session,
      ...(body && { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }),
      ...headers,
    },
    ...(body && { body }),
  })
}

/** The body where it is JSON; else a JSON text that is as long as what was sent. */
function sameBytes({ path, headers = {}, body }: Input): string {
  try {
    JSON.parse(body!)
    return body!
  } catch {
    return JSON.stringify('x'.repeat((body ?? path + Object.values(headers).join('')).length))
  }
}

async function fill(to: Relay, { count, ...kind }: NonNullable<Input['records']>): Promise<string[]> {
  const ids: string[] = []
  const [query, queue] = 'queue' in kind ? ['wait', kind.queue] : [`bytes=${kind.answerBytes}`]
  for (let n = 0; n < count; n++) {
    const response = await to.fetch(
      requestOf({
        name: '',
        method: 'POST',
        path: '/requests',
        body: JSON.stringify({
          clientSecretName: 'open',
          url: `${api}/v1/items?${query}`,
          queue,
          method: 'POST',
          headers: { authorization: '$CLIENT_SECRET' },
        }),
      }),
    )
    const { id } = (await response.json()) as { id?: string }
    if (id === undefined) throw new Error(`a record was not made: ${response.status}`)
    ids.push(id)
  }
  return ids
}
