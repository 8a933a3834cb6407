import type { Caught } from '../fake-internet.ts'
import type { HttpAnswer } from '../raw-http.ts'
import { shapeOf, type Look } from './read-on.ts'
import type { Question, Seen, Spy } from './spy.ts'

/**
 * The ways to send texts through the relay and read them back. Marks separate the
 * texts, so redaction of one text does not affect the others.
 */
export const marked = (texts: string[], separator: string): string =>
  texts.map((text, index) => `[[${index}]]${separator}${text}${separator}[[/]]`).join('')

export function shapesOf({ status, error }: Pick<Seen, 'status' | 'error'>, shown: string, texts: string[]): string[] {
  const shapes = new Map<string, string>()
  for (const [, index = '', text = ''] of shown.matchAll(/\[\[(\d+)\]\]([^]*?)\[\[\/\]\]/g))
    shapes.set(index, shapeOf(text))
  // An answer without any text, such as an error, can also reveal something.
  const rest = `${status} ${error.length}`
  return texts.map((_, index) => `${rest} ${shapes.get(String(index)) ?? 'lost'}`)
}

/** Everything visible in an answer, except its time. */
const wholeShapeOf = ({ status, headers, text, error }: Seen): string =>
  [status, shapeOf(text), shapeOf(error), ...Object.entries(headers).flat().map(shapeOf)].join(' ')

/** Sends each text in a separate request, and compares the whole answers. */
export const oneByOne =
  (spy: Spy, question: (text: string) => Question, shape = wholeShapeOf): Look =>
  async (texts) => {
    const shapes: string[] = []
    for (const text of texts) shapes.push(shape(await spy.ask(question(text))))
    return shapes
  }

/** The API's body contains the texts. */
export const inABody =
  (spy: Spy, separator = ' ', type = 'text/plain'): Look =>
  async (texts) => {
    const body = marked(texts, separator)
    const seen = await spy.ask({ answer: () => ({ headers: { 'content-type': type }, body }) })
    return shapesOf(seen, seen.text, texts)
  }

/** The answer contains the texts, and a visitor reads it. */
export const asVisitor =
  (spy: Spy, separator: string): Look =>
  async (texts) => {
    const body = JSON.stringify({ lastCallers: marked(texts, separator) })
    const seen = await spy.ask({ as: 'visitor', answer: () => ({ body }) })
    return shapesOf(seen, seen.text, texts)
  }

/** The caller sends the texts, and the API echoes them. */
export const inAnEcho =
  (spy: Spy): Look =>
  async (texts) => {
    const seen = await spy.ask(writing(spy, marked(texts, ' '), (written) => ({ body: JSON.stringify({ written }) })))
    return shapesOf(seen, seen.text, texts)
  }

/** The API stores the texts of a first request, and shows them to a second one in another form. */
export const storedAndRead =
  (spy: Spy, transform: (text: string) => string): Look =>
  async (texts) => {
    let kept: string[] = []
    const store = writing(spy, texts.join('\n'), (written) => {
      kept = written.split('\n')
      return { body: '{"kept":true}' }
    })
    await spy.ask(store)
    const body = marked(kept.map(transform), ' ')
    const seen = await spy.ask({ answer: () => ({ headers: { 'content-type': 'text/plain' }, body }) })
    return shapesOf(seen, seen.text, texts)
  }

/** Reads the answer from the history. */
export const inTheHistory =
  (spy: Spy): Look =>
  async (texts) => {
    await spy.ask({ answer: () => ({ body: JSON.stringify({ log: marked(texts, ' ') }) }) })
    const seen = await spy.readHistory()
    return shapesOf(seen, seen.text, texts)
  }

/** Reads the stored answer of a queued request. */
export const inAQueue =
  (spy: Spy): Look =>
  async (texts) => {
    const body = JSON.stringify({ log: marked(texts, ' ') })
    const seen = await spy.ask({ change: { queue: 'oracle' }, answer: () => ({ body }) })
    return shapesOf(seen, seen.text, texts)
  }

export const inAHeader =
  (spy: Spy, name: string): Look =>
  async (texts) => {
    const seen = await spy.ask({ answer: () => ({ headers: { [name]: marked(texts, ' ') } }) })
    return shapesOf(seen, seen.headers[name] ?? '', texts)
  }

/** A redirect contains the texts. The relay returns it, or follows it to an API that echoes its path. */
export const inALocation =
  (spy: Spy, status: number, base: string): Look =>
  async (texts) => {
    const location = `${base}${marked(texts, ',')}`
    const answer = ({ path }: Caught): HttpAnswer =>
      path.includes('[[') ? { body: path } : { status, reason: 'Elsewhere', headers: { location } }
    const seen = await spy.ask({ answer })
    return shapesOf(seen, `${seen.headers['location'] ?? ''}${seen.text}`, texts)
  }

/** The relay's own error messages contain the texts. */
export const inASentence = (spy: Spy, question: (text: string) => Question): Look =>
  oneByOne(spy, question, ({ status, error }) => `${status} ${shapeOf(error)}`)

/** A request that sends a text to the API, and an API that answers to it. */
function writing(spy: Spy, text: string, act: (written: string) => HttpAnswer): Question {
  const { target } = spy
  const encoded = Buffer.from(text).toString('hex')
  const baseline = target.baseline()
  return target.hasBody
    ? {
        change: { data: { ...(baseline.data as object | undefined), text } },
        answer: ({ body }) => act((JSON.parse(body.toString()) as { text: string }).text),
      }
    : {
        change: { headers: { ...baseline.headers, 'x-text': encoded } },
        answer: ({ headers }) => {
          const sent = headers.find(([name]) => name.toLowerCase() === 'x-text')?.[1] ?? ''
          return act(Buffer.from(sent, 'hex').toString())
        },
      }
}
