import type { ServerResponse } from 'node:http'
import { expect, test } from 'vitest'
import { createStream, type Client, type StreamObject } from '../../src/exports/client.ts'
import { createTestClient, holdStream } from '../../src/exports/testing.ts'
import { startApi } from '../helpers/api.ts'
import { eventually } from '../helpers/eventually.ts'
import { keyFor, startRelay } from '../helpers/relay.ts'

// As in testing-client.test.ts: each play is done with a relay and with the testing client, and both tell the same.

/** An API whose stream the play writes, and a client for it. */
interface Stage {
  client: Client
  request: { clientSecretName: string; url: string; method: 'POST'; headers: Record<string, string> }
  write: (text: string) => void
  end: () => void
  breakOff: () => void
}

const headers = { authorization: 'Bearer $CLIENT_SECRET', 'content-type': 'application/json' }
const requestTo = (api: string) => ({
  clientSecretName: 'api',
  url: `${api}/v1/chat`,
  method: 'POST' as const,
  headers,
})

async function overRelay(status: number): Promise<Stage> {
  const answers: ServerResponse[] = []
  const written: string[] = []
  const api = await startApi((_call, outgoing) => {
    outgoing.writeHead(status, { 'content-type': 'text/event-stream' }).flushHeaders()
    for (const text of written) outgoing.write(text)
    answers.push(outgoing)
  })
  const { client } = await startRelay({ keys: { api: keyFor(api.url) } })
  const each = (act: (answer: ServerResponse) => void) => {
    for (const answer of answers) act(answer)
  }
  return {
    client,
    request: requestTo(api.url),
    write(text) {
      written.push(text)
      each((answer) => answer.write(text))
    },
    end: () => each((answer) => answer.end()),
    breakOff: () => each((answer) => answer.destroy()),
  }
}

function scripted(status: number): Stage {
  const { write, end, breakOff, ...answer } = holdStream({ status })
  return {
    client: createTestClient().on({}, answer),
    request: requestTo('http://127.0.0.1:1'),
    write,
    end,
    breakOff: () => breakOff(),
  }
}

const event = (n: number) => `data: {"n":${n}}\n\n`
const textOf = (given: unknown) => `${(given as { n: number }).n} `
const comes = (text: string, stream: StreamObject) => eventually(() => expect(stream.state().text).toBe(text))

function told(stream: StreamObject) {
  const { status, text, events, data, error, record } = stream.state()
  return { status, text, events, data, code: error?.code, hasRecord: record !== undefined }
}

/** What a promise came to. */
const ending = (promise: Promise<unknown>) =>
  promise.then(
    (value) => ({ value }),
    (thrown: unknown) => ({ name: (thrown as Error).name }),
  )

const streamOf = ({ client, request }: Stage, params = {}) =>
  createStream<unknown, unknown>(client, { params: { ...request, ...params }, options: () => ({ textOf }) })

const plays: Record<string, (stage: Stage) => Promise<unknown>> = {
  'two chunks and the end': async (stage) => {
    const stream = streamOf(stage, { data: { prompt: 'otter' } })
    stage.write(event(1))
    const sent = stream.send()
    await comes('1 ', stream)
    stage.write(event(2))
    await comes('1 2 ', stream)
    stage.end()
    await sent
    const { records } = await stage.client.history()
    return { told: told(stream), records: records.map(({ status, request }) => [status, request?.data]) }
  },
  'it breaks off': async (stage) => {
    const stream = streamOf(stage)
    stage.write(event(1))
    const sent = stream.send()
    await comes('1 ', stream)
    stage.breakOff()
    await sent
    return { told: told(stream), records: (await stage.client.history()).records.map(({ status }) => status) }
  },
  'stopped, resumed, cancelled': async (stage) => {
    const stream = streamOf(stage)
    stage.write(event(1))
    const sent = stream.send()
    await comes('1 ', stream)
    stream.stop()
    await sent
    const stopped = told(stream)
    stage.write(event(2))
    const resumed = stream.resume()
    await comes('1 2 ', stream)
    const { removed } = await stream.cancel()
    await resumed
    return { stopped, removed, told: told(stream), again: (await stream.cancel()).removed }
  },
  'kept, and read again from its beginning': async (stage) => {
    const stream = streamOf(stage, { keep: true })
    stage.write(event(1) + event(2))
    const sent = stream.send()
    await comes('1 2 ', stream)
    const again = createStream<unknown, unknown>(stage.client, {
      record: stream.state().record,
      options: () => ({ textOf }),
    })
    const read = again.resume()
    await comes('1 2 ', again)
    stage.end()
    await Promise.all([sent, read])
    return [told(stream), told(again)]
  },
  'fetchWith, and an abort of it': async ({ client, request, write, end }) => {
    const abort = new AbortController()
    const fetch = client.fetchWith('api')
    const init = { method: 'POST', headers, body: '{"prompt":"otter"}' }
    write(event(1))
    const aborted = await fetch(request.url, { ...init, signal: abort.signal })
    const reader = aborted.body!.getReader()
    const first = new TextDecoder().decode((await reader.read()).value)
    const next = ending(reader.read())
    abort.abort()
    const answer = await fetch(request.url, init)
    write(event(2))
    end()
    const whole = await answer.text()
    await eventually(async () => expect((await client.history({ status: 'cancelled' })).records).toHaveLength(1))
    return {
      first,
      next: await next,
      whole,
      head: [answer.status, answer.url === request.url, answer.headers.get('content-type')],
      refused: await (
        await client.fetchWith('api', { withoutPlaceholder: 'refuse' })(request.url)
      )
        .json()
        .then(Object.keys),
    }
  },
}

test.each(Object.entries(plays))('%s: the relay and the testing client tell the same', async (_name, play) => {
  const onRelay = await play(await overRelay(200))
  expect(await play(scripted(200))).toEqual(onRelay)
})

test('an API that refuses in a stream: both tell the same', async () => {
  const play = async (stage: Stage) => {
    const stream = streamOf(stage)
    stage.write('{"error":"No otters left."}')
    const sent = stream.send()
    await eventually(async () => expect((await stage.client.history()).records).toHaveLength(1))
    await eventually(() => expect(stream.state().record).toBeDefined())
    stage.end()
    await sent
    return { told: told(stream), data: stream.state().error?.data }
  }
  const onRelay = await play(await overRelay(503))
  expect(await play(scripted(503))).toEqual(onRelay)
})
