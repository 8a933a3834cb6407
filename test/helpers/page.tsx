import { cleanup, configure, render } from '@testing-library/react'
import type { ReactNode } from 'react'
import { afterEach } from 'vitest'
import { ClientSecretProvider, createClient, useClientSecretRequest } from '../../src/exports/index.ts'
import type {
  ClientSecretRequestParams,
  RequestStatus,
  UseClientSecretRequest,
  UseClientSecretRequestOptions,
} from '../../src/exports/index.ts'
import type { RelayOptions } from '../../src/relay/options.ts'
import { door, json, startApi, type ApiAnswer } from './api.ts'
import { keyFor, startRelay } from './relay.ts'
import { watchedFetch } from './watched-fetch.ts'

// How long something that must happen may take on a machine that is busy; nothing waits that long when it works.
configure({ asyncUtilTimeout: 30_000 })

afterEach(cleanup)

export interface Picture {
  picture: string
}

/** An API, a relay before it, a provider for it, and a request for it as a component writes it. */
export async function setUp(
  answer: ApiAnswer = (call, outgoing) => json(outgoing, { picture: `otter ${call.body}` }),
  options: Partial<RelayOptions> = {},
) {
  const api = await startApi(answer)
  const { url, relay } = await startRelay({ keys: { api: keyFor(api.url) }, ...options })
  const network = watchedFetch()
  const client = createClient({ relay: url, fetch: network.fetch })
  const request = {
    clientSecretName: 'api',
    url: `${api.url}/v1/pictures`,
    method: 'POST',
    headers: { Authorization: 'Bearer $CLIENT_SECRET' },
  } as const
  const inProvider = (children: ReactNode) => <ClientSecretProvider client={client}>{children}</ClientSecretProvider>
  return { api, relay, url, client, network, request, inProvider }
}

/** The same with an API that answers when the test opens its door. */
export async function setUpWithDoor(options: Partial<RelayOptions> = {}) {
  const { opened, open } = door()
  const parts = await setUp(async (call, outgoing) => {
    await opened
    json(outgoing, { picture: `otter ${call.body}` })
  }, options)
  return { ...parts, open }
}

/** A component that reads just these fields of the hook, and the hook as its last render had it. */
export function reader(options: UseClientSecretRequestOptions<Picture>, ...fields: (keyof UseClientSecretRequest)[]) {
  const parts = {
    renders: 0,
    /** What the fields were in each render. */
    seen: [] as unknown[][],
    hook: undefined as unknown as UseClientSecretRequest<Picture>,
    Reader: () => {
      const hook = useClientSecretRequest<Picture>(options)
      parts.renders += 1
      parts.hook = hook
      parts.seen.push(fields.map((field) => hook[field]))
      return <output>{fields.map((field) => JSON.stringify(hook[field])).join(' ')}</output>
    },
  }
  return parts
}

/** Renders a reader in a provider. */
export function renderReader(
  inProvider: (children: ReactNode) => ReactNode,
  options: UseClientSecretRequestOptions<Picture>,
  ...fields: (keyof UseClientSecretRequest)[]
) {
  const parts = reader(options, ...fields)
  return Object.assign(parts, { page: render(inProvider(<parts.Reader />)) })
}

/** A component as a user writes one, and what it showed in each render. */
export function picturePage(request: ClientSecretRequestParams<Picture>) {
  const seen: RequestStatus[] = []
  let hook!: UseClientSecretRequest<Picture>
  function Page() {
    const picture = useClientSecretRequest<Picture>(request)
    hook = picture
    if (seen.at(-1) !== picture.status) seen.push(picture.status)
    return (
      <>
        <button disabled={picture.isLoading} onClick={() => picture.send({ data: { prompt: 'otter' } })}>
          Generate
        </button>
        <output>{picture.status === 'resolved' ? picture.data.picture : picture.error?.message}</output>
        <p>{picture.isPolling ? `polling, place ${picture.inQueue}` : ''}</p>
      </>
    )
  }
  return { Page, seen, hook: () => hook }
}

/** A provider that makes its own client, as most apps have it. */
export function inRelay(relay: string, children: ReactNode) {
  return <ClientSecretProvider relay={relay}>{children}</ClientSecretProvider>
}

/** What the API of `setUp` says to the picture page. */
export const answered = 'otter {"prompt":"otter"}'
