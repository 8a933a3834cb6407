import { render } from '@testing-library/react'
import type { ServerResponse } from 'node:http'
import type { ReactNode } from 'react'
import {
  ClientSecretProvider,
  createClient,
  useClientSecretStream,
  type UseClientSecretStream,
} from '../../src/exports/index.ts'
import type { UseClientSecretStreamOptions } from '../../src/exports/index.ts'
import type { RelayOptions } from '../../src/relay/options.ts'
import { startApi } from './api.ts'
import './page.tsx'
import { keyFor, startRelay } from './relay.ts'
import { watchedFetch } from './watched-fetch.ts'

/** One event of OpenAI's chat. */
export const chatEvent = (content: string) =>
  `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content } }] })}\n\n`

/** As of most APIs: the relay then holds back no more than the end of a word. */
const secret = 'sk-proj-8hQ2mX4vB7nK1pR5tY9wZ3cF6gJ0lD'

/** An API whose streams a test writes itself, a relay before it, and a page. */
export async function setUpStream(options: Partial<RelayOptions> = {}, type = 'text/event-stream') {
  const answers: ServerResponse[] = []
  const api = await startApi((_call, outgoing) => {
    outgoing.writeHead(200, { 'content-type': type }).flushHeaders()
    answers.push(outgoing)
  })
  const { url, relay } = await startRelay({ keys: { api: { ...keyFor(api.url), secret } }, ...options })
  const network = watchedFetch()
  const client = createClient({ relay: url, fetch: network.fetch })
  const request = {
    clientSecretName: 'api',
    url: `${api.url}/v1/chat`,
    method: 'POST',
    headers: { Authorization: 'Bearer $CLIENT_SECRET' },
  } as const
  const inProvider = (children: ReactNode) => <ClientSecretProvider client={client}>{children}</ClientSecretProvider>
  const write = (text: string | Uint8Array, call = -1) => void answers.at(call)!.write(text)
  return {
    api,
    relay,
    url,
    client,
    network,
    request,
    inProvider,
    answers,
    write,
    end: () => void answers.at(-1)!.end(),
  }
}

type Options<Event, Data> = UseClientSecretStreamOptions<Event, Data> & {
  reduce: (data: Data, event: Event) => Data
  initial: Data
}

/** A component that reads just these fields of the hook, and the hook as its last render had it. */
export function streamReader(
  request: Parameters<typeof useClientSecretStream>[0],
  options: object = {},
  ...fields: (keyof UseClientSecretStream)[]
) {
  const parts = {
    renders: 0,
    hook: undefined as unknown as UseClientSecretStream<unknown, unknown>,
    Reader: () => {
      const hook = useClientSecretStream(request, options as Options<unknown, unknown>)
      parts.renders += 1
      parts.hook = hook
      return <output>{fields.map((field) => JSON.stringify(hook[field])).join(' ')}</output>
    },
  }
  return parts
}

/** Renders a reader in a provider. */
export function renderStream(
  inProvider: Awaited<ReturnType<typeof setUpStream>>['inProvider'],
  ...given: Parameters<typeof streamReader>
) {
  const parts = streamReader(...given)
  return Object.assign(parts, { page: render(inProvider(<parts.Reader />)) })
}
