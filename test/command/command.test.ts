import { execFile, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { Script } from 'node:vm'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { check } from '../../src/command/check.ts'
import { createClient } from '../../src/client/create-client.ts'
import type { KeyOptions } from '../../src/relay/keys/key.ts'
import { door, json, startApi } from '../helpers/api.ts'
import { losingProxy } from '../helpers/losing-proxy.ts'
import { postgresOfThisFile } from '../helpers/postgres.ts'
import { startRelay } from '../helpers/relay.ts'

const postgres = postgresOfThisFile()

const command = resolve(import.meta.dirname, '../../src/command/client-secret-relay.ts')

async function configOf(source: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'config-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const file = join(folder, 'relay.config.mjs')
  await writeFile(file, `export default ${source}`)
  return file
}

/** Runs a command to its end; with the test, one that has none is ended. */
const run = (...args: string[]) => {
  const running = promisify(execFile)(process.execPath, [command, ...args])
  onTestFinished(() => void running.child.kill('SIGKILL'))
  return running.then(
    ({ stdout }) => ({ code: 0, stdout, stderr: '' }),
    (error: { code: number; stdout: string; stderr: string }) => error,
  )
}

const narrow: KeyOptions = { allow: [{ url: 'https://api.example.com/v1/items', methods: ['POST'] }] }
const checked = (key: Partial<KeyOptions>, authenticate = () => null) =>
  check({ keys: { shop: { ...narrow, ...key } }, authenticate })

test('check says where a secret can go, in words, without having it', async () => {
  const config = await configOf(`{
    keys: { shop: { allow: [{ url: 'https://api.example.com/v1/**', methods: ['post', 'PUT'] }] } },
    authenticate: () => null,
  }`)
  const { code, stdout } = await run('check', config)
  expect(code).toBe(0)
  expect(stdout).toContain(
    'shop\n' +
      '  may be used by signed-in users only\n' +
      '  may go by POST or PUT to https://api.example.com, to any path below /v1/, in the header authorization\n',
  )
  expect(stdout).toContain('No rule is wide.')
})

test.each<[string, Partial<KeyOptions>, RegExp[]]>([
  ['one path', {}, [/to \/v1\/items, in the header authorization/]],
  [
    'a segment',
    { allow: [{ url: 'https://api.example.com/*/x', methods: ['POST'] }] },
    [/to \/\*\/x, where \* is any one segment/],
  ],
  [
    'the whole host',
    { allow: [{ url: 'https://api.example.com:8443/**', methods: ['POST'] }] },
    [/https:\/\/api\.example\.com:8443, to any path/, /! Every path of https:\/\/api\.example\.com:8443 is allowed/],
  ],
  [
    'almost the whole host',
    { allow: [{ url: 'https://api.example.com/*/*/**', methods: ['POST'] }] },
    [
      /to any path below \/\*\/\*\/, where \* is any one segment/,
      /! Almost every path of https:\/\/api\.example\.com is/,
    ],
  ],
  [
    'a path with signs that a replacement would read',
    { allow: [{ url: 'https://api.example.com/$$batch/a$&b/**', methods: ['POST'] }] },
    [/to any path below \/\$\$batch\/a\$&b\/, in the header/],
  ],
  [
    'any name of a domain',
    { allow: [{ url: 'https://*.example.com/v1', methods: ['POST'] }] },
    [/! Any owner of a name below example\.com can get the secret/],
  ],
  [
    'reading and removing',
    { allow: [{ url: 'https://api.example.com/v1/**', methods: ['GET', 'DELETE'] }] },
    [/! GET of a whole part/, /! DELETE is allowed/],
  ],
  [
    'a body',
    { allow: [{ url: 'https://api.example.com/v1', methods: ['POST'], in: ['data#/auth/key', 'headers.X-Key'] }] },
    [/in the field \/auth\/key of the body or in the header x-key/, /! The secret goes into a body.+\/auth\/key/],
  ],
  [
    'a query',
    { allow: [{ url: 'https://api.example.com/v1', methods: ['POST'], in: ['params.key'] }] },
    [/in the query parameter key/, /! The secret goes into a query string/],
  ],
  [
    'a path',
    { allow: [{ url: 'https://api.example.com/*/v1', methods: ['POST'], in: ['url.path'] }] },
    [/in the path/, /! The secret may be anywhere in the path/],
  ],
  [
    'the own network',
    { allow: [{ url: 'http://10.0.0.2/v1', methods: ['POST'], allowPrivateNetwork: true }] },
    [/! The secret travels unencrypted/, /! Addresses of this machine and its network are allowed/],
  ],
  [
    'a POST sent again',
    { allow: [{ url: 'https://api.example.com/v1', methods: ['POST'], retryable: true }] },
    [/! The relay repeats an interrupted POST or PATCH/],
  ],
  ['a short secret', { secret: 'sk-ant-api03-0123456789abcdef' }, [/! The unknown part of its secret is short/]],
  ['a long one', { secret: 'sk-ant-api03-0123456789abcdefghijk' }, []],
  [
    'a user and a password in base64',
    { secret: btoa('shop-4711:0123456789abcdefghijk') },
    [
      /! Its secret is a user and a password in base64\. Store only the password, and write Authorization: Basic user:\$CLIENT_SECRET/,
    ],
  ],
  [
    'a publicPrefix that leaves little',
    { secret: 'acme_live_0123456789abcdef', publicPrefix: 'acme_live_' },
    [/! The unknown part/],
  ],
  [
    'everybody',
    { locked: false },
    [/used by every visitor, signed in or not\n/, /! Every visitor may use the key as often/],
  ],
  [
    'everybody, within limits',
    { locked: false, limits: { requestsPerMinute: 60, unsettled: 5, bytesPerDay: 1000 } },
    [/every visitor, signed in or not, together at most 60 requests a minute, 5 unsettled requests, 1000 bytes a day/],
  ],
])('check of %s', (_name, key, sentences) => {
  const text = checked(key)
  for (const sentence of sentences) expect(text).toMatch(sentence)
  // And warns of nothing else.
  expect(text.match(/^ {4}! /gm)?.length ?? 0).toBe(sentences.filter(({ source }) => source.startsWith('!')).length)
})

test('check refuses what a relay would not start with, and says why', async () => {
  const { code, stderr } = await run('check', await configOf(`{ keys: { shop: { allow: [] } } }`))
  expect(code).toBe(1)
  expect(stderr).toMatch(/keys\.shop has no rules/)
})

test.each([
  [[], /Name a command/],
  [['dance'], /There is no command "dance"/],
  [['check'], /check needs the path of the config/],
  [['serve', 'a', 'b'], /There is no command "serve a b"/],
  [['check', '/nowhere/relay.config.mjs'], /Could not load the config/],
])('%o: a sentence', async (args, sentence) => {
  const { code, stderr } = await run(...args)
  expect(code).toBeGreaterThan(0)
  expect(stderr).toMatch(sentence)
})

test.each([
  [['serve'], 'serve needs the path of the config.'],
  [['serve', '--confg', 'x'], "Unknown option '--confg'."],
  [['keys', 'dance'], 'keys needs one of list, add, rotate, remove.'],
])('%o is told in two lines', async (args, sentence) => {
  const { code, stderr } = await run(...args)
  expect([code, stderr]).toEqual([2, `${sentence}\nFor usage, run client-secret-relay --help.\n`])
})

test('--version is that of the package', async () => {
  const { version } = JSON.parse(await readFile(resolve(import.meta.dirname, '../../package.json'), 'utf8')) as Record<
    string,
    string
  >
  expect(await run('--version')).toMatchObject({ code: 0, stdout: `${version}\n` })
})

test.each([
  [
    'a syntax error',
    '{\n  keys: {,\n}',
    /^Could not load the config (\S+): \S+relay\.config\.mjs:2: Unexpected token ','\n$/,
  ],
  ['an error when it runs', '{\n\n  keys: nowhere }', /relay\.config\.mjs:3: nowhere is not defined\n$/],
])('%s in the config is told with file and line, and without a stack', async (_name, source, sentence) => {
  const { code, stderr } = await run('check', await configOf(source))
  expect(code).toBe(1)
  expect(stderr).toMatch(sentence)
})

test('a syntax error in what the config imports is told with the file it is in', async () => {
  const config = await configOf('keys')
  await writeFile(config, `import { keys } from './keys.mjs'\nexport default { keys }`)
  await writeFile(join(dirname(config), 'keys.mjs'), `export const keys = {\n\n  shop: [\n}`)
  const { stderr } = await run('check', config)
  expect(stderr).toMatch(/Could not load the config \S+: \S*keys\.mjs:4: Unexpected token '}'\n$/)
})

test.each([['serve'], ['check'], ['attack'], ['keys', 'list', '--config']])(
  'on an older Node, %s ends with a sentence about it',
  async (...args) => {
    const older = `data:text/javascript,${encodeURIComponent(`
      const versions = { ...process.versions, node: '20.20.2' }
      Object.defineProperties(process, { version: { value: 'v20.20.2' }, versions: { value: versions } })`)}`
    const config = await configOf('{}')
    const result = await promisify(execFile)(process.execPath, ['--import', older, command, ...args, config]).catch(
      (error: { code: number; stderr: string }) => error,
    )
    expect(result).toMatchObject({
      code: 1,
      stderr: 'react-client-secret/relay needs Node 22.13 or later; this is v20.20.2. Run it with a newer Node.\n',
    })
  },
)

test('serve --watch takes what is edited: the config, what it imports, the env file; and what runs goes on', async () => {
  const { opened, open } = door()
  const api = await startApi(async (call, outgoing) => {
    if (call.path === '/slow') await opened
    json(outgoing, { secret: call.headers.authorization!.length })
  })
  const config = await configOf('{}')
  const folder = dirname(config)
  const write = (name: string, text: string) => writeFile(join(folder, name), text)
  const writeRules = (paths: string) => write('rules.mjs', `export const paths = ${paths}`)
  await writeRules(`['slow', 'first']`)
  await write('.env', 'CLIENT_SECRET_SHOP=first-secret\nSHOP_API=')
  const source = (text: string) => `import { paths } from './rules.mjs'
    export default { database: ${JSON.stringify(join(folder, 'relay.db'))}, keys: { shop: { locked: false, ${text}
      allow: paths.map((path) => ({ url: process.env.SHOP_API + '/' + path, methods: ['POST'], allowPrivateNetwork: true })) } } }`
  await write('relay.config.mjs', source(''))
  const child = spawn(
    process.execPath,
    [command, 'serve', config, '--port', '0', '--watch', '--env-file', join(folder, '.env')],
    { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, SHOP_API: api.url } },
  )
  onTestFinished(() => void child.kill('SIGKILL'))
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const says = async (text: RegExp) => {
    const found = await vi.waitUntil(() => text.exec(output), { timeout: 30_000, interval: 20 })
    output = ''
    return found[1]!
  }
  const client = createClient({ relay: await says(/listens on (\S+)\n/) })
  const send = (path: string) =>
    client
      .clientSecretRequest({
        clientSecretName: 'shop',
        url: `${api.url}/${path}`,
        method: 'POST',
        headers: { authorization: '$CLIENT_SECRET' },
      })
      .catch((error: { code: string }) => error.code)

  const slow = send('slow')
  await vi.waitUntil(() => api.calls.length === 1)
  expect([await send('first'), await send('second')]).toEqual([{ secret: 12 }, 'NOT_ALLOWED'])
  await writeRules(`['second']`)
  await says(/reloaded the config()/)
  expect([await send('first'), await send('second')]).toEqual(['NOT_ALLOWED', { secret: 12 }])
  await write('.env', 'CLIENT_SECRET_SHOP=the-second-secret')
  await says(/reloaded the config()/)
  expect(await send('second')).toEqual({ secret: 17 })
  await write('relay.config.mjs', source('limits: { requestsPerMinute: 1 },'))
  await says(/reloaded the config()/)
  expect([await send('second'), await send('second')]).toEqual([{ secret: 17 }, 'RATE_LIMITED'])
  await write('relay.config.mjs', source('}'))
  await says(/relay\.config\.mjs:3: Unexpected .+\nThe relay rejects all calls until you fix this()/)
  await write('relay.config.mjs', source(''))
  await says(/reloaded the config()/)
  expect(await send('second')).toEqual({ secret: 17 })
  open()
  expect(await slow).toEqual({ secret: 12 })
  expect(api.calls.filter(({ path }) => path === '/slow')).toHaveLength(1)
  child.kill('SIGTERM')
  await says(/stops on SIGTERM()/)
})

test('an env file that is not there is told', async () => {
  const { code, stderr } = await run('check', await configOf('{}'), '--env-file', 'nowhere/.env')
  expect(code).toBeGreaterThan(0)
  // Node looks at this option, too, wherever it stands, and is faster.
  expect(stderr).toMatch(/^(Could not read the env file nowhere\/\.env: ENOENT|.*: nowhere\/\.env: not found$)/m)
})

test('serve runs a relay, writes a line of JSON a request, and ends on a signal', async () => {
  const api = await startApi()
  const config = await configOf(`{
    keys: { shop: { secret: 'a-secret-of-the-shop', locked: false,
      allow: [{ url: '${api.url}/**', methods: ['GET'], allowPrivateNetwork: true }] } },
  }`)
  const relay = spawn(process.execPath, [command, 'serve', config, '--port', '0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void relay.kill('SIGKILL'))
  const lines = createInterface(relay.stdout)[Symbol.asyncIterator]()
  const url = /listens on (\S+)/.exec((await lines.next()).value as string)?.[1]
  await createClient({ relay: url! }).send({
    clientSecretName: 'shop',
    url: `${api.url}/items`,
    method: 'GET',
    headers: { authorization: '$CLIENT_SECRET' },
  })
  expect(JSON.parse((await lines.next()).value as string)).toMatchObject({
    level: 30,
    time: expect.any(Number) as number,
    msg: 'a request was run',
    key: 'shop',
    status: 200,
  })
  // Longer than Caddy keeps an idle connection, so that the proxy closes it first.
  const { headers } = await fetch(url!)
  expect(Number(/timeout=(\d+)/.exec(headers.get('keep-alive')!)?.[1])).toBeGreaterThan(120)
  const ended = new Promise((resolve) => relay.once('exit', resolve))
  relay.kill('SIGTERM')
  expect(await ended).toBe(0)
})

describe('serve ends with a sentence when it cannot start', () => {
  /** A database that a relay has worked with. */
  async function used(): Promise<string> {
    const database = await postgres.database()
    const { relay } = await startRelay({
      keys: { shop: { secret: 'a-secret-of-the-shop', locked: false, ...narrow } },
      database,
    })
    await relay.ready
    await relay.close()
    return database
  }
  const serve = async (database: string) =>
    run(
      'serve',
      await configOf(
        `{ keys: { shop: { secret: 'a-secret-of-the-shop', locked: false, ...${JSON.stringify(narrow)} } }, database: '${database}' }`,
      ),
      '--port',
      '0',
    )

  test.each(['records', 'relays', 'stored_keys'])('without its table %s', async (table) => {
    const database = await used()
    await postgres.query(database, `DROP TABLE ${table} CASCADE`)
    const { code, stderr } = await serve(database)
    expect(code).toBe(1)
    expect(stderr).toContain(table)
  })

  test('cut off from its database once pg-boss has started', async () => {
    const proxy = await losingProxy(await used())
    proxy.cutAt((bytes) => bytes.includes('min(owner) AS owner FROM records'))
    const { code, stderr } = await serve(proxy.database)
    expect(code).toBe(1)
    expect(stderr).toMatch(/database/)
  })
})

describe('worker', () => {
  const key = ['--key', 'https://api.resend.com=resend']
  const relay = ['--relay', '/relay']

  test('writes one file, with the options in it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'worker-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    const file = join(folder, 'worker.js')
    const more = ['--key', 'http://localhost:3000=local', '--media', 'http://localhost:3000']
    const { code, stdout } = await run('worker', file, ...relay, ...key, ...more)
    expect(code).toBe(0)
    expect(stdout).toContain(`client-secret-relay wrote ${file}.`)
    const text = await readFile(file, 'utf8')
    expect(text).toContain('"https://api.resend.com": "resend",\n    "http://localhost:3000": "local"')
    expect(text).toContain('"media": [\n    "http://localhost:3000"\n  ]')
    // A classic script: a module's imports would be an error.
    expect(() => new Script(text)).not.toThrow()
  })

  test.each<[string, string[], RegExp]>([
    ['no file', [...relay, ...key], /worker needs one path/],
    ['no relay', ['x.js', ...key], /worker needs --relay/],
    ['a relay without scheme', ['x.js', '--relay', 'localhost:8787', ...key], /worker needs --relay/],
    ...['//evil.example/relay', '/\\evil.example', '/\t/evil.example', 'https://'].map(
      (other): [string, string[], RegExp] => [
        `the relay ${JSON.stringify(other)}`,
        ['x.js', '--relay', other, ...key],
        /worker needs --relay/,
      ],
    ),
    [
      'two keys for one origin',
      ['x.js', ...relay, ...key, '--key', 'https://api.resend.com=other'],
      /worker needs one --key for each origin; https:\/\/api\.resend\.com has two\./,
    ],
    [
      'media of an origin without a key',
      ['x.js', ...relay, ...key, '--media', 'https://other.example'],
      /worker needs a --key for each --media; https:\/\/other\.example has none\./,
    ],
    ['no key', ['x.js', ...relay], /worker needs --key with an origin and a name/],
    ['a key without name', ['x.js', ...relay, '--key', 'https://api.resend.com'], /worker needs --key/],
    [
      'a path',
      ['x.js', ...relay, '--key', 'https://api.resend.com/emails=resend'],
      /must be origins.*"https:\/\/api.resend.com\/emails" is none/,
    ],
    ['no url', ['x.js', ...relay, '--key', 'resend=resend'], /must be origins.*"resend" is none/],
    ['no folder', [join(tmpdir(), 'no-such-folder/x.js'), ...relay, ...key], /There is no folder for/],
  ])('%s: says what it needs', async (_name, args, message) => {
    const { code, stderr } = await run('worker', ...args)
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(message) as string })
  })
})
