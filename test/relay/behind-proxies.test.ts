import { createAdaptorServer } from '@hono/node-server'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { Server, ServerResponse } from 'node:http'
import { createServer as createSocket, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Hono } from 'hono'
import { compress } from 'hono/compress'
import { proxy } from 'hono/proxy'
import { createServer as createVite } from 'vite'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import { createClient } from '../../src/client/create-client.ts'
import { createStream } from '../../src/client/create-stream.ts'
import { listen } from '../../stories/demo/openai.ts'
import { startApi } from '../helpers/api.ts'
import { eventually } from '../helpers/eventually.ts'
import { keyFor, startRelay } from '../helpers/relay.ts'

/** A server in front of a relay, at the origin that it is given. Gives its own origin. */
type Front = (relay: string) => Promise<string>

const fronts: Record<string, Front> = {
  'no proxy': (relay) => Promise.resolve(relay),
  nginx: behindNginx,
  "Vite's proxy": behindVite,
  compression: behindCompression,
}

/** A program that this machine may lack. */
const isMissing = (front: string) => front === 'nginx' && spawnSync('nginx', ['-v']).error !== undefined

/** Milliseconds from the API's event to the page, by front and way. */
const table: Record<string, Record<string, number>> = {}
afterAll(() => console.table(table))

/** It has an answer to each call, whose events the test writes. */
async function setUp(front: string) {
  const answers: ServerResponse[] = []
  const api = await startApi((_call, outgoing) => {
    outgoing.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
    answers.push(outgoing)
  })
  const { url } = await startRelay({ keys: { api: { ...keyFor(api.url), secret: 'sk-proj-8hQ2mX4vB7nK1pR5tY9w' } } })
  const { origin, pathname } = new URL(url)
  const client = createClient({ relay: `${await fronts[front]!(origin)}${pathname}` })
  const headers = { authorization: 'Bearer $CLIENT_SECRET' }
  const request = { clientSecretName: 'api', url: `${api.url}/v1`, method: 'POST', headers } as const
  return { client, request, answers }
}

test.each(
  Object.keys(fronts).flatMap((front) => [
    [front, 'direct'],
    [front, 'queued'],
  ]),
)('%s does not hold the events of a %s stream', async (front, way) => {
  if (isMissing(front)) return console.log('skipped: nginx is not installed (apt-get install -y nginx)')
  const { client, request, answers } = await setUp(front)
  const params = { ...request, ...(way === 'queued' && { queue: 'chat' }) }
  const stream = createStream(client, { params })
  const ended = stream.send()
  await eventually(() => expect(answers).toHaveLength(1))
  const delays: number[] = []
  // The API writes the next event when the page has the one before it, so that a proxy that waits for more waits for ever.
  for (let n = 1; n <= 5; n++) {
    const start = performance.now()
    answers[0]!.write(`data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: `otter ${n}, ` } }] })}\n\n`)
    await eventually(() => expect(stream.state().events).toHaveLength(n), { interval: 1 })
    delays.push(performance.now() - start)
  }
  answers[0]!.end()
  await ended
  expect(stream.state()).toMatchObject({ status: 'resolved', text: 'otter 1, otter 2, otter 3, otter 4, otter 5, ' })
  const middle = delays.slice(1).sort((one, other) => one - other)[2]!
  table[front] = {
    ...table[front],
    [`${way}: first, ms`]: Math.round(delays[0]!),
    [`${way}: then, ms`]: Math.round(middle),
  }
})

/** As most sites have it, which holds answers back and compresses them. */
async function behindNginx(relay: string): Promise<string> {
  const folder = await emptyFolder()
  const port = await freePort()
  const config = `
    daemon off; master_process off; pid ${folder}/nginx.pid; error_log stderr crit;
    events {}
    http {
      access_log off;
      ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/${name};`).join(' ')}
      gzip on; gzip_proxied any; gzip_min_length 0; gzip_types *;
      server { listen 127.0.0.1:${port}; location / { proxy_pass ${relay}; } }
    }`
  await writeFile(join(folder, 'nginx.conf'), config)
  const child = spawn('nginx', ['-p', folder, '-c', join(folder, 'nginx.conf')], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const exited = once(child, 'exit')
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await exited
  })
  const origin = `http://127.0.0.1:${port}`
  await eventually(() => fetch(origin))
  return origin
}

async function behindVite(relay: string): Promise<string> {
  const vite = await createVite({
    configFile: false,
    logLevel: 'error',
    root: await emptyFolder(),
    optimizeDeps: { noDiscovery: true },
    server: { port: 0, host: '127.0.0.1', ws: false, proxy: { '/api/relay': relay } },
  })
  onTestFinished(() => vite.close())
  await vite.listen(await freePort())
  return `http://127.0.0.1:${(vite.httpServer!.address() as AddressInfo).port}`
}

/** A server that compresses all answers which allow it. */
async function behindCompression(relay: string): Promise<string> {
  const app = new Hono()
  app.use(compress({ threshold: 0, contentTypeFilter: () => true }))
  app.all('*', (context) => {
    const { pathname, search } = new URL(context.req.url)
    return proxy(`${relay}${pathname}${search}`, context.req)
  })
  const server = createAdaptorServer({ fetch: app.fetch }) as Server
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return listen(server)
}

async function emptyFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'front-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** A port that nothing listens at, for programs that cannot choose one. */
async function freePort(): Promise<number> {
  const server = createSocket().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
