import { createServer } from 'node:http'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { listen } from '../../stories/demo/openai.ts'
import { json, startApi, type ApiAnswer } from '../helpers/api.ts'
import { canary, keyFor, startRelay } from '../helpers/relay.ts'
import type { RelayOptions } from '../../src/relay/options.ts'

async function ask(answer: ApiAnswer, options: Partial<RelayOptions> = {}) {
  const api = await startApi(answer)
  return askAt(api.url, options)
}

async function askAt(url: string, options: Partial<RelayOptions> = {}) {
  const { client, log } = await startRelay({ keys: { api: keyFor(url) }, ...options })
  const request = {
    clientSecretName: 'api',
    url: `${url}/v1`,
    method: 'POST' as const,
    headers: { authorization: 'Bearer $CLIENT_SECRET' },
  }
  const [direct, polled] = await Promise.allSettled([client.send(request), client.send({ ...request, poll: 50 })])
  // A direct and a queued request take one way, so they end alike.
  const ended = (result: typeof direct) =>
    result.status === 'fulfilled'
      ? result.value
      : { ...(result.reason as object), message: (result.reason as Error).message, requestId: undefined }
  expect({ ...ended(polled), record: undefined }).toEqual({ ...ended(direct), record: undefined })
  return { result: direct, log }
}

describe('an API that', () => {
  test('refuses the connection', async () => {
    // A port that was free a moment ago.
    const server = createServer()
    const url = await listen(server)
    await new Promise((resolve) => server.close(resolve))
    const { result } = await askAt(url)
    expect(result).toMatchObject({
      reason: {
        code: 'UPSTREAM_UNREACHABLE',
        status: 502,
        message: expect.stringMatching(/could not be reached or broke off: nothing listens there/),
      },
    })
  })

  test('does not exist', async () => {
    const { result } = await askAt('https://no-such-host.invalid')
    expect(result).toMatchObject({
      reason: {
        code: 'UPSTREAM_UNREACHABLE',
        message: expect.stringMatching(/no-such-host.invalid could not be reached/),
      },
    })
  })

  test('hangs', async () => {
    const { result } = await ask(() => {}, { limits: { upstreamTimeout: 200 } })
    expect(result).toMatchObject({
      reason: {
        code: 'UPSTREAM_TIMEOUT',
        status: 504,
        message: expect.stringMatching(/did not answer within 200 milliseconds/),
      },
    })
  })

  test('hangs in the middle of its answer', async () => {
    const { result } = await ask(
      (_call, outgoing) => void outgoing.writeHead(200, { 'content-type': 'application/json' }).write('{"a":'),
      { limits: { upstreamTimeout: 200 } },
    )
    expect(result).toMatchObject({ reason: { code: 'UPSTREAM_TIMEOUT' } })
  })

  test('breaks off in the middle of its answer', async () => {
    const { result } = await ask((_call, outgoing) => {
      outgoing.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' })
      outgoing.write('{"a":', () => outgoing.destroy())
    })
    expect(result).toMatchObject({
      reason: { code: 'UPSTREAM_UNREACHABLE', message: expect.stringMatching(/broke off/) },
    })
  })

  test('sends half a JSON and calls it whole', async () => {
    const { result } = await ask(
      (_call, outgoing) => void outgoing.writeHead(200, { 'content-type': 'application/json' }).end('{"a":'),
    )
    expect(result).toMatchObject({
      reason: {
        code: 'INVALID_RESPONSE',
        status: 200,
        data: '{"a":',
        message: expect.stringMatching(/with invalid JSON/),
      },
    })
  })

  test.each([
    [401, 'Unauthorized'],
    [404, 'Not Found'],
    [429, 'Too Many Requests'],
    [500, 'Internal Server Error'],
  ])('answers %i', async (status, text) => {
    const { result } = await ask((_call, outgoing) =>
      json(outgoing, { error: { message: 'Because.', code: 7 } }, status, { 'retry-after': '12' }),
    )
    expect(result).toMatchObject({
      reason: {
        code: 'UPSTREAM_ERROR',
        status,
        message: expect.stringContaining(`The API answered ${status} ${text}: Because.`) as string,
        data: { error: { message: 'Because.', code: 7 } },
        retryAfter: 12,
      },
    })
  })

  test('answers 502 with a page', async () => {
    const { result } = await ask(
      (_call, outgoing) => void outgoing.writeHead(502, { 'content-type': 'text/html' }).end('<h1>Bad Gateway</h1>'),
    )
    expect(result).toMatchObject({ reason: { code: 'UPSTREAM_ERROR', status: 502, data: '<h1>Bad Gateway</h1>' } })
  })

  test('answers more than the limit, also when it is small before it is unpacked', async () => {
    for (const answer of [
      ((_call, outgoing) => void outgoing.end('x'.repeat(2_000))) as ApiAnswer,
      ((_call, outgoing) =>
        void outgoing.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('x'.repeat(2_000)))) as ApiAnswer,
    ]) {
      const { result } = await ask(answer, { limits: { responseBytes: 1_000 } })
      expect(result).toMatchObject({
        reason: {
          code: 'RESPONSE_TOO_LARGE',
          message: expect.stringMatching(/1000 bytes, the relay's limit \(limits.responseBytes\)/),
        },
      })
    }
  })

  test('compresses although it was asked not to: the answer is unpacked', async () => {
    const { result } = await ask((call, outgoing) => {
      expect(call.headers['accept-encoding']).toBe('identity')
      outgoing
        .writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' })
        .end(gzipSync('{"a":1}'))
    })
    expect(result).toMatchObject({ value: { data: { a: 1 } } })
    expect(result).not.toMatchObject({ value: { response: { headers: { 'content-encoding': expect.anything() } } } })
  })

  test('compresses in a way that cannot be looked through: the answer is refused', async () => {
    const { result } = await ask(
      (_call, outgoing) => void outgoing.writeHead(200, { 'content-encoding': 'compress' }).end('...'),
    )
    expect(result).toMatchObject({
      reason: {
        code: 'UPSTREAM_ERROR',
        message: expect.stringMatching(/encoded as compress\. The relay cannot decode it to search it for secrets/),
      },
    })
  })

  test('compresses the transfer and not the body: it is looked through all the same, or refused', async () => {
    const sent = (encoding: string): ApiAnswer => {
      const body = gzipSync(JSON.stringify({ key: canary }))
      return (_call, outgoing) =>
        void outgoing.socket!.end(
          Buffer.concat([
            Buffer.from(
              `HTTP/1.1 200 OK\r\ntransfer-encoding: ${encoding}, chunked\r\n\r\n${body.length.toString(16)}\r\n`,
            ),
            body,
            Buffer.from('\r\n0\r\n\r\n'),
          ]),
        )
    }
    expect((await ask(sent('gzip'))).result).toMatchObject({ value: { data: '{"key":"$CLIENT_SECRET"}' } })
    expect((await ask(sent('compress'))).result).toMatchObject({
      reason: { code: 'UPSTREAM_ERROR', message: expect.stringMatching(/encoded as compress/) },
    })
  })

  test('redirects: the redirect is the answer, nobody follows it with the key', async () => {
    const other = await startApi()
    const { result } = await ask(
      (_call, outgoing) =>
        void outgoing.writeHead(307, { location: `${other.url}/?k=${encodeURIComponent('x')}` }).end(),
    )
    expect(result).toMatchObject({ value: { response: { status: 307, headers: { location: `${other.url}/?k=x` } } } })
    expect(other.calls).toEqual([])
  })

  test('echoes the key: it comes back as the placeholder, in text, headers, bytes and errors', async () => {
    const echo =
      (status: number, type: string): ApiAnswer =>
      (_call, outgoing) =>
        void outgoing
          .writeHead(status, { 'content-type': type, 'x-echo': canary })
          .end(
            type === 'image/png'
              ? Buffer.concat([Buffer.from([0xff]), Buffer.from(canary)])
              : `key ${canary} and ${canary}`,
          )
    // The whole line goes: there are quotes in the key, so that nothing shorter holds all of it.
    expect((await ask(echo(200, 'text/plain'))).result).toMatchObject({
      value: { data: '$CLIENT_SECRET', response: { headers: { 'x-echo': '$CLIENT_SECRET' } } },
    })
    const { result } = await ask(echo(200, 'image/png'))
    expect(Buffer.from((result as PromiseFulfilledResult<{ data: Uint8Array }>).value.data)).toEqual(
      Buffer.from('$CLIENT_SECRET'),
    )
    expect((await ask(echo(400, 'text/plain'))).result).toMatchObject({ reason: { data: '$CLIENT_SECRET' } })
  })

  test('sets a cookie or instructs a browser: that stays at the relay', async () => {
    const { result } = await ask((_call, outgoing) =>
      json(outgoing, {}, 200, {
        'set-cookie': 'session=1',
        'access-control-allow-origin': '*',
        'content-security-policy': 'x',
        'x-ratelimit-remaining-requests': '9',
        'openai-processing-ms': '12',
        etag: '"a"',
      }),
    )
    const { headers } = (result as PromiseFulfilledResult<{ response: { headers: Record<string, string> } }>).value
      .response
    expect(Object.keys(headers).sort()).toEqual([
      'content-type',
      'date',
      'etag',
      'openai-processing-ms',
      'x-ratelimit-remaining-requests',
    ])
  })
})
