// @vitest-environment jsdom
import { resolve } from 'node:path'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'
import { compilerOptions } from '../../scripts/api-reference.ts'
import { createClient } from '../../src/client/create-client.ts'
import { skapiTransport } from '../../src/client/skapi-transport.ts'
import { json, startApi, type ApiAnswer } from '../helpers/api.ts'
import { root } from '../helpers/documentation.ts'
import { skapi2Folder, startSkapi } from '../helpers/skapi-server.ts'

// What the transport sends to Skapi and reads of it, as the real clients do.

describe.each([
  ['skapi-js 1.5.8', 1],
  ['the API of Skapi 2.0', 2],
  ...(skapi2Folder ? [['skapi-js 2.0', 'folder'] as const] : []),
] as const)('over %s', (_name, version) => {
  const isVersion2 = version !== 1

  async function setUp(options: { isSignedIn?: boolean } = {}, answer?: ApiAnswer) {
    const api = await startApi(answer ?? ((_call, outgoing) => json(outgoing, { done: true })))
    const server = await startSkapi(version, 'sk-plain-enough-for-json', options)
    const client = createClient({ transport: skapiTransport(server.skapi) })
    const request = {
      clientSecretName: 'api',
      url: `${api.url}/v1/Items`,
      method: 'POST',
      headers: { Authorization: 'Bearer $CLIENT_SECRET' },
    } as const
    const sent = (endpoint: string) => server.calls.filter((call) => call.endpoint === endpoint)
    return { api, client, request, sent }
  }

  test('a send on page load waits for the sign-in', async () => {
    const { client, request, sent } = await setUp({ isSignedIn: true })
    await client.clientSecretRequest({ ...request, queue: 'q', poll: 50 })
    expect([...sent('csr'), ...sent('csr-poll')].every((call) => call.isSignedIn)).toBe(true)
  })

  test('a visitor sends without a session', async () => {
    const { client, request, sent } = await setUp()
    await client.clientSecretRequest(request)
    expect(sent('csr')).toMatchObject([{ isSignedIn: false }])
  })

  test('each call names the service and its owner', async () => {
    const { client, request, sent } = await setUp()
    await client.clientSecretRequest({ ...request, queue: 'q', poll: 50 })
    const named = { service: 'abcdservice', owner: '11111111-2222-3333-4444-555555555555' }
    expect(sent('csr')).toMatchObject([{ body: named }])
    expect(sent('csr-poll')[0]).toMatchObject({ body: named })
  })

  test('poll without queue runs in the background', async () => {
    const { client, request, sent } = await setUp({ isSignedIn: true })
    await expect(client.clientSecretRequest({ ...request, poll: 50 })).resolves.toEqual({ done: true })
    await client.clientSecretRequest({ ...request, poll: 50 })
    expect(sent('csr-poll').length).toBeGreaterThanOrEqual(2)
    const queues = sent('csr').map(({ body }) => body['queue'])
    if (!isVersion2) return expect(queues).toEqual([undefined, undefined])
    // A queue of its own for each, with the user's id, as in skapi-js.
    expect(queues).toEqual([expect.stringMatching(/^user-1-./), expect.stringMatching(/^user-1-./)])
    expect(new Set(queues).size).toBe(2)
  })

  test('the history has the times in milliseconds', async () => {
    const { client, request } = await setUp({}, (_call, outgoing) => void setTimeout(() => json(outgoing, {}), 60))
    const before = Date.now()
    await client.clientSecretRequest({ ...request, queue: 'q', poll: 50, expires: 600 })
    const { records } = await client.history({ url: request.url, method: 'POST', queue: 'q' })
    expect(records).toHaveLength(1)
    const { createdAt, updatedAt, expiresAt } = records[0]!
    expect(expiresAt).toBeGreaterThan(before + 590_000)
    expect(expiresAt).toBeLessThan(before + 700_000)
    if (isVersion2) expect(updatedAt - createdAt).toBeGreaterThanOrEqual(50)
  })

  test('the history matches a queue exactly, and gives the id that the send gave', async () => {
    const { client, request } = await setUp({}, () => {})
    const { id } = await client.clientSecretRequest({ ...request, queue: 'image' })
    await client.clientSecretRequest({ ...request, queue: 'image-jobs' })
    const { records } = await client.history({ url: request.url, method: 'POST', queue: 'image' })
    expect(records).toMatchObject([{ id, queueName: 'image' }])
    if (!isVersion2) return
    const all = await client.history({ url: request.url, method: 'POST' })
    expect(all.records.map(({ queueName }) => queueName)).toEqual(['image', 'image-jobs'])
  })

  test('the history sends status and compact', async () => {
    const { client, request, sent } = await setUp()
    await client.clientSecretRequest({ ...request, data: { a: 1 }, queue: 'q', poll: 50 })
    const filter = { url: request.url, method: 'POST', queue: 'q', compact: true } as const
    const resolved = await client.history({ ...filter, status: 'resolved' })
    expect(resolved.records).toMatchObject([{ status: 'resolved', response: undefined, request: { url: request.url } }])
    expect(resolved.records[0]!.request!.data).toBeUndefined()
    expect((await client.history({ ...filter, status: 'failed' })).records).toEqual([])
    if (isVersion2)
      expect(sent('csr-poll').at(-1)).toMatchObject({ body: { status: 'failed', compact: true, queue_exact: true } })
  })

  test('counts a queue for a user', async () => {
    if (!isVersion2) return
    const { client, request } = await setUp({ isSignedIn: true }, () => {})
    await client.clientSecretRequest({ ...request, queue: 'q' })
    expect(await client.queueCount('q')).toEqual({ queueName: 'q', inQueue: 1 })
    await expect(client.queueCount('')).rejects.toMatchObject({ code: 'INVALID_PARAMETER', path: 'queue' })
  })
})

test.skipIf(!skapi2Folder)('skapiTransport takes a client of 2.0, says TypeScript', () => {
  const path = resolve(root, 'test/takes-skapi-2.ts')
  const code = `import { skapiTransport } from '${resolve(root, 'src/exports/skapi.ts')}'
    import { Skapi } from '${resolve(skapi2Folder!)}'
    skapiTransport(new Skapi('service_id'))`
  // Its declarations are checked less than ours.
  const options = { ...compilerOptions(), skipLibCheck: true }
  const host = ts.createCompilerHost(options)
  const { getSourceFile, fileExists } = host
  host.fileExists = (name) => name === path || fileExists(name)
  host.getSourceFile = (name, ...rest) =>
    name === path ? ts.createSourceFile(name, code, rest[0], true) : getSourceFile(name, ...rest)
  const program = ts.createProgram([path], options, host)
  const found = program.getSemanticDiagnostics(program.getSourceFile(path))
  expect(found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '))).toEqual([])
})
