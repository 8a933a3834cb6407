import { act, render, waitFor } from '@testing-library/react'
import { StrictMode, useEffect, useState } from 'react'
import { describe, expect, test, vi } from 'vitest'
import * as z from 'zod'
import { ClientSecretProvider, createClient, useClientSecretStream } from '../../src/exports/index.ts'
import { json } from '../helpers/api.ts'
import { setUp } from '../helpers/page.tsx'
import { canary } from '../helpers/relay.ts'
import { chatEvent, renderStream, setUpStream, streamReader } from '../helpers/streams.tsx'

/** A fetch whose streams come byte by byte. */
const inBytes: typeof fetch = async (input, init) => {
  const response = await fetch(input, init)
  const cutting = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      for (const byte of chunk) controller.enqueue(new Uint8Array([byte]))
    },
  })
  return new Response(response.body!.pipeThrough(cutting), response)
}

const allFields = ['status', 'text', 'events', 'data', 'isStreaming', 'error'] as const

describe('the text grows while the API writes it', () => {
  test('each field, from send to the end', async () => {
    const { api, request, inProvider, write, end } = await setUpStream()
    const onResponse = vi.fn()
    const page = renderStream(inProvider, request, { onResponse }, ...allFields)
    expect(page.hook).toMatchObject({ status: 'idle', text: '', events: [], isStreaming: false, error: undefined })
    act(() => page.hook.send({ data: { prompt: 'otter' } }))
    expect(page.hook).toMatchObject({ status: 'sending', isStreaming: true })
    await waitFor(() => expect(page.hook.status).toBe('streaming'))
    write(chatEvent('Otters '))
    await waitFor(() => expect(page.hook.text).toBe('Otters '))
    expect(page.hook.record?.id).toMatch(/\w{16}/)
    write(chatEvent('hold hands.') + 'data: [DONE]\n\n')
    await waitFor(() => expect(page.hook.text).toBe('Otters hold hands.'))
    expect(page.hook).toMatchObject({ status: 'streaming', isStreaming: true })
    expect(onResponse).not.toHaveBeenCalled()
    end()
    await waitFor(() => expect(page.hook.status).toBe('resolved'))
    const last = { choices: [{ index: 0, delta: { content: 'hold hands.' } }] }
    expect(page.hook.events).toHaveLength(2)
    expect(page.hook).toMatchObject({ data: last, isStreaming: false, text: 'Otters hold hands.' })
    expect(onResponse).toHaveBeenCalledExactlyOnceWith(last, {
      status: 200,
      headers: expect.objectContaining({ 'content-type': 'text/event-stream' }) as object,
    })
    expect(api.calls).toHaveLength(1)
    expect(JSON.parse(api.calls[0]!.body)).toEqual({ prompt: 'otter' })
  })

  test('no character is lost or changed, wherever the network cuts it', async () => {
    const { request, url, write, end, answers } = await setUpStream()
    const text = 'Otter 🦦 schlürft Åäö 水獺 '.repeat(5)
    const client = createClient({ relay: url, fetch: inBytes })
    const page = streamReader(request, {}, 'text')
    render(
      <ClientSecretProvider client={client}>
        <page.Reader />
      </ClientSecretProvider>,
    )
    act(() => page.hook.send())
    await waitFor(() => expect(answers).toHaveLength(1))
    write([...text].map(chatEvent).join(''))
    end()
    await waitFor(() => expect(page.hook.status).toBe('resolved'))
    expect(page.hook.text).toBe(text)
  })

  test.each<[string, string, unknown[]]>([
    [
      'OpenAI, responses',
      'event: response.created\ndata: {"type":"response.created","response":{}}\n\n',
      [
        { type: 'response.output_text.delta', delta: 'Ot' },
        { type: 'response.reasoning_summary_text.delta', delta: 'hm' },
        { type: 'response.output_text.delta', delta: 'ter' },
      ],
    ],
    [
      'Anthropic',
      'event: message_start\ndata: {"type":"message_start","message":{"content":[]}}\n\n',
      [
        { type: 'content_block_delta', delta: { type: 'thinking_delta', thinking: 'hm' } },
        { type: 'content_block_delta', delta: { type: 'text_delta', text: 'Ot' } },
        { type: 'content_block_delta', delta: { type: 'text_delta', text: 'ter' } },
        { type: 'message_delta', delta: { stop_reason: 'end_turn' } },
      ],
    ],
    [
      'Gemini',
      '',
      [
        { candidates: [{ content: { parts: [{ text: 'hm', thought: true }, { text: 'Ot' }] } }] },
        { candidates: [{ content: { parts: [{ text: 'ter' }] } }] },
        { candidates: [{ finishReason: 'STOP' }] },
      ],
    ],
    [
      'OpenAI, chat with two choices and usage',
      ': comment\n\n',
      [
        {
          choices: [
            { index: 1, delta: { content: 'seal' } },
            { index: 0, delta: { role: 'assistant' } },
          ],
        },
        { choices: [{ index: 0, delta: { content: 'Otter' } }] },
        { choices: [], usage: {} },
      ],
    ],
  ])('the dialect of %s', async (_name, first, events) => {
    const { request, inProvider, write, end, answers } = await setUpStream()
    const page = renderStream(inProvider, request, {}, 'text', 'status')
    act(() => page.hook.send())
    await waitFor(() => expect(answers).toHaveLength(1))
    write(first + events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join(''))
    end()
    await waitFor(() => expect(page.hook.status).toBe('resolved'))
    expect(page.hook.text).toBe('Otter')
  })

  test('NDJSON; and a last line without its end', async () => {
    const { request, inProvider, write, end, answers } = await setUpStream({}, 'application/x-ndjson')
    const page = renderStream(inProvider, request, {}, 'events', 'text')
    act(() => page.hook.send())
    await waitFor(() => expect(answers).toHaveLength(1))
    write('{"message":{"content":"Ot"}}\r\n\n{"message":{"con')
    await waitFor(() => expect(page.hook.events).toEqual([{ message: { content: 'Ot' } }]))
    write('tent":"ter"}}\n{"done":true}')
    end()
    await waitFor(() => expect(page.hook.status).toBe('resolved'))
    expect(page.hook.events).toHaveLength(3)
    expect(page.hook.text).toBe('Otter')
  })

  test('an answer that is no stream is one event; one without events is an error that says so', async () => {
    const { request, inProvider } = await setUp((call, outgoing) => {
      if (call.body.includes('json')) return json(outgoing, { answer: 'otter' })
      outgoing.writeHead(200, { 'content-type': 'text/html' }).end('<p>otter</p>')
    })
    const page = renderStream(inProvider, request, {}, 'data', 'error')
    act(() => page.hook.send({ data: { as: 'json' } }))
    await waitFor(() => expect(page.hook.data).toEqual({ answer: 'otter' }))
    act(() => page.hook.send({ data: { as: 'html' } }))
    await waitFor(() => expect(page.hook.error?.code).toBe('INVALID_RESPONSE'))
    expect(page.hook.error?.message).toMatch(/text\/html.*read to 'text'/)
  })

  test("read: 'text' and 'bytes'", async () => {
    const { request, inProvider, write, answers } = await setUpStream({}, 'text/plain')
    const asText = renderStream(inProvider, request, { read: 'text' }, 'text', 'data', 'events')
    const asBytes = renderStream(inProvider, request, { read: 'bytes' }, 'text', 'data')
    expect([asText.hook.data, asBytes.hook.data]).toEqual(['', new Uint8Array()])
    act(() => asText.hook.send())
    await waitFor(() => expect(answers).toHaveLength(1))
    act(() => asBytes.hook.send())
    await waitFor(() => expect(answers).toHaveLength(2))
    const bytes = Buffer.from('an otter 🦦 swims')
    for (const call of [0, 1]) {
      write(bytes.subarray(0, 11), call)
      write(bytes.subarray(11), call)
      answers[call]!.end()
    }
    await waitFor(() => expect([asText.hook.status, asBytes.hook.status]).toEqual(['resolved', 'resolved']))
    expect(asText.hook).toMatchObject({ text: 'an otter 🦦 swims', data: 'an otter 🦦 swims', events: [] })
    expect(Buffer.from(asBytes.hook.data as Uint8Array).toString()).toBe('an otter 🦦 swims')
    expect(asBytes.hook.text).toBe('')
  })

  test('schema, textOf, reduce and onEvent see each event once, in order', async () => {
    const { request, inProvider, write, end, answers } = await setUpStream()
    const seen = vi.fn()
    const options = {
      schema: z.object({ n: z.number() }),
      textOf: ({ n }: { n: number }) => `${n} `,
      reduce: (sum: number, { n }: { n: number }) => sum + n,
      initial: 10,
      onEvent: seen,
    }
    const page = renderStream(inProvider, request, options, ...allFields)
    expect(page.hook.data).toBe(10)
    act(() => page.hook.send())
    await waitFor(() => expect(answers).toHaveLength(1))
    for (let n = 1; n <= 100; n++) write(`event: tick\nid: ${n}\ndata: {"n":${n},"more":true}\n\n`)
    end()
    await waitFor(() => expect(page.hook.status).toBe('resolved'))
    expect(page.hook.data).toBe(10 + 5_050)
    expect(page.hook.events).toEqual(Array.from({ length: 100 }, (_, index) => ({ n: index + 1 })))
    expect(page.hook.text).toMatch(/^1 2 3 .* 100 $/)
    expect(seen.mock.calls.at(-1)).toEqual([{ n: 100 }, { event: 'tick', id: '100' }])
  })

  test('the placeholder in data and in params, and a form', async () => {
    const { api, request, inProvider } = await setUp((_call, outgoing) => json(outgoing, {}))
    const page = renderStream(inProvider, { ...request, headers: {} }, {}, 'status', 'error')
    act(() => page.hook.send({ params: { q: 'ü', n: 1 }, headers: { Authorization: 'Bearer $CLIENT_SECRET' } }))
    await waitFor(() => expect(page.hook.status).toBe('resolved'))
    const form = { 'content-type': 'application/x-www-form-urlencoded', Authorization: 'Bearer $CLIENT_SECRET' }
    act(() => page.hook.send({ data: { to: { name: 'otter' } }, headers: form }))
    await waitFor(() => expect(api.calls).toHaveLength(2))
    expect(api.calls[0]!.path).toBe('/v1/pictures?q=%C3%BC&n=1')
    expect(decodeURIComponent(api.calls[1]!.body)).toBe('to[name]=otter')
    expect(api.calls[1]!.headers.authorization).toBe(`Bearer ${canary}`)
  })

  test('a request that is longer than a header', async () => {
    const { api, request, inProvider } = await setUp((_call, outgoing) => json(outgoing, {}))
    const page = renderStream(inProvider, request, {}, 'status')
    const prompt = 'Ötter '.repeat(20_000)
    act(() => page.hook.send({ data: { prompt } }))
    await waitFor(() => expect(page.hook.status).toBe('resolved'))
    expect(JSON.parse(api.calls[0]!.body)).toEqual({ prompt })
  })
})

describe('renders', () => {
  test('2,000 events within a second render once a frame at most, and a field that is not read renders nothing', async () => {
    const { request, inProvider, write, end, answers } = await setUpStream()
    const page = renderStream(inProvider, request, {}, 'text')
    const other = renderStream(inProvider, request, {}, 'status')
    act(() => page.hook.send())
    await waitFor(() => expect(answers).toHaveLength(1))
    act(() => other.hook.send())
    await waitFor(() => expect(answers).toHaveLength(2))
    const before = [page.renders, other.renders]
    const started = performance.now()
    for (let n = 0; n < 2_000; n += 20) {
      for (const call of [0, 1]) write(chatEvent('a ').repeat(20), call)
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    await waitFor(() => expect(page.hook.text).toHaveLength(4_000))
    const frames = Math.ceil((performance.now() - started) / 16)
    expect(page.renders - before[0]!).toBeLessThanOrEqual(frames + 2)
    expect(page.renders - before[0]!).toBeGreaterThan(5)
    expect(other.renders - before[1]!).toBeLessThanOrEqual(1)
    for (const answer of answers) answer.end()
    end()
    await waitFor(() => expect(page.hook.status).toBe('resolved'))
  })

  test('a hidden page has no frames, and still shows the text', async () => {
    vi.stubGlobal('requestAnimationFrame', () => 1)
    vi.stubGlobal('cancelAnimationFrame', () => {})
    try {
      const { request, inProvider, write, answers } = await setUpStream()
      const page = renderStream(inProvider, request, {}, 'text')
      act(() => page.hook.send())
      await waitFor(() => expect(answers).toHaveLength(1))
      write(chatEvent('otter'))
      await waitFor(() => expect(page.hook.text).toBe('otter'))
    } finally {
      vi.unstubAllGlobals()
    }
  })

  test('functions keep their identity, and events their array while nothing comes', async () => {
    const { request, inProvider, write, answers } = await setUpStream()
    const page = renderStream(inProvider, request, {}, 'events', 'status', 'text')
    const { send, stop, resume, cancel } = page.hook
    act(() => page.hook.send())
    await waitFor(() => expect(answers).toHaveLength(1))
    write(chatEvent('otter'))
    await waitFor(() => expect(page.hook.events).toHaveLength(1))
    const { events } = page.hook
    act(() => page.hook.stop())
    expect(page.hook.status).toBe('stopped')
    expect(page.hook.events).toBe(events)
    expect(page.hook).toMatchObject({ send, stop, resume, cancel })
  })
})

describe('one send, one call of the API', () => {
  test('under StrictMode, with a send in an effect that runs once', async () => {
    const { api, request, inProvider, write, end, answers } = await setUpStream()
    function Page() {
      const { text, send } = useClientSecretStream(request)
      const [isSent, setIsSent] = useState(false)
      useEffect(() => {
        if (isSent) send()
      }, [isSent, send])
      return <button onClick={() => setIsSent(true)}>{text}</button>
    }
    const page = render(<StrictMode>{inProvider(<Page />)}</StrictMode>)
    act(() => page.getByRole('button').click())
    await waitFor(() => expect(answers).toHaveLength(1))
    write(chatEvent('otter'))
    await page.findByText('otter')
    end()
    expect(api.calls).toHaveLength(1)
  })

  test('two components with the same id show the same stream', async () => {
    const { api, request, inProvider, write, answers } = await setUpStream()
    const one = streamReader(request, { id: 'chat' }, 'text')
    const other = streamReader(request, { id: 'chat' }, 'text')
    render(
      inProvider(
        <>
          <one.Reader />
          <other.Reader />
        </>,
      ),
    )
    act(() => one.hook.send())
    await waitFor(() => expect(answers).toHaveLength(1))
    write(chatEvent('otter'))
    await waitFor(() => expect([one.hook.text, other.hook.text]).toEqual(['otter', 'otter']))
    expect(api.calls).toHaveLength(1)
  })

  test('a send in a loop is refused', async () => {
    const { api, request, inProvider } = await setUpStream()
    const page = renderStream(inProvider, request, {}, 'error')
    act(() => {
      for (let n = 0; n < 30; n++) page.hook.send()
    })
    expect(page.hook.error?.code).toBe('SEND_LOOP')
    expect(api.calls.length).toBeLessThanOrEqual(20)
  })

  test('a new send stops the stream before it, which calls nothing more', async () => {
    const { api, request, inProvider, write, answers } = await setUpStream()
    const onEvent = vi.fn()
    const page = renderStream(inProvider, request, { onEvent }, 'text')
    act(() => page.hook.send())
    await waitFor(() => expect(answers).toHaveLength(1))
    write(chatEvent('one'))
    await waitFor(() => expect(page.hook.text).toBe('one'))
    act(() => page.hook.send())
    await waitFor(() => expect(answers).toHaveLength(2))
    expect(page.hook.text).toBe('')
    write(chatEvent('lost'), 0)
    write(chatEvent('two'), 1)
    await waitFor(() => expect(page.hook.text).toBe('two'))
    expect(onEvent).toHaveBeenCalledTimes(2)
    expect(api.calls).toHaveLength(2)
  })
})
