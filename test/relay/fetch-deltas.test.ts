import { describe, expect, test } from 'vitest'
import { createSecretIndex } from '../../src/relay/keys/redaction/secret-index.ts'
import { DeltaRedactor } from '../../src/relay/upstream/delta-redactor.ts'
import { door, startApi } from '../helpers/api.ts'
import { keyFor, startRelay } from '../helpers/relay.ts'

const authorization = 'Bearer $CLIENT_SECRET'
const secret = 'sk-proj-8hQ2mX4vB7nK1pR5tY9wZ3cF6gJ0lD'
/** Without a beginning that is public. */
const plain = 'f3Jq8vLz0TnYb6RkWc2HsDp9XgMa4EuQ'

type Dialect = { type: string; write: (pieces: string[]) => string[]; read: (answer: string) => string }

/** What any of the dialects says. */
interface Event {
  choices: [{ index: number; delta: { content?: string } }]
  candidates: [{ content: { parts: [{ text: string }] } }]
  delta: unknown
}

const sse = (events: object[]) => events.map((event) => `data: ${JSON.stringify(event)}\n\n`)
const readSse = (answer: string) =>
  [...answer.matchAll(/^data: (\{.*)$/gm)].map(([, json]) => JSON.parse(json!) as Event)

const dialects: Record<string, Dialect> = {
  'OpenAI, chat': {
    type: 'text/event-stream',
    write: (pieces) => [
      ...sse(pieces.map((content) => ({ id: 'c1', model: 'gpt', choices: [{ index: 0, delta: { content } }] }))),
      ...sse([{ id: 'c1', model: 'gpt', choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }]),
      'data: [DONE]\n\n',
    ],
    read: (answer) =>
      readSse(answer)
        .map(({ choices: [{ delta }] }) => delta.content ?? '')
        .join(''),
  },
  'OpenAI, responses': {
    type: 'text/event-stream',
    write: (pieces) =>
      sse([
        ...pieces.map((delta, n) => ({
          type: 'response.output_text.delta',
          item_id: 'm',
          output_index: 0,
          content_index: 0,
          sequence_number: n,
          delta,
        })),
        { type: 'response.output_text.done', item_id: 'm', output_index: 0, content_index: 0 },
      ]),
    read: (answer) =>
      readSse(answer)
        .map(({ delta }) => (delta as string | undefined) ?? '')
        .join(''),
  },
  Anthropic: {
    type: 'text/event-stream; charset=utf-8',
    write: (pieces) =>
      sse([
        ...pieces.map((text) => ({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } })),
        { type: 'content_block_stop', index: 0 },
      ]).map((event) => `event: x\n${event}`),
    read: (answer) =>
      readSse(answer)
        .map(({ delta }) => (delta as { text: string } | undefined)?.text ?? '')
        .join(''),
  },
  Gemini: {
    type: 'text/event-stream',
    write: (pieces) =>
      sse(
        pieces.map((text) => ({ candidates: [{ content: { role: 'model', parts: [{ text }] } }], modelVersion: 'g' })),
      ),
    read: (answer) =>
      readSse(answer)
        .map(({ candidates: [{ content }] }) => content.parts[0].text)
        .join(''),
  },
  'Ollama, NDJSON': {
    type: 'application/x-ndjson',
    write: (pieces) => pieces.map((response) => `${JSON.stringify({ response, done: false })}\n`),
    read: (answer) =>
      answer
        .split('\n')
        .filter(Boolean)
        .map((line) => (JSON.parse(line) as { response: string }).response)
        .join(''),
  },
}

const cut = (text: string, length: number) => text.match(new RegExp(`[^]{1,${length}}`, 'g')) ?? []
const prose =
  'An otter, überaus 可愛い 🦦, holds hands while it sleeps; see https://example.com/otters/holding-hands?page=2 and "quotes".\n'

function through(dialect: Dialect, pieces: string[]): string {
  const secrets = createSecretIndex()
  secrets.add(secret)
  secrets.add(plain)
  const redactor = new DeltaRedactor(secrets)
  const parts = dialect.write(pieces).map((event) => redactor.push(Buffer.from(event)))
  return Buffer.concat([...parts, redactor.end()]).toString()
}

describe.each(Object.entries(dialects))('%s', (_name, dialect) => {
  test.each(Array.from({ length: 12 }, (_, n) => n + 1))('a secret in pieces of %i is found', (length) => {
    for (const value of [secret, plain]) {
      const text = `${prose}Your key is ${value}, and once more: ${value} ${prose}`
      const read = dialect.read(through(dialect, cut(text, length)))
      // What goes out before it is known to be one is no longer than 8 characters.
      for (let at = 0; at + 9 <= value.length; at++) expect(read).not.toContain(value.slice(at, at + 9))
      expect(read.replace(/\S{0,8}\$CLIENT_SECRET/g, '#')).toBe(text.replaceAll(value, '#'))
    }
  })

  test.each([1, 3, 7, 12])('what holds none is as it was, to the byte, in pieces of %i', (length) => {
    const pieces = cut(prose.repeat(20), length)
    expect(through(dialect, pieces)).toBe(dialect.write(pieces).join(''))
  })
})

test('two texts in one stream are two texts', () => {
  const events = cut(`say ${secret} ok`, 4).flatMap((content, n) =>
    sse([
      { choices: [{ index: 0, delta: { content } }] },
      { choices: [{ index: 1, delta: { content: `word${n} ` } }] },
    ]),
  )
  const read = through({ ...dialects['Gemini']!, write: (pieces) => pieces }, events)
  const of = (index: number) =>
    readSse(read)
      .map((event) => (event as unknown as { choices: [{ index: number; delta: { content: string } }] }).choices[0])
      .filter((choice) => choice.index === index)
      .map(({ delta }) => delta.content)
      .join('')
  expect(of(0)).toMatch(/^say \S{0,8}\$CLIENT_SECRET ok$/)
  expect(of(1)).toBe(
    events
      .map((_, n) => `word${n} `)
      .slice(0, events.length / 2)
      .join(''),
  )
})

describe('through the relay', () => {
  async function start(rule: Parameters<typeof keyFor>[1]) {
    const { opened, open } = door()
    const api = await startApi(async (_call, outgoing) => {
      outgoing.writeHead(200, { 'content-type': 'text/event-stream' })
      const [first, ...others] = dialects['OpenAI, chat']!.write(cut(`Hello there, ${secret} it is.`, 5))
      outgoing.write(first)
      await opened
      for (const event of others) outgoing.write(event)
      outgoing.end()
    })
    const { client } = await startRelay({ keys: { api: { ...keyFor(api.url, rule), secret } } })
    const ask = client.fetchWith('api')
    return { open, ask: () => ask(api.url, { method: 'POST', headers: { authorization }, body: '{}' }) }
  }

  test('pieces come as they are made, and a secret in them does not', async () => {
    const { open, ask } = await start({})
    const reader = (await ask()).body!.pipeThrough(new TextDecoderStream()).getReader()
    const { value: first } = await reader.read()
    expect(first).toContain('Hello')
    open()
    let rest = ''
    for (let next = await reader.read(); !next.done; next = await reader.read()) rest += next.value
    expect(dialects['OpenAI, chat']!.read(first + rest)).toMatch(/^Hello there, \S{0,8}\$CLIENT_SECRET it is\.$/)
  })

  test.each([
    [['headers.authorization', 'data#/key'] as const, undefined, false],
    [['headers.authorization', 'params.key'] as const, undefined, false],
    [['headers.authorization', 'params.key'] as const, true, true],
  ])('a key for %s, with stream: %s in its rule: streams is %s', async (places, stream, streams) => {
    const { open, ask } = await start({ in: [...places], stream })
    const reader = (await ask()).body!.pipeThrough(new TextDecoderStream()).getReader()
    const first = reader.read()
    const isThere = await Promise.race([
      first.then(() => true),
      new Promise((resolve) => setTimeout(resolve, 150, false)),
    ])
    expect(isThere).toBe(streams)
    open()
    await first
  })
})
