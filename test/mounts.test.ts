import { fork } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createClient } from '../src/client/create-client.ts'
import { startApi } from './helpers/api.ts'
import { blocksOf, read, root, type Block } from './helpers/documentation.ts'
import { canary } from './helpers/relay.ts'

const page = 'stories/docs/mount-the-relay.mdx'

/** The config that the blocks import, with an API of the test behind it. */
const configFor = (apiUrl: string) => `
export default {
  keys: {
    test: {
      secret: ${JSON.stringify(canary)},
      locked: false,
      allow: [{ url: '${apiUrl}/**', methods: ['GET', 'POST'], allowPrivateNetwork: true }],
    },
  },
}
`

/** Starts Vite's dev server with the block as its config. */
const startVite = `
import { createServer } from 'vite'
import config from './vite.config.ts'

const server = await createServer({ ...config, configFile: false, server: { host: '127.0.0.1', port: 0 } })
await server.listen()
`

/** Serves the route as Next.js does: by the name of the method, with a web-standard Request. */
const serveRoute = `
import { serve } from '@hono/node-server'
import * as route from './app/relay/[...path]/route.ts'

serve({ fetch: (request) => route[request.method](request), port: 0 })
`

/** Serves the route as React Router does: GET by its loader, all else by its action. */
const serveLoader = `
import { serve } from '@hono/node-server'
import { action, loader } from './app/routes/relay.ts'

serve({ fetch: (request) => (request.method === 'GET' ? loader : action)({ request }), port: 0 })
`

/** Runs a block as a program, with the relay beside it, and gives the address at which it listens. */
async function start(block: Block, apiUrl: string, main = block.file!): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'mount-'))
  const files = {
    'package.json': '{ "type": "module" }',
    'relay.config.ts': configFor(apiUrl),
    'relay.ts': blocksOf(page).find(({ file }) => file === 'relay.ts')!.code,
    'start-vite.ts': startVite,
    'serve-route.ts': serveRoute,
    'serve-loader.ts': serveLoader,
    [block.file!]: block.code,
  }
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), text)
  }
  const child = fork(join(folder, main), {
    execArgv: ['--import', resolve(root, 'test/helpers/block-hooks.ts')],
    cwd: folder,
    env: { ...process.env, PORT: '0' },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  let output = ''
  child.stdout!.on('data', (chunk) => (output += chunk))
  child.stderr!.on('data', (chunk) => (output += chunk))
  const exited = new Promise((resolveExit) => child.once('exit', resolveExit))
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await exited
    await rm(folder, { recursive: true })
  })
  const port = await new Promise<number>((resolvePort, reject) => {
    child.once('message', (message) => resolvePort((message as { port: number }).port))
    void exited.then(() => reject(new Error(`The block of ${page}:${block.line} ended:\n${output}`)))
  })
  return `http://127.0.0.1:${port}`
}

/** The heading that the block stands under. */
function titleOf({ line }: Block): string {
  const before = read(page).split('\n').slice(0, line)
  return before.findLast((text) => text.startsWith('## '))!.slice(3)
}

describe('each way to mount the relay answers direct, polled and queued requests', () => {
  const servers = blocksOf(page).filter(({ file }) =>
    /^vite\.config\.ts$|(^|\/)(server|route|routes\/relay)\.ts$/.test(file ?? ''),
  )

  test('all of them are run here', () => {
    expect(servers.map(titleOf)).toEqual([
      'Vite',
      'Next.js, app router',
      'React Router, framework mode',
      'Node',
      'Express',
      'Fastify',
      'Hono',
    ])
  })

  test.each(servers.map((block) => [titleOf(block), block] as const))('%s', async (_title, block) => {
    const api = await startApi()
    const mains = {
      'vite.config.ts': 'start-vite.ts',
      'app/relay/[...path]/route.ts': 'serve-route.ts',
      'app/routes/relay.ts': 'serve-loader.ts',
    }
    const main = mains[block.file as keyof typeof mains] ?? block.file
    const client = createClient({ relay: `${await start(block, api.url, main)}/relay` })
    const request = {
      clientSecretName: 'test',
      url: `${api.url}/v1/otters`,
      method: 'POST',
      headers: { Authorization: 'Bearer $CLIENT_SECRET' },
      data: { prompt: 'an otter' },
    } as const

    expect(await client.clientSecretRequest(request)).toEqual({ ok: true })
    expect(await client.clientSecretRequest({ ...request, poll: 1000 })).toEqual({ ok: true })
    expect(await client.clientSecretRequest({ ...request, queue: 'otters', poll: 1000 })).toEqual({ ok: true })
    expect(api.calls.map(({ headers, body }) => [headers.authorization, body])).toEqual(
      Array(3).fill([`Bearer ${canary}`, '{"prompt":"an otter"}']),
    )
    const { records } = await client.history()
    expect(records.map(({ status }) => status)).toEqual(Array(3).fill('resolved'))
    expect(await client.cancel(records[0]!.id)).toMatchObject({ removed: false })
  })
})
