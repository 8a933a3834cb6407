import { setTimeout as sleep } from 'node:timers/promises'
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { inspect } from 'node:util'
import { describe, expect, test, vi } from 'vitest'
import { clientSecretErrorOf } from '../../src/client/client-secret-error-of.ts'
import { createClient } from '../../src/client/create-client.ts'
import { door, json, startApi, type ApiAnswer } from '../helpers/api.ts'
import { canary, keyFor, startRelay } from '../helpers/relay.ts'
import type { RelayOptions } from '../../src/relay/options.ts'

const authorization = 'Bearer $CLIENT_SECRET'
const secret = 'sk-proj-8hQ2mX4vB7nK1pR5tY9wZ3cF6gJ0lD'

async function start(answer?: ApiAnswer, options: Partial<RelayOptions> = {}) {
  const api = await startApi(answer)
  const rule = { in: ['headers.authorization', 'params.key', 'url.path', 'data#/key'] as const }
  const key = { ...keyFor(api.url, { ...rule, in: [...rule.in], stream: true }), secret }
  const relay = await startRelay({ keys: { api: key }, ...options })
  return { api, relay, fetch: relay.client.fetchWith('api') }
}

describe('what arrives at the API', () => {
  const body = { model: 'otter', n: 1 }
  test.each<[string, RequestInit, string, string | undefined]>([
    ['a text', { body: JSON.stringify(body) }, JSON.stringify(body), 'text/plain;charset=UTF-8'],
    ['a form', { body: new URLSearchParams({ a: '1 2' }) }, 'a=1+2', 'application/x-www-form-urlencoded;charset=UTF-8'],
    ['bytes', { body: new Uint8Array([104, 105]) }, 'hi', undefined],
    ['a blob', { body: new Blob(['hi'], { type: 'audio/wav' }) }, 'hi', 'audio/wav'],
    ['a stream', { body: new Blob(['hi']).stream(), duplex: 'half' } as RequestInit, 'hi', undefined],
    ['nothing', {}, '', undefined],
  ])('%s', async (_name, init, text, type) => {
    const { api, fetch } = await start()
    const response = await fetch(`${api.url}/v1/items?q=1`, { method: 'post', headers: { authorization }, ...init })
    expect(await response.json()).toEqual({ ok: true })
    expect(api.calls).toMatchObject([{ method: 'POST', path: '/v1/items?q=1', body: text }])
    expect(api.calls[0]!.headers['content-type']).toBe(type)
    expect(api.calls[0]!.headers.authorization).toBe(`Bearer ${secret}`)
  })

  test('a multipart form, with the boundary that its header names', async () => {
    const { api, fetch } = await start()
    const form = new FormData()
    form.append('file', new File(['otter'], 'otter.txt'))
    await fetch(new URL(`${api.url}/files`), { method: 'PUT', headers: [['Authorization', authorization]], body: form })
    const { headers, body } = api.calls[0]!
    const [, boundary] = /boundary=(.+)$/.exec(headers['content-type']!)!
    expect(body).toContain(`--${boundary}`)
    expect(body).toContain('otter')
  })

  test('a Request, and what a fetch drops', async () => {
    const { api, fetch } = await start()
    const request = new Request(`${api.url}/x`, { method: 'PATCH', headers: { authorization }, body: 'hi' })
    await fetch(request, { keepalive: true, mode: 'no-cors', cache: 'no-store' })
    await fetch(`${api.url}/y`, {
      headers: { authorization, cookie: 'a=1', host: 'evil.example', 'content-length': '7' },
    })
    expect(api.calls).toMatchObject([
      { method: 'PATCH', path: '/x', body: 'hi' },
      { method: 'GET', path: '/y' },
    ])
    expect(api.calls[1]!.headers.cookie).toBeUndefined()
    expect(api.calls[1]!.headers.host).toBe(new URL(api.url).host)
  })

  test('accept is what it says, or everything, as of every fetch', async () => {
    const { api, fetch } = await start()
    await fetch(api.url, { headers: { authorization } })
    await fetch(api.url, { headers: { authorization, Accept: 'audio/mpeg' } })
    expect(api.calls.map(({ headers }) => headers.accept)).toEqual(['*/*', 'audio/mpeg'])
  })

  test('the key in the query, in the path, in JSON, also where they are percent-encoded', async () => {
    const { api, fetch } = await start()
    await fetch(`${api.url}/a?key=%24CLIENT_SECRET`)
    await fetch(`${api.url}/bot%24CLIENT_SECRET/b`)
    await fetch(`${api.url}/c`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"key":"$CLIENT_SECRET","n":1}',
    })
    expect(api.calls.map(({ path }) => path)).toEqual([`/a?key=${secret}`, `/bot${secret}/b`, '/c'])
    expect(JSON.parse(api.calls[2]!.body)).toEqual({ key: secret, n: 1 })
  })

  test('a description of more than a header holds', async () => {
    const { api, fetch } = await start()
    const long = 'ö'.repeat(3_000)
    await fetch(`${api.url}/a?q=ü`, { method: 'POST', headers: { authorization, 'x-long': long }, body: 'hi' })
    expect(api.calls).toMatchObject([{ body: 'hi', path: '/a?q=%C3%BC' }])
    expect(api.calls[0]!.headers['x-long']).toHaveLength(3_000)
  })
})

describe('what comes back', () => {
  test.each([200, 201, 204, 304, 400, 401, 404, 409, 429, 500, 503])('a %i as it is', async (status) => {
    const { api, fetch } = await start((_call, outgoing) => {
      outgoing.writeHead(status, 'So It Is', { 'x-request-id': 'r1', 'set-cookie': 'a=1' })
      outgoing.end(status === 204 || status === 304 ? undefined : '{"a":1}')
    })
    const response = await fetch(api.url, { headers: { authorization } })
    expect(response).toMatchObject({ status, statusText: 'So It Is', url: api.url })
    expect(response.headers.get('x-request-id')).toBe('r1')
    expect(response.headers.get('set-cookie')).toBeNull()
    expect(await response.text()).toBe(status === 204 || status === 304 ? '' : '{"a":1}')
    expect(clientSecretErrorOf(response)).toBeUndefined()
  })

  test('an answer that is empty says so', async () => {
    const { api, fetch } = await start((_call, outgoing) => {
      outgoing.writeHead(200, { 'content-type': 'application/json', 'content-length': '0' }).end()
    })
    const response = await fetch(api.url, { method: 'DELETE', headers: { authorization } })
    expect(response.headers.get('content-length')).toBe('0')
    expect(await response.text()).toBe('')
  })

  test('on the wire: always 200, unbuffered, and no type of its own', async () => {
    const { api, relay } = await start((_call, outgoing) => json(outgoing, {}, 401))
    const description = { clientSecretName: 'api', url: api.url, method: 'GET', headers: { authorization } }
    const response = await fetch(`${relay.url}/fetch`, {
      method: 'POST',
      headers: { 'client-secret-request': btoa(JSON.stringify(description)), 'client-session': 's'.repeat(22) },
    })
    expect(response.status).toBe(200)
    expect(response.headers.get('cache-control')).toBe('no-store, no-transform')
    expect(response.headers.get('x-accel-buffering')).toBe('no')
    expect(response.headers.get('content-type')).toBe('application/octet-stream')
  })

  test('redirects: followed where the rules let them, else told; or as redirect says', async () => {
    const { api, fetch } = await start((call, outgoing) => {
      if (call.path === '/from') return void outgoing.writeHead(307, { location: '/to' }).end()
      if (call.path === '/away') return void outgoing.writeHead(302, { location: 'https://example.com/' }).end()
      json(outgoing, { body: call.body })
    })
    const init = { method: 'POST', headers: { authorization }, body: 'again' }
    expect(await (await fetch(`${api.url}/from`, init)).json()).toEqual({ body: 'again' })
    expect((await fetch(`${api.url}/from`, { ...init, redirect: 'manual' })).status).toBe(307)
    expect((await fetch(`${api.url}/away`, init)).headers.get('location')).toBe('https://example.com/')
    const refused = await fetch(`${api.url}/from`, { ...init, redirect: 'error' })
    expect(clientSecretErrorOf(refused)?.code).toBe('UPSTREAM_ERROR')
  })
})

describe('an answer is passed on as it comes', () => {
  test.each<[string, string, (text: string) => Buffer]>([
    ['server-sent events', 'text/event-stream', (text) => Buffer.from(text)],
    ['NDJSON', 'application/x-ndjson', (text) => Buffer.from(text)],
    ['text', 'text/plain', (text) => Buffer.from(text)],
    [
      'bytes',
      'audio/mpeg',
      (text) => Buffer.concat([Buffer.from([0xff, 0xfb, 0x90, 0x64, 0, 1, 2]), Buffer.from(text)]),
    ],
  ])('%s: the first part is there before the second is made', async (_name, type, bytesOf) => {
    const { opened, open } = door()
    const first = bytesOf('data: {"delta":"one"}\n\n')
    const { api, fetch } = await start(async (_call, outgoing) => {
      outgoing.writeHead(200, { 'content-type': type }).write(first)
      await opened
      outgoing.end(' data: two\n\n')
    })
    const response = await fetch(api.url, { headers: { authorization } })
    const reader = response.body!.getReader()
    const gone: Uint8Array[] = []
    for (let size = 0; size < first.length - 2;) {
      const { value } = await reader.read()
      gone.push(value!)
      size += value!.length
    }
    open()
    for (let next = await reader.read(); !next.done; next = await reader.read()) gone.push(next.value)
    expect(Buffer.concat(gone).toString('latin1')).toBe(first.toString('latin1') + ' data: two\n\n')
  })

  test.each<[string, (bytes: Buffer) => Buffer]>([
    ['identity', (bytes) => bytes],
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
    ['zstd', zstdCompressSync],
  ])('%s is decoded and looked through, wherever it is cut', async (encoding, encode) => {
    const text = Array.from({ length: 50 }, (_, n) => `data: {"n":${n},"echo":"Bearer ${secret}"}\n\n`).join('')
    const { api, fetch } = await start(async (_call, outgoing) => {
      const bytes = encode(Buffer.from(text))
      outgoing.writeHead(200, { 'content-type': 'text/event-stream', 'content-encoding': encoding })
      for (let at = 0; at < bytes.length; at += 7) {
        outgoing.write(bytes.subarray(at, at + 7))
        if (at % 70 === 0) await sleep(0)
      }
      outgoing.end()
    })
    const response = await fetch(api.url, { headers: { authorization } })
    expect(response.headers.get('content-encoding')).toBeNull()
    expect(await response.text()).toBe(text.replaceAll(secret, '$CLIENT_SECRET'))
  })

  test.each<[string, (bytes: Buffer) => Buffer]>([
    ['gzip', gzipSync],
    ['zlib', deflateSync],
    ['deflate', deflateRawSync],
    ['brotli', brotliCompressSync],
    ['zstd', zstdCompressSync],
  ])('a secret in %s that does not say so is not passed on', async (_name, encode) => {
    const bytes = encode(Buffer.from(`{"a":"${'otter '.repeat(200)}","echo":"${secret}"}`))
    const { api, fetch } = await start(async (_call, outgoing) => {
      outgoing.writeHead(200, { 'content-type': 'application/octet-stream' })
      for (const byte of bytes) outgoing.write(Buffer.from([byte]))
      outgoing.end()
    })
    const response = await fetch(api.url, { headers: { authorization } })
    await expect(response.arrayBuffer()).rejects.toThrow()
  })

  test('an API that breaks off is an error, and no clean end', async () => {
    const printed = vi.spyOn(console, 'error').mockImplementation(() => {})
    const { api, fetch, relay } = await start(async (_call, outgoing) => {
      outgoing.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: one\n\n')
      await sleep(20)
      outgoing.destroy()
    })
    const response = await fetch(api.url, { headers: { authorization } })
    await expect(response.text()).rejects.toThrow()
    const { records } = await relay.client.history()
    expect(records).toMatchObject([{ status: 'failed', error: { code: 'UPSTREAM_UNREACHABLE' } }])
    // The server prints the stream's error: one line, without a stack.
    const lines = printed.mock.calls.map(([error]) => inspect(error))
    expect(lines).toEqual([expect.stringMatching(/^ClientSecretError: .* broke off: it broke the connection off\.$/)])
    printed.mockRestore()
  })

  test('an API that goes silent, or takes too long, is ended', async () => {
    const { api, fetch, relay } = await start(
      (call, outgoing) => {
        outgoing.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: one\n\n')
        if (call.path === '/slow') setInterval(() => outgoing.write(': \n'), 20).unref()
      },
      // The slow API writes every 20 ms, also on a busy machine at least every 400.
      { limits: { streamIdleTimeout: 400, streamTimeout: 1_200 } },
    )
    for (const path of ['/silent', '/slow']) {
      const response = await fetch(api.url + path, { headers: { authorization } })
      await expect(response.text()).rejects.toThrow()
    }
    const { records } = await relay.client.history()
    expect(records.map(({ error }) => error?.message)).toEqual([
      expect.stringContaining('did not answer within 1200'),
      expect.stringContaining('sent nothing more of its answer for 400'),
    ])
  })

  test('a slow reader holds its API back, and bounds what the relay keeps', async () => {
    let sent = 0
    const chunk = Buffer.alloc(65_536, 'otter ')
    const { api, fetch } = await start(async (_call, outgoing) => {
      outgoing.writeHead(200, { 'content-type': 'text/plain' })
      for (let n = 0; n < 640 && !outgoing.destroyed; n++) {
        sent += chunk.length
        if (!outgoing.write(chunk)) await new Promise((resolve) => outgoing.once('drain', resolve))
      }
      outgoing.end()
    })
    const response = await fetch(api.url, { headers: { authorization } })
    const reader = response.body!.getReader()
    await reader.read()
    // Until it goes no further.
    for (let before = -1; before !== sent; await sleep(200)) before = sent
    expect(sent).toBeLessThan(30e6)
    let size = chunk.length
    for (let next = await reader.read(); !next.done; next = await reader.read()) size += next.value.length
    expect(size).toBeGreaterThan(40e6)
  })
})

describe('refusals are answers', () => {
  test.each<[string, (url: string) => [string, RequestInit], number, string]>([
    ['another host', () => ['https://evil.example/', { headers: { authorization } }], 403, 'NOT_ALLOWED'],
    ['another place', (url) => [url, { headers: { 'x-key': '$CLIENT_SECRET' } }], 403, 'NOT_ALLOWED'],
    [
      'another place in JSON',
      (url) => [
        url,
        {
          method: 'POST',
          headers: { authorization, 'content-type': 'application/json' },
          body: '{"prompt":"say $CLIENT_SECRET"}',
        },
      ],
      403,
      'NOT_ALLOWED',
    ],
    [
      'a raw body',
      (url) => [url, { method: 'POST', headers: { authorization }, body: 'say $CLIENT_SECRET' }],
      400,
      'INVALID_PARAMETER',
    ],
    ['a range', (url) => [url, { headers: { authorization, range: 'bytes=0-3' } }], 400, 'INVALID_PARAMETER'],
    [
      'too large',
      (url) => [
        url,
        {
          method: 'POST',
          headers: { authorization, 'content-type': 'application/json' },
          body: JSON.stringify('x'.repeat(2 ** 20)),
        },
      ],
      413,
      'REQUEST_TOO_LARGE',
    ],
    ['nobody there', () => ['http://127.0.0.1:1/', { headers: { authorization } }], 403, 'NOT_ALLOWED'],
  ])('%s', async (_name, ask, status, code) => {
    const { api, fetch } = await start()
    const response = await fetch(...ask(api.url))
    expect(response.status).toBe(status)
    expect(response.headers.get('client-secret-error')).toBe(code)
    expect(response.headers.get('x-should-retry')).toBe('false')
    expect(response.headers.get('stripe-should-retry')).toBe('false')
    expect(clientSecretErrorOf(response)?.code).toBe(code)
    const { error, message } = (await response.json()) as { error: object; message: string }
    expect(error).toMatchObject({ type: 'client_secret_error', code, message })
    expect(api.calls).toEqual([])
  })

  test('an API that cannot be reached, a locked key, an unknown key, a limit', async () => {
    const api = await startApi()
    const nobody = await startApi((_call, outgoing) => void outgoing.destroy())
    const { client } = await startRelay({
      keys: {
        api: { ...keyFor(api.url), limits: { requestsPerMinute: 1 } },
        nobody: keyFor(nobody.url),
        locked: { ...keyFor(api.url), locked: true },
      },
      authenticate: () => null,
    })
    const ask = async (name: string, url = api.url) => {
      const { status, headers } = await client.fetchWith(name)(url, { headers: { authorization } })
      return [status, headers.get('client-secret-error')]
    }
    expect(await ask('nobody', nobody.url)).toEqual([424, 'UPSTREAM_UNREACHABLE'])
    expect(await ask('locked')).toEqual([403, 'SIGN_IN_REQUIRED'])
    expect(await ask('none')).toEqual([404, 'KEY_NOT_FOUND'])
    expect(await ask('api')).toEqual([200, null])
    expect(await ask('api')).toEqual([429, 'RATE_LIMITED'])
  })

  test('a page of another site, and a call without the header, are refused before anything is read', async () => {
    const { api, relay } = await start()
    const ask = (headers: Record<string, string>) =>
      fetch(`${relay.url}/fetch`, { method: 'POST', headers: { 'client-session': 's'.repeat(22), ...headers } })
    const described = btoa(
      JSON.stringify({ clientSecretName: 'api', url: api.url, method: 'GET', headers: { authorization } }),
    )
    const codes = []
    for (const headers of [
      { origin: 'https://evil.example', 'client-secret-request': described },
      {},
      { 'client-secret-request': 'x' },
      { 'client-secret-request': 'body' },
      { 'client-secret-request': btoa('{"queue":"a"}') },
    ]) {
      const response = await ask(headers)
      codes.push((JSON.parse(atob(response.headers.get('client-secret-response')!)) as { error: object }).error)
    }
    expect(codes).toMatchObject([
      { code: 'ORIGIN_NOT_ALLOWED' },
      ...Array.from({ length: 4 }, () => ({ code: 'INVALID_PARAMETER' })),
    ])
    expect(api.calls).toEqual([])
  })
})

describe('a call without the placeholder', () => {
  test('goes the page’s own way, and never through the relay', async () => {
    const { api, fetch, relay } = await start()
    expect(await (await fetch('data:,otter')).text()).toBe('otter')
    expect(await (await fetch(`${api.url}/a`, { method: 'POST', body: 'hi' })).json()).toEqual({ ok: true })
    expect((await relay.client.history()).records).toEqual([])
  })

  test('is refused where that is asked for', async () => {
    const { api, relay } = await start()
    const response = await relay.client.fetchWith('api', { withoutPlaceholder: 'refuse' })(api.url)
    expect(response.status).toBe(400)
    expect(clientSecretErrorOf(response)?.code).toBe('PLACEHOLDER_MISSING')
    expect(api.calls).toEqual([])
  })
})

test('the same function for the same name, without this, with the Response that SDKs look for', () => {
  const client = createClient({ relay: '/relay' })
  const { fetchWith } = client
  expect(fetchWith('a')).toBe(fetchWith('a'))
  expect(fetchWith('a')).not.toBe(fetchWith('b'))
  expect((fetchWith('a') as unknown as { Response: unknown }).Response).toBe(Response)
})

test('the record says what was called, and no body', async () => {
  const { api, relay, fetch } = await start()
  await (await fetch(api.url, { method: 'POST', headers: { authorization }, body: 'private' })).text()
  const { records } = await relay.client.history()
  expect(records).toMatchObject([
    {
      status: 'resolved',
      request: { method: 'POST', headers: { authorization } },
      response: { status: 200, body: '' },
    },
  ])
  expect(JSON.stringify(records)).not.toMatch(/private|sk-/)
  expect(JSON.stringify(relay.log)).not.toContain(secret)
  expect(canary).not.toBe(secret)
})

describe('the end of a call', () => {
  test('an abort ends it at the API, at once', async () => {
    const { opened, open } = door()
    const { api, relay, fetch } = await start((_call, outgoing) => {
      outgoing.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: one\n\n')
      outgoing.on('close', open)
    })
    const ending = new AbortController()
    const response = await fetch(api.url, { method: 'POST', headers: { authorization }, signal: ending.signal })
    const text = response.text()
    ending.abort()
    await expect(text).rejects.toThrow(/abort/i)
    await opened
    await expect.poll(async () => (await relay.client.history()).records[0]?.status).toBe('cancelled')
  })

  test('a reader who leaves has the grace period to come back', async () => {
    const { opened, open } = door()
    const { api, relay, fetch } = await start(
      (_call, outgoing) => {
        outgoing.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: one\n\n')
        outgoing.on('close', open)
      },
      { limits: { disconnectGracePeriod: 100 } },
    )
    const response = await fetch(api.url, { method: 'POST', headers: { authorization } })
    const reader = response.body!.getReader()
    await reader.read()
    const before = performance.now()
    await reader.cancel()
    await opened
    expect(performance.now() - before).toBeGreaterThan(80)
    await expect.poll(async () => (await relay.client.history()).records[0]?.error?.code).toBe('ABORTED')
  })
})
