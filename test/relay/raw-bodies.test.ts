import { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import type { ClientSecretRequestParams } from '../../src/client/request-params.ts'
import { json, startApi, type ApiAnswer, type ApiCall } from '../helpers/api.ts'
import { canary, keyFor, startRelay } from '../helpers/relay.ts'

async function setUp(answer?: ApiAnswer, rule: Parameters<typeof keyFor>[1] = {}) {
  const api = await startApi(answer)
  const { client, url } = await startRelay({ keys: { api: keyFor(api.url, rule) } })
  const send = (request: Partial<ClientSecretRequestParams>) =>
    client.send({
      clientSecretName: 'api',
      url: `${api.url}/v1`,
      method: 'POST',
      ...request,
      headers: { authorization: 'Bearer $CLIENT_SECRET', ...request.headers },
    })
  return { api, client, url, send }
}

/** All 256 bytes: some are no UTF-8. */
const bytes = Uint8Array.from({ length: 256 }, (_, index) => index)
const file = new File([bytes], 'ötter "1".wav', { type: 'audio/wav' })

/** The form that an API reads. Test APIs keep bodies as text, so its files are texts. */
async function formOf({ headers, body }: ApiCall): Promise<[string, string | File][]> {
  const type = headers['content-type']!
  return [...(await new Response(body, { headers: { 'content-type': type } }).formData())]
}

test.each<[string, ClientSecretRequestParams['data'], string | undefined, string]>([
  ['bytes', new TextEncoder().encode('hi'), undefined, 'hi'],
  ['a part of a buffer', new TextEncoder().encode('oh hi').subarray(3), undefined, 'hi'],
  ['an ArrayBuffer', new TextEncoder().encode('hi').buffer, undefined, 'hi'],
  ['a Buffer of Node', Buffer.from('hi'), undefined, 'hi'],
  ['other bytes', new DataView(new TextEncoder().encode('hi').buffer), undefined, 'hi'],
  ['a Blob', new Blob(['hi'], { type: 'audio/wav' }), 'audio/wav', 'hi'],
  ['a File', new File(['hi'], 'a.txt', { type: 'text/x' }), 'text/x', 'hi'],
  ['a Blob of JSON', new Blob(['{"a": 1.0}'], { type: 'application/json' }), 'application/json', '{"a": 1.0}'],
  ['an empty Blob', new Blob([]), undefined, ''],
  [
    'URLSearchParams',
    new URLSearchParams('to=a&to=b+c&from[0]=ü'),
    'application/x-www-form-urlencoded;charset=UTF-8',
    'to=a&to=b+c&from%5B0%5D=%C3%BC',
  ],
])('%s', async (_what, data, type, body) => {
  const { api, send } = await setUp()
  expect(await send({ data })).toMatchObject({ data: { ok: true }, record: { status: 'resolved' } })
  expect(api.calls.map((call) => [call.headers['content-type'], call.body])).toEqual([[type, body]])
  expect(api.calls[0]!.headers.authorization).toBe(`Bearer ${canary}`)
})

test('the request names the content type, or else the Blob does', async () => {
  const { api, send } = await setUp()
  const data = new Blob(['hi'], { type: 'audio/wav' })
  await send({ data, headers: { 'Content-Type': 'audio/x' } })
  await send({ data: new URLSearchParams('a=1'), headers: { 'Content-Type': 'application/x-www-form-urlencoded' } })
  expect(api.calls.map(({ headers }) => headers['content-type'])).toEqual([
    'audio/x',
    'application/x-www-form-urlencoded',
  ])
})

test('every byte arrives, also of a body of PUT, PATCH and DELETE', async () => {
  let got: Uint8Array = bytes.subarray(0, 0)
  const { url, close } = await startBytesApi((body) => (got = body))
  const { client } = await startRelay({ keys: { api: keyFor(url) } })
  for (const method of ['PUT', 'PATCH', 'DELETE', 'post'] as const) {
    await client.clientSecretRequest({
      clientSecretName: 'api',
      url,
      method,
      headers: { authorization: '$CLIENT_SECRET' },
      data: file,
    })
    expect(new Uint8Array(got)).toEqual(bytes)
  }
  close()
})

test('a form with a file', async () => {
  const { api, send } = await setUp()
  const data = new FormData()
  data.append('model', 'whisper "1"')
  data.append('tag', 'a')
  data.append('tag', 'b')
  data.append('file', new File(['sound'], 'ötter "1".wav', { type: 'audio/wav' }))
  await send({ data })
  const form = await formOf(api.calls[0]!)
  expect(form.slice(0, 3)).toEqual([
    ['model', 'whisper "1"'],
    ['tag', 'a'],
    ['tag', 'b'],
  ])
  const [, sent] = form[3] as [string, File]
  expect([sent.type, await sent.text()]).toEqual(['audio/wav', 'sound'])
})

test('the key in a field of a form, where a rule names it', async () => {
  const { api, send } = await setUp(undefined, { in: ['headers.authorization', 'data#/token', 'data#/to/1'] })
  const data = new FormData()
  data.append('file', new File(['sound'], 'a.wav'))
  data.append('token', '<$CLIENT_SECRET>')
  await send({ data })
  const form = new Map(await formOf(api.calls[0]!))
  expect(form.get('token')).toBe(`<${canary}>`)
  expect(await (form.get('file') as File).text()).toBe('sound')

  // The same as an object, and in a queue, where files cannot be.
  await send({
    data: { token: '$CLIENT_SECRET', n: [1, 2] },
    headers: { 'content-type': 'multipart/form-data' },
    queue: 'q',
    poll: 10,
  })
  expect(await formOf(api.calls[1]!)).toEqual([
    ['token', canary],
    ['n', '1'],
    ['n', '2'],
  ])

  await send({ data: new URLSearchParams([['to', 'a'], ['to', '$CLIENT_SECRET']]) }) // prettier-ignore
  expect([...new URLSearchParams(api.calls[2]!.body)]).toEqual([
    ['to', 'a'],
    ['to', canary],
  ])

  const other = new FormData()
  other.append('file', new File(['sound'], 'a.wav'))
  other.append('note', '$CLIENT_SECRET')
  await expect(send({ data: other })).rejects.toMatchObject({ code: 'NOT_ALLOWED', path: 'data#/note' })
  await expect(send({ data: new URLSearchParams({ note: '$CLIENT_SECRET' }) })).rejects.toMatchObject({
    code: 'NOT_ALLOWED',
    path: 'data#/note',
  })
  expect(api.calls).toHaveLength(3)
})

const otherField = 'x\r\n--b\r\nContent-Disposition: form-data; name="prompt"\r\n\r\n'

test.each<[string, string, Record<string, string | string[]>, string]>([
  ['the boundary in the field of the key', 'b', { api_key: `${otherField}$CLIENT_SECRET` }, 'data#/api_key'],
  ['the boundary in a field before it', 'b', { a: ['1', otherField], api_key: '$CLIENT_SECRET' }, 'data#/a'],
  ['the boundary in a name', 'b', { '--b': '', api_key: '$CLIENT_SECRET' }, 'data#/--b'],
  ...[
    'A; boundary=b',
    '"A"; boundary="b"',
    'A; x="; boundary=b"',
    '"\\"; boundary=b; x="',
    'a b',
    'A;charset=utf-7',
  ].map((boundary): [string, string, Record<string, string>, string] => [
    'a boundary that servers may read in different ways',
    boundary,
    { a: otherField, api_key: '$CLIENT_SECRET' },
    'headers.content-type',
  ]),
  ['another one', 'x; boundary*=b', { api_key: '$CLIENT_SECRET' }, 'headers.content-type'],
])('a key cannot get into another field of a form: %s', async (_what, boundary, data, path) => {
  const { api, send } = await setUp(undefined, { in: ['data#/api_key'] })
  const headers = { 'content-type': `multipart/form-data; boundary=${boundary}`, authorization: '' }
  await expect(send({ data, headers })).rejects.toMatchObject({ code: 'INVALID_PARAMETER', path })
  expect(api.calls).toEqual([])
})

test.each<[string, string, Record<string, string>, string]>([
  ['compressed', 'application/x-www-form-urlencoded', { 'content-encoding': 'gzip' }, 'headers.content-encoding'],
  [
    'compressed, with files',
    'multipart/form-data; boundary=b',
    { 'content-encoding': 'br' },
    'headers.content-encoding',
  ],
  ['in EBCDIC', 'application/x-www-form-urlencoded; charset=IBM037', {}, 'headers.content-type'],
  ['in UTF-16, with files', 'multipart/form-data; charset="utf-16"; boundary=b', {}, 'headers.content-type'],
  ['in two charsets', 'application/x-www-form-urlencoded; charset=utf-8; charset*=utf-7', {}, 'headers.content-type'],
])('a form whose names only its server can read is refused: %s', async (_what, type, headers, path) => {
  const { api, send } = await setUp()
  // `_method=DELETE` in EBCDIC. Spring reads it in the charset that the type names.
  const data = new Blob(['%6D%94%85%A3%88%96%84=%C4%C5%D3%C5%E3%C5'])
  await expect(send({ data, headers: { ...headers, 'content-type': type } })).rejects.toMatchObject({
    code: 'INVALID_PARAMETER',
    path,
  })
  await send({ data: 'a=1', headers: { 'content-type': 'application/x-www-form-urlencoded; charset="UTF-8"' } })
  expect(api.calls).toHaveLength(1)
})

const multipart = 'multipart/form-data; boundary=b'

test.each<[string, string, string?]>([
  ['behind a long name of a file', `: form-data; filename="${'a'.repeat(400)}"; name="_method"`],
  ['behind spaces', `: form-data;${' '.repeat(400)}name="_method"`],
  ['behind a space', ' : form-data; name="_method"'],
  ['in the next line', ': form-data;\r name="_method"'],
  ['in pieces', ': form-data; name*0="_met"; name*1="hod"'],
  ['with its charset', ": form-data; name*=utf-8''_method"],
  ['with an escape', ': form-data; name="_met\\hod"'],
  ['as in a letter', ': form-data; name="=?utf-8?Q?_method?="'],
  ['without a mark in front', ': form-data;filename="x"name="_method"'],
  ['after a comma', ': form-data,name="_method"'],
  ['as an attachment', ': attachment; name="_method"'],
  ['after an escaped quote', ': form-data; name="a"; filename="a\\"; name="_method""'],
  ['in a type with a comma', ': form-data; name="_method"', 'multipart/form-data, x; boundary=b'],
  ['in parts that are no form', ': form-data; name="_method"', 'multipart/mixed; boundary=b'],
])('a field for the method is refused however its head is written: %s', async (_what, head, type = multipart) => {
  const { api, send } = await setUp()
  for (const before of ['', 'x'.repeat(2 ** 20)]) {
    const data = new Blob([`--b\r\nX: ${before}\r\nContent-Disposition${head}\r\n\r\nDELETE\r\n--b--\r\n`])
    const sent = send({ data, headers: { 'content-type': type } })
    await expect(sent).rejects.toMatchObject({ code: 'INVALID_PARAMETER' })
  }
  // The large one passed through until there.
  expect(api.calls).toEqual([])
})

test.each([
  `form-data; name="f[a]"; filename="ö \\.eml"`,
  `form-data; name=f; filename=a.txt; filename*=utf-8''a%20b.txt`,
  `form-data; name="f"; filename="a.eml"\r\n\r\nX: y\r\nContent-Disposition: attachment;\r\n filename="x.pdf"`,
])('forms of other programs, and letters in them, pass: %s', async (head) => {
  const { api, send } = await setUp()
  const data = new Blob([`--b\r\nContent-Disposition: ${head}\r\n\r\nx\r\n--b--\r\n`])
  await send({ data, headers: { 'content-type': multipart } })
  expect(api.calls).toHaveLength(1)
})

test('names of fields are written as browsers write them, and begin no header', async () => {
  const { api, send } = await setUp()
  const name = 'a"\r\nX-Evil: 1\r\n\r\nb'
  await send({ data: { [name]: 'v' }, headers: { 'content-type': 'multipart/form-data' } })
  expect(api.calls[0]!.body).toContain('name="a%22%0D%0AX-Evil: 1%0D%0A%0D%0Ab"\r\n\r\nv\r\n')
})

test.each<[string, Partial<ClientSecretRequestParams>, object]>([
  [
    'in a queue',
    { data: file, queue: 'q', poll: 10 },
    { path: 'queue', message: /stores no files. Leave out queue and poll/ },
  ],
  ['polled', { data: file, poll: 10 }, { path: 'poll', message: /stores no files/ }],
  ['a GET', { data: file, method: 'GET' }, { path: 'data', message: /data is not sent with GET/ }],
  [
    'a placeholder in bytes',
    { data: new TextEncoder().encode('a $CLIENT_SECRET') },
    { path: 'data', message: /never into a file or raw bytes/ },
  ],
  [
    'a placeholder in a file of a form',
    { data: formWith(new File(['$CLIENT_SECRET'], 'a')) },
    { path: 'data', message: /never into a file/ },
  ],
  [
    'a placeholder in the name of a file',
    { data: formWith(new File(['x'], '$CLIENT_SECRET')) },
    { path: 'data', message: /never into a file/ },
  ],
  ['_method in a form', { data: formWith('DELETE', '_method') }, { path: 'data#/_method' }],
  [
    '_method in a form with a file',
    { data: formWith(new File(['DELETE'], 'x'), '_method') },
    { path: 'data#/_method' },
  ],
  [
    '_method in bytes that are a form',
    {
      data: new TextEncoder().encode('a=1&_method=DELETE'),
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    },
    { path: 'data#/_method' },
  ],
  [
    '_method in an object',
    { data: { _method: 'DELETE' }, headers: { 'content-type': 'multipart/form-data' } },
    { path: 'data#/_method' },
  ],
  [
    'objects in fields',
    { data: { a: { b: 1 } }, headers: { 'content-type': 'multipart/form-data' } },
    { path: 'data#/a', message: /data#\/a must be a string, a number/ },
  ],
  ['a list as a multipart form', { data: ['a'], headers: { 'content-type': 'multipart/form-data' } }, { path: 'data' }],
  [
    'too much beside a file',
    { data: file, params: { a: 'x'.repeat(7_000) } },
    { path: 'data', message: /at most 6000 characters/ },
  ],
  [
    'a stream',
    { data: new Blob(['hi']).stream() as never },
    { path: 'data', message: /data cannot be sent as JSON: it is a ReadableStream/ },
  ],
  [
    'a file among fields',
    { data: { a: file } },
    { path: 'data.a', message: /data.a cannot be sent as JSON: it is a File/ },
  ],
  ['a header of the connection', { data: file, headers: { host: 'x' } }, { path: 'headers.host' }],
])('refused: %s', async (_what, request, error) => {
  const { api, send } = await setUp()
  const { message, ...rest } = error as { message?: RegExp }
  await expect(send(request)).rejects.toMatchObject({
    code: 'INVALID_PARAMETER',
    ...rest,
    ...(message && { message: expect.stringMatching(message) as string }),
  })
  expect(api.calls).toEqual([])
})

function formWith(value: string | File, name = 'file'): FormData {
  const form = new FormData()
  form.append(name, value as string)
  return form
}

test('text about a form in a file is no form', async () => {
  const { api, send } = await setUp()
  await send({
    data: formWith(new File(['<input name="_method"> filename="_method"'], 'a.html', { type: 'text/html' })),
  })
  expect(api.calls).toHaveLength(1)
})

test('the record has the fields and no bytes, and the answer', async () => {
  const { client, send } = await setUp(undefined, { in: ['headers.authorization', 'data#/token'] })
  const data = formWith(new File(['sound'], 'a.wav'))
  data.append('token', '$CLIENT_SECRET')
  await send({ data })
  const [record] = (await client.history()).records
  expect(record).toMatchObject({
    status: 'resolved',
    request: { data: { token: '$CLIENT_SECRET' } },
    response: { body: '{"ok":true}' },
  })
  expect(JSON.stringify(record)).not.toContain('sound')
})

test('a page of another site cannot send a body without a preflight', async () => {
  const { api, url } = await setUp()
  const answer = await fetch(`${url}/requests`, {
    method: 'POST',
    body: 'x',
    headers: { 'content-type': 'text/plain' },
  })
  expect(await answer.json()).toMatchObject({ error: { code: 'INVALID_PARAMETER', path: 'headers.content-type' } })
  expect(api.calls).toEqual([])
})

/** An API that keeps its last body as bytes. */
async function startBytesApi(take: (body: Buffer) => void) {
  const { createServer } = await import('node:http')
  const { listen } = await import('../../stories/demo/openai.ts')
  const server = createServer((incoming, outgoing) => {
    void Readable.from(incoming)
      .toArray()
      .then((chunks) => {
        take(Buffer.concat(chunks as Buffer[]))
        json(outgoing, {})
      })
  })
  return { url: await listen(server), close: () => void server.close() }
}
