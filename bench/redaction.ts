/**
 * What redaction takes, in processor time: with 1 to 1,000 keys, for 1 to 16 MB,
 * of usual texts and of those that are worst for it; how long a turn of the event
 * loop gets; what an index takes; and whether anything is taken out of texts that
 * hold no secret.
 *
 *   npm run bench:redaction
 */
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { redactBody } from '../src/relay/keys/redaction/redactor.ts'
import { createSecretIndex, type SecretIndex } from '../src/relay/keys/redaction/secret-index.ts'
import { median, rounded, writeResult } from './parts/figures.ts'
import { records } from './parts/sample.ts'

const megabyte = 1_000_000
const prefix = 'sk-ant-api03-'
const newSecret = () => `${prefix}${randomBytes(69).toString('base64url')}AA`
const secret = newSecret()

function indexOf(keys: number): SecretIndex {
  const index = createSecretIndex()
  index.add(secret)
  // Of several providers, and such as have nothing public.
  for (let key = 1; key < keys; key++)
    index.add(
      [newSecret(), `${10 ** 9 + key}:AA${randomBytes(24).toString('base64url')}`, randomBytes(30).toString('base64')][
        key % 3
      ]!,
    )
  return index
}

const filled = (part: string) => (bytes: number) => Buffer.alloc(bytes, part)
const repeated = (part: () => string) => (bytes: number) => {
  const parts: string[] = []
  for (let length = 0; length < bytes; length += parts.at(-1)!.length) parts.push(part())
  return Buffer.from(parts.join(''))
}
const prose = 'The quick brown fox sketches an otter, which nobody asked for: it is what it is, she said. '

/** The usual ones, and those that are worst. */
const usual: Record<string, (bytes: number) => Buffer> = {
  JSON: (bytes) => Buffer.from(JSON.stringify(records(bytes))),
  prose: filled(prose),
  base64: (bytes) => Buffer.from(randomBytes(bytes * 0.75).toString('base64')),
  'a public prefix, again and again': filled(prefix),
  'the secret, again and again': filled(`${secret} `),
}
const worst: Record<string, (bytes: number) => Buffer> = {
  'JSON, many escapes': repeated(() => JSON.stringify(`a "quoted"\n\tword\\path é\u0001`)),
  'base64 of text': (bytes) => Buffer.from(Buffer.alloc(bytes * 0.75, prose).toString('base64')),
  hex: (bytes) => Buffer.from(randomBytes(bytes / 2).toString('hex')),
  numbers: (bytes) => Buffer.from(JSON.stringify([...randomBytes(bytes / 3.57)])),
  'percent signs': filled('%2525'),
  backslashes: filled('\\'),
  'HTML escapes': filled('&#49;'),
  'one letter': filled('A'),
  'a public prefix that nothing follows': filled(`${prefix} `),
}

async function perMegabyte(index: SecretIndex, body: Buffer): Promise<number> {
  const times: number[] = []
  for (let run = 0; run < 4; run++) {
    const before = process.cpuUsage()
    await redactBody(index, body)
    const { user, system } = process.cpuUsage(before)
    if (run > 0) times.push((user + system) / 1_000 / (body.length / megabyte))
  }
  return rounded(median(times))
}

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void
function memory(): number {
  collectGarbage()
  const { heapUsed, external, arrayBuffers } = process.memoryUsage()
  return (heapUsed + external + arrayBuffers) / 2 ** 20
}
const values = Array.from({ length: 1_000 }, newSecret)
collectGarbage()
const before = memory()
const index = createSecretIndex()
const adds = values.map((value) => {
  const start = process.cpuUsage()
  index.add(value)
  const { user, system } = process.cpuUsage(start)
  return (user + system) / 1_000
})
index.text(secret)
const size = {
  keys: values.length,
  'memory, MiB': rounded(memory() - before),
  'all added in, ms': rounded(adds.reduce((sum, one) => sum + one, 0)),
  'the longest of them, ms': rounded(Math.max(...adds)),
}
console.log('An index:')
console.table([size])

const keys = [1, 10, 100, 1_000]
const indexes = keys.map(indexOf)
const byKeys: Record<string, Record<string, number>> = {}
for (const [name, make] of Object.entries({ ...usual, ...worst })) {
  const body = make(4 * megabyte)
  const found: number[] = []
  for (const index of indexes) found.push(await perMegabyte(index, body))
  byKeys[name] = {
    ...Object.fromEntries(keys.map((count, at) => [`${count} keys`, found[at]!])),
    '1,000 keys / 1': rounded(found.at(-1)! / found[0]!),
  }
}
console.log('Processor time of redaction, ms/MB:')
console.table(byKeys)

const sizes = [1, 2, 4, 8, 16]
const bySize: Record<string, Record<string, number>> = {}
for (const [name, make] of Object.entries(usual)) {
  const found: number[] = []
  for (const size of sizes) found.push(await perMegabyte(indexes[0]!, make(size * megabyte)))
  bySize[name] = {
    ...Object.fromEntries(sizes.map((size, at) => [`${size} MB`, found[at]!])),
    '16 MB / 1 MB': rounded(found.at(-1)! / found[0]!),
  }
}
console.log('The same as texts grow, 1 key, ms/MB:')
console.table(bySize)

/** Of the turns of the event loop: the longest, and how long 99 of 100 are, in processor time of this process. */
async function turns(body: Buffer): Promise<Record<string, number>> {
  const took: number[] = []
  let isDone = false
  let last = process.cpuUsage()
  const look = () => {
    const { user, system } = process.cpuUsage(last)
    took.push((user + system) / 1_000)
    last = process.cpuUsage()
    if (!isDone) setImmediate(look)
  }
  setImmediate(look)
  await redactBody(indexes.at(-1)!, body)
  isDone = true
  const sorted = took.sort((one, other) => one - other)
  return {
    turns: sorted.length,
    'p99, ms': rounded(sorted[Math.floor(sorted.length * 0.99)]!),
    'longest, ms': rounded(sorted.at(-1)!),
  }
}
const longestTurns: Record<string, Record<string, number>> = {}
for (const [name, make] of Object.entries({ ...usual, ...worst })) longestTurns[name] = await turns(make(10 * megabyte))
console.log('Turns of the event loop, of 10 MB with 1,000 keys, processor time:')
console.table(longestTurns)

/** What APIs send without a secret in it: nothing of it may go. */
const harmless: Record<string, Buffer> = {
  'JSON of records': usual['JSON']!(8 * megabyte),
  prose: usual['prose']!(4 * megabyte),
  'images in base64': repeated(() => JSON.stringify({ b64_json: randomBytes(60_000).toString('base64') }))(
    16 * megabyte,
  ),
  base64url: repeated(() => `${randomBytes(60_000).toString('base64url')} `)(16 * megabyte),
  hashes: repeated(() => `${createHash('sha256').update(randomBytes(8)).digest('hex')}  file\n`)(4 * megabyte),
  ids: repeated(() => `{"id":"${randomUUID()}","key":"chatcmpl-${randomBytes(18).toString('base64url')}"}\n`)(
    4 * megabyte,
  ),
  embeddings: repeated(() => `${JSON.stringify(Array.from({ length: 1_536 }, () => Math.random() - 0.5))}\n`)(
    8 * megabyte,
  ),
  pixels: worst['numbers']!(4 * megabyte),
  bytes: randomBytes(8 * megabyte),
}
const changed: Record<string, { MB: number; unchanged: string }> = {}
for (const [name, body] of Object.entries(harmless)) {
  const isUnchanged = (await redactBody(indexes.at(-1)!, body)) === body
  changed[name] = { MB: rounded(body.length / megabyte), unchanged: isUnchanged ? 'yes' : 'NO' }
}
console.log('Texts without a secret, 1,000 keys:')
console.table(changed)

writeResult('redaction', { byKeys, bySize, longestTurns, index: size, harmless: changed })
