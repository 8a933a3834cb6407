import { spawn } from 'node:child_process'
import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, onTestFinished, test, vi } from 'vitest'
import { createClient, createStream, isClientSecretError, type Client } from '../../src/exports/client.ts'
import { createTestClient, type Recording } from '../../src/exports/testing.ts'
import { startOpenAi } from '../../stories/demo/openai.ts'
import { story } from '../../stories/demo/story.ts'

const command = resolve(import.meta.dirname, '../../src/command/client-secret-relay.ts')
const secret = 'sk-0123456789-of-the-recorded-relay'
const headers = { Authorization: 'Bearer $CLIENT_SECRET' }

/** Every kind of request and answer, sent through a client: what each gave. */
async function all(client: Client, apiUrl: string): Promise<unknown[]> {
  const chat = { clientSecretName: 'openai', url: `${apiUrl}/v1/chat/completions`, method: 'POST', headers } as const
  const ask = (content: string, more = {}) => ({
    ...chat,
    data: { model: 'gpt-5', messages: [{ role: 'user', content }], ...more },
  })
  const outcome = (promise: Promise<unknown>) =>
    promise.catch((error: unknown) =>
      isClientSecretError(error) ? { code: error.code, message: error.message, data: error.data } : error,
    )
  const streamed = async (content: string, queue?: string) => {
    const one = createStream(client, { params: { ...ask(content, { stream: true }), queue } })
    await one.send()
    const { status, text, error } = one.state()
    return { status, text, code: error?.code, message: error?.message }
  }
  const fetched = await client.fetchWith('openai')(chat.url, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify(ask('fetched').data),
  })
  return [
    await outcome(client.clientSecretRequest(ask('Who are you?'))),
    await outcome(client.clientSecretRequest(ask('first'))),
    await outcome(client.clientSecretRequest(ask('second'))),
    await outcome(client.clientSecretRequest({ ...ask('in the background'), queue: 'chats', poll: 50 })),
    await outcome(client.clientSecretRequest(ask('busy'))),
    await outcome(client.clientSecretRequest({ ...ask('elsewhere'), url: `${apiUrl}/v2/other` })),
    await streamed('a long story'),
    await streamed('a story that breaks off'),
    await streamed('a long story in line', 'chats'),
    await streamed('a story in line that breaks off', 'chats'),
    { status: fetched.status, type: fetched.headers.get('content-type'), body: await fetched.json() },
  ]
}

async function record() {
  const api = await startOpenAi({
    secret,
    fixtures(mock) {
      mock.onMessage(/busy/, { error: { message: 'too many otters', type: 'server_error' }, status: 503 })
      mock.onMessage(/breaks off/, { content: story }, { latency: 5, chunkSize: 20, truncateAfterChunks: 5 })
      mock.onMessage(/long story/, { content: story }, { latency: 5, chunkSize: 20 })
      // The key comes back, and is redacted before it is recorded.
      mock.onMessage(/Who/, { content: `I am ${secret}.` })
      for (const word of ['first', 'second', 'background', 'fetched'])
        mock.onMessage(new RegExp(word), { content: `the ${word} answer` })
    },
  })
  onTestFinished(api.close)
  const folder = await mkdtemp(join(tmpdir(), 'record-'))
  const [config, file] = [join(folder, 'relay.config.mjs'), join(folder, 'recordings.json')]
  await writeFile(
    config,
    `export default { keys: { openai: { secret: '${secret}', locked: false,
      allow: [{ url: '${api.url}/v1/**', methods: ['POST'], allowPrivateNetwork: true }] } } }`,
  )
  const child = spawn(process.execPath, [command, 'record', config, file, '--port', '0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const output: string[] = []
  createInterface(child.stdout).on('line', (line) => output.push(line))
  const url = await vi.waitUntil(() => /listens on (\S+)/.exec(output.join('\n'))?.[1], { timeout: 30_000 })
  const answers = await all(createClient({ relay: url }), api.url)
  const ended = new Promise((settle) => child.once('exit', settle))
  child.kill('SIGTERM')
  expect(await ended).toBe(0)
  return { apiUrl: api.url, answers, output, text: await readFile(file, 'utf8') }
}

test('record writes what a relay answers, without its secret, and the testing client plays it', async () => {
  const { apiUrl, answers, output, text } = await record()
  expect(answers).toMatchObject([
    {},
    { choices: [{ message: { content: 'the first answer' } }] },
    { choices: [{ message: { content: 'the second answer' } }] },
    { choices: [{ message: { content: 'the background answer' } }] },
    { code: 'UPSTREAM_ERROR', data: { error: { message: 'too many otters' } } },
    { code: 'NOT_ALLOWED' },
    { status: 'resolved', text: story },
    { status: 'failed', code: 'UPSTREAM_UNREACHABLE', text: expect.stringMatching(/^Otters hold/) as string },
    { status: 'resolved', text: story },
    { status: 'failed', code: 'UPSTREAM_UNREACHABLE', text: expect.stringMatching(/^Otters hold/) as string },
    { status: 200, body: { choices: [{ message: { content: 'the fetched answer' } }] } },
  ])
  expect(text).not.toContain(secret)
  expect(output.filter((line) => line.includes('recorded answer'))).toHaveLength(answers.length)
  const recordings = JSON.parse(text) as Recording[]
  const client = createTestClient().play(recordings, { speed: Infinity })
  expect(await all(client, apiUrl)).toEqual(answers)
  // And again: the last answer repeats.
  expect(await all(client, apiUrl)).toEqual(answers)
}, 60_000)

test.each([
  [['record', 'relay.config.mjs'], /record needs the path of the file to write/],
  [['record', 'relay.config.mjs', '/no/such/folder/recordings.json'], /There is no folder for/],
])('%o', async (args, message) => {
  const child = spawn(process.execPath, [command, ...args], { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
  expect(await new Promise((settle) => child.once('exit', settle))).toBe(2)
  expect(said).toMatch(message)
})
