import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import type { Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createAdaptorServer } from '@hono/node-server'
import type { Browser, BrowserContext, Page } from 'playwright'
import { Agent, setGlobalDispatcher, getGlobalDispatcher } from 'undici'
import { build, type Plugin, type Rolldown } from 'vite'
import { createRelayOn } from '../../src/relay/create-relay.ts'
import type { KeyOptions } from '../../src/relay/keys/key.ts'
import type { Place } from '../../src/relay/keys/key-rules.ts'
import { dns } from '../../src/relay/upstream/ip-filter.ts'
import { listen } from '../../stories/demo/openai.ts'
import { launchChromium } from '../helpers/demo.ts'
import { blocksOf } from '../helpers/documentation.ts'
import { formsOf } from '../helpers/secret-forms.ts'
import { storageOf } from '../helpers/page-storage.ts'
import type { Sdk } from './sdks.ts'
import type { WorkerSdk } from './worker-sdks.ts'
import { startUpstream, type Upstream } from './upstream.ts'

/** The key of all APIs here, less what some begin with. Its characters change in a url, in HTML and in JSON. */
export const secret = 'otter+/=&"<4f7c1d9e2b>'

export const keyNameOf = ({ name }: Pick<Sdk, 'name'>) => name.replaceAll(/\W+/g, '-').replaceAll(/^-|-$/g, '')

export interface World {
  upstream: Upstream
  context: BrowserContext
  page: Page
  /** Paths of the calls that came to the relay. */
  relayed: string[]
  /** Names of everything that the browser sent, got, keeps and shows in which there is a text, in whatever form. */
  search: (text: string) => Promise<string[]>
  close: () => Promise<void>
}

/** One bundle, one page in one Chromium, one relay over HTTP, and one stand-in for all APIs. */
export async function startWorld(sdks: Sdk[], workerSdks: WorkerSdk[]): Promise<World> {
  const upstream = await startUpstream((host) => {
    const sdk = sdks.find(({ hosts }) => hosts.includes(host))
    const isKnown = sdk ?? workerSdks.some((one) => one.host === host)
    return isKnown ? `${sdk?.prefix ?? ''}${secret}` : undefined
  })
  const all = [...sdks, ...workerSdks.map(({ host, ...sdk }) => ({ hosts: [host], ...sdk }))]
  const keys = Object.fromEntries(all.map((sdk) => [keyNameOf(sdk), keyOf(sdk)]))
  const network = {
    // An address of the internet, for the relay refuses others; the connector goes to the stand-in.
    resolve: ((_host, _options, callback) => callback(null, [{ address: '93.184.216.34', family: 4 }])) as typeof dns,
    connector: () => upstream.connector,
  }
  const logger = { info() {}, warn() {}, error: console.error }
  const relay = createRelayOn(network, { keys, logger, shutdownTimeout: 100 })
  const files = await bundle()
  files.set('/client-secret-worker.js', await workerOf(workerSdks))
  const relayed: string[] = []
  const site = createAdaptorServer({
    fetch(request) {
      const { pathname } = new URL(request.url)
      if (pathname.startsWith('/relay/')) {
        relayed.push(pathname)
        return relay.fetch(request)
      }
      const file = files.get(pathname.replace('/elsewhere', ''))
      const type = pathname.endsWith('.js') ? 'text/javascript' : 'text/html'
      return new Response(file, { status: file === undefined ? 404 : 200, headers: { 'content-type': type } })
    },
  }) as Server
  const url = await listen(site)
  const before = getGlobalDispatcher()
  const agent = new Agent({ connect: upstream.connector })
  setGlobalDispatcher(agent)
  const browser: Browser = await launchChromium('--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1')
  const context = await browser.newContext()
  const page = await context.newPage()
  const search = await watch(context, page, files)
  await page.goto(`${url}/`)

  return {
    upstream,
    context,
    page,
    relayed,
    search,
    async close() {
      setGlobalDispatcher(before)
      await agent.close()
      await browser.close()
      site.closeAllConnections()
      site.close()
      await relay.close()
      await upstream.close()
    },
  }
}

function keyOf({ hosts, place }: { hosts: string[]; place: Place }): KeyOptions {
  const allow = hosts.map((host) => ({
    url: `https://${host}/**`,
    methods: ['GET' as const, 'POST' as const],
    in: [place],
  }))
  return { secret, locked: false, allow }
}

/** The recipe of useChat as the documentation prints it, and what shows it. */
const chatAsPrinted: Plugin = {
  name: 'chat-as-printed',
  resolveId: (id) => (id === '/chat-as-printed.tsx' ? id : undefined),
  load(id) {
    if (id !== '/chat-as-printed.tsx') return undefined
    const { code } = blocksOf('stories/docs/use-an-sdk.mdx').find(({ file }) => file === 'chat.tsx')!
    return `import { createRoot } from 'react-dom/client'
${code}
window.showChat = () => createRoot(document.body.appendChild(document.createElement('div'))).render(<Chat />)`
  },
}

/** What `client-secret-relay worker` writes. */
async function workerOf(workerSdks: WorkerSdk[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'worker-'))
  const file = join(folder, 'client-secret-worker.js')
  const keys = workerSdks.flatMap((sdk) => ['--key', `https://${sdk.host}=${keyNameOf(sdk)}`])
  const media = workerSdks.flatMap(({ host, isMedia }) => (isMedia ? ['--media', `https://${host}`] : []))
  const command = join(import.meta.dirname, '../../src/command/client-secret-relay.ts')
  await promisify(execFile)(process.execPath, [command, 'worker', file, '--relay', '/relay', ...keys, ...media])
  const text = await readFile(file, 'utf8')
  await rm(folder, { recursive: true })
  return text
}

/** What Vite makes of the page, by path. */
async function bundle(): Promise<Map<string, string>> {
  const { output } = (await build({
    root: import.meta.dirname,
    configFile: false,
    plugins: [chatAsPrinted],
    resolve: { alias: { 'react-client-secret/client': join(import.meta.dirname, '../../src/exports/client.ts') } },
    logLevel: 'error',
    build: {
      write: false,
      minify: false,
      modulePreload: false,
      // together-ai imports it to look through a file that it uploads from a disk, and does not bring it along.
      rolldownOptions: { external: ['parquetjs'] },
    },
  })) as Rolldown.RolldownOutput
  const files = output.map(
    (file) => [`/${file.fileName}`, file.type === 'chunk' ? file.code : String(file.source)] as const,
  )
  return new Map([...files, ['/', String(files.find(([name]) => name === '/index.html')![1])]])
}

/** Looks at all that the browser has: traffic as Chromium tells of it, console, DOM, storage, and the bundle. */
async function watch(context: BrowserContext, page: Page, files: Map<string, string>): Promise<World['search']> {
  const texts: [what: string, text: string][] = [...files].map(([name, text]) => [`bundle ${name}`, text])
  const reading: Promise<unknown>[] = []
  /** Bodies of answers, which Chromium keeps of none that a page reads as a stream. */
  const bodies = new Map<string, { url: string; pieces: Buffer[] }>()
  const devtools = await context.newCDPSession(page)
  devtools.on('Network.requestWillBeSent', ({ request }) => {
    const sent = request.postDataEntries?.map(({ bytes = '' }) => Buffer.from(bytes, 'base64').toString('latin1')) ?? []
    texts.push([`request ${request.url}`, JSON.stringify([request.url, request.headers]) + sent.join('')])
  })
  devtools.on('Network.responseReceived', ({ requestId, response }) => {
    texts.push([`headers of ${response.url}`, JSON.stringify(response.headers)])
    const body = { url: response.url, pieces: [] as Buffer[] }
    bodies.set(requestId, body)
    const add = (text: string, encoding: BufferEncoding) => void body.pieces.unshift(Buffer.from(text, encoding))
    const soFar = devtools.send('Network.streamResourceContent', { requestId }).then(
      ({ bufferedData }) => add(bufferedData, 'base64'),
      // It was there as a whole.
      async () => {
        const { body: text, base64Encoded } = await devtools.send('Network.getResponseBody', { requestId })
        add(text, base64Encoded ? 'base64' : 'utf8')
      },
    )
    reading.push(soFar.catch(() => {}))
  })
  devtools.on('Network.dataReceived', ({ requestId, data }) => {
    if (data) bodies.get(requestId)?.pieces.push(Buffer.from(data, 'base64'))
  })
  await devtools.send('Network.enable')
  // What the service worker sends by itself. The page gets the bodies of its answers.
  context.on('request', (request) => {
    if (!request.serviceWorker()) return
    const sent = request.postDataBuffer()?.toString('latin1') ?? ''
    texts.push([`request of the worker ${request.url()}`, JSON.stringify(request.headers()) + sent])
  })
  context.on('response', (response) => {
    if (!response.request().serviceWorker()) return
    texts.push([`headers of the worker ${response.url()}`, JSON.stringify(response.headers())])
  })
  page.on('console', (message) => texts.push(['console', message.text()]))

  return async (text) => {
    await Promise.all(reading)
    const storage = await storageOf(page)
    const all: typeof texts = [...texts, ['the DOM', await page.content()], ['storage', storage]]
    for (const { url, pieces } of bodies.values())
      if (pieces.length > 0) all.push([`body of ${url}`, Buffer.concat(pieces).toString('latin1')])
    // The description of a call travels in base64.
    const decoded = all.map(([what, text]) => [what, text + decodedIn(text)] as const)
    const forms = formsOf(text)
    return decoded.filter(([, here]) => forms.some((form) => here.includes(form))).map(([what]) => what)
  }
}

function decodedIn(text: string): string {
  const encoded = text.match(/(?<=client-secret-(request|response)":")[^"]+/g) ?? []
  return encoded.map((one) => Buffer.from(one, 'base64').toString()).join('\n')
}
