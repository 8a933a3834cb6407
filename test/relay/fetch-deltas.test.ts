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
  'Replicate, text': {
    type: 'text/event-stream',
    write: (pieces) => [
      // UTF-8 has no halves of characters, which JSON writes as \\ud83e.
      ...(pieces.join('').match(new RegExp(`[^]{1,${pieces[0]!.length}}`, 'gu')) ?? []).map(
        (piece) => `event: output\nid: 1\n${piece.replace(/^/gm, 'data: ')}\n\n`,
      ),
      'event: done\ndata: {}\n\n',
    ],
    read: (answer) =>
      [...answer.matchAll(/^event: output\nid: 1\n((?:data: .*\n)+)\n/gm)]
        .map(([, data]) => data!.slice(0, -1).replace(/^data: /gm, ''))
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

test('the bytes of a token that goes, go with it', () => {
  const events = sse(
    cut(`say ${secret} ok`, 4).map((token) => ({
      choices: [{ index: 0, logprobs: { content: [{ token, bytes: [...Buffer.from(token)], logprob: -1 }] } }],
    })),
  )
  const read = through({ ...dialects['Gemini']!, write: (pieces) => pieces }, events)
  const bytes = [...read.matchAll(/"bytes":\[([^\]]*)\]/g)].flatMap(([, list]) =>
    list === '' ? [] : list!.split(',').map(Number),
  )
  const text = Buffer.from(bytes).toString()
  expect(text).toMatch(/^say/)
  for (let at = 0; at + 9 <= secret.length; at++) expect(text).not.toContain(secret.slice(at, at + 9))
})

test('text that is no piece of a longer one does not wait', () => {
  const secrets = createSecretIndex()
  secrets.add(secret)
  const redactor = new DeltaRedactor(secrets)
  for (let n = 0; n < 10; n++) {
    const event = 'event: price\ndata: 1234567890\n\n'
    expect(redactor.push(Buffer.from(event)).toString()).toBe(event)
  }
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

describe('what a stream costs grows with its bytes', () => {
  const content = (text: string) => `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: text } }] })}\n\n`

  test.each<[string, (n: number) => string[]]>([
    ['one long word in many events', (n) => Array.from({ length: n }, () => content('abcd'))],
    ['a line without an end', (n) => ['data: ', ...Array.from({ length: n }, () => 'a word '.repeat(100))]],
    [
      'a long name over many texts',
      (n) => [
        `data: ${JSON.stringify({ ['n '.repeat(n * 10)]: Array.from({ length: n / 8 }, () => ({ text: 'x' })) })}\n\n`,
      ],
    ],
    [
      'many pieces in one event',
      (n) => [`data: ${JSON.stringify(Array.from({ length: n * 2 }, () => ({ text: 'abc' })))}\n\n`],
    ],
    ['blanks within a line', (n) => [`data: ${' '.repeat(n * 10)}x${' '.repeat(n * 10)}x\n\n`]],
  ])('%s', (_name, write) => {
    /** In ms of processor time. */
    function costOf(chunks: Buffer[]): number {
      const secrets = createSecretIndex()
      secrets.add(secret)
      const redactor = new DeltaRedactor(secrets)
      const before = process.cpuUsage()
      for (const chunk of chunks) redactor.push(chunk)
      redactor.end()
      const { user, system } = process.cpuUsage(before)
      return (user + system) / 1_000
    }
    const [small, large] = [2_000, 16_000].map((n) => write(n).map((text) => Buffer.from(text)))
    costOf(small!)
    const cost = (chunks: Buffer[]) => Math.min(...[1, 2, 3].map(() => costOf(chunks)))
    // Eight times the bytes: square is 64. The smallest cost is as long as a clock can tell.
    expect(cost(large!) / Math.max(2, cost(small!))).toBeLessThan(25)
  })

  test('no more than 16 MiB wait for the end of a word', () => {
    const redactor = new DeltaRedactor(createSecretIndex())
    redactor.push(Buffer.from(content('an unfinished and very long wordwordwordword')))
    const other = Buffer.from(`: ${'x'.repeat(1_000_000)}\n`)
    expect(() => {
      for (let n = 0; n < 20; n++) redactor.push(other)
    }).toThrow(/without the end of a word/)
  })

  test('what is nested too deep is not passed on', () => {
    const redactor = new DeltaRedactor(createSecretIndex())
    const deep = `data: ${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}\n\n`
    expect(() => redactor.push(Buffer.from(deep))).toThrow(/nested more than 100 levels/)
  })
})

describe('through the relay', () => {
  test.each([12, 20, 26, 28])('pieces of %i, which are found one by one, leave no holes that tell', async (length) => {
    const value = 'Zq8vT3mLr0KxY5bWn2JcHs7DpGf4AeUi9OoRt6VyBzQwE1NkXl3MjCh8SgPd5FaTu2IvLb7KrZx0YnWm4JqHe9'
    const dialect = dialects['OpenAI, chat']!
    const api = await startApi((call, outgoing) => {
      const { shift } = JSON.parse(call.body) as { shift: number }
      outgoing.writeHead(200, { 'content-type': 'text/event-stream' })
      outgoing.end(dialect.write(cut(`${'a'.repeat(shift)}${value} end`, length)).join(''))
    })
    const { client } = await startRelay({ keys: { api: { ...keyFor(api.url), secret: value } } })
    for (let shift = 0; shift < length; shift += 3) {
      const asked = { method: 'POST', headers: { authorization, 'content-type': 'application/json' } } as const
      const streamed = await (
        await client.fetchWith('api')(api.url, { ...asked, body: JSON.stringify({ shift }) })
      ).text()
      const gathered = await client.clientSecretRequest({
        ...asked,
        clientSecretName: 'api',
        url: `${api.url}/`,
        data: { shift },
      })
      for (const answer of [streamed, gathered as string]) {
        const read = dialect.read(answer)
        expect(read).toMatch(/\$CLIENT_SECRET end$/)
        for (let at = 0; at + 9 <= value.length; at++) expect(read).not.toContain(value.slice(at, at + 9))
      }
    }
  })

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
