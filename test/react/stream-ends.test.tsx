import { act, render, waitFor } from '@testing-library/react'
import { useState } from 'react'
import { describe, expect, test, vi } from 'vitest'
import * as z from 'zod'
import { createClient, createStream, ClientSecretProvider } from '../../src/exports/index.ts'
import { door, json } from '../helpers/api.ts'
import { setUp } from '../helpers/page.tsx'
import { keyFor } from '../helpers/relay.ts'
import { chatEvent, renderStream, setUpStream, streamReader } from '../helpers/streams.tsx'

describe('failures', () => {
  test('an API that breaks off is an error with its code, and the text stays', async () => {
    const printed = vi.spyOn(console, 'error').mockImplementation(() => {})
    const { api, request, inProvider, write, answers } = await setUpStream()
    const callbacks = { onError: vi.fn(), onResponse: vi.fn(), onSettled: vi.fn() }
    const page = renderStream(inProvider, request, callbacks, 'text', 'error', 'status')
    act(() => page.hook.send())
    await waitFor(() => expect(answers).toHaveLength(1))
    write(chatEvent('Otters '))
    await waitFor(() => expect(page.hook.text).toBe('Otters '))
    answers[0]!.destroy()
    await waitFor(() => expect(page.hook.status).toBe('failed'))
    expect(page.hook).toMatchObject({ text: 'Otters ', isStreaming: false, error: { code: 'UPSTREAM_UNREACHABLE' } })
    expect(callbacks.onError).toHaveBeenCalledExactlyOnceWith(page.hook.error)
    expect(callbacks.onSettled).toHaveBeenCalledExactlyOnceWith(undefined, page.hook.error)
    expect(callbacks.onResponse).not.toHaveBeenCalled()
    // Only a lost connection can be resumed.
    act(() => page.hook.resume())
    expect(page.hook.status).toBe('failed')
    expect(api.calls).toHaveLength(1)
    printed.mockRestore()
  })

  test.each<[string, object, string]>([
    ['NOT_ALLOWED', { url: 'https://evil.example/' }, 'url'],
    ['KEY_NOT_FOUND', { clientSecretName: 'none' }, 'none'],
    ['SIGN_IN_REQUIRED', { clientSecretName: 'locked' }, 'locked'],
    ['PLACEHOLDER_MISSING', { headers: {} }, '$CLIENT_SECRET'],
    ['INVALID_PARAMETER', { method: 'FETCH' }, 'method'],
    ['INVALID_PARAMETER', { data: { n: NaN } }, 'data.n cannot be sent as JSON'],
    ['INVALID_PARAMETER', { queue: '' }, 'the name of a queue'],
    ['INVALID_PARAMETER', { poll: -1 }, 'poll must be'],
  ])('a refusal has its code: %s %o', async (code, change, said) => {
    const { api, request, inProvider } = await setUp(undefined, {
      keys: { api: keyFor('https://api.example.com'), locked: { ...keyFor('https://api.example.com'), locked: true } },
      authenticate: () => null,
    })
    const onError = vi.fn()
    const page = renderStream(inProvider, { ...request, ...change }, { onError }, 'error', 'status')
    act(() => page.hook.send())
    await waitFor(() => expect(page.hook.status).toBe('failed'))
    expect(page.hook.error?.code).toBe(code)
    expect(page.hook.error?.message).toContain(said)
    expect(onError).toHaveBeenCalledOnce()
    expect(api.calls).toEqual([])
  })

  test('an error answer of the API: its status and body are in the error, not in the text', async () => {
    const { api, request, inProvider } = await setUp((_call, outgoing) =>
      json(outgoing, { error: { message: 'Slow down.' } }, 429),
    )
    const page = renderStream(inProvider, request, {}, 'error', 'text')
    act(() => page.hook.send())
    await waitFor(() => expect(page.hook.error).toBeDefined())
    expect(page.hook.error).toMatchObject({
      code: 'UPSTREAM_ERROR',
      status: 429,
      data: { error: { message: 'Slow down.' } },
      message: 'The API answered 429: Slow down.',
    })
    expect(page.hook.text).toBe('')
    expect(api.calls).toHaveLength(1)
  })

  test.each([
    ['Anthropic', { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }],
    ['OpenAI, chat', { error: { message: 'Overloaded', type: 'server_error' } }],
    ['OpenAI, responses', { type: 'response.failed', response: { error: { message: 'Overloaded' } } }],
    ['OpenAI, responses, before an answer', { type: 'error', code: 'x', message: 'Overloaded' }],
    ['Ollama', { error: 'Overloaded' }],
  ])('an error within the stream: %s', async (_name, event) => {
    const { request, inProvider, write, answers } = await setUpStream()
    const page = renderStream(inProvider, request, {}, 'error', 'text')
    act(() => page.hook.send())
    await waitFor(() => expect(answers).toHaveLength(1))
    write(`${chatEvent('Otters')}data: ${JSON.stringify(event)}\n\n`)
    answers[0]!.end()
    await waitFor(() => expect(page.hook.status).toBe('failed'))
    expect(page.hook.error).toMatchObject({ code: 'UPSTREAM_ERROR', data: event })
    expect(page.hook.error?.message).toContain('Overloaded')
    expect(page.hook.text).toBe('Otters')
  })

  test('a mismatch with the schema, and a reducer that throws', async () => {
    const { request, inProvider, write, answers } = await setUpStream()
    const schema = z.object({ n: z.object({ m: z.number() }) })
    const page = renderStream(inProvider, request, { schema }, 'error', 'events')
    act(() => page.hook.send())
    await waitFor(() => expect(answers).toHaveLength(1))
    write('data: {"n":{"m":1}}\n\ndata: {"n":{"m":"x"}}\n\n')
    await waitFor(() => expect(page.hook.error).toMatchObject({ code: 'INVALID_RESPONSE', path: 'n.m' }))
    expect(page.hook.events).toEqual([{ n: { m: 1 } }])
    const reduce = () => {
      throw new Error('no otter')
    }
    const other = renderStream(inProvider, request, { reduce, initial: 0 }, 'error')
    act(() => other.hook.send())
    await waitFor(() => expect(answers).toHaveLength(2))
    write(chatEvent('a'))
    await waitFor(() => expect(other.hook.error).toMatchObject({ code: 'INTERNAL', message: 'no otter' }))
  })

  test('a relay that cannot be reached; later, resume reaches it, and the API is called once', async () => {
    const { api, request, inProvider, network, end } = await setUpStream()
    const page = renderStream(inProvider, request, {}, 'status', 'error')
    network.isCut = true
    act(() => page.hook.send())
    await waitFor(() => expect(page.hook.error?.code).toBe('NETWORK_ERROR'))
    network.isCut = false
    act(() => page.hook.resume())
    await waitFor(() => expect(page.hook.status).toBe('streaming'))
    end()
    await waitFor(() => expect(page.hook.status).toBe('resolved'))
    expect(api.calls).toHaveLength(1)
  })

  test('a server without streams is an error in the state, not in the render', async () => {
    const { request, client } = await setUp()
    const { fetch: _fetch, ...transport } = client.transport
    const page = streamReader(request, {}, 'error')
    render(
      <ClientSecretProvider client={createClient({ transport })}>
        <page.Reader />
      </ClientSecretProvider>,
    )
    act(() => page.hook.send())
    expect(page.hook.error?.message).toMatch(/has no fetch/)
  })
})

describe('a lost connection continues where it broke', () => {
  const text = 'Otter 🦦 schlürft Åäö 水獺 '.repeat(8)
  const whole = Buffer.from([...text].map(chatEvent).join(''))

  test.each([1, 7, 60, 500, 2_000, 2_777, whole.length - 1])('after %i bytes', async (offset) => {
    const { api, url, request, answers, write, end } = await setUpStream()
    const cut = cutOnce(offset)
    const client = createClient({ relay: url, fetch: cut.fetch })
    const page = streamReader(request, {}, 'text', 'status')
    render(
      <ClientSecretProvider client={client}>
        <page.Reader />
      </ClientSecretProvider>,
    )
    act(() => page.hook.send())
    await waitFor(() => expect(answers).toHaveLength(1))
    // The relay holds back the end of a long word.
    write(whole.subarray(0, offset + 1_000))
    if (offset + 1_000 < whole.length) await waitFor(() => expect(cut.streams()).toBe(2))
    write(whole.subarray(offset + 1_000))
    end()
    await waitFor(() => expect(page.hook.status).toBe('resolved'))
    expect(page.hook.text).toBe(text)
    expect(cut.streams()).toBe(2)
    expect(api.calls).toHaveLength(1)
  })

  /** A fetch whose first stream breaks after so many bytes. */
  function cutOnce(offset: number) {
    let streams = 0
    const cutting: typeof fetch = async (input, init) => {
      const response = await fetch(input, init)
      if (!String(input).endsWith('/fetch') || ++streams > 1) return response
      let rest = offset
      const breaking = new TransformStream<Uint8Array, Uint8Array>({
        transform(chunk, controller) {
          controller.enqueue(chunk.subarray(0, rest))
          rest -= chunk.length
          // Later, so that the reader gets the chunk before the error.
          if (rest <= 0) setTimeout(() => controller.error(new TypeError('network error')))
        },
        // An answer that ends meanwhile must not end well.
        flush: () => (rest <= 0 ? new Promise<void>(() => {}) : undefined),
      })
      return new Response(response.body!.pipeThrough(breaking), response)
    }
    return { fetch: cutting, streams: () => streams }
  }
})

describe('stop, resume, cancel, unmount', () => {
  const grace = { limits: { disconnectGracePeriod: 300 } }

  test('stop leaves the call alone; resume in time goes on at the same character, with one call', async () => {
    const { api, request, inProvider, write, end, answers } = await setUpStream()
    const onResponse = vi.fn()
    const page = renderStream(inProvider, request, { onResponse }, 'text', 'status')
    act(() => page.hook.send())
    await waitFor(() => expect(answers).toHaveLength(1))
    write(chatEvent('one ') + chatEvent('two ').slice(0, 20))
    await waitFor(() => expect(page.hook.text).toBe('one '))
    act(() => page.hook.stop())
    expect(page.hook).toMatchObject({ status: 'stopped', isStreaming: false, text: 'one ' })
    write(chatEvent('two ').slice(20) + chatEvent('three '))
    act(() => page.hook.resume())
    expect(page.hook.status).toBe('streaming')
    await waitFor(() => expect(page.hook.text).toBe('one two three '))
    act(() => {
      page.hook.stop()
      page.hook.resume()
      page.hook.resume()
    })
    write(chatEvent('four'))
    end()
    await waitFor(() => expect(page.hook.status).toBe('resolved'))
    expect(page.hook.text).toBe('one two three four')
    expect(onResponse).toHaveBeenCalledOnce()
    expect(api.calls).toHaveLength(1)
  })

  test('after stop and the grace period the relay ends the call; resume then says so', async () => {
    const { opened, open } = door()
    const { request, inProvider, client, write, answers } = await setUpStream(grace)
    const page = renderStream(inProvider, request, {}, 'text', 'error')
    act(() => page.hook.send())
    await waitFor(() => expect(answers).toHaveLength(1))
    answers[0]!.on('close', open)
    write(chatEvent('one '))
    await waitFor(() => expect(page.hook.text).toBe('one '))
    act(() => page.hook.stop())
    await opened
    await waitFor(async () => expect((await client.history()).records[0]?.status).toBe('failed'))
    act(() => page.hook.resume())
    await waitFor(() => expect(page.hook.error?.code).toBe('ABORTED'))
    expect(page.hook.text).toBe('one ')
  })

  test('cancel ends the call at once: while it streams, and before the API answers', async () => {
    const { opened, open } = door()
    const { api, request, inProvider, client, write, answers } = await setUpStream()
    const onError = vi.fn()
    const page = renderStream(inProvider, request, { onError }, 'text', 'status')
    expect(await page.hook.cancel()).toMatchObject({ removed: false })
    act(() => page.hook.send())
    await waitFor(() => expect(answers).toHaveLength(1))
    answers[0]!.on('close', open)
    write(chatEvent('one '))
    await waitFor(() => expect(page.hook.text).toBe('one '))
    expect(await act(() => page.hook.cancel())).toMatchObject({ removed: true })
    expect(page.hook).toMatchObject({ status: 'cancelled', text: 'one ', error: { code: 'CANCELLED' } })
    await opened
    act(() => page.hook.send())
    expect(await act(() => page.hook.cancel())).toMatchObject({ removed: true })
    expect(page.hook.status).toBe('cancelled')
    expect(onError).toHaveBeenCalledTimes(2)
    expect((await client.history()).records.map(({ status }) => status)).not.toContain('resolved')
    expect(api.calls.length).toBeLessThanOrEqual(2)
    expect(await page.hook.cancel()).toMatchObject({ removed: false })
  })

  test('cancel after stop', async () => {
    const { request, inProvider, client, answers } = await setUpStream()
    const page = renderStream(inProvider, request, {}, 'status')
    act(() => page.hook.send())
    await waitFor(() => expect(answers).toHaveLength(1))
    await waitFor(() => expect(page.hook.status).toBe('streaming'))
    act(() => page.hook.stop())
    await act(() => page.hook.cancel())
    expect(page.hook.status).toBe('cancelled')
    expect((await client.history()).records[0]?.status).toBe('cancelled')
  })

  test('an unmount releases the reader, and the relay ends the call', async () => {
    const { opened, open } = door()
    const { request, inProvider, answers } = await setUpStream(grace)
    const page = renderStream(inProvider, request, {}, 'status')
    act(() => page.hook.send())
    await waitFor(() => expect(page.hook.status).toBe('streaming'))
    answers[0]!.on('close', open)
    page.page.unmount()
    await opened
  })

  test('a component that returns in time goes on; its status never says stopped', async () => {
    const { api, request, inProvider, write, end, answers } = await setUpStream()
    const reader = streamReader(request, { id: 'chat' }, 'text', 'status')
    const seen = new Set<string>()
    let show!: (isShown: boolean) => void
    function Page() {
      const [isShown, setIsShown] = useState(true)
      show = setIsShown
      return isShown ? <reader.Reader /> : null
    }
    render(inProvider(<Page />))
    act(() => reader.hook.send())
    await waitFor(() => expect(answers).toHaveLength(1))
    write(chatEvent('one '))
    await waitFor(() => expect(reader.hook.text).toBe('one '))
    act(() => show(false))
    write(chatEvent('two '))
    await new Promise((resolve) => setTimeout(resolve, 50))
    act(() => show(true))
    seen.add(reader.hook.status)
    expect(reader.hook.text).toBe('one ')
    await waitFor(() => expect(reader.hook.text).toBe('one two '))
    end()
    await waitFor(() => expect(reader.hook.status).toBe('resolved'))
    expect([...seen]).toEqual(['streaming'])
    expect(api.calls).toHaveLength(1)
  })

  test('without React: createStream, and a signal that ends the call', async () => {
    const { opened, open } = door()
    const { client, request, write, answers } = await setUpStream()
    const ending = new AbortController()
    const onSettled = vi.fn()
    const stream = createStream(client, { params: request, options: () => ({ onSettled }), signal: ending.signal })
    const ended = stream.send()
    await waitFor(() => expect(answers).toHaveLength(1))
    answers[0]!.on('close', open)
    write(chatEvent('one '))
    await waitFor(() => expect(stream.state().text).toBe('one '))
    ending.abort()
    await ended
    expect(stream.state()).toMatchObject({ status: 'failed', text: 'one ', error: { code: 'ABORTED' } })
    expect(onSettled).toHaveBeenCalledOnce()
    await opened
    const late = createStream(client, { params: request, signal: ending.signal })
    await late.send()
    expect(late.state().error?.code).toBe('ABORTED')
    expect(answers).toHaveLength(1)
  })
})
