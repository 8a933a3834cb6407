import { gzipSync } from 'node:zlib'
import type { Attacker } from '../attacker.ts'
import { httpAnswer, type HttpAnswer, type NamedAnswer } from '../raw-http.ts'
import type { Target } from '../target.ts'
import { answers, attempts, spread, vector, type Attempt, type Vector } from '../vector.ts'
import { inEachEncoding } from './encodings.ts'
import { byteForms, forms, mixtures, rareForms, type Form } from './forms.ts'

/** Row 14: the allowed upstream echoes the secret. */
export function echoes(targets: readonly Target[]): Vector[] {
  return targets.flatMap((target, index) => {
    const list = [
      ...inEachForm(target),
      ...inEachPart(target),
      ...inEachEncoding(target),
      ...inEachSplit(target),
      ...besideOpeners(target),
    ]
    // The API knows all keys, and shows one key to a caller of another.
    const others = targets.filter((other) => other.keyName !== target.keyName && other.host === target.host)
    return [
      ...attempts(
        14,
        target,
        asAttempts(target, [
          ...others.map(({ keyName, canary }) =>
            ofAnother(`the secret of ${keyName}, which goes to the same API`, canary),
          ),
          ...target.siblings.map((value) => ofAnother('another value of the key', value)),
        ]),
      ),
      ...shownLater(target, targets),
      // The whole list for a secret that breaks careless code and for a typical secret.
      ...attempts(14, target, asAttempts(target, index < 2 ? list : spread(list, 12, index))),
      ...(index === 0 ? attempts(14, target, [...asAttempts(target, large(target)), ...inPackets(target)]) : []),
    ]
  })
}

function asAttempts(target: Target, list: NamedAnswer[]): [string, Attempt][] {
  return list.map(([name, answer]) => [name, { request: target.baseline(), world: answers(answer), aim: 'answer' }])
}

/** Answers in which an API shows text. Each is combined with every form. */
const bodies: [name: string, write: (text: string) => HttpAnswer][] = [
  ['in text', (text) => ({ headers: { 'content-type': 'text/plain' }, body: `You sent: ${text}.` })],
  ['in JSON', (text) => ({ body: `{"headers":{"authorization":"Bearer ${text}"},"n":1}` })],
  [
    'in the message of an error',
    (text) => ({
      status: 401,
      reason: 'Unauthorized',
      body: `{"error":{"message":"Incorrect API key provided: ${text}."}}`,
    }),
  ],
  ['in a header', (text) => ({ headers: { 'x-echo': text } })],
]

function inEachForm({ canary }: Target): NamedAnswer[] {
  // Headers cannot hold line breaks or non-ASCII characters.
  const isOfHeader = (form: Form) => /^[\x20-\x7e]*$/.test(String(form.write(canary)))
  const asText = (form: Form) =>
    (isOfHeader(form) ? bodies : bodies.slice(0, -1)).map(([where, write]): NamedAnswer => [
      `${form.name}, ${where}`,
      write(String(form.write(canary))),
    ])
  const asBytes = ({ name, write }: Form): NamedAnswer[] =>
    ['text/plain; charset=utf-16', 'application/octet-stream', 'image/png', ''].map((type) => [
      `${name}, as ${type || 'nothing'}`,
      {
        headers: { 'content-type': type },
        body: Buffer.concat([
          Buffer.from('\x89PNG\xff\x00', 'latin1'),
          Buffer.from(write(canary)),
          Buffer.from([0xff]),
        ]),
      },
    ])
  const binary = forms.filter((_, index) => index % 4 === 0)
  return [...[...forms, ...mixtures, ...rareForms].flatMap(asText), ...[...byteForms, ...binary].flatMap(asBytes)]
}

/** Pieces of the middle that are long enough to contain a window. */
function slices(unknown: string): [at: number, slice: string][] {
  const length = 44
  const starts = Array.from({ length: 8 }, (_, index) => 3 + index * 7).filter((at) => at + length < unknown.length)
  return starts.map((at) => [at, unknown.slice(at, at + length)])
}

function inEachPart({ canary, format: { publicPart } }: Target): NamedAnswer[] {
  const start = publicPart.length
  const unknown = canary.slice(start)
  const said = [
    'x-echo',
    'etag',
    'link',
    'location',
    'content-disposition',
    'content-type',
    'retry-after',
    'warning',
    'x-request-id',
    'content-language',
    'x-ratelimit-key',
    'set-cookie',
    'www-authenticate',
    'server',
  ]
  const types: [string, string][] = [
    ['application/x-www-form-urlencoded', new URLSearchParams({ key: canary, n: '1' }).toString()],
    [
      'text/html',
      `<p title="${canary.replaceAll('&', '&amp;').replaceAll('"', '&quot;')}">${canary.replaceAll('&', '&amp;')}</p>`,
    ],
    ['application/xml', `<key><![CDATA[${canary}]]></key>`],
    [
      'multipart/form-data; boundary=b',
      `--b\r\ncontent-disposition: form-data; name="key"\r\n\r\n${canary}\r\n--b--\r\n`,
    ],
    ['text/event-stream', `data: ${JSON.stringify({ key: canary })}\n\n`],
    ['application/x-ndjson', `{"n":1}\n${JSON.stringify(canary)}\n`],
    ['application/javascript', `callback(${JSON.stringify(canary)})`],
    ['application/problem+json', JSON.stringify({ detail: canary })],
  ]
  const statuses = [200, 201, 400, 403, 404, 422, 429, 500, 503, 599]
  return [
    ...said.map((name): NamedAnswer => [
      `in the header ${name}`,
      { status: name === 'location' ? 201 : 200, headers: { [name]: `a ${canary}` } },
    ]),
    ['in the name of a header', { headers: { [`x-${Buffer.from(canary).toString('hex')}`]: 'x' } }],
    [
      'in the location of a redirect',
      { status: 302, headers: { location: `https://evil.example/?key=${encodeURIComponent(canary)}` } },
    ],
    ['in the location, raw', { status: 307, headers: { location: `https://evil.example/${canary}` } }],
    ['in two headers of one name', { headers: { 'x-echo': 'a', 'X-Echo': canary } }],
    ['after the status', { reason: canary }],
    ['after the status of an error', { status: 500, reason: canary }],
    ['in a trailer', { body: '{}', trailers: { 'x-echo': canary } }],
    ...types.map(([type, body]): NamedAnswer => [`as ${type}`, { headers: { 'content-type': type }, body }]),
    ...statuses.flatMap((status): NamedAnswer[] => [
      [`with the status ${status}`, { status, body: JSON.stringify({ error: canary }) }],
      [`as the text of a ${status}`, { status, headers: { 'content-type': 'text/plain' }, body: canary }],
    ]),
    ['where a message is cut', { status: 400, body: JSON.stringify({ message: 'x'.repeat(485) + canary }) }],
    // Some characters of shorter pieces may pass. The oracles count them.
    ...[30, 36, unknown.length - 1].flatMap((length): NamedAnswer[] => [
      [`its first ${length} characters`, { body: JSON.stringify({ message: `${canary.slice(0, start + length)}…` }) }],
      [`its last ${length} characters`, { body: JSON.stringify({ message: `…${unknown.slice(-length)}` }) }],
      [
        `its first ${length} characters, in base64`,
        { body: JSON.stringify(btoa(`Bearer ${canary.slice(0, start + length)}`)) },
      ],
    ]),
    ...slices(unknown).flatMap(([at, slice]): NamedAnswer[] => [
      [`${slice.length} characters from ${at}`, { body: JSON.stringify({ message: `…${slice}…` }) }],
      [`${slice.length} characters from ${at}, in base64`, { body: JSON.stringify(btoa(slice)) }],
    ]),
    ['as the name of a member', { body: JSON.stringify({ [canary]: 1 }) }],
    ['twice without a gap', { body: JSON.stringify(canary + canary) }],
    ['after its own beginning', { body: JSON.stringify(canary.slice(0, 8) + canary) }],
    ['around the placeholder', { body: JSON.stringify(`$CLIENT_SECRET${canary}$CLIENT_SECRET`) }],
  ]
}

/** Beginnings of escapes that a caller places next to a true echo, so that decoding consumes its characters. */
const openers = [
  '&#',
  '&#x',
  '%',
  '%2',
  '\\u',
  '\\u00',
  '\\x',
  '\\',
  '=',
  '&',
  '\\1',
  '\0',
  '\u200b',
  'x',
  '/',
  'QQ',
  '4',
  '73 ',
  '115,',
]

function besideOpeners({ canary }: Target): NamedAnswer[] {
  return openers.flatMap((opener): NamedAnswer[] => {
    const name = JSON.stringify(opener)
    const plain = { 'content-type': 'text/plain' }
    return [
      [`after ${name}`, { headers: plain, body: `${opener}${canary} and more` }],
      [`before ${name}`, { headers: plain, body: `You sent ${canary}${opener}` }],
      [`between ${name}`, { body: JSON.stringify({ echo: `${opener}${canary}${opener}` }) }],
      [`in base64, after ${name}`, { headers: plain, body: opener + Buffer.from(`${canary}x`).toString('base64') }],
    ]
  })
}

function ofAnother(what: string, value: string): NamedAnswer {
  return [what, { body: JSON.stringify({ lastCaller: value }) }]
}

/** An API of another key shows the value after its call: only what the relay keeps can redact it then. */
function shownLater(target: Target, targets: readonly Target[]): Vector[] {
  const other = targets.find(({ keyName }) => keyName !== target.keyName)
  if (!other) return []
  const run = async (attacker: Attacker) => {
    attacker.world({})
    await attacker.submit(target.baseline())
    attacker.world(answers({ body: JSON.stringify({ log: target.canary }) }))
    await attacker.submit(other.baseline())
  }
  return [vector(14, `${target.title}: shown to ${other.title} after its own call`, run, { aim: 'answer' })]
}

function inEachSplit({ canary }: Target): NamedAnswer[] {
  const body = `{"key":${JSON.stringify(canary)}}`
  const text = `The key is ${canary}, isn't it?`
  return [
    ...[1, 2, 3, 7, 16, 20].map((chunk): NamedAnswer => [`in chunks of ${chunk} bytes`, { body, chunk }]),
    ['gzip in chunks of 1 byte', { headers: { 'content-encoding': 'gzip' }, body: gzipSync(body), chunk: 1 }],
    ['base64 in chunks of 1 byte', { body: Buffer.from(text).toString('base64'), chunk: 1 }],
    ['UTF-16 in chunks of 3 bytes', { body: Buffer.from(text, 'utf16le'), chunk: 3 }],
    ['JSON in UTF-16', { body: Buffer.from(body, 'utf16le') }],
  ]
}

/** The secret at the end, in the middle, and across common buffer boundaries. */
function large({ canary }: Target): NamedAnswer[] {
  const filler = (length: number) => 'otter '.repeat(Math.ceil(length / 6)).slice(0, length)
  return [
    ...[16_384, 65_536].map((border): NamedAnswer => [
      `across byte ${border}`,
      { headers: { 'content-type': 'text/plain' }, body: filler(border - 15) + canary + filler(1_000) },
    ]),
    ['at the end of 1 MB', { headers: { 'content-type': 'text/plain' }, body: filler(1_000_000) + canary }],
    [
      'at the end of 3 MB, as bytes',
      {
        headers: { 'content-type': 'application/octet-stream' },
        body: Buffer.concat([Buffer.alloc(3_000_000, 0xfe), Buffer.from(canary)]),
      },
    ],
    ['a thousand times', { body: JSON.stringify(Array(1_000).fill(canary)) }],
  ]
}

/** The answer split into packets, independent of its framing. */
function inPackets(target: Target): [string, Attempt][] {
  const bytes = httpAnswer({ body: JSON.stringify({ key: target.canary }) })
  const cuts = [bytes.length - 10, bytes.length - 25, bytes.length - 40]
  return cuts.map((cut) => [
    `in two packets, cut ${bytes.length - cut} bytes before the end`,
    {
      request: target.baseline(),
      world: { answer: () => [bytes.subarray(0, cut), bytes.subarray(cut)] },
      aim: 'answer',
    },
  ])
}
