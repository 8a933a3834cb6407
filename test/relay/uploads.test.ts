import { createHash, randomBytes } from 'node:crypto'
import {
  createServer,
  request as httpRequest,
  type ClientRequest,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { ClientSecretRequestParams } from '../../src/client/request-params.ts'
import type { RelayOptions } from '../../src/relay/options.ts'
import { listen } from '../../stories/demo/openai.ts'
import { door, json } from '../helpers/api.ts'
import { eventually } from '../helpers/eventually.ts'
import { canary, keyFor, startRelay } from '../helpers/relay.ts'

const authorization = 'Bearer $CLIENT_SECRET'
const MiB = 2 ** 20
const session = 'a-visitor-of-these-tests'
const large = randomBytes(5 * MiB)
const hashOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

/** One call of an API that reads bodies itself. */
interface Upload {
  incoming: IncomingMessage
  bytes: number
  hash: string | undefined
  isAborted: boolean
}

type Answer = (upload: Upload, outgoing: ServerResponse) => void

/** An API that reads each upload as it arrives, unless `take` says otherwise. */
async function setUp(
  answer: Answer = ({ bytes, hash }, outgoing) => json(outgoing, { bytes, hash }),
  {
    take,
    rule = {},
    ...options
  }: Partial<RelayOptions> & {
    take?: (upload: Upload, outgoing: ServerResponse) => void
    rule?: Parameters<typeof keyFor>[1]
  } = {},
) {
  const uploads: Upload[] = []
  const server = createServer((incoming, outgoing) => {
    const upload: Upload = { incoming, bytes: 0, hash: undefined, isAborted: false }
    uploads.push(upload)
    incoming.on('error', () => (upload.isAborted = true))
    if (take) return take(upload, outgoing)
    const hash = createHash('sha256')
    incoming.on('data', (chunk: Buffer) => {
      upload.bytes += chunk.length
      hash.update(chunk)
    })
    incoming.on('end', () => {
      upload.hash = hash.digest('hex')
      answer(upload, outgoing)
    })
  })
  const apiUrl = await listen(server)
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const relay = await startRelay({ keys: { api: keyFor(apiUrl, rule) }, ...options })
  const send = (request: Partial<ClientSecretRequestParams>) =>
    relay.client.send({
      clientSecretName: 'api',
      url: `${apiUrl}/v1`,
      method: 'POST',
      ...request,
      headers: { authorization, ...request.headers },
    })
  return { ...relay, apiUrl, uploads, send }
}

/** A caller that writes the body of a fetch itself, piece by piece. */
function openCall(relayUrl: string, apiUrl: string, headers: Record<string, string> = {}, type = 'audio/wav') {
  const description = { clientSecretName: 'api', url: apiUrl, method: 'POST', headers: { authorization, 'content-type': type } } // prettier-ignore
  const call: ClientRequest = httpRequest(`${relayUrl}/fetch`, {
    method: 'POST',
    headers: { 'client-secret-request': btoa(JSON.stringify(description)), 'client-session': session, ...headers },
  })
  const answer = new Promise<{ status: number; body: string }>((resolve, reject) => {
    call.on('error', reject)
    call.on('response', (incoming: IncomingMessage) => {
      const head = JSON.parse(atob(String(incoming.headers['client-secret-response']))) as { status: number }
      let body = ''
      incoming.on('data', (chunk) => (body += String(chunk)))
      incoming.on('end', () => resolve({ status: head.status, body }))
      incoming.on('error', reject)
    })
  })
  answer.catch(() => {})
  return { call, answer }
}

describe('a body of more than limits.requestBytes passes through', () => {
  test('as data of a request, with its length', async () => {
    const { send, uploads } = await setUp()
    const sent = await send({ data: new Blob([large], { type: 'audio/wav' }) })
    expect(sent).toMatchObject({ data: { bytes: large.length, hash: hashOf(large) }, record: { status: 'resolved' } })
    expect(uploads[0]!.incoming.headers).toMatchObject({
      'content-type': 'audio/wav',
      'content-length': String(large.length),
      authorization: `Bearer ${canary}`,
    })
  })

  test('as bytes without a type', async () => {
    const { send } = await setUp()
    expect(await send({ data: large })).toMatchObject({ data: { hash: hashOf(large) } })
  })

  test('of a fetch, also of unknown length', async () => {
    const { client, apiUrl, uploads } = await setUp()
    const response = await client.fetchWith('api')(apiUrl, {
      method: 'POST',
      headers: { authorization },
      body: new Blob([large]),
    })
    expect(await response.json()).toMatchObject({ hash: hashOf(large) })
    expect(uploads[0]!.incoming.headers['content-length']).toBe(String(large.length))
  })

  test('with an announced length of none', async () => {
    const { url, apiUrl, uploads } = await setUp()
    const { call, answer } = openCall(url, apiUrl)
    call.write('one ')
    call.end('two')
    expect(JSON.parse((await answer).body)).toMatchObject({ bytes: 7 })
    expect(uploads[0]!.incoming.headers['transfer-encoding']).toBe('chunked')
  })

  test('a form with a key in a field, and a large file', async () => {
    let body = Buffer.alloc(0)
    const { send, uploads } = await setUp(undefined, {
      rule: { in: ['headers.authorization', 'data#/token'] },
      take(upload, outgoing) {
        const chunks: Buffer[] = []
        upload.incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
        upload.incoming.on('end', () => {
          body = Buffer.concat(chunks)
          json(outgoing, {})
        })
      },
    })
    const data = new FormData()
    data.append('file', new File([large], 'a.bin'))
    data.append('token', '$CLIENT_SECRET')
    await send({ data })
    const { 'content-type': type, 'content-length': length } = uploads[0]!.incoming.headers
    expect(length).toBe(String(body.length))
    const form = await new Response(new Uint8Array(body), { headers: { 'content-type': type! } }).formData()
    expect(form.get('token')).toBe(canary)
    expect(hashOf(new Uint8Array(await (form.get('file') as File).arrayBuffer()))).toBe(hashOf(large))
  })

  test('the first bytes arrive before the last ones are sent', async () => {
    const { url, apiUrl, uploads } = await setUp()
    const { call, answer } = openCall(url, apiUrl)
    call.write('one ')
    await eventually(() => expect(uploads[0]?.bytes).toBe(4))
    call.end('two')
    expect((await answer).status).toBe(200)
  })

  test('an API that does not read holds the caller back', async () => {
    const { opened, open } = door()
    const { url, apiUrl } = await setUp(undefined, {
      take(upload, outgoing) {
        void opened.then(() => upload.incoming.resume().on('end', () => json(outgoing, {})))
      },
    })
    const { call, answer } = openCall(url, apiUrl)
    let written = 0
    let isBlocked = false
    while (!isBlocked && written < 60 * MiB) {
      written += 65_536
      if (call.write(Buffer.alloc(65_536))) continue
      isBlocked = await Promise.race([
        new Promise<false>((resolve) => call.once('drain', () => resolve(false))),
        sleep(1_000, true as const),
      ])
    }
    // The rest is in the buffers of four sockets.
    expect(written).toBeLessThan(30 * MiB)
    open()
    call.end()
    expect((await answer).status).toBe(200)
  })
})

describe('the limits of uploads', () => {
  test('limits.uploadBytes, announced or not', async () => {
    const { send, url, apiUrl, uploads } = await setUp(undefined, { limits: { uploadBytes: 2 * MiB } })
    await expect(send({ data: large })).rejects.toMatchObject({
      code: 'REQUEST_TOO_LARGE',
      message: expect.stringMatching(/larger than 2097152 bytes.*limits.uploadBytes/) as string,
    })
    expect(uploads).toEqual([])
    const { call, answer } = openCall(url, apiUrl)
    call.write('one ')
    call.end(large)
    expect(await answer).toMatchObject({ status: 413, body: expect.stringContaining('limits.uploadBytes') as string })
    expect(uploads.map(({ hash }) => hash)).toEqual([undefined])
  })

  test('limits.downloadBytes of a streamed answer', async () => {
    const { client, apiUrl } = await setUp(undefined, {
      limits: { downloadBytes: MiB },
      take: (_upload, outgoing) => void outgoing.end(large),
    })
    const response = await client.fetchWith('api')(apiUrl, { headers: { authorization } })
    await expect(response.arrayBuffer()).rejects.toThrow()
    const [record] = (await client.history()).records
    expect(record).toMatchObject({ status: 'failed', error: { code: 'RESPONSE_TOO_LARGE' } })
  })

  test.each(['application/json', 'application/x-www-form-urlencoded'])('%s is never an upload', async (type) => {
    const { send, url, apiUrl, uploads } = await setUp()
    const refused = { code: 'REQUEST_TOO_LARGE', message: expect.stringContaining('limits.requestBytes') as string }
    await expect(send({ data: new Blob([large], { type }) })).rejects.toMatchObject(refused)
    const { call, answer } = openCall(url, apiUrl, {}, type)
    call.end(Buffer.alloc(2 * MiB, 'x'))
    expect(await answer).toMatchObject({ status: 413, body: expect.stringContaining('limits.requestBytes') as string })
    expect(uploads).toEqual([])
  })

  test('a caller that stops in the middle', async () => {
    const { url, apiUrl, uploads } = await setUp(undefined, { limits: { streamIdleTimeout: 300 } })
    const { call, answer } = openCall(url, apiUrl)
    call.write('one ')
    await eventually(() => expect(uploads[0]?.bytes).toBe(4))
    await eventually(() => expect(uploads[0]?.isAborted).toBe(true))
    call.end()
    expect(await answer).toMatchObject({
      status: 424,
      body: expect.stringContaining('made no progress for 300') as string,
    })
  })

  test('the time for the answer begins after the upload', async () => {
    const { url, apiUrl } = await setUp(undefined, { limits: { upstreamTimeout: 400 } })
    const { call, answer } = openCall(url, apiUrl)
    for (let n = 0; n < 8; n++) {
      call.write('a')
      await sleep(100)
    }
    call.end()
    expect((await answer).status).toBe(200)
  })

  test('they count for limits.bytesPerDay, of known and of unknown length', async () => {
    for (const headers of [{ 'content-length': String(2 * MiB) }, {}]) {
      const { url, apiUrl } = await setUp(undefined, { limits: { bytesPerDay: 3 * MiB } })
      const statuses = []
      for (let n = 0; n < 3; n++) {
        const { call, answer } = openCall(url, apiUrl, headers)
        call.end(Buffer.alloc(2 * MiB))
        statuses.push((await answer).status)
      }
      expect([statuses[0], statuses[2]]).toEqual([200, 429])
    }
  })
})

describe('what goes wrong', () => {
  test('a refusal arrives, however much the caller sends, and the API is not called', async () => {
    const { client, apiUrl, send, uploads } = await setUp()
    await expect(send({ data: large, url: `${apiUrl.replace('127.0.0.1', 'localhost')}/x` })).rejects.toMatchObject({
      code: 'NOT_ALLOWED',
    })
    await expect(send({ data: large, clientSecretName: 'none' })).rejects.toMatchObject({ code: 'KEY_NOT_FOUND' })
    await expect(send({ data: large, poll: 10 })).rejects.toMatchObject({ code: 'INVALID_PARAMETER', path: 'poll' })
    const response = await client.fetchWith('api')('https://other.example', {
      method: 'POST',
      headers: { authorization },
      body: new Blob([large]),
    })
    expect(response.status).toBe(403)
    expect(uploads).toEqual([])
  })

  test('an API that answers before it has the body', async () => {
    const { send } = await setUp(undefined, {
      take: (_upload, outgoing) => json(outgoing, { error: 'too large for me' }, 413),
    })
    await expect(send({ data: large })).rejects.toMatchObject({ code: 'UPSTREAM_ERROR', status: 413 })
  })

  test('a caller that leaves in the middle: the API gets no end, and the record says so', async () => {
    const { url, apiUrl, relay, uploads } = await setUp()
    const { call } = openCall(url, apiUrl)
    call.write('one ')
    await eventually(() => expect(uploads[0]?.bytes).toBe(4))
    call.destroy()
    await eventually(() => expect(uploads[0]?.isAborted).toBe(true))
    expect(uploads[0]!.hash).toBeUndefined()
    await eventually(async () => {
      const asked = await relay.fetch(new Request(`${url}/requests`, { headers: { 'client-session': session } }))
      const { records } = (await asked.json()) as { records: object[] }
      expect(records).toMatchObject([{ status: 'failed', error: { code: 'INTERRUPTED' } }])
    })
  })

  test('a placeholder, or a field for the method, also where two pieces meet', async () => {
    const { url, apiUrl, uploads } = await setUp()
    for (const [first, second, type] of [
      ['a $CLIENT_', 'SECRET b', 'audio/wav'],
      [
        '--b\r\ncontent-disposition: form-data; name="_met',
        'hod"\r\n\r\nDELETE\r\n--b--',
        'multipart/form-data; boundary=b',
      ],
      [
        '--b\r\nContent-Disposition: form-data;\r\n name=_met',
        'hod\r\n\r\nDELETE\r\n--b--',
        'Multipart/Form-Data; boundary=b',
      ],
    ] as const) {
      const { call, answer } = openCall(url, apiUrl, {}, type)
      call.write(first)
      await eventually(() => expect(uploads.at(-1)?.bytes).toBe(first.length))
      call.end(second)
      expect(await answer).toMatchObject({
        status: 400,
        body: expect.stringContaining('invalid_parameter'.toUpperCase()) as string,
      })
      expect(uploads.at(-1)!.hash).toBeUndefined()
      uploads.length = 0
    }
  })

  test('a 401 and a redirect are answers, because the body is gone', async () => {
    const { client, apiUrl, uploads } = await setUp(({ incoming }, outgoing) => {
      if (incoming.url === '/see-other') outgoing.writeHead(303, { location: '/there' }).end()
      else if (incoming.url === '/moved') outgoing.writeHead(307, { location: '/there' }).end()
      else if (incoming.url === '/refused') json(outgoing, {}, 401)
      else json(outgoing, { method: incoming.method })
    })
    const post = async (path: string) => {
      const init = { method: 'POST', headers: { authorization }, body: new Blob([large]) }
      const response = await client.fetchWith('api')(apiUrl + path, init)
      return [response.status, await response.text()]
    }
    expect(await post('/refused')).toEqual([401, '{}'])
    expect(await post('/moved')).toEqual([307, ''])
    expect(await post('/see-other')).toEqual([200, '{"method":"GET"}'])
    expect(uploads.map(({ incoming }) => incoming.url)).toEqual(['/refused', '/moved', '/see-other', '/there'])
  })

  test('a repeat with the same idempotency key is one call', async () => {
    const { url, apiUrl, uploads } = await setUp()
    const headers = { 'idempotency-key': 'k', 'content-length': String(large.length) }
    const one = openCall(url, apiUrl, headers)
    one.call.end(large)
    const first = await one.answer
    const other = openCall(url, apiUrl, headers)
    other.call.end(large)
    expect(await other.answer).toEqual(first)
    expect(uploads).toHaveLength(1)
  })
})
