import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { createClient } from '../../src/client/create-client.ts'
import { isClientSecretError } from '../../src/protocol/errors.ts'
import { openHandles } from '../frameworks/app.ts'
import { door, json, startApi } from '../helpers/api.ts'
import { eventually } from '../helpers/eventually.ts'

const root = resolve(import.meta.dirname, '../..')
const plugin = JSON.stringify(join(root, 'src/exports/vite.ts'))
const secret = 'sk-canary-4f7c1d9e2b0a8c6d5e3f'

/** The config of a relay, in TypeScript. */
const configOf = (paths: string[], more = '') => `import type { RelayOptions } from 'react-client-secret/relay'
const paths: string[] = ${JSON.stringify(paths)}
export default {
  keys: {
    shop: {
      secret: process.env.SHOP_KEY,
      locked: false,
      allow: paths.map((path) => ({ url: process.env.SHOP_API + path, methods: ['GET'], allowPrivateNetwork: true })),
    },
  },
  database: process.env.SHOP_DATABASE,${more}
} satisfies RelayOptions
`

/** A project of Vite, with an API behind its relay. */
async function createProject(answer: Parameters<typeof startApi>[0] = (_call, outgoing) => json(outgoing, {})) {
  const api = await startApi(answer)
  const folder = await mkdtemp(join(tmpdir(), 'vite-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const write = (name: string, text: string) => writeFile(join(folder, name), text)
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
  await write('package.json', '{ "type": "module" }')
  await write('index.html', '<script type="module" src="/main.js"></script>')
  await write('relay.css', 'a { color: red }')
  await write('main.js', 'document.title = JSON.stringify(import.meta.env)')
  await write(
    'vite.config.js',
    `import { clientSecretRelay } from ${plugin}\nexport default { plugins: [clientSecretRelay()] }`,
  )
  await write('.env', `SHOP_KEY=${secret}\nVITE_TITLE=otters`)
  await write('relay.config.ts', configOf(['/first']))
  const database = join(folder, 'relay.db')
  const environment = { ...process.env, SHOP_API: api.url, SHOP_DATABASE: database, NO_COLOR: '1' }
  // Colours, and the tests' own mode, are not those of a user.
  for (const name of ['VITEST', 'NODE_ENV', 'FORCE_COLOR'])
    delete (environment as Record<string, string | undefined>)[name]

  function run(args: string[]) {
    const child = spawn(process.execPath, args, { cwd: folder, env: environment, stdio: ['ignore', 'pipe', 'pipe'] })
    const ended = new Promise((resolvePromise) => child.once('close', resolvePromise))
    onTestFinished(async () => {
      child.kill('SIGKILL')
      await ended
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
    /** Waits for a text in what the process has written since the last call. */
    const says = async (text: RegExp) => {
      const found = await vi
        .waitUntil(() => text.exec(output), { timeout: 30_000, interval: 20 })
        .catch(() => expect.fail(`${text} is not in:\n${output}`))
      output = output.slice(found.index + found[0].length)
    }
    /** The address at which Vite listens. */
    const url = () => vi.waitUntil(() => /Local: +(http:\S+)\//.exec(output)?.[1], { timeout: 30_000, interval: 20 })
    return { says, url, ended, stop: () => void child.kill('SIGTERM') }
  }

  async function start(...args: string[]) {
    const vite = ['node_modules/vite/bin/vite.js', ...args, '--configLoader', 'native', '--host', '127.0.0.1']
    const server = run([...vite, '--port', '0'])
    const url = await server.url()
    const client = createClient({ relay: `${url}/relay` })
    const send = (path: string) =>
      client
        .clientSecretRequest({
          clientSecretName: 'shop',
          url: api.url + path,
          method: 'GET',
          headers: { authorization: 'Bearer $CLIENT_SECRET' },
        })
        .then(
          () => 'resolved',
          (error: unknown) => (isClientSecretError(error) ? error.code : String(error)),
        )
    return { ...server, url, send }
  }
  return { api, folder, database, write, run, start }
}

test.each([['dev'], ['preview', '--outDir', '.']])(
  'vite %s runs the relay, with the key of .env, which no page gets',
  async (...args) => {
    const { api, start } = await createProject()
    const { url, send } = await start(...args)
    expect(await send('/first')).toBe('resolved')
    expect(api.calls.map(({ headers }) => headers.authorization)).toEqual([`Bearer ${secret}`])
    if (args[0] === 'preview') return
    const files = [
      '/',
      '/main.js',
      '/@vite/client',
      '/@vite/env',
      '/.env',
      '/relay.config.ts',
      '/relay.config.ts?raw',
      '/relay.db',
      '/relay.db-wal',
      '/relay.db?url',
    ]
    for (const file of files) {
      const response = await fetch(url + file)
      const text = await response.text()
      expect(text).not.toMatch(/sk-canary|SHOP_KEY/)
      if (/env$|relay/.test(file) && !file.startsWith('/@')) expect([403, 404], file).toContain(response.status)
    }
    expect(await (await fetch(`${url}/main.js`)).text()).toContain('otters')
    // A file of the page, and no path of the relay.
    expect(await (await fetch(`${url}/relay.css`)).text()).toContain('color: red')
  },
)

/** The answer to a path as it is: `fetch` would change some. */
function answerTo(url: string, path: string): Promise<{ status: number; text: string }> {
  const { hostname, port } = new URL(url)
  return new Promise((resolvePromise, reject) => {
    const sent = request({ hostname, port, path }, (answer) => {
      let text = ''
      answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      answer.on('end', () => resolvePromise({ status: answer.statusCode!, text }))
    })
    sent.on('error', reject).end()
  })
}

test.each([
  ['Vite as it comes', ''],
  ['a page that serves any file', 'fs: { strict: false }'],
])('no page gets a file of the relay, at any of its paths: %s', async (_what, server) => {
  const { folder, write, start } = await createProject()
  await mkdir(join(folder, 'data/deep'), { recursive: true })
  await write(
    'vite.config.js',
    `import { clientSecretRelay } from ${plugin}
    export default {
      plugins: [clientSecretRelay({ envFiles: ['secrets.env', 'env (1).txt'] })],
      resolve: { alias: { '~': ${JSON.stringify(folder)} } },
      server: { ${server} },
    }`,
  )
  await rm(join(folder, '.env'))
  const marked = (name: string) => `SHOP_KEY_OF_${name}=${secret}`
  await write('secrets.env', `SHOP_KEY=${secret}`)
  await write('env (1).txt', marked('ENV'))
  await write('.dev.vars', marked('VARS'))
  await write('data/other.sqlite3-wal', marked('OTHER'))
  await symlink(join(folder, 'secrets.env'), join(folder, 'data/link.txt'))
  await write('relay-keys.ts', `export const inline = 'sk-canary-inline'`)
  await write('shared.ts', `export const title = 'a shared title'`)
  await write('main.js', `import { title } from './shared.ts'\ndocument.title = title`)
  await write(
    'relay.config.ts',
    `import { inline } from './relay-keys.ts'\nimport { title } from './shared.ts'\nvoid [inline, title]\n${configOf(['/first']).replace('process.env.SHOP_DATABASE', `'./data/relay'`)}`,
  )
  const { url, send } = await start('dev')
  expect(await send('/first')).toBe('resolved')

  // Without its list, Vite also serves files that are not of this relay.
  const others = server === '' ? ['.dev.vars', 'data/other.sqlite3-wal'] : []
  const names = [
    ...others,
    'relay.config.ts',
    'secrets.env',
    'env (1).txt',
    'relay-keys.ts',
    'relay-keys',
    'data/relay',
    'data/relay-wal',
    'data/relay-shm',
    'data/relay.lock',
    'data/link.txt',
  ]
  const encoded = (text: string) => text.replace(/[.-]/, (one) => `%${one.charCodeAt(0).toString(16)}`)
  for (const name of names) {
    const path = encodeURI(name)
    const paths = [
      `/${path}`,
      `//${path}`,
      `/./${path}`,
      `/data/../${path}`,
      `/${encoded(path)}`,
      `/${path}/`,
      `/@fs${encodeURI(folder)}/${path}`,
      `/@fs/${encodeURI(folder)}/${encoded(path)}`,
      `/@id/${encodeURI(folder)}/${path}`,
      `/@id/~/${path}`,
      `/~/${path}`,
    ]
    const queries = [
      '',
      '?raw',
      '?import',
      '?import&raw',
      '?url',
      '?inline',
      '?url&inline',
      '?t=1',
      '?worker',
      '?raw??',
      '?html-proxy',
    ]
    for (const one of paths)
      for (const query of queries) {
        const { text } = await answerTo(url, one + query)
        expect(text, one + query).not.toMatch(/sk-canary|SHOP_KEY|SQLite format|CREATE TABLE/)
      }
    if (name !== 'relay-keys') expect((await answerTo(url, `/${path}`)).status, name).toBe(403)
  }
  // What the page imports too, it gets.
  expect(await (await fetch(`${url}/main.js`)).text()).toContain('/shared.ts')
  expect(await (await fetch(`${url}/shared.ts`)).text()).toContain('a shared title')
})

test('a module that only the config imports stays private until the page imports it', async () => {
  const { write, start } = await createProject()
  await write('shared.ts', `export const title = 'a shared title'`)
  await write('relay.config.ts', `import { title } from './shared.ts'\nvoid title\n${configOf(['/first'])}`)
  const { url, send } = await start('dev')
  expect(await send('/first')).toBe('resolved')
  const page = async (path: string) => (await fetch(url + path)).text()
  await page('/main.js')
  expect(await page('/shared.ts')).not.toContain('a shared title')
  await write('main.js', `import { title } from './shared.ts'\ndocument.title = title`)
  await eventually(async () => expect(await page('/main.js')).toContain('/shared.ts'))
  expect(await page('/shared.ts')).toContain('a shared title')
})

test('the next call uses an edited config, and a broken one keeps the relay as it is', async () => {
  const { database, write, start } = await createProject()
  const { send, says, stop, ended } = await start('dev')
  expect([await send('/first'), await send('/second')]).toEqual(['resolved', 'NOT_ALLOWED'])
  for (let n = 0; n < 10; n++) {
    const [allowed, refused] = n % 2 === 0 ? ['/second', '/first'] : ['/first', '/second']
    await write('relay.config.ts', configOf([allowed]) + '\n'.repeat(n))
    expect([await send(allowed), await send(refused)]).toEqual(['resolved', 'NOT_ALLOWED'])
  }
  if (process.platform === 'linux') expect(await openHandles(database)).toBe(1)

  await write('relay.config.ts', configOf(['/second'], '\n  })'))
  await says(/client-secret-relay: Could not load the config relay\.config\.ts: relay\.config\.ts:12: [^\n]+\n/)
  expect([await send('/first'), await send('/second')]).toEqual(['resolved', 'NOT_ALLOWED'])
  await write('relay.config.ts', configOf([]))
  await says(/client-secret-relay: relay\.config\.ts: The relay does not start: keys\.shop has no rules/)
  expect(await send('/first')).toBe('resolved')
  await write('relay.config.ts', configOf(['/second']))
  await says(/client-secret-relay: reloaded relay\.config\.ts/)
  expect([await send('/first'), await send('/second')]).toEqual(['NOT_ALLOWED', 'resolved'])
  stop()
  await ended
})

test('Vite restarts on an edit of .env: the relay goes on with the new key, and so does what it is doing', async () => {
  const { opened, open } = door()
  const { api, database, write, start } = await createProject(async (call, outgoing) => {
    if (call.path === '/slow') await opened
    json(outgoing, {})
  })
  await write('relay.config.ts', configOf(['/first', '/slow']))
  const { send, says } = await start('dev')
  const slow = send('/slow')
  await eventually(() => expect(api.calls).toHaveLength(1))
  for (const key of ['sk-the-second-secret', 'sk-the-third-secret']) {
    await write('.env', `SHOP_KEY=${key}`)
    await says(/server restarted/)
    expect(await send('/first')).toBe('resolved')
    expect(api.calls.at(-1)!.headers.authorization).toBe(`Bearer ${key}`)
  }
  if (process.platform === 'linux') expect(await openHandles(database)).toBe(1)
  open()
  expect(await slow).toBe('resolved')
  expect(api.calls.filter(({ path }) => path === '/slow')).toHaveLength(1)
})

test('a secret that Vite puts into pages stays unused', async () => {
  const { write, start } = await createProject()
  await write('.env', `SHOP_KEY=${secret}\nVITE_SHOP_KEY=Bearer ${secret}`)
  const { send, says } = await start('dev')
  await says(
    /Vite writes the variable VITE_SHOP_KEY into every page, and it contains the secret of keys\.shop\..* without the prefix VITE_\./,
  )
  expect(await send('/first')).toBe('UNAVAILABLE')
})

describe('a secret in define', () => {
  const configWith = (define: string, before = '') => `import { clientSecretRelay } from ${plugin}
    import { loadEnv } from 'vite'
    ${before}
    export default { plugins: [clientSecretRelay()], define: ${define} }`

  /** Edits a file until Vite notices: it overlooks edits in its first moments. */
  async function editUntil(noticed: Promise<void>, edit: (comment: string) => Promise<void>) {
    const done = noticed.then(() => true)
    for (let n = 0; !(await Promise.race([done, sleep(500, false)])); n++) await edit(`// ${n}`)
  }

  test.each([
    ['whole', `{ 'process.env': loadEnv('development', '.', '') }`, 'process.env'],
    ['as JSON', `{ KEY: JSON.stringify(loadEnv('development', '.', '').SHOP_KEY) }`, 'KEY'],
    ['as JSON of JSON', `{ KEY: JSON.stringify(JSON.stringify(loadEnv('development', '.', ''))) }`, 'KEY'],
    ['as a part', `{ KEY: { auth: ['Bearer ' + loadEnv('development', '.', '').SHOP_KEY] } }`, 'KEY'],
  ])('%s', async (_what, define, name) => {
    const { write, start } = await createProject()
    await write('vite.config.js', configWith(define))
    const { url, says } = await start('dev')
    await says(
      RegExp(
        `Vite writes define\\["${name}"\\] of its config into every page, and it contains the secret of keys\\.shop\\.`,
      ),
    )
    const health = async () => (await fetch(`${url}/relay/health`)).status
    expect(await health()).toBe(503)
    // Out of the pages again.
    await editUntil(says(/server restarted/), (comment) => write('vite.config.js', configWith('{}', comment)))
    await eventually(async () => expect(await health()).toBe(200))
  })

  test('from process.env after a restart: the server before goes on', async () => {
    const { write, start } = await createProject()
    await write('vite.config.js', configWith(`{ 'process.env': process.env }`))
    const { url, send, says } = await start('dev')
    await says(/runs with relay\.config\.ts/)
    expect(await send('/first')).toBe('resolved')
    await editUntil(
      says(/Vite writes define\["process\.env"\] of its config into every page[^]*server restart failed/),
      (comment) => write('vite.config.js', configWith(`{ 'process.env': process.env }`, comment)),
    )
    for (const path of ['/main.js', '/@vite/env', `/@fs${root}/node_modules/vite/dist/client/env.mjs`])
      expect(await (await fetch(url + path)).text()).not.toContain(secret)
    expect(await send('/first')).toBe('resolved')
  })
})

test('a project without a config gets a sentence, and its first config counts from the next call on', async () => {
  const { folder, write, start } = await createProject()
  await rm(join(folder, 'relay.config.ts'))
  const { send, says } = await start('dev')
  await says(/client-secret-relay: There is no relay\.config\.ts\b/)
  expect(await send('/first')).toBe('UNAVAILABLE')
  await write('relay.config.ts', configOf(['/first']))
  expect(await send('/first')).toBe('resolved')
})

test('a server that does not listen opens no database, and close closes what calls have opened', async () => {
  const { write, run } = await createProject()
  await write(
    'close.js',
    `import { readdirSync, readlinkSync, existsSync } from 'node:fs'
    import { createServer } from 'vite'
    const open = () => process.platform !== 'linux' ? 'unknown' : readdirSync('/proc/self/fd').filter((fd) => {
      try { return readlinkSync('/proc/self/fd/' + fd) === process.env.SHOP_DATABASE } catch { return false }
    }).length
    const start = (listens) => createServer({ configLoader: 'native', server: listens ? { port: 0, host: '127.0.0.1' } : { middlewareMode: true } })
    const quiet = await start(false)
    await quiet.close()
    console.log('quiet:', existsSync(process.env.SHOP_DATABASE))
    const [one, two] = [await start(true), await start(true)]
    await Promise.all([one.listen(), two.listen()])
    const ask = ({ httpServer }) => fetch('http://127.0.0.1:' + httpServer.address().port + '/relay/health').then(({ status }) => status)
    console.log('asked:', await ask(one), await ask(two), 'open:', open())
    await one.close()
    console.log('one closed:', await ask(two), 'open:', open())
    const three = await start(true)
    const closing = two.close()
    await three.listen()
    await closing
    console.log('three:', await ask(three), 'open:', open())
    await three.close()
    console.log('open at the end:', open())`,
  )
  const { says, ended } = run(['close.js'])
  const one = process.platform === 'linux' ? '1' : 'unknown'
  await says(/quiet: false\n/)
  await says(RegExp(`asked: 200 200 open: ${one}\n`))
  await says(RegExp(`one closed: 200 open: ${one}\n`))
  await says(RegExp(`three: 200 open: ${one}\n`))
  await says(/open at the end: (0|unknown)\n/)
  expect(await ended).toBe(0)
})
