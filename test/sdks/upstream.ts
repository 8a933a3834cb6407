import { createServer, request as forward, type ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { LLMock } from '@copilotkit/aimock'
import { buildConnector } from 'undici'
import { listen } from '../../stories/demo/openai.ts'
import { hexOf } from './parts.ts'

/** One call that came, to the letter. */
export interface Arrived {
  host: string
  method: string
  path: string
  headers: Record<string, string>
  /** Each byte is a character. */
  body: string
}

/** How the documentation of an API says that its key is sent. Anthropic's takes both: its SDK and the AI SDK differ. */
const credentials: [hosts: RegExp, read: (call: Arrived) => string | null | undefined, prefix: string][] = [
  [/^api\.anthropic\.com$/, header('x-api-key'), ''],
  [/^generativelanguage\.googleapis\.com$/, header('x-goog-api-key'), ''],
  [/^api\.elevenlabs\.io$/, header('xi-api-key'), ''],
  [/^api\.deepgram\.com$/, header('authorization'), 'Token '],
  [/^api\.github\.com$|^uploads\.github\.com$/, header('authorization'), 'token '],
  [/fal\.(run|ai)$/, header('authorization'), 'Key '],
  [/^api\.assemblyai\.com$/, header('authorization'), ''],
  [/^api\.mailgun\.net$/, basic, 'api:'],
  [/^api\.otter\.example$/, basic, 'otter:'],
  [/^(maps|sounds)\.otter\.example$/, ({ path }) => new URL(path, 'https://x').searchParams.get('key'), ''],
  [
    /^((router\.)?huggingface\.co|ollama\.com|openrouter\.ai|(api|files)\.(anthropic|openai|stripe|replicate|cohere|groq|together|notion|resend|airtable|otter)\.(com|ai|xyz|example)|api\.mistral\.ai)$/,
    header('authorization'),
    'Bearer ',
  ],
]

function header(name: string) {
  return ({ headers }: Arrived) => headers[name]
}

function basic({ headers }: Arrived): string | undefined {
  const [, encoded] = /^Basic (.+)$/.exec(headers['authorization'] ?? '') ?? []
  return encoded && Buffer.from(encoded, 'base64').toString()
}

type Answer = (outgoing: ServerResponse, call: Arrived) => void

const otter = 'An otter holds hands while it sleeps.'
const chunks = ['An otter ', 'holds hands ', 'while it ', 'sleeps.']
/** Bytes that are no text. */
const picture = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0xff, ...Buffer.from('otter')])
const sound = Buffer.from([0x49, 0x44, 0x33, 0x03, 0, 0xff, ...Buffer.from('otter')])

/** One that a browser shows. */
const pixel = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)

/** One second that a browser plays. */
function silence(): Buffer {
  const head = Buffer.from(`RIFF....WAVEfmt ${'.'.repeat(20)}data....`)
  head.writeUInt32LE(36 + 8_000, 4)
  head.writeUInt32LE(16, 16)
  head.writeUInt16LE(1, 20)
  head.writeUInt16LE(1, 22)
  head.writeUInt32LE(8_000, 24)
  head.writeUInt32LE(8_000, 28)
  head.writeUInt16LE(1, 32)
  head.writeUInt16LE(8, 34)
  head.writeUInt32LE(8_000, 40)
  return Buffer.concat([head, Buffer.alloc(8_000, 128)])
}

export const otterInHex = hexOf(Buffer.from('otter'))

const json =
  (body: unknown, status = 200): Answer =>
  (outgoing) => {
    outgoing.writeHead(status, { 'content-type': 'application/json' })
    outgoing.end(JSON.stringify(body))
  }
const bytes =
  (body: Buffer, type: string): Answer =>
  (outgoing) => {
    outgoing.writeHead(200, { 'content-type': type })
    outgoing.end(body)
  }
const events =
  (...list: string[]): Answer =>
  (outgoing) => {
    outgoing.writeHead(200, { 'content-type': 'text/event-stream' })
    for (const event of list) outgoing.write(`${event}\n\n`)
    outgoing.end()
  }
const completion = {
  id: 'otter',
  object: 'chat.completion',
  created: 1,
  model: 'otter-1',
  system_fingerprint: 'otter',
  usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
}
const chat: Answer = (outgoing, call) => {
  if (!/"stream": ?true/.test(call.body))
    return json({
      ...completion,
      choices: [{ index: 0, message: { role: 'assistant', content: otter }, finish_reason: 'stop' }],
    })(outgoing, call)
  const parts = chunks.map((content) => ({
    index: 0,
    delta: { role: 'assistant', content },
    finish_reason: null as string | null,
  }))
  const last = { index: 0, delta: {}, finish_reason: 'stop' }
  const list = [...parts, last].map(
    (choice) => `data: ${JSON.stringify({ ...completion, object: 'chat.completion.chunk', choices: [choice] })}`,
  )
  events(...list, 'data: [DONE]')(outgoing, call)
}
const tasks: Record<string, string> = {
  'otter/image': 'text-to-image',
  'otter/speech': 'text-to-speech',
  'otter/transcription': 'automatic-speech-recognition',
}
const transcription = json({
  text: 'An otter speaks.',
  language: 'en',
  model: 'otter-1',
  system_fingerprint: 'otter',
  usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
})

/** What the stand-in answers, host and path. The first that fits. What is not here goes to aimock. */
function routes(own: () => string): [RegExp, Answer][] {
  return [
    [
      /^\S+ api\.stripe\.com\/v1\/customers/,
      (outgoing, call) => json({ id: 'cus_otter', name: new URLSearchParams(call.body).get('name') })(outgoing, call),
    ],
    [/^\S+ files\.stripe\.com\/v1\/files/, json({ id: 'file_1', filename: 'otter.wav' })],
    [/^\S+ files\.stripe\.com\/v1\/quotes\/otter\/pdf/, bytes(picture, 'application/pdf')],

    [/^POST api\.openai\.com\/v1\/files/, json({ id: 'file-1', object: 'file', filename: 'otter.wav' })],
    [/^POST api\.anthropic\.com\/v1\/files/, json({ id: 'file_1', type: 'file', filename: 'otter.wav' })],
    [/^GET \S+\/files\/file-otter\/content/, bytes(sound, 'application/octet-stream')],

    [
      /^POST generativelanguage\S+\/otter-image:generateContent/,
      json({
        candidates: [
          {
            content: {
              role: 'model',
              parts: [{ inlineData: { mimeType: 'image/png', data: picture.toString('base64') } }],
            },
            finishReason: 'STOP',
          },
        ],
      }),
    ],
    [
      /^POST generativelanguage\.googleapis\.com\/upload\//,
      (outgoing) => {
        outgoing.writeHead(200, {
          'content-type': 'application/json',
          'x-goog-upload-status': 'active',
          'x-goog-upload-url': `${own()}/google-upload`,
        })
        outgoing.end('{}')
      },
    ],
    [
      /^POST \S+\/google-upload/,
      (outgoing) => {
        outgoing.writeHead(200, {
          'content-type': 'application/json',
          'x-goog-upload-status': 'final',
          'access-control-expose-headers': '*',
        })
        outgoing.end(JSON.stringify({ file: { name: 'files/otter' } }))
      },
    ],

    [
      /^POST api\.replicate\.com\/v1\/models\/otter\/chat\/predictions/,
      (outgoing, call) =>
        json(
          {
            id: 'p1',
            status: 'succeeded',
            output: [otter],
            urls: { get: 'https://api.replicate.com/v1/predictions/p1', stream: `${own()}/replicate-stream` },
          },
          201,
        )(outgoing, call),
    ],
    [
      /^POST api\.replicate\.com\/v1\/models\/otter\/image\/predictions/,
      (outgoing, call) =>
        json({ id: 'p2', status: 'starting', urls: { get: 'https://api.replicate.com/v1/predictions/p2' } }, 201)(
          outgoing,
          call,
        ),
    ],
    [
      /^GET api\.replicate\.com\/v1\/predictions\/p2/,
      json({ id: 'p2', status: 'succeeded', output: `data:image/png;base64,${picture.toString('base64')}` }),
    ],
    [/^POST api\.replicate\.com\/v1\/files/, json({ id: 'otter-file', name: 'otter.wav' }, 201)],
    [
      /^GET \S+\/replicate-stream/,
      events(
        ...chunks.map((text, index) => `event: output\nid: ${index}\ndata: ${text}`),
        'event: done\nid: 9\ndata: {}',
      ),
    ],

    [
      /^POST api\.mistral\.ai\/v1\/files/,
      json({
        id: '497f6eca-6276-4993-bfeb-53cbbbba6f09',
        object: 'file',
        bytes: 256,
        created_at: 1,
        filename: 'otter.wav',
        purpose: 'fine-tune',
        sample_type: 'pretrain',
        source: 'upload',
      }),
    ],
    [/^POST api\.cohere\.com\/v1\/datasets/, json({ id: 'otter-dataset' })],
    [/^POST api\.groq\.com\/openai\/v1\/files/, json({ id: 'file-1', filename: 'otter.wav' })],

    [/^POST api\.deepgram\.com\/v1\/speak/, bytes(sound, 'audio/mpeg')],
    [
      /^POST api\.deepgram\.com\/v1\/listen/,
      json({
        metadata: { request_id: 'r' },
        results: { channels: [{ alternatives: [{ transcript: 'An otter speaks.', confidence: 1, words: [] }] }] },
      }),
    ],
    [/^POST api\.elevenlabs\.io\/v1\/text-to-speech/, bytes(sound, 'audio/mpeg')],
    [
      /^POST api\.elevenlabs\.io\/v1\/speech-to-text/,
      json({ language_code: 'en', language_probability: 1, text: 'An otter speaks.', words: [] }),
    ],
    [/^GET api\.elevenlabs\.io\/v1\/history\/otter\/audio/, bytes(sound, 'audio/mpeg')],

    [/^POST api\.notion\.com\/v1\/pages/, json({ object: 'page', id: 'page-otter' })],
    [
      /^POST api\.notion\.com\/v1\/file_uploads\/otter\/send/,
      json({ object: 'file_upload', id: 'upload-otter', status: 'uploaded' }),
    ],

    [
      /^POST api\.github\.com\/repos\/otter\/sea\/issues/,
      (outgoing, call) => json({ title: (JSON.parse(call.body) as { title: string }).title }, 201)(outgoing, call),
    ],
    [
      /^POST uploads\.github\.com\//,
      (outgoing, call) => json({ name: new URL(call.path, 'http://x').searchParams.get('name') }, 201)(outgoing, call),
    ],
    [
      /^GET api\.github\.com\/repos\/otter\/sea\/contents\/otter\.md/,
      bytes(Buffer.from(otter), 'application/vnd.github.raw; charset=utf-8'),
    ],

    [
      /^GET huggingface\.co\/api\/models\/otter\/(image|speech|transcription)/,
      (outgoing, call) => {
        const providerId = call.path.split('?')[0]!.replace('/api/models/', '')
        const task = tasks[providerId]
        json({ id: providerId, inferenceProviderMapping: { 'hf-inference': { providerId, status: 'live', task } } })(
          outgoing,
          call,
        )
      },
    ],
    [/^POST router\.huggingface\.co\/hf-inference\/models\/otter\/image/, bytes(picture, 'image/png')],
    [/^POST router\.huggingface\.co\/hf-inference\/models\/otter\/speech/, bytes(sound, 'audio/mpeg')],
    [/^POST router\.huggingface\.co\/hf-inference\/models\/otter\/transcription/, transcription],

    [/^POST fal\.run\/otter\/text\/stream/, events(...chunks.map((text) => `data: ${JSON.stringify({ text })}`))],
    [/^POST fal\.run\/otter\/text/, json({ text: otter })],
    [
      /^POST queue\.fal\.run\/otter\/image/,
      json({
        request_id: 'r1',
        status: 'IN_QUEUE',
        response_url: 'https://queue.fal.run/otter/image/requests/r1',
        status_url: 'https://queue.fal.run/otter/image/requests/r1/status',
        cancel_url: 'https://queue.fal.run/otter/image/requests/r1/cancel',
        queue_position: 0,
      }),
    ],
    [
      /^GET queue\.fal\.run\/otter\/image\/requests\/r1\/status/,
      json({ request_id: 'r1', status: 'COMPLETED', logs: [] }),
    ],
    [/^GET queue\.fal\.run\/otter\/image\/requests\/r1/, json({ images: [{ url: 'https://fal.media/otter.png' }] })],
    [
      /^POST rest\.fal\.ai\/storage\/upload\/initiate/,
      (outgoing, call) =>
        json({ file_url: 'https://fal.media/otter.wav', upload_url: `${own()}/fal-upload` })(outgoing, call),
    ],
    [/^PUT \S+\/fal-upload/, json({})],

    [/^POST api\.resend\.com\/emails/, json({ id: 'otter-mail' })],
    [/^GET api\.airtable\.com\/v0\/app1\/Otters/, json({ records: [{ id: 'rec1', fields: { name: 'An otter' } }] })],
    [
      /^POST api\.assemblyai\.com\/v2\/upload/,
      (outgoing, call) =>
        json(call.body.length === 256 ? { upload_url: 'https://cdn.assemblyai.com/otter' } : {})(outgoing, call),
    ],
    [/^POST api\.assemblyai\.com\/v2\/transcript/, json({ id: 'otter-transcript', status: 'queued' })],
    [/^POST api\.mailgun\.net\/v3\/otter\.example\/messages/, json({ id: 'otter-mail', message: 'Queued.' })],
    [/^\S+ api\.otter\.example\/v1\/(otter|basic)/, json({ text: otter })],
    [/^GET maps\.otter\.example\/otter\.png/, bytes(pixel, 'image/png')],
    [/^GET sounds\.otter\.example\/otter\.wav/, bytes(silence(), 'audio/wav')],

    [/\/audio\/transcriptions/, transcription],
    [/\/chat\/completions$/, chat],
  ]
}

export interface Upstream {
  url: string
  calls: Arrived[]
  /** For undici: every https host is this server. */
  connector: buildConnector.connector
  /** What it answers next, once, instead of its own. */
  answerNext: (answer: Answer) => void
  close: () => Promise<void>
}

/** All APIs on one loopback port. A call whose key is not where the API's documentation says is a 401. */
export async function startUpstream(secretOf: (host: string) => string | undefined): Promise<Upstream> {
  const mock = new LLMock({ port: 0, chunkSize: 4, logLevel: 'silent' })
  mock.onMessage(/otter/, { content: otter })
  mock.onImage(/otter/, { image: { b64Json: Buffer.from('otter').toString('base64') } })
  mock.onSpeech(/otter/, { audio: sound.toString('base64') })
  await mock.start()
  const calls: Arrived[] = []
  let next: Answer | undefined
  let url = ''
  const table = routes(() => url)

  const server = createServer((incoming, outgoing) => {
    // The page's own fetches come from another origin.
    outgoing.setHeader('access-control-allow-origin', '*')
    outgoing.setHeader('access-control-allow-headers', '*, authorization')
    outgoing.setHeader('access-control-allow-methods', '*')
    if (incoming.method === 'OPTIONS') return void outgoing.end()
    const pieces: Buffer[] = []
    incoming.on('data', (chunk: Buffer) => pieces.push(chunk))
    incoming.on('end', () => {
      const body = Buffer.concat(pieces)
      const { method = '', url: path = '' } = incoming
      const headers = Object.fromEntries(Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]))
      const { host = '' } = headers
      const call = { host, method, path, headers, body: body.toString('latin1') }
      calls.push(call)
      const secret = secretOf(host)
      // Some APIs say the key again. The relay takes it out.
      if (secret) outgoing.setHeader('x-request-key', secret)
      const places = credentials.filter(([hosts]) => hosts.test(host))
      if (secret !== undefined && !places.some(([, read, prefix]) => read(call) === prefix + secret))
        return json({ error: { message: 'no valid key' } }, 401)(outgoing, call)
      const [, answer = next] =
        (!next && table.find(([route]) => route.test(`${method} ${host}${path.split('?')[0]}`))) || []
      next = undefined
      if (answer) return answer(outgoing, call)
      const to = `${mock.url}${path.replace(/^\/openai\/|^\/api\/(?=v1)/, '/').replace(/^\/v1\/(?=models\/.*:)/, '/v1beta/')}`
      const onward = forward(to, { method, headers: { ...headers, host: new URL(mock.url).host } }, (answered) => {
        outgoing.writeHead(answered.statusCode!, answered.headers)
        answered.pipe(outgoing)
      })
      onward.end(body)
    })
  })
  url = await listen(server)
  const { port } = new URL(url)
  const tls = buildConnector({})

  return {
    url,
    calls,
    answerNext: (answer) => void (next = answer),
    connector(options, callback) {
      if (options.protocol !== 'https:') return tls(options, callback)
      const socket = connect(Number(port), '127.0.0.1')
      socket.once('error', (error) => callback(error, null))
      socket.once('connect', () => {
        socket.removeAllListeners('error')
        callback(null, socket)
      })
    },
    async close() {
      server.closeAllConnections()
      server.close()
      await mock.stop()
    },
  }
}
