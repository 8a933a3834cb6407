import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { randomFrom } from '../../bench/parts/figures.ts'
import { formats, template, unknownOf } from '../../bench/parts/hostile-templates.ts'
import { redactBody, type Redactor } from '../../src/relay/keys/redaction/redactor.ts'
import { createRedactor, createSecretIndex } from '../../src/relay/keys/redaction/secret-index.ts'
import { base64, writers } from '../helpers/writers.ts'

const secret = `sk-ant-api03-${'Xk29fLmQ8vRt3WzB7nHs5JdGyC4pTe6aUiOo1Vr0MwNxEbKhSgFjDlPqYcZu-AsIvHt_2bqWe'}`

function inChunks(redactor: Redactor, body: Buffer, lengths: () => number): Buffer {
  const stream = redactor.stream()
  const parts: Buffer[] = []
  for (let at = 0; at < body.length;) {
    const length = lengths()
    // A copy that is overwritten: whoever reads a socket may use the memory again.
    const chunk = Buffer.from(body.subarray(at, at + length))
    parts.push(stream.push(chunk))
    chunk.fill(0)
    at += length
  }
  return Buffer.concat([...parts, stream.end()])
}

describe('a body in chunks becomes what it becomes as a whole', () => {
  const redactor = createRedactor(secret, 'a pass phrase, of several (words)')
  const some = [
    'as it is',
    'every character of CSS, with blanks',
    'as quoted-printable, in lines',
    'in UTF-16',
    'in hex, as C',
  ]
  const text = [
    ...some.map((name) => writers[name]!(secret.slice(0, 40))),
    base64(secret.slice(13)).replace(/.{20}/g, '$&\r\n  '),
    '?a=b&key=1&amp;c=d&lowbar;e &unknown; &# x1 2 3 4 5',
    'a pass phrase, of several (words)',
    'ä\u00ad\u200b\u2028€😀',
    JSON.stringify(new Uint8Array(Buffer.from(secret.slice(0, 20))), null, 1),
  ].join(' "\n" ')
  const body = Buffer.from(text)
  const whole = redactor.text(text)

  test('cut once, at every place', () => {
    for (let at = 1; at < body.length; at++) {
      let isFirst = true
      const found = inChunks(redactor, body, () => {
        const length = isFirst ? at : body.length
        isFirst = false
        return length
      })
      if (!found.equals(Buffer.from(whole))) expect([at, found.toString()]).toEqual([at, whole])
    }
  })

  test('byte by byte', () => {
    expect(inChunks(redactor, body, () => 1).toString()).toBe(whole)
  })

  test('as redactBody does it', async () => {
    expect((await redactBody(redactor, body)).toString()).toBe(whole)
  })

  test('hostile answers, cut anywhere', () => {
    const random = randomFrom(5)
    for (let run = 0; run < 1_000; run++) {
      const format = formats[run % formats.length]!
      const unknown = unknownOf(format, random)
      const one = createRedactor(format.prefix + unknown)
      const answer = template(format, random)(unknown)
      const found = inChunks(one, Buffer.from(answer), () => 1 + Math.floor(random() * 30))
      expect(found.toString()).toBe(one.text(answer))
    }
  })

  test('and a word that is longer than what is searched at once', () => {
    const long = `x${'QUJD/w+8-'.repeat(20_000)}`
    for (const at of [0, 28_000, 32_700, 60_000, 100_000, long.length]) {
      const answer = `before ${long.slice(0, at)}${secret}${long.slice(at)} after`
      expect(redactor.text(answer)).toBe('before $CLIENT_SECRET after')
      expect(inChunks(redactor, Buffer.from(answer), () => 5_000).toString()).toBe('before $CLIENT_SECRET after')
    }
    expect(redactor.text(long)).toBe(long)
  })
})

describe('what is held back', () => {
  test('is nothing after an event of a stream', () => {
    const stream = createRedactor(secret).stream()
    for (let index = 0; index < 1_000; index++) {
      for (const event of [
        `data: ${JSON.stringify({ id: `chatcmpl-${index}`, choices: [{ delta: { content: `word ${index}` } }] })}\n\n`,
        `event: content_block_delta\ndata: ${JSON.stringify({ index, delta: { text: 'a, b' } })}\n\n`,
        `${JSON.stringify({ response: 'x', done: false, at: new Date(index).toISOString() })}\n`,
      ])
        expect(stream.push(Buffer.from(event)).toString()).toBe(event)
    }
  })

  test('is bounded: a longer word ends the answer, whether or not it holds a secret', () => {
    for (const begin of ['', secret]) {
      const stream = createRedactor(secret).stream({ maxHeld: 10_000 })
      expect(stream.push(Buffer.from('some words '))).toEqual(Buffer.from('some words '))
      expect(() => {
        for (let index = 0; index < 12; index++) stream.push(Buffer.from(begin + 'x'.repeat(1_000)))
      }).toThrow(/more than 10000 bytes without a blank/)
    }
  })
})

test('bytes pushed one by one are looked at once, however long a word is', () => {
  const cost = (length: number) => {
    const stream = createRedactor(secret).stream()
    const byte = Buffer.from('x')
    const { user, system } = process.cpuUsage()
    for (let index = 0; index < length; index++) stream.push(byte)
    stream.end()
    const used = process.cpuUsage({ user, system })
    return used.user + used.system
  }
  cost(20_000)
  // Ten times as many bytes: ten times the time, and a hundred times were they looked at again and again.
  expect(cost(400_000) / cost(40_000)).toBeLessThan(40)
})

test('an index without values passes everything on', async () => {
  const index = createSecretIndex()
  const body = Buffer.from('sk-ant-api03-abc')
  expect(await redactBody(index, body)).toBe(body)
  expect(index.text('sk-ant-api03-abc')).toBe('sk-ant-api03-abc')
  const stream = index.stream()
  expect(Buffer.concat([stream.push(body), stream.end()])).toEqual(body)
  // One that is added now is found from now on.
  index.add(secret)
  expect(index.text(secret)).toBe('$CLIENT_SECRET')
})

test('a body of which nothing goes is handed back itself', async () => {
  const body = Buffer.from(JSON.stringify({ a: 'b', image: randomBytes(300_000).toString('base64') }))
  expect(await redactBody(createRedactor(secret), body)).toBe(body)
})

test('threat 26: no step of a body takes long, whatever it is', () => {
  const redactor = createRedactor(secret)
  const millisecondsOf = <Result>(work: () => Result) => {
    const before = process.cpuUsage()
    const result = work()
    const { user, system } = process.cpuUsage(before)
    return { took: (user + system) / 1_000, result }
  }
  for (const part of ['sk-ant-api03-', '%2525', '\\', 'A', '61 ', `${secret} `, '&#49;']) {
    const steps = redactor.body(Buffer.alloc(2_000_000, part))
    const times: number[] = []
    for (let isDone = false; !isDone;) {
      const { took, result } = millisecondsOf(() => steps.next())
      times.push(took)
      isDone = result.done === true
    }
    // In bench/results/redaction.json is what it takes on a machine that does nothing else.
    const usual = times.sort((one, other) => one - other)[Math.floor(times.length / 2)]
    expect(times.length).toBeGreaterThan(50)
    expect(usual).toBeLessThan(20)
  }
})

describe('threat 26: what an answer costs does not grow faster than it does, and no step waits for its end', () => {
  const numbers = (text: string) => [...Buffer.from(text)].join()
  const index = createSecretIndex()
  index.add(`sk-ant-api03-${'Xk29fLmQ8vRt3WzB7nHs5JdG'.repeat(4).slice(0, 95)}`)

  /** All steps together, in ms of processor time, and the share of the longest. */
  function costOf(body: Buffer): { whole: number; share: number } {
    const steps: number[] = []
    const running = index.body(body)
    for (let isDone = false; !isDone;) {
      const before = process.cpuUsage()
      isDone = running.next().done === true
      const { user, system } = process.cpuUsage(before)
      steps.push((user + system) / 1_000)
    }
    const whole = steps.reduce((sum, step) => sum + step)
    return { whole, share: Math.max(...steps) / whole }
  }

  test.each<[string, string]>([
    ['words that go', 'sk-ant-api03-a '],
    ['words and lists that go', `sk-ant-api03-a [${numbers('sk-ant-api03-a')}] `],
  ])('%s', (_name, part) => {
    costOf(Buffer.alloc(400_000, part))
    const one = costOf(Buffer.alloc(400_000, part))
    // Others, and the collector of garbage, take their time too.
    const times = [1, 2, 3].map(() => costOf(Buffer.alloc(3_200_000, part)))
    expect(Math.min(...times.map(({ whole }) => whole)) / one.whole).toBeLessThan(20)
    expect(Math.min(...times.map(({ share }) => share))).toBeLessThan(0.3)
  })

  test('an ampersand, and zeros without end', () => {
    const body = Buffer.concat([Buffer.from('&'), Buffer.alloc(8_000_000)])
    expect(costOf(body).share).toBeLessThan(0.3)
  })
})
