import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { getRequestListener } from '@hono/node-server'
import type { LLMock } from '@copilotkit/aimock'
import type { Plugin } from 'vite'
import { workerFile } from '../../src/command/worker.ts'
import { createRelay, type Relay } from '../../src/relay/create-relay.ts'
import { startOpenAi, type OpenAi } from './openai.ts'
import { recordedDemo } from './recorded-demo.ts'
import { story } from './story.ts'

const virtualModule = 'virtual:demo-api'
const recordedModule = 'virtual:demo-recordings'

/**
 * Mounts a relay at /relay in Vite's dev server, with an OpenAI-compatible API
 * behind it, so that `npm run demo` needs nothing else. The key is made anew at
 * each start (or taken from DEMO_SECRET, for tests) and known to these two only.
 *
 * Where Storybook is built into files there is no server. The build records both,
 * and the testing client plays their answers.
 */
export function demo(): Plugin {
  let running: Promise<{ api: OpenAi; relay: Relay }> | undefined
  let isBuild = false

  async function start() {
    const secret = process.env['DEMO_SECRET'] ?? `sk-demo-${randomBytes(24).toString('base64url')}`
    const otter = await readFile(new URL('otter.png', import.meta.url), 'base64')
    const api = await startOpenAi({
      secret,
      delay: takes,
      fixtures: (mock) => answers(mock, otter),
    })
    const relay = createRelay({
      keys: {
        openai: {
          secret,
          // Whoever sees the demo may use it.
          locked: false,
          allow: [
            { url: `${api.url}/v1/**`, methods: ['POST'], in: ['headers.authorization'], allowPrivateNetwork: true },
          ],
        },
      },
    })
    return { api, relay }
  }

  return {
    name: 'react-client-secret-demo',
    configResolved: ({ command }) => void (isBuild = command === 'build'),
    async configureServer(server) {
      const { api, relay } = await (running ??= start())
      console.log(`demo: an OpenAI-compatible API at ${api.url}, a relay before it at /relay`)
      server.middlewares.use('/relay', (incoming, outgoing) => void getRequestListener(relay.fetch)(incoming, outgoing))
      // What reached the API, for the page to show: that the key was right, never what it was.
      server.middlewares.use('/demo/calls', (_incoming, outgoing) => {
        outgoing.setHeader('content-type', 'application/json')
        outgoing.end(JSON.stringify(api.calls))
      })
      const worker = workerFile({ relay: '/relay', keys: { [api.url]: 'openai' } })
      server.middlewares.use('/client-secret-worker.js', (_incoming, outgoing) => {
        outgoing.setHeader('content-type', 'text/javascript')
        outgoing.end(worker)
      })
      const close = server.close.bind(server)
      server.close = async () => {
        await close()
        await Promise.all([relay.close(), api.close()])
      }
    },
    resolveId: (id) => ([virtualModule, recordedModule].includes(id) ? `\0${id}` : undefined),
    async load(id) {
      if (id === `\0${recordedModule}`) {
        const { api, relay } = await start()
        const recordings = await recordedDemo(relay, api.url)
        await Promise.all([relay.close(), api.close()])
        return `export const recordings = ${JSON.stringify(recordings)}`
      }
      if (id !== `\0${virtualModule}`) return undefined
      if (isBuild) {
        const module = JSON.stringify(fileURLToPath(new URL('stand-in.ts', import.meta.url)))
        return `import * as standIn from ${module}\nexport { standIn }\nexport { apiUrl } from ${module}`
      }
      const { api } = await (running ??= start())
      return `export const apiUrl = ${JSON.stringify(api.url)}\nexport const standIn = undefined`
    },
  }
}

/** What the API knows to say and to paint. */
function answers(mock: LLMock, otter: string): void {
  mock.onImage(/forbidden/i, {
    error: {
      message: 'Your request was rejected by our safety system.',
      type: 'image_generation_user_error',
      code: 'moderation_blocked',
    },
    status: 400,
  } as never)
  mock.onImage(/./, {
    image: { b64Json: otter, revisedPrompt: 'A sea otter drifts on its back at dusk, a shell on its belly.' },
  })
  mock.onMessage(/busy/i, {
    error: {
      message: 'The server is overloaded with otters. Please try again later.',
      type: 'server_error',
      code: 'overloaded',
    },
    status: 503,
  })
  mock.onMessage(/breaks off/i, { content: story }, { latency: 40, chunkSize: 5, truncateAfterChunks: 12 })
  mock.onMessage(/long story/i, { content: story }, { latency: 40, chunkSize: 5 })
  mock.onMessage(/./, { content: 'Otters hold hands while they sleep, so that they do not drift apart.' })
}

/** Milliseconds of an answer: long enough to be watched, and longer for a prompt that says slowly. */
function takes(body: string): number {
  if (!body.includes('"gpt-image')) return 300
  return body.includes('slowly') ? 30_000 : 2_400
}
