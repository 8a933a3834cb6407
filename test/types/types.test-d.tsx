/**
 * What must compile and what must not: read by `npm run typecheck`, never run.
 * A line below `@ts-expect-error` that compiles is an error there.
 */
import { type } from 'arktype'
import { Skapi } from 'skapi-js'
import * as v from 'valibot'
import * as z from 'zod'
import {
  ClientSecretProvider,
  createClient,
  isPollStopped,
  useClientSecretQuery,
  useClientSecretRecord,
  useClientSecretRequest,
  useClientSecretStream,
  type ClientSecretError,
  type PollStopped,
  type QueuedRequest,
  type UseClientSecretRequest,
} from '../../src/exports/index.ts'
import { deepl, openai, s3, shopify, twilio } from '../../src/exports/presets.ts'
import { relayRoute, type RelayOptions, type RouteHandler } from '../../src/exports/relay.ts'
import { skapiTransport } from '../../src/exports/skapi.ts'
import { createTestClient, fail, hold, holdStream, reply, stream } from '../../src/exports/testing.ts'
import type { ClientSecretRecord, WireError } from '../../src/protocol/record.ts'
import type { errorAnswerSchema, recordSchema } from '../../src/protocol/record-schema.ts'

interface Picture {
  picture: string
}

/** Equal both ways. */
function isExactly<Expected>() {
  return <Given,>(
    _given: Given,
    ..._mismatch: [Expected] extends [Given] ? ([Given] extends [Expected] ? [] : [never]) : [never]
  ) => {}
}

const request = {
  clientSecretName: 'api',
  url: 'https://api.example.com/v1/pictures',
  method: 'POST',
  headers: { Authorization: 'Bearer $CLIENT_SECRET' },
} as const

export function Narrowing() {
  const otter = useClientSecretRequest<Picture>(request)
  isExactly<Picture | undefined>()(otter.data)
  // @ts-expect-error data is there only once it is resolved
  void otter.data.picture
  if (otter.status === 'resolved') {
    isExactly<Picture>()(otter.data)
    isExactly<undefined>()(otter.error)
    isExactly<number>()(otter.response.status)
  }
  if (otter.status === 'failed' || otter.status === 'cancelled') isExactly<ClientSecretError>()(otter.error)
  if (otter.status === 'running') isExactly<string>()(otter.record.id)
  // @ts-expect-error there is no such status
  if (otter.status === 'done') return null
  const { status, data } = otter
  if (status === 'resolved') isExactly<Picture>()(data)
  return null
}

export function WrongRequests() {
  // @ts-expect-error a queue is named by a string
  useClientSecretRequest({ ...request, queue: 7 })
  // @ts-expect-error there is no such field
  useClientSecretRequest({ ...request, querry: 'x' })
  // @ts-expect-error url is missing
  useClientSecretRequest({ clientSecretName: 'api', method: 'GET' })
  // @ts-expect-error no such method
  useClientSecretRequest({ ...request, method: 'FETCH' })
  // @ts-expect-error a callback is given the data
  useClientSecretRequest<Picture>({ ...request, onResponse: (data: { movie: string }) => data })
  // @ts-expect-error persist is where
  useClientSecretRequest({ ...request, id: 'x', persist: true })
  // @ts-expect-error a provider needs a relay or a client
  return <ClientSecretProvider />
}

export function GoodRequests() {
  interface Body {
    prompt: string
  }
  const body: Body = { prompt: 'otter' }
  useClientSecretRequest({
    ...request,
    method: 'post',
    data: body,
    params: { tag: ['x', 'y'], page: 2, draft: true } as const,
  })
  const otter = useClientSecretRequest<Picture>({
    ...request,
    onResponse: (data, response) => {
      isExactly<Picture>()(data)
      isExactly<number>()(response.status)
    },
    onError: (error) => isExactly<ClientSecretError>()(error),
    onSettled: (data, error) => {
      isExactly<Picture | undefined>()(data)
      isExactly<ClientSecretError | undefined>()(error)
    },
  })
  isExactly<Promise<Picture>>()(otter.sendAsync({ data: body }))
  isExactly<Picture | undefined>()(useClientSecretRecord<Picture>(null).data)
  isExactly<Picture | undefined>()(useClientSecretQuery<Picture>(null).data)
  return null
}

export function WhatAPromiseGives() {
  type Anything = Picture | PollStopped | QueuedRequest<Picture>
  const plain = useClientSecretRequest<Picture>(request)
  isExactly<Promise<Picture>>()(plain.sendAsync())
  isExactly<Promise<Picture>>()(plain.sendAsync({ params: { page: 2 } }))
  isExactly<Promise<Anything>>()(plain.sendAsync({ queue: 'q' }))
  isExactly<Promise<Anything>>()(plain.sendAsync({ poll: 1000 }))
  isExactly<Promise<Picture>>()(useClientSecretRequest<Picture>({ ...request, poll: 0 }).sendAsync())
  isExactly<Promise<Picture | PollStopped>>()(useClientSecretRequest<Picture>({ ...request, poll: 1000 }).sendAsync())
  const queued = useClientSecretRequest<Picture>({ ...request, queue: 'q' })
  isExactly<Promise<QueuedRequest<Picture>>>()(queued.sendAsync())
  const both = useClientSecretRequest<Picture>({ ...request, queue: 'q', poll: 1000 })
  isExactly<Promise<Anything>>()(both.sendAsync())
  const checked = useClientSecretRequest({ ...request, schema: z.object({ picture: z.string() }) })
  isExactly<Promise<Picture>>()(checked.sendAsync())
  // Each is what a function may ask for that takes any of them.
  const anyOf: UseClientSecretRequest<Picture>[] = [plain, queued, both]
  return anyOf
}

export function Handlers() {
  const { send, stop } = useClientSecretRequest<Picture>(request)
  addEventListener('click', send)
  return (
    <form onSubmit={send}>
      <button onClick={send} onKeyDown={send} onBlur={stop} />
      {/* @ts-expect-error no such field */}
      <button onClick={() => send({ querry: 'x' })} />
    </form>
  )
}

export function WhatCanBeSent(bytes: Uint8Array<ArrayBuffer>, file: File, stream: ReadableStream) {
  const { send } = useClientSecretRequest({ ...request, data: { n: 1, list: [1, { a: null }], when: new Date() } })
  send({ data: {} })
  useClientSecretRequest({ ...request, data: new FormData() })
  send({ data: new URLSearchParams() })
  send({ data: file })
  send({ data: bytes })
  send({ data: bytes.buffer })
  // @ts-expect-error a stream
  send({ data: stream })
  send({ data: [1, 2] })
  // @ts-expect-error a map
  send({ data: new Map() })
  // @ts-expect-error a date
  send({ data: new Date() })
  // @ts-expect-error a function
  send({ data: () => ({}) })
  send({ data: '{}' })
}

export function Schemas() {
  const zod = useClientSecretRequest({
    ...request,
    schema: z.object({ picture: z.string(), size: z.optional(z.number()) }),
  })
  if (zod.status === 'resolved') isExactly<{ picture: string; size?: number | undefined }>()(zod.data)
  const valibot = useClientSecretRequest({
    ...request,
    schema: v.object({
      picture: v.pipe(
        v.string(),
        v.transform((text) => text.length),
      ),
    }),
  })
  if (valibot.status === 'resolved') isExactly<{ picture: number }>()(valibot.data)
  const arktype = useClientSecretRequest({ ...request, schema: type({ picture: 'string' }) })
  if (arktype.status === 'resolved') isExactly<{ picture: string }>()(arktype.data)
  const query = useClientSecretQuery(request, { schema: z.object({ models: z.array(z.string()) }) })
  isExactly<{ models: string[] } | undefined>()(query.data)
  // @ts-expect-error no such field in the schema
  void query.data?.movies
  return null
}

export async function promises() {
  const client = createClient({ relay: '/relay' })
  isExactly<Picture>()(await client.clientSecretRequest<Picture>(request))
  const queued = await client.clientSecretRequest<Picture>({ ...request, queue: 'q' })
  isExactly<QueuedRequest<Picture>>()(queued)
  const answer = await queued.poll()
  isExactly<Picture | PollStopped>()(answer)
  if (!isPollStopped(answer)) isExactly<Picture>()(answer)
  const poll = Math.random()
  isExactly<Picture | PollStopped | QueuedRequest<Picture>>()(
    await client.clientSecretRequest<Picture>({ ...request, queue: 'q', poll }),
  )
  // @ts-expect-error it may have been stopped
  void (await client.clientSecretRequest<Picture>({ ...request, poll: 1000 })).picture
  // @ts-expect-error a relay, or a transport
  createClient({})
}

export function Testing() {
  const client = createTestClient({ latency: 50, user: 'ann' })
    .on({ url: /pictures/, method: 'post', queue: 'q' }, reply({ picture: 'otter' }, { after: 100, inQueue: 2 }))
    .on(({ data }) => data !== undefined, fail('RATE_LIMITED', { retryAfter: 30 }), hold({ inQueue: 3 }))
    .on({}, ({ method }) => reply(method, { status: 201 }))
  isExactly<string | undefined>()(client.requests[0]?.url)
  // @ts-expect-error there is no such error
  fail('TOO_BAD')
  // @ts-expect-error there is no such field to match
  client.on({ uri: 'x' }, reply())
  // @ts-expect-error an answer is made by reply, fail or hold
  client.on({}, { picture: 'otter' })
  // @ts-expect-error no answer at all
  client.on({})
  // @ts-expect-error when a held answer comes is not known before
  hold({ after: 100 })
  const writing = holdStream({ headers: { 'content-type': 'application/x-ndjson' } })
  client.on({ url: /chat/ }, stream(['a', { n: 1 }], { every: 50, breaksOff: 'UPSTREAM_TIMEOUT' }), writing)
  writing.write('a', { n: 1 }, new Uint8Array())
  // @ts-expect-error chunks are a list
  stream('a')
  // @ts-expect-error there is no such error
  writing.breakOff('TOO_BAD')
  // @ts-expect-error when a held stream ends is not known before
  holdStream({ every: 50 })
  // @ts-expect-error what was sent is for reading
  client.requests = []
  return <ClientSecretProvider client={client} />
}

/** An interface for hovers, and a schema for the key page: each field is in both. */
export function WireShapes(record: ClientSecretRecord): z.infer<typeof recordSchema> {
  type Field = keyof z.infer<typeof recordSchema>
  isExactly<Field>()('' as keyof ClientSecretRecord)
  type ErrorField = keyof z.infer<typeof errorAnswerSchema>['error']
  isExactly<ErrorField>()('' as keyof WireError)
  const back: ClientSecretRecord = {} as z.infer<typeof recordSchema>
  return back.id ? back : record
}

export function Presets(): RelayOptions {
  openai({ endpoints: ['chat', 'images'], locked: false })
  s3({ bucket: 'b', region: 'r', folder: 'f', accessKeyId: 'a' })
  shopify({ shop: 'otters', endpoints: ['graphql'] })
  deepl({ host: 'api-free.deepl.com' })
  // @ts-expect-error there is no such endpoint
  openai({ endpoints: ['chats'] })
  // @ts-expect-error a setting of another API
  openai({ accountSid: 'AC1' })
  // @ts-expect-error rules belong in allow
  openai({ url: 'https://api.openai.com/**' })
  // @ts-expect-error the limits of a key
  openai({ limits: { perMinute: 1 } })
  // @ts-expect-error the settings are missing
  twilio()
  // @ts-expect-error a setting is missing
  s3({ bucket: 'b', region: 'r', folder: 'f' })
  // @ts-expect-error a setting is a text
  twilio({ accountSid: 1 })
  return { keys: { openai: openai(), twilio: twilio({ accountSid: 'AC1', endpoints: ['messages'] }) } }
}

export function Routes(): (request: Request) => Promise<Response> {
  const { GET, loader } = relayRoute({ keys: { openai: openai() } })
  isExactly<RouteHandler>()(loader)
  // @ts-expect-error there is no such option
  relayRoute({ kees: {} })
  return GET
}

export function Streams() {
  const Delta = z.object({ delta: z.string() })
  const stream = useClientSecretStream(request, { schema: Delta })
  isExactly<string>()(stream.text)
  isExactly<readonly { delta: string }[]>()(stream.events)
  isExactly<{ delta: string } | undefined>()(stream.data)
  isExactly<string | undefined>()(stream.record?.id)
  if (stream.status === 'failed' || stream.status === 'cancelled') isExactly<ClientSecretError>()(stream.error)
  if (stream.status === 'resolved') isExactly<undefined>()(stream.error)
  isExactly<unknown>()(useClientSecretStream(request).data)
  isExactly<string>()(useClientSecretStream(request, { read: 'text' }).data)
  isExactly<Uint8Array>()(useClientSecretStream(request, { read: 'bytes' }).data)
  const counted = useClientSecretStream(request, {
    schema: Delta,
    reduce: (count: number, { delta }) => count + delta.length,
    initial: 0,
    onResponse: (count, { status }) => [count.toFixed(), status.toFixed()],
  })
  isExactly<number>()(counted.data)
  isExactly<readonly { delta: string }[]>()(counted.events)
  counted.send({ data: { prompt: 'otter' } })
  const queued = useClientSecretStream({ ...request, queue: 'chat', poll: 500 })
  if (queued.status === 'queued') isExactly<number | undefined>()(queued.inQueue)
  // @ts-expect-error a stream has no type of its whole answer
  useClientSecretStream({ ...request, responseType: 'json' })
  // @ts-expect-error nothing else can be read
  useClientSecretStream(request, { read: 'lines' })
  // @ts-expect-error reduce needs a first state
  useClientSecretStream(request, { reduce: (count: number) => count })
  // @ts-expect-error no such status
  if (stream.status === 'running') return null
  return <button onClick={stream.send}>{stream.text}</button>
}

/** What skapi-js 2.0 adds to 1.5.8, with its narrow methods. */
interface Skapi2 extends Omit<Skapi, 'clientSecretRequestHistory'> {
  clientSecretRequestHistory(
    params: {
      url: string
      method: 'GET' | 'POST' | 'DELETE' | 'PUT'
      queue?: string
      status?: 'pending' | 'running' | 'resolved' | 'failed'
      compact?: boolean
      queue_exact?: boolean
      queue_exclude?: string
    },
    options?: object,
  ): Promise<{ list: { id: string }[]; startKey: Record<string, unknown> | 'end'; endOfList: boolean }>
  cancelClientSecretRequest(params: {
    url: string
    method: 'GET' | 'POST' | 'DELETE' | 'PUT'
    id: string
    queue?: string
  }): Promise<{ removed: boolean; message: string }>
  clientSecretRequestQueueCount(params: {
    queue: string
    service?: string
    owner?: string
  }): Promise<{ queue_name: string; in_queue: number }>
}

export const takesBothSkapis = (skapi2: Skapi2) => [skapiTransport(new Skapi('service_id')), skapiTransport(skapi2)]
