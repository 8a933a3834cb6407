import { describe, expect, test } from 'vitest'
import { eventually } from '../helpers/eventually.ts'
import { clientSecretErrorOf, type Answer, type ClientSecretRequest } from '../../src/exports/client.ts'
import { createTestClient, fail, hold, holdStream, reply, stream } from '../../src/exports/testing.ts'

const request = {
  clientSecretName: 'api',
  url: 'https://api.example.com/v1/pictures',
  method: 'POST',
  headers: { Authorization: 'Bearer $CLIENT_SECRET' },
} as const

describe('which answer a request gets', () => {
  test.each([
    ['no field', {}],
    ['its key', { clientSecretName: 'api' }],
    ['its url', { url: request.url }],
    ['an expression for its url', { url: /pictures$/ }],
    ['a global one, again and again', { url: /pictures$/g }],
    ['its method, in any letter case', { method: 'post' as const }],
    ['its queue', { queue: 'q' }],
    ['all of them', { clientSecretName: 'api', url: request.url, method: 'POST' as const, queue: 'q' }],
    ['a function', ({ data }: ClientSecretRequest) => (data as { n?: number })?.n === 1],
  ])('matched by %s', async (_by, match) => {
    const client = createTestClient().on(match, reply('yes'))
    for (let n = 0; n < 2; n++) {
      await expect(client.clientSecretRequest({ ...request, queue: 'q', poll: 1_000, data: { n: 1 } })).resolves.toBe(
        'yes',
      )
    }
  })

  test.each([
    ['its key', { clientSecretName: 'ap' }],
    ['its url', { url: 'https://api.example.com/v1' }],
    ['an expression for its url', { url: /movies/ }],
    ['its method', { method: 'PUT' as const }],
    ['its queue', { queue: 'q' }],
    ['a function', () => false],
  ])('not matched by %s', async (_by, match) => {
    const client = createTestClient().on(match, reply('yes'))
    await expect(client.clientSecretRequest(request)).rejects.toMatchObject({ code: 'INTERNAL' })
  })

  test('in turn, the last again and again; what was said last counts first', async () => {
    const client = createTestClient().on({}, reply(1), fail('RATE_LIMITED'), reply(3))
    await expect(client.clientSecretRequest(request)).resolves.toBe(1)
    await expect(client.clientSecretRequest(request)).rejects.toMatchObject({ code: 'RATE_LIMITED' })
    await expect(client.clientSecretRequest(request)).resolves.toBe(3)
    await expect(client.clientSecretRequest(request)).resolves.toBe(3)
    client.on({ url: /pictures/ }, reply('other'))
    await expect(client.clientSecretRequest(request)).resolves.toBe('other')
  })

  test('made from the request', async () => {
    const client = createTestClient().on({}, ({ data }) => reply({ echo: data }))
    await expect(client.clientSecretRequest({ ...request, data: { n: 1 } })).resolves.toEqual({ echo: { n: 1 } })
  })

  test('where there is none, the error names what was asked for, how to script it, and what is scripted', async () => {
    const client = createTestClient()
      .on({ url: /movies/ }, reply())
      .on(({ data }) => data !== undefined, reply())
    await expect(client.clientSecretRequest({ ...request, queue: 'q' })).rejects.toThrow(
      "The testing client has no answer to POST https://api.example.com/v1/pictures. Script one before the request: client.on({ clientSecretName: 'api', url: 'https://api.example.com/v1/pictures', method: 'POST', queue: 'q' }, reply({ … })). The scripts so far: { url: /movies/ }; ({ data }) => data !== ",
    )
  })
})

test('the requests that were sent are there as they travel; a wrong one is not sent', async () => {
  const client = createTestClient().on({}, reply())
  await client.clientSecretRequest({ ...request, method: 'post', data: { n: 1 }, onResponse: () => {} })
  await expect(client.clientSecretRequest({ ...request, headers: {} })).rejects.toMatchObject({
    code: 'PLACEHOLDER_MISSING',
  })
  expect(client.requests).toEqual([{ ...request, data: { n: 1 } }])
})

describe('what an API answers', () => {
  test.each([
    [{ picture: 'otter' }, { picture: 'otter' }, 'application/json'],
    [null, null, 'application/json'],
    ['text', 'text', 'text/plain'],
    [undefined, null, undefined],
    [Uint8Array.of(0, 128, 255), Uint8Array.of(0, 128, 255), 'application/octet-stream'],
  ])('reply(%o)', async (body, data, type) => {
    const client = createTestClient().on({}, reply(body, { status: 201, headers: { 'X-Cost': '3' } }))
    const { response, ...answer } = (await client.send(request)) as Answer
    expect(answer.data).toEqual(data)
    expect(response.status).toBe(201)
    expect(response.headers).toEqual({ 'x-cost': '3', ...(type && { 'content-type': type }) })
  })

  test('a content type of its own wins; Retry-After is in the error', async () => {
    const client = createTestClient().on(
      {},
      reply('<p>No otters left.</p>', { status: 429, headers: { 'Content-Type': 'text/html', 'Retry-After': '7' } }),
    )
    await expect(client.clientSecretRequest(request)).rejects.toMatchObject({
      code: 'UPSTREAM_ERROR',
      status: 429,
      retryAfter: 7,
      data: '<p>No otters left.</p>',
      message: expect.stringMatching(/^The API answered 429\. Its answer is in the error's data\./),
    })
  })
})

test('mistakes in a script are told where it is written', () => {
  expect(() => reply(1, { after: -1 })).toThrow('after must be a number of milliseconds, 0 or more; it is -1.')
  expect(() => fail('INTERNAL', { after: Infinity })).toThrow('use hold()')
  expect(() => reply(1, { inQueue: 0 })).toThrow(
    'A position in the queue must be a whole number, 1 (running) or more; it is 0.',
  )
  expect(() => hold({ inQueue: 1.5 })).toThrow('it is 1.5')
  const later = hold()
  expect(() => later.moveTo(0)).toThrow('it is 0')
  later.answer(reply(1))
  expect(() => later.answer(reply(2))).toThrow('given before')
  expect(() => stream([], { after: -1 })).toThrow('use holdStream()')
  expect(() => stream([], { every: NaN })).toThrow('every must be a number of milliseconds, 0 or more; it is NaN.')
})

test('a request that is no stream gets a streamed answer whole, or the error that breaks it off', async () => {
  const later = holdStream({ headers: { 'Content-Type': 'text/plain' } })
  const client = createTestClient().on(
    {},
    stream(['{"picture":', '"otter"}'], { headers: { 'content-type': 'application/json' } }),
    stream([Uint8Array.of(0, 128), Uint8Array.of(255)], { headers: { 'content-type': 'image/png' } }),
    stream(['half'], { breaksOff: 'UPSTREAM_TIMEOUT' }),
    later,
  )
  await expect(client.clientSecretRequest(request)).resolves.toEqual({ picture: 'otter' })
  await expect(client.clientSecretRequest(request)).resolves.toEqual(Uint8Array.of(0, 128, 255))
  await expect(client.clientSecretRequest(request)).rejects.toMatchObject({ code: 'UPSTREAM_TIMEOUT' })
  const polled = client.clientSecretRequest({ ...request, queue: 'q', poll: 1_000 })
  later.write('an ', 'otter')
  later.end()
  await expect(polled).resolves.toBe('an otter')
})

describe('fetchWith', () => {
  const headers = { authorization: 'Bearer $CLIENT_SECRET', 'content-type': 'application/json' }

  test('gets every answer, and its calls are among the requests as JSON', async () => {
    const bytes = Uint8Array.of(0, 128, 255)
    const client = createTestClient()
      .on({ method: 'POST' }, reply({ picture: 'otter' }))
      .on({ method: 'get' }, reply(bytes))
    const fetch = client.fetchWith('api')
    const json = await fetch(request.url, { method: 'POST', headers, body: '{"prompt":"Ötter"}' })
    expect([json.status, await json.json()]).toEqual([200, { picture: 'otter' }])
    const raw = await fetch(`${request.url}?size=1`, { headers: { authorization: 'Bearer $CLIENT_SECRET' } })
    expect(new Uint8Array(await raw.arrayBuffer())).toEqual(bytes)
    expect(client.requests).toMatchObject([
      { clientSecretName: 'api', url: request.url, method: 'POST', data: { prompt: 'Ötter' } },
      { url: `${request.url}?size=1`, method: 'GET' },
    ])
    expect(client.requests[1]).not.toHaveProperty('data')
  })

  test.each([
    [
      'a long description',
      { 'content-type': 'application/json', 'x-note': 'n'.repeat(7_000) },
      '{"prompt":"otter"}',
      { prompt: 'otter' },
    ],
    ['JSON as a text', { 'content-type': 'text/plain' }, '{"prompt":"otter"}', '{"prompt":"otter"}'],
    ['a text', { 'content-type': 'text/plain' }, 'an otter', 'an otter'],
    ['a number as JSON', { 'content-type': 'application/json' }, '5', '5'],
    ['a form', {}, new URLSearchParams({ prompt: 'otter' }), 'prompt=otter'],
  ])('sends %s', async (_what, more, body, data) => {
    const client = createTestClient().on({}, reply('yes'))
    const { 'content-type': _type, ...own } = headers
    const answer = await client.fetchWith('api')(request.url, { method: 'POST', headers: { ...own, ...more }, body })
    expect([answer.status, await answer.text()]).toEqual([200, 'yes'])
    expect(client.requests).toMatchObject([{ data }])
  })

  test('a failure of the relay is an answer that says why; one of the network rejects', async () => {
    const client = createTestClient().on(
      {},
      fail('RATE_LIMITED', { retryAfter: 7 }),
      fail('NETWORK_ERROR'),
      reply('yes'),
    )
    const fetch = client.fetchWith('api')
    const answer = await fetch(request.url, { headers })
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '7'])
    expect(clientSecretErrorOf({ response: answer })).toMatchObject({ code: 'RATE_LIMITED' })
    await expect(fetch(request.url, { headers })).rejects.toMatchObject({ code: 'NETWORK_ERROR' })
    expect(await (await fetch(request.url, { headers })).text()).toBe('yes')
  })

  test('an abort rejects with its reason, before the answer and within it', async () => {
    const client = createTestClient().on({}, hold(), holdStream())
    const fetch = client.fetchWith('api')
    const early = new AbortController()
    const call = fetch(request.url, { headers, signal: early.signal })
    await eventually(async () => expect((await client.history()).records).toHaveLength(1))
    early.abort()
    await expect(call).rejects.toMatchObject({ name: 'AbortError' })
    const late = new AbortController()
    const answer = await fetch(request.url, { headers, signal: late.signal })
    late.abort()
    await expect(answer.text()).rejects.toMatchObject({ name: 'AbortError' })
    await eventually(async () => expect((await client.history({ status: 'cancelled' })).records).toHaveLength(2))
  })

  test('a broken stream and a lost connection reject the reading', async () => {
    const later = holdStream()
    const client = createTestClient().on({}, stream(['half'], { breaksOff: 'UPSTREAM_UNREACHABLE' }), later)
    const fetch = client.fetchWith('api')
    await expect((await fetch(request.url, { headers })).text()).rejects.toThrow(TypeError)
    const answer = await fetch(request.url, { headers })
    const text = answer.text()
    client.disconnect()
    await expect(text).rejects.toThrow('reconnect()')
  })
})

test('what is held gets the answer, and what comes later too; a held answer may take its time', async () => {
  const later = hold()
  const client = createTestClient().on({}, later)
  const first = client.clientSecretRequest(request)
  const second = client.clientSecretRequest({ ...request, poll: 1_000 })
  later.answer(reply('done', { after: 1 }))
  expect(await Promise.all([first, second, client.clientSecretRequest(request)])).toEqual(['done', 'done', 'done'])
})

test('disconnected, whatever waits is broken off, but for polling, which goes on later', async () => {
  const later = hold()
  const client = createTestClient().on({}, later)
  const direct = client.clientSecretRequest(request)
  const polled = client.clientSecretRequest({ ...request, poll: 1_000 })
  // Both have arrived.
  expect((await client.history()).records).toHaveLength(2)
  client.disconnect()
  await expect(direct).rejects.toMatchObject({ code: 'NETWORK_ERROR' })
  await expect(client.clientSecretRequest(request)).rejects.toMatchObject({ code: 'NETWORK_ERROR' })
  await expect(client.history()).rejects.toMatchObject({ code: 'NETWORK_ERROR' })
  later.answer(reply('done'))
  client.reconnect()
  await expect(polled).resolves.toBe('done')
})

test('an aborted request rejects, and goes on', async () => {
  const later = hold()
  const client = createTestClient().on({}, later)
  const leaving = new AbortController()
  const sent = client.clientSecretRequest(request, { signal: leaving.signal })
  expect((await client.history()).records).toHaveLength(1)
  leaving.abort()
  await expect(sent).rejects.toMatchObject({ code: 'ABORTED' })
  later.answer(reply('done'))
  await expect(client.follow({ id: 'request-1' })).resolves.toMatchObject({ data: 'done' })
})
