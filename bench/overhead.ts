/**
 * What rules, substitution and redaction add to a request, beside the bare path
 * that serialises the body and decodes the answer; and whether redaction is
 * linear. All sides in one run, taken in turns: these machines are noisy.
 *
 *   npm run bench:overhead
 */
import { cpus } from 'node:os'
import { writeFileSync } from 'node:fs'
import type { ClientSecretRequest } from '../src/protocol/request.ts'
import { compileRule, findRule } from '../src/relay/keys/key-rules.ts'
import { createRedactor } from '../src/relay/keys/redaction/secret-index.ts'
import { substitute } from '../src/relay/upstream/substitute.ts'
import { records } from './parts/sample.ts'

const secret = 'sk-proj-4f7c1d9e2b8a6c5d4e3f2a1b0c9d8e7f6a5b4c3d2e1f0a9b8c7d6e5f4a3b'
const rules = [
  compileRule({ url: 'https://api.example.com/v2/items/*', methods: ['GET'] }, 'a'),
  compileRule({ url: 'https://api.example.com/v1/**', methods: ['POST'] }, 'b'),
]
const redactor = createRedactor(secret)

function median(values: number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!
}

function time(work: () => unknown): number {
  const start = performance.now()
  work()
  return performance.now() - start
}

const microseconds = (milliseconds: number) => Math.round(milliseconds * 10_000) / 10

const overhead = [1_000, 100_000, 5_000_000].map((bytes) => {
  const data = records(bytes)
  const answer = Buffer.from(JSON.stringify(data))
  const request: ClientSecretRequest = {
    clientSecretName: 'api',
    url: 'https://api.example.com/v1/items?page=2',
    method: 'POST',
    headers: { Authorization: 'Bearer $CLIENT_SECRET', 'Content-Type': 'application/json' },
    data,
  }
  const parts = {
    bare: () => {
      JSON.stringify(request.data)
      answer.toString('utf8')
    },
    rules: () => findRule({ name: 'api', rules }, request),
    substitution: () => substitute(request, { secret }, { places: ['headers.authorization'] }),
    redaction: () => redactor.text(answer.toString('utf8')),
  }
  const runs = bytes > 1_000_000 ? 30 : 2_000
  const times: Record<keyof typeof parts, number[]> = { bare: [], rules: [], substitution: [], redaction: [] }
  for (let run = -runs; run < runs; run++) {
    for (const name of Object.keys(parts) as (keyof typeof parts)[]) {
      const took = time(parts[name])
      if (run >= 0) times[name].push(took)
    }
  }
  const [bare, rule, substitution, redaction] = [times.bare, times.rules, times.substitution, times.redaction].map(
    median,
  )
  return {
    'body, bytes': answer.length,
    'bare, µs': microseconds(bare!),
    'rules, µs': microseconds(rule!),
    'substitution, µs': microseconds(substitution!),
    'redaction, µs': microseconds(redaction!),
    // Substitution serialises and redaction decodes too, so what the bare path does is in them.
    'added, µs': microseconds(rule! + substitution! + redaction! - bare!),
    'all / bare': Math.round(((rule! + substitution! + redaction!) / bare!) * 100) / 100,
  }
})

/** Texts, of what an API may send and of what would be worst for a search. */
const texts: Record<string, (bytes: number) => string> = {
  JSON: (bytes) => JSON.stringify(records(bytes)),
  base64: (bytes) => Buffer.alloc(bytes * 0.75, 'the quick brown fox').toString('base64'),
  backslashes: (bytes) => '\\'.repeat(bytes),
  'its beginning, again and again': (bytes) => secret.slice(0, 20).repeat(bytes / 20),
  'its first letter': (bytes) => 's'.repeat(bytes),
  'percent signs': (bytes) => '%2525'.repeat(bytes / 5),
  'the secret, again and again': (bytes) => secret.repeat(bytes / secret.length),
}
const sizes = [1, 2, 4, 8, 16]
const linear = Object.entries(texts).map(([name, text]) => {
  const given = sizes.map((size) => text(size * 1_000_000))
  const times = sizes.map(() => [] as number[])
  for (let run = -2; run < 7; run++) {
    given.forEach((one, index) => {
      const took = time(() => redactor.text(one))
      if (run >= 0) times[index]!.push(took / (one.length / 1_000_000))
    })
  }
  const perMegabyte = times.map(median)
  return {
    text: name,
    ...Object.fromEntries(
      sizes.map((size, index) => [`${size} MB, ms/MB`, Math.round(perMegabyte[index]! * 100) / 100]),
    ),
    '16 MB / 1 MB': Math.round((perMegabyte.at(-1)! / perMegabyte[0]!) * 100) / 100,
  }
})

console.log('What rules, substitution and redaction take, medians:')
console.table(overhead)
console.log('Redaction of texts that grow, per megabyte: linear where the last column is about 1 or less')
console.table(linear)
const result = { node: process.version, cores: cpus().length, model: cpus()[0]?.model, overhead, linear }
writeFileSync(new URL('./results/overhead.json', import.meta.url), `${JSON.stringify(result, null, 2)}\n`)
