import { spawn } from 'node:child_process'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { createClient } from '../../src/client/create-client.ts'
import { isClientSecretError } from '../../src/protocol/errors.ts'
import { openHandles } from '../frameworks/app.ts'
import { door, json, startApi } from '../helpers/api.ts'

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
        .waitUntil(() => text.exec(output), { timeout: 15_000, interval: 20 })
        .catch(() => expect.fail(`${text} is not in:\n${output}`))
      output = output.slice(found.index + found[0].length)
    }
    /** The address at which Vite listens. */
    const url = () => vi.waitUntil(() => /Local: +(http:\S+)\//.exec(output)?.[1], { timeout: 15_000, interval: 20 })
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
  await vi.waitUntil(() => api.calls.length === 1)
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
  await write('.env', `SHOP_KEY=${secret}\nVITE_SHOP_KEY=${secret}`)
  const { send, says } = await start('dev')
  await says(
    /Vite puts the variable VITE_SHOP_KEY into every page, and keys\.shop uses its value\..* such as SHOP_KEY\./,
  )
  expect(await send('/first')).toBe('UNAVAILABLE')
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
