import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { createClient } from '../../src/client/create-client.ts'
import { humanLines } from '../../src/command/human-lines.ts'
import { jsonLines } from '../../src/command/json-lines.ts'
import { startApi } from '../helpers/api.ts'
import { eventually } from '../helpers/eventually.ts'

const command = resolve(import.meta.dirname, '../../src/command/client-secret-relay.ts')

const ran = {
  requestId: 'id-1',
  traceId: undefined,
  key: 'openai',
  method: 'POST',
  host: 'api.openai.com',
  outcome: 'resolved',
  status: 200,
  code: undefined,
  limit: undefined,
  waited: 2,
  took: 812.4,
  requestBytes: 100,
  responseBytes: 3_120,
}

function lines(isColoured = false) {
  const written: string[] = []
  const now = () => new Date(2026, 0, 2, 12, 3, 4)
  return { written, log: humanLines((line) => written.push(line), { isColoured, now }) }
}

test('a request is one aligned line: status, method, host, key, time, size, and what went wrong', () => {
  const { written, log } = lines()
  log.info(ran, 'a request was run')
  log.info({ ...ran, key: 'stripe-live', host: 'api.stripe.com', method: 'GET', took: 3 }, 'a request was run')
  log.info({ ...ran, outcome: 'failed', status: 402, code: 'UPSTREAM_ERROR', waited: 61_000 }, 'a request was run')
  log.info(
    {
      ...ran,
      outcome: 'failed',
      status: undefined,
      code: 'RATE_LIMITED',
      limit: 'limits.tokensPerDay',
      responseBytes: 0,
    },
    'a request was run',
  )
  log.info({ ...ran, traceId: 'trace', took: 125_000, responseBytes: 2_500_000 }, 'a request was run')
  log.info({ code: 'NOT_ALLOWED', limit: undefined }, 'a call was refused')
  log.warn({ id: 'id-2' }, 'a call could not be ended')
  expect(written).toEqual([
    '12:03:04  200  POST  api.openai.com  openai   812ms    3.1 kB  id-1',
    '12:03:04  200  GET   api.stripe.com  stripe-live     3ms    3.1 kB  id-1',
    '12:03:04  402  POST  api.openai.com  openai        812ms    3.1 kB  waited 1m01s  failed  id-1',
    '12:03:04  failed  POST  api.openai.com  openai        812ms       0 B  RATE_LIMITED  limits.tokensPerDay  id-1',
    '12:03:04  200     POST  api.openai.com  openai        2m05s    2.5 MB  id-1 trace',
    '12:03:04  a call was refused  code=NOT_ALLOWED',
    '12:03:04  a call could not be ended  id=id-2',
  ])
})

test('colours show the outcome, and end with their text', () => {
  const { written, log } = lines(true)
  log.info(ran, 'a request was run')
  log.info({ ...ran, outcome: 'failed', status: 500, code: 'UPSTREAM_ERROR' }, 'a request was run')
  log.error({ err: new Error('reason') }, 'the relay could not start')
  expect(written[0]).toContain('\u001b[32m200\u001b[39m')
  expect(written[1]).toContain('\u001b[31m500\u001b[39m')
  expect(written[2]).toContain('\u001b[31mthe relay could not start\u001b[39m\n    ')
})

test('nothing in an entry begins a line, moves the cursor or changes a colour', () => {
  const hostile = 'a\n12:00:00  200  POST\r\u001b[2J\u001b]0;title\u0007\u009b31m\u2028\u202eb\u0000\ud800'
  const { written, log } = lines()
  log.info(
    { ...ran, key: hostile, host: hostile, requestId: hostile, code: hostile, limit: hostile },
    'a request was run',
  )
  log.warn({ [hostile]: hostile, nested: { [hostile]: [hostile] } }, hostile)
  for (const line of written) expect(line).toMatch(/^[\x20-\x7e]+$/)
  log.error({ err: new Error(hostile) }, 'failed')
  const [first, ...rest] = written.at(-1)!.split('\n')
  expect(first).toBe('12:03:04  failed')
  // The stack has lines of its own, none at the place of an entry.
  for (const line of rest) expect(line).toMatch(/^ {4}[\x20-\x7e]+$/)
})

test('whatever an entry holds, an entry without an error is one line of printable text', () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue()),
      fc.string({ unit: 'binary' }),
      (details, message) => {
        const { written, log } = lines()
        const { err: _err, stack: _stack, ...rest } = details
        log.info(rest, message)
        log.info({ ...ran, ...rest }, 'a request was run')
        expect(written).toHaveLength(2)
        for (const line of written) expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
        const json: string[] = []
        jsonLines((line) => json.push(line)).info(rest, message)
        expect(json[0]).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]/u)
        expect(JSON.parse(json[0]!)).toMatchObject({ msg: message })
      },
    ),
  )
})

/** Runs `serve`, sends one request, and gives what it printed. */
async function printed(how: string[], { isTerminal = false, environment = {} } = {}): Promise<string> {
  const api = await startApi()
  const folder = await mkdtemp(join(tmpdir(), 'log-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const config = join(folder, 'relay.config.mjs')
  const rule = `{ url: '${api.url}/**', methods: ['GET'], allowPrivateNetwork: true }`
  await writeFile(
    config,
    `export default { keys: { shop: { secret: 'a-secret-of-the-shop', locked: false, allow: [${rule}] } } }`,
  )
  const all = [process.execPath, command, 'serve', config, '--port', '0', ...how]
  const [program, ...args] = isTerminal ? [script, '-qefc', all.join(' '), '/dev/null'] : all
  // Node sees no colours on a terminal of a CI.
  const { NO_COLOR: _none, FORCE_COLOR: _all, CI: _ci, ...rest } = process.env
  const child = spawn(program!, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...rest, TERM: 'xterm', ...environment },
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let text = ''
  child.stdout.on('data', (bytes: Buffer) => (text += bytes.toString()))
  await eventually(() => expect(text).toMatch(/listens on \S+/))
  const relay = /listens on (http:\/\/[\d.:]+)/.exec(text)![1]!
  const headers = { authorization: '$CLIENT_SECRET' }
  await createClient({ relay }).send({ clientSecretName: 'shop', url: `${api.url}/items`, method: 'GET', headers })
  await eventually(() => expect(text).toMatch(/shop[^]*\n$/))
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  await ended
  return text.replace(/^.*listens on.*$/m, '')
}

const script = '/usr/bin/script'
const human = /\d\d:\d\d:\d\d {2}200 {2}GET {2}127\.0\.0\.1:\d+ {2}shop {2} +\d+ms {2} +\d+ B {2}/

test('into a file or a pipe, serve writes JSON; --log human writes lines without colours', async () => {
  const [json, lines] = await Promise.all([printed([]), printed(['--log', 'human'])])
  expect(json).toContain('"msg":"a request was run"')
  expect(lines).toMatch(human)
  expect(lines).not.toContain('\u001b')
})

test.skipIf(!existsSync(script))(
  'on a terminal, serve writes coloured lines; NO_COLOR and --log json are respected',
  async () => {
    const isTerminal = true
    const [coloured, plain, json] = await Promise.all([
      printed([], { isTerminal }),
      printed([], { isTerminal, environment: { NO_COLOR: '1' } }),
      printed(['--log', 'json'], { isTerminal }),
    ])
    expect(coloured).toContain('\u001b[32m200\u001b[39m')
    expect(plain).toMatch(human)
    expect(plain).not.toContain('\u001b')
    expect(json).toContain('"msg":"a request was run"')
  },
)
