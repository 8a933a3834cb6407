import { createServer, request as forward, type ServerResponse } from 'node:http'
import { build, type Plugin, type Rolldown } from 'vite'
import type { Browser } from 'playwright'
import { listen } from '../../stories/demo/openai.ts'
import { launchChromium } from '../helpers/demo.ts'
import { blocksOf } from '../helpers/documentation.ts'

/** One call that came to the API. */
export interface ChatCall {
  body: string
  outgoing: ServerResponse
  /** Whether the connection is closed, by whichever side. */
  isClosed: boolean
}

/** Milliseconds between two deltas. */
const every = 12

/** Words of many bytes, so that a wrong byte shows. */
export const words = Array.from({ length: 90 }, (_, n) => `Otter ${n} 🦦 schlürft ${'水獺'.repeat(n % 3)}, `)
export const text = words.join('')

const event = (type: string, more: object) => `event: ${type}\ndata: ${JSON.stringify({ type, ...more })}\n\n`
const item = { type: 'message', id: 'msg_1', status: 'in_progress', role: 'assistant', content: [] }
const response = { id: 'resp_1', object: 'response', created_at: 1, model: 'gpt-5', output: [] }
const usage = { input_tokens: 1, output_tokens: 1, total_tokens: 2 }
const created = event('response.created', { response })
const completed = event('response.completed', { response: { ...response, status: 'completed', usage } })
const itemEvents = (type: string, one: object) => event(`response.output_item.${type}`, { output_index: 0, item: one })
export const begin = created + itemEvents('added', item)
export const delta = (piece: string) =>
  event('response.output_text.delta', { item_id: 'msg_1', output_index: 0, content_index: 0, delta: piece })
export const end = itemEvents('done', { ...item, status: 'completed' }) + completed
const call = {
  type: 'function_call',
  id: 'fc_1',
  call_id: 'call_1',
  name: 'count',
  arguments: '{}',
  status: 'completed',
}
export const toolCall =
  created +
  itemEvents('added', { ...call, arguments: '', status: 'in_progress' }) +
  itemEvents('done', call) +
  completed

/**
 * A site whose relay is elsewhere, an API of OpenAI's responses before which it stands, and a Chromium.
 *
 * @param answer Writes the answer of the API. Default: all words, one after the other.
 */
export async function startChatWorld(relayFor: (apiUrl: string) => Promise<string>) {
  const calls: ChatCall[] = []
  /** For calls whose body has the text. The others get all words. */
  const answers = new Map<string, (call: ChatCall) => void>()
  const api = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = []
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
    incoming.on('end', () => {
      const call: ChatCall = { body: Buffer.concat(chunks).toString(), outgoing, isClosed: false }
      calls.push(call)
      outgoing.once('close', () => (call.isClosed = true))
      const own = [...answers].find(([part]) => call.body.includes(part))
      ;(own?.[1] ?? writeWords)(call)
    })
  })
  const apiUrl = await listen(api)
  const files = await bundle()
  const state = { relay: await relayFor(apiUrl) }
  const relayed: string[] = []
  const site = createServer((incoming, outgoing) => {
    const path = incoming.url ?? '/'
    if (path.startsWith('/relay/')) {
      relayed.push(`${incoming.method} ${path}`)
      const { method, headers } = incoming
      const onward = forward(`${state.relay}${path.slice('/relay'.length)}`, { method, headers }, (answer) => {
        outgoing.writeHead(answer.statusCode!, answer.headers).flushHeaders()
        answer.pipe(outgoing)
        answer.once('close', () => !answer.complete && outgoing.destroy())
      })
      onward.once('error', () => outgoing.destroy())
      outgoing.once('close', () => onward.destroy())
      incoming.pipe(onward)
      return
    }
    const file = files.get(path)
    outgoing.setHeader('content-type', file ? 'text/javascript' : 'text/html; charset=utf-8')
    outgoing.end(
      file ??
        `<!doctype html><script>window.apiUrl = '${apiUrl}'; window.relay = '/relay'</script><script type="module" src="/page.js"></script>`,
    )
  })
  const url = await listen(site)
  const browser: Browser = await launchChromium()

  async function open(path: string) {
    const page = await (await browser.newContext()).newPage()
    await page.goto(`${url}/${path}`)
    return {
      page,
      ask: async (question?: string) => {
        if (question !== undefined) await page.getByLabel('Question').fill(question)
        await page.getByRole('button', { name: 'Ask' }).click()
      },
      stop: () => page.getByRole('button', { name: 'Stop' }).click(),
      text: async () => (await page.getByTestId('text').textContent()) ?? '',
      status: async () => (await page.locator('output').textContent()) ?? '',
      callsOf: (part: string) => calls.filter(({ body }) => body.includes(part)),
    }
  }

  return {
    apiUrl,
    calls,
    answers,
    relayed,
    open,
    /** Sends the next calls to another relay. */
    useRelay: (relay: string) => (state.relay = relay),
    async close() {
      await browser.close()
      for (const server of [site, api]) {
        server.closeAllConnections()
        server.close()
      }
    },
  }
}

function writeWords({ outgoing }: ChatCall): void {
  outgoing.writeHead(200, { 'content-type': 'text/event-stream' }).write(begin)
  let at = 0
  const timer = setInterval(() => {
    if (at < words.length) return void outgoing.write(delta(words[at++]!))
    clearInterval(timer)
    outgoing.end(end)
  }, every)
  outgoing.once('close', () => clearInterval(timer))
}

/** The recipe as the documentation prints it, with the address of the API of the test. */
const asPrinted: Plugin = {
  name: 'kept-chat-as-printed',
  enforce: 'pre',
  resolveId: (id) => (id === '/kept-chat-as-printed.tsx' ? id : undefined),
  load(id) {
    if (id !== '/kept-chat-as-printed.tsx') return undefined
    const { code } = blocksOf('stories/docs/use-an-sdk.mdx').find(({ file }) => file === 'kept-chat.tsx')!
    return code.replace("apiKey: '$CLIENT_SECRET',", "apiKey: '$CLIENT_SECRET', baseURL: `${window.apiUrl}/v1`,")
  },
}

async function bundle(): Promise<Map<string, string>> {
  const source = (name: string) => `${import.meta.dirname}/../../src/exports/${name}.ts`
  const { output } = (await build({
    root: import.meta.dirname,
    configFile: false,
    plugins: [asPrinted],
    resolve: {
      alias: { 'react-client-secret/client': source('client'), 'react-client-secret/ai-sdk': source('ai-sdk') },
    },
    logLevel: 'error',
    build: {
      write: false,
      minify: false,
      modulePreload: false,
      rolldownOptions: {
        input: `${import.meta.dirname}/kept-chat-page.tsx`,
        output: { entryFileNames: 'page.js' },
      },
    },
  })) as Rolldown.RolldownOutput
  return new Map(output.map((file) => [`/${file.fileName}`, file.type === 'chunk' ? file.code : String(file.source)]))
}
