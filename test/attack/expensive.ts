import { hash } from 'node:crypto'
import fc from 'fast-check'
import { placeholder } from './generators.ts'

/** A body that was made to be expensive: what is sent to the relay, or answered to it, and in short how it is made. */
export interface ExpensiveBody {
  kind: 'request' | 'answer' | 'raw'
  text: string
  /** The content type of a raw body. */
  type?: string
  shape: string
}

/** Something of JSON, with its shape. */
interface Piece {
  json: string
  shape: string
}

const pick = fc.constantFrom

/** Of all values of the API whose answers are made to be expensive. */
export const commonBeginning = 'sk-ant-api03-'
/** One of these values. */
export const lookedFor = commonBeginning + hash('sha512', 'a key for the fuzzer', 'base64url')

/** The largest that a relay takes by default. */
const maxBytes = 1024 * 1024

/** Bytes of all that a body is made of: most are small, some as large as they may be. */
const sizes = fc.oneof(
  { weight: 88, arbitrary: pick(200, 1_000, 4_000) },
  { weight: 9, arbitrary: pick(16_000, 64_000) },
  { weight: 3, arbitrary: pick(250_000, maxBytes) },
)

/** How much of what is left a part takes: little, half, or all. */
const share = pick(0.02, 0.1, 0.5, 0.9, 1)

const units = [
  placeholder,
  `${placeholder} `,
  '$CLIENT_SECRE',
  '$',
  'a',
  '~',
  '/',
  '.',
  '%',
  '%25',
  '%2525',
  '%24CLIENT_SECRET',
  '%2e%2e/',
  '../',
  '&a',
  '&a=b',
  '=',
  ';',
  '?',
  '#',
  '[a]',
  ' ',
  '\\',
  '"',
  '\0',
  '\n',
  '\r\n',
  'é',
  '日',
  '\ud800',
  '．',
  '__proto__',
  'constructor',
  'sk-',
  '&#',
  '\\u00',
]

const repeated = (unit: string, bytes: number): string =>
  unit.repeat(Math.max(1, Math.floor(bytes / JSON.stringify(unit).slice(1, -1).length)))
const shapeOf = (unit: string, text: string) => `${JSON.stringify(unit)}×${text.length / unit.length}`

interface Text {
  text: string
  shape: string
}

/** A text of one unit, again and again; or of two; or one that is encoded again and again. */
const textOf = (bytes: number): fc.Arbitrary<Text> =>
  fc.oneof({ weight: 20, arbitrary: unitsOf(bytes) }, fc.constant(encodedAgain(bytes)))

function encodedAgain(bytes: number): Text {
  const rounds = Math.max(1, Math.floor(bytes / 2))
  return { text: `%${'25'.repeat(rounds)}2e`, shape: `"." percent-encoded ${rounds + 1} times` }
}

const unitsOf = (bytes: number): fc.Arbitrary<Text> =>
  fc.tuple(pick(...units), fc.option(pick(...units), { freq: 3 })).map(([first, second]) => {
    const text = repeated(first, second === null ? bytes : bytes / 2)
    if (second === null) return { text, shape: shapeOf(first, text) }
    const behind = repeated(second, bytes / 2)
    return { text: text + behind, shape: `${shapeOf(first, text)}+${shapeOf(second, behind)}` }
  })

/** Any value of about so many bytes: a long text, many members, long names, a list, depth, or one in the other. */
function valueOf(bytes: number, depth = 3): fc.Arbitrary<Piece> {
  const text = textOf(bytes).map(({ text, shape }): Piece => ({ json: JSON.stringify(text), shape }))
  if (bytes < 20 || depth === 0) return fc.oneof(text, pick({ json: '1', shape: '1' }, { json: 'null', shape: 'null' }))
  return share.chain((part) => {
    const inner = valueOf(bytes * part, depth - 1)
    const rest = bytes * (1 - part)
    return fc.oneof(
      text,
      // One long name, and something below it.
      fc.tuple(textOf(rest), inner).map(([name, value]): Piece => ({
        json: `{${JSON.stringify(name.text)}:${value.json}}`,
        shape: `{${name.shape}: ${value.shape}}`,
      })),
      small.map((one) => many('{', '}', bytes, one, (index) => `"n${index}":${one.json}`)),
      small.map((one) => many('[', ']', bytes, one, () => one.json)),
      fc
        .tuple(pick<[string, string, string]>(['[', ']', 'lists'], ['{"a":', '}', 'objects']), inner)
        .map(([[open, close, what], value]): Piece => {
          const levels = Math.max(1, Math.floor(rest / (open.length + 1)))
          return {
            json: `${open.repeat(levels)}${value.json}${close.repeat(levels)}`,
            shape: `${levels} ${what} around ${value.shape}`,
          }
        }),
    )
  })
}

const small: fc.Arbitrary<Piece> = fc.oneof(
  pick(...[1, null, true, -1.5e300, {}, [], '', 'x', placeholder, { a: placeholder }, [placeholder]]).map(
    (value): Piece => ({ json: JSON.stringify(value), shape: JSON.stringify(value) }),
  ),
  textOf(40).map(({ text, shape }): Piece => ({ json: JSON.stringify(text), shape })),
)

function many(open: string, close: string, bytes: number, one: Piece, write: (index: number) => string): Piece {
  const count = Math.max(1, Math.floor(bytes / (write(10_000).length + 1)))
  return {
    json: `${open}${Array.from({ length: count }, (_, index) => write(index)).join(',')}${close}`,
    shape: `${open}${one.shape}${close}×${count}`,
  }
}

const hosts = ['open', 'locked', 'several', 'token', 'signed', 'nobody'].map((name) => `https://${name}.example`)

/** A url that is long in one of its parts. */
const urlOf = (bytes: number): fc.Arbitrary<Piece> =>
  fc
    .tuple(pick(...hosts), pick('/v1/', '/v1/x?', '/v1/x?q=', '/v1/x#', '/', '@', '.'), textOf(bytes))
    .map(([host, before, { text, shape }]) => ({
      json: JSON.stringify(`${host}${before}${text}`),
      shape: `"${host}${before}"+${shape}`,
    }))

const fields = ['url', 'headers', 'params', 'data', 'clientSecretName', 'method', 'queue', 'poll', 'unknown'] as const

/** A request one or two of whose fields are made to be expensive, and the others honest. */
const expensiveBody: fc.Arbitrary<ExpensiveBody> = fc
  .tuple(sizes, share)
  .chain(([size, part]) =>
    fc.record({
      keyName: pick('open', 'open', 'locked', 'none', 'several', 'token', 'signed'),
      method: pick('POST', 'POST', 'GET'),
      isForm: pick(true, false, false),
      hasPlaceholder: pick(true, true, false),
      first: expensiveField(size * part),
      second: fc.option(expensiveField(size * (1 - part)), { freq: 2 }),
    }),
  )
  .map(({ keyName, method, isForm, hasPlaceholder, first, second }) => {
    const honest: Record<string, string> = {
      clientSecretName: JSON.stringify(keyName),
      url: JSON.stringify(`https://${keyName}.example/v1/x`),
      method: JSON.stringify(method),
      headers: JSON.stringify({
        ...(hasPlaceholder && { authorization: `Bearer ${placeholder}${keyName === 'several' ? '.key' : ''}` }),
        ...(isForm && { 'content-type': 'application/x-www-form-urlencoded' }),
      }),
      [first.field]: first.json,
      ...(second && { [second.field]: second.json }),
    }
    const words = [keyName, method, isForm && 'form', !hasPlaceholder && 'without a placeholder'].filter(Boolean)
    const expensive = [first, second].flatMap((one) => (one ? [`${one.field}: ${shortly(one.shape)}`] : []))
    const members = Object.entries(honest).map(([name, json]) => `${JSON.stringify(name)}:${json}`)
    return { kind: 'request', text: `{${members.join(',')}}`, shape: `${words.join(', ')}; ${expensive.join('; ')}` }
  })

interface Field extends Piece {
  field: string
}

function expensiveField(bytes: number): fc.Arbitrary<Field> {
  const of = (field: string, piece: fc.Arbitrary<Piece>) => piece.map((one): Field => ({ field, ...one }))
  return fc.oneof(
    { weight: 3, arbitrary: of('url', urlOf(bytes)) },
    { weight: 6, arbitrary: of('data', valueOf(bytes)) },
    { weight: 3, arbitrary: of('params', valueOf(bytes, 2)) },
    { weight: 2, arbitrary: of('headers', valueOf(bytes, 2)) },
    { weight: 2, arbitrary: pick(...fields).chain((field) => of(field, valueOf(bytes))) },
  )
}

/** What a search for secrets may stumble over, again and again. */
const answerUnits = [
  commonBeginning,
  `${commonBeginning} `,
  `${commonBeginning}x`,
  lookedFor,
  `${lookedFor} `,
  `${commonBeginning}${lookedFor},`,
  ...[commonBeginning, lookedFor].flatMap((text) => [
    `%${Buffer.from(text).toString('hex')}`,
    btoa(text),
    `"${text}",`,
  ]),
  'sk-',
  'A',
  '0f',
  'otter ',
  '{"id":"c1f0","text":"an otter"},',
  '&#115;',
  '\\u0073',
  '\\',
  '%73',
  '115,',
  'é',
  '\0',
]

/** An answer of an API that many keys are used at. */
const expensiveAnswer: fc.Arbitrary<ExpensiveBody> = fc
  .tuple(sizes, pick(...answerUnits), fc.option(pick(...answerUnits), { freq: 2 }))
  .map(([size, first, second]) => {
    const one = repeated(first, second === null ? size : size / 2)
    const other = second === null ? '' : repeated(second, size / 2)
    const shape = [shapeOf(first, one), second !== null && shapeOf(second, other)].filter(Boolean).join('+')
    return { kind: 'answer', text: one + other, shape: `an answer: ${shape.replaceAll(lookedFor, 'SECRET')}` }
  })

/** What a look through a raw body may stumble over. */
const rawUnits = [
  'content-disposition:',
  'Content-Disposition: form-data; name="',
  '; name=',
  ' name="[',
  '\r\n ',
  '--b\r\n',
  '[',
  '_method',
  '%5b',
  '&_',
  ' ',
  placeholder,
  '$CLIENT_SECRE',
  '%24CLIENT_SECRET&',
  '=&',
  '{"a":',
  'é',
  '\0',
  'otter ',
]

/** A body that the relay passes on. */
const expensiveRaw: fc.Arbitrary<ExpensiveBody> = fc
  .tuple(
    sizes,
    pick('multipart/form-data; boundary=b', 'application/x-www-form-urlencoded', 'audio/wav', 'application/json', ''),
    pick(...rawUnits),
    pick(...rawUnits),
    pick(1, 5, 100),
  )
  .map(([size, type, first, second, times]) => {
    const one = first + second.repeat(times)
    return { kind: 'raw', type, text: repeated(one, size), shape: `raw ${type}: ${shapeOf(one, repeated(one, size))}` }
  })

export const expensive: fc.Arbitrary<ExpensiveBody> = fc.oneof(
  { weight: 8, arbitrary: expensiveBody },
  { weight: 2, arbitrary: expensiveRaw },
  { weight: 1, arbitrary: expensiveAnswer },
)

const shortly = (shape: string) => (shape.length > 160 ? `${shape.slice(0, 160)}…` : shape)
