import { spawn } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { findSecret } from '../../src/attack/find-secret.ts'
import { newMasterKey } from '../../src/relay/keys/encryption.ts'
import { administratorOf, token, setMasterKey } from '../helpers/administrator.ts'
import { startApi } from '../helpers/api.ts'
import { postgresOfThisFile } from '../helpers/postgres.ts'
import { startRelay } from '../helpers/relay.ts'

const postgres = postgresOfThisFile()

const command = resolve(import.meta.dirname, '../../src/command/client-secret-relay.ts')
const secret = 'sk-"&+/=\\_0123456789-ends-with-WXYZ'

/** Runs the command with this on its standard input; the environment is the test's own, changed. */
async function run(
  args: string[],
  { input = '', environment }: { input?: string; environment?: Record<string, string | undefined> } = {},
) {
  const child = spawn(process.execPath, [command, ...args], { env: { ...process.env, ...environment } })
  child.stdin.end(input)
  // It may end without having read what is written.
  child.stdin.on('error', () => {})
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended])
  return { code, stdout, stderr }
}

async function setUp(keys = '{}') {
  const folder = await mkdtemp(join(tmpdir(), 'keys-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const config = join(folder, 'relay.config.mjs')
  const database = join(folder, 'relay.db')
  await writeFile(
    config,
    `export default { database: process.env.TEST_DATABASE ?? ${JSON.stringify(database)}, keys: ${keys}, authenticate: () => null }`,
  )
  setMasterKey()
  const outputs: string[] = []
  const keysCommand = async (args: string[], more: Parameters<typeof run>[1] = {}) => {
    const done = await run(['keys', ...args, ...(args.includes('--relay') ? [] : ['--config', config])], more)
    outputs.push(done.stdout, done.stderr)
    return done
  }
  return { folder, config, database, keys: keysCommand, outputs }
}

const allow = [
  '--allow',
  'POST,put https://api.openai.com/v1/**',
  '--allow',
  'GET https://api.openai.com/v1/models headers.x-key',
]

test('add, list, rotate, remove: in a database that no relay has open, and the value is nowhere', async () => {
  const { folder, keys, outputs } = await setUp(
    `{ mine: { allow: [{ url: 'https://api.example.com/x', methods: ['POST'] }] } }`,
  )
  const added = await keys(['add', 'openai', ...allow, '--requests-per-minute', '60'], { input: `${secret}\n` })
  expect(added).toMatchObject({ code: 0, stderr: '' })
  expect(added.stdout).toBe(
    'The secret of openai\n' +
      '  may be used by: Signed-in users only, together at most 60 requests a minute.\n' +
      '  may go: By POST or PUT to https://api.openai.com, to any path below /v1/, in the header authorization.\n' +
      '  may go: By GET to https://api.openai.com, to /v1/models, in the header x-key.\n' +
      'openai is registered.\n',
  )
  expect((await keys(['rotate', 'openai'], { input: secret })).stdout).toMatch(
    /openai already has this value, version 1/,
  )
  expect((await keys(['rotate', 'openai'], { input: `${secret}2\r\n` })).stdout).toMatch(
    /openai is now at version 2. The previous value stays valid/,
  )
  const { stdout } = await keys(['list'])
  expect(stdout).toContain('mine (from the options)\n')
  expect(stdout).toContain('openai, version 2, ends with XYZ2\n')
  expect(stdout).toContain('in the header x-key.\n  used 0 times\n')
  expect(await keys(['remove', 'openai'])).toMatchObject({ code: 0, stdout: 'openai is removed.\n' })
  expect(await keys(['remove', 'openai'])).toMatchObject({ code: 1, stderr: 'There is no registered key "openai".\n' })
  expect((await keys(['list'])).stdout).not.toContain('openai')
  const files = await Promise.all((await readdir(folder)).map((file) => readFile(join(folder, file))))
  for (const bytes of [...files, Buffer.from(outputs.join('\n'))]) expect(findSecret(bytes, secret)).toBeNull()
})

// Where util-linux is, `script` gives a program a terminal.
test.runIf(process.platform === 'linux')('at a terminal the value is asked for, and is not shown', async () => {
  const { config, keys } = await setUp()
  const quoted = [process.execPath, command, 'keys', 'add', 'shop', ...allow, '--config', config]
    .map((part) => `'${part}'`)
    .join(' ')
  const terminal = spawn('script', ['--quiet', '--return', '--flush', '--command', quoted, '/dev/null'])
  onTestFinished(() => void terminal.kill())
  let shown = ''
  terminal.stdout.setEncoding('utf8').on('data', (part: string) => {
    shown += part
    if (part.includes('(hidden)')) terminal.stdin.write(`${secret}\r`)
  })
  const code = await new Promise((resolve) => terminal.once('close', resolve))
  expect(code).toBe(0)
  expect(shown).toMatch(/Value of shop \(hidden\): \r\nshop is registered\.\r\n$/)
  expect(findSecret(Buffer.from(shown), secret)).toBeNull()
  expect((await keys(['list'])).stdout).toContain('shop, version 1, ends with WXYZ\n')
})

test.each<[string[], RegExp, string?]>([
  [['add', 'shop', 'WXYZ-as-an-argument'], /Do not pass a value as an argument/],
  [['add', 'shop', '--secret', 'WXYZ-as-an-argument'], /Do not pass a value as an argument.*history of your shell/],
  [['rotate', 'shop', '--value=WXYZ-as-an-argument'], /Do not pass a value as an argument/],
  [['add', 'shop'], /This key has no rules/],
  [['add', 'shop', '--allow', 'POST https://*/**'], /Rule 1 has the url.*hosts of other people/],
  [['add', 'shop', '--allow', 'https://api.example.com/'], /Rule 1 has the url "", which is not a url/],
  [['add', 'my shop', ...allow], /is not a valid name for a key/],
  [['add', 'shop', ...allow], /fewer than 8 characters/, 'WXYZ'],
  [['add', 'shop', ...allow], /has no secret/, ''],
  [['add', 'shop', ...allow], /ends with a line break/, 'WXYZ-0123456789\n\n'],
  [['add', 'shop', ...allow, '--unsettled', 'few'], /limits.unsettled/],
  [['rotate', 'shop', '--allow', 'x'], /--allow works only with keys add/],
  [['rotate', 'shop'], /There is no registered key "shop"/],
  [['rotate'], /keys rotate needs the name/],
  [['list', 'shop'], /keys list takes no name/],
  [['forget', 'shop'], /keys needs one of list, add, rotate, remove/],
  [['list', '--relay', 'http://relay.example.com'], /must be an address such as https/],
  [['list', '--relay', 'http://127.0.0.1:1/relay'], /Could not reach the relay at/],
])('keys %j: a sentence, without the value', async (args, sentence, input = secret) => {
  const { keys } = await setUp()
  const { code, stdout, stderr } = await keys(args, { input })
  expect(code).toBeGreaterThan(0)
  expect(stderr).toMatch(sentence)
  expect(stdout + stderr).not.toContain('WXYZ')
})

test('the master key: printed new each time; one that is missing or another is told, and nothing is lost', async () => {
  const [one, other] = [await run(['master-key']), await run(['master-key'])]
  for (const { stdout } of [one, other]) expect(Buffer.from(stdout, 'base64')).toHaveLength(32)
  expect(one.stdout).not.toBe(other.stdout)
  const { keys } = await setUp()
  await keys(['add', 'openai', ...allow], { input: secret })
  const without = (masterKey: string | undefined) =>
    keys(['list'], { environment: { CLIENT_SECRET_MASTER_KEY: masterKey } })
  expect((await without(undefined)).stderr).toMatch(/Cannot open the keys: the master key is missing/)
  expect((await without(newMasterKey())).stderr).toMatch(
    /Cannot open the keys: the master key is not the one from before/,
  )
  expect((await without('x')).stderr).toMatch(/CLIENT_SECRET_MASTER_KEY is not valid/)
  expect((await keys(['list'])).stdout).toMatch(/^openai, version 1/)
})

test('while a relay has the SQLite file, it is asked to do it', async () => {
  const { database, keys } = await setUp()
  const { url, relay } = await startRelay({ database, authenticate: () => null })
  await relay.ready
  const locked = await keys(['list'])
  expect(locked.code).toBe(1)
  expect(locked.stderr).toMatch(
    /^Cannot open the keys: the database "[^"]+" is in use by another relay\. .*give --relay with its address, and the token in CLIENT_SECRET_ADMIN_TOKEN/,
  )
  const added = await keys(['add', 'openai', ...allow, '--relay', url], { input: secret })
  expect(added.stdout).toMatch(/may be used by: Signed-in users only.*openai is registered/s)
  expect((await keys(['add', 'openai', ...allow, '--relay', url], { input: secret })).stderr).toMatch(
    /This name is taken/,
  )
  expect((await keys(['rotate', 'openai', '--relay', `${url}/`], { input: `${secret}2` })).stdout).toMatch(
    /is now at version 2/,
  )
  expect((await keys(['list', '--relay', url])).stdout).toMatch(/openai, version 2, ends with XYZ2/)
  const wrong = await keys(['list', '--relay', url], { environment: { CLIENT_SECRET_ADMIN_TOKEN: `${token}x` } })
  expect(wrong.stderr).toMatch(/Only an administrator may do this/)
  const none = await keys(['list', '--relay', url], { environment: { CLIENT_SECRET_ADMIN_TOKEN: undefined } })
  expect(none.stderr).toMatch(/set its token in the environment variable/)
  expect((await keys(['remove', 'openai', '--relay', url])).stdout).toBe('openai is removed.\n')
})

test('on a Postgres the relays that run hear of it at once', async () => {
  const { keys } = await setUp()
  const api = await startApi()
  const database = await postgres.database()
  const { url, relay, client } = await startRelay({ database })
  await relay.ready
  const environment = { TEST_DATABASE: database }
  const rule = ['--allow', `POST ${api.url}/** headers.authorization private-network`]
  await keys(['add', 'shop', '--unlocked', ...rule], { input: secret, environment })
  const began = performance.now()
  const request = {
    clientSecretName: 'shop',
    url: `${api.url}/`,
    method: 'POST' as const,
    headers: { authorization: '$CLIENT_SECRET' },
  }
  // Well before the relay would look by itself.
  while (
    !(await client.clientSecretRequest(request).then(
      () => true,
      () => false,
    ))
  )
    expect(performance.now() - began).toBeLessThan(5_000)
  expect(api.calls[0]?.headers.authorization).toBe(secret)
  const { body } = await administratorOf(url).ask('GET', '/audit')
  expect(body['entries']).toMatchObject([{ who: expect.stringMatching(/^command \(.+\)$/) as string, what: 'added' }])
})

test('a token, a signature and several values come from a JSON file, their values from standard input', async () => {
  const { folder, keys, outputs } = await setUp()
  const file = join(folder, 'key.json')
  const url = 'https://api.binance.com/api/**'
  const settings = {
    values: ['key', 'secret'],
    sign: { hmac: 'sha256', over: ['query'], value: 'secret' },
    allow: [{ url, methods: ['GET'], inEach: { key: ['headers.x-mbx-apikey'], secret: ['params.signature'] } }],
  }
  await writeFile(file, JSON.stringify(settings))
  const input = JSON.stringify({ key: 'Zz9Mw3Qp7Lk1Jh5Gf8Ds2Aa6', secret })
  const given = ['add', 'binance', '--settings', file, '--unlocked']
  expect((await keys(given, { input: 'not json' })).stderr).toMatch(/Standard input is not JSON/)
  expect((await keys(given, { input: '{"key":"Zz9Mw3Qp7Lk1Jh5Gf8Ds2Aa6"}' })).stderr).toMatch(/other values in secret/)
  const added = await keys(given, { input })
  expect(added).toMatchObject({ code: 0, stderr: '' })
  expect(added.stdout).toContain('The key signs calls with its secret, which stays in the relay.')
  expect(added.stdout).toContain('its key in the header x-mbx-apikey and its secret in the query parameter signature')
  expect((await keys(['rotate', 'binance'], { input: input.replace('Zz9', 'Yy8') })).stdout).toMatch(/now at version 2/)

  await writeFile(file, JSON.stringify({ secret }))
  expect((await keys(given)).stderr).toMatch(/contains a secret\. Leave it out/)
  await writeFile(file, secret)
  expect((await keys(given)).stderr).toMatch(/is not JSON/)
  expect(outputs.join()).not.toContain(secret.slice(0, 15))
})
