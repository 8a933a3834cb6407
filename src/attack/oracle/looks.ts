import type { Caught } from '../fake-internet.ts'
import type { HttpAnswer } from '../raw-http.ts'
import { shapeOf, type Look } from './read-on.ts'
import type { Question, RecordVersion, Spy } from './spy.ts'

/**
 * Where texts are put so that they come back through the relay, and how many at
 * once. Between its marks each text stands alone, whatever becomes of the others.
 */
export const marked = (texts: string[], separator: string): string =>
  texts.map((text, index) => `[[${index}]]${separator}${text}${separator}[[/]]`).join('')

export function shapesOf(
  { status, error }: Pick<RecordVersion, 'status' | 'error'>,
  shown: string,
  texts: string[],
): string[] {
  const shapes = new Map<string, string>()
  for (const [, index = '', text = ''] of shown.matchAll(/\[\[(\d+)\]\]([^]*?)\[\[\/\]\]/g))
    shapes.set(index, shapeOf(text))
  // Where no text comes back, that may be what tells: of a refusal, say.
  const rest = `${status} ${error.length}`
  return texts.map((_, index) => `${rest} ${shapes.get(String(index)) ?? 'lost'}`)
}

/** Everything that can be seen of an answer, apart from the time. */
const wholeShapeOf = ({ status, headers, text, error }: RecordVersion): string =>
  [status, shapeOf(text), shapeOf(error), ...Object.entries(headers).flat().map(shapeOf)].join(' ')

/** Each text in a request of its own, and everything that comes back is looked at. */
export const oneByOne =
  (spy: Spy, question: (text: string) => Question, shape = wholeShapeOf): Look =>
  async (texts) => {
    const shapes: string[] = []
    for (const text of texts) shapes.push(shape(await spy.ask(question(text))))
    return shapes
  }

/** In a text that the API keeps for whoever asks. */
export const inABody =
  (spy: Spy, separator = ' ', type = 'text/plain'): Look =>
  async (texts) => {
    const body = marked(texts, separator)
    const seen = await spy.ask({ answer: () => ({ headers: { 'content-type': type }, body }) })
    return shapesOf(seen, seen.text, texts)
  }

/** In the text of an answer, as someone else than its sender. */
export const asVisitor =
  (spy: Spy, separator: string): Look =>
  async (texts) => {
    const body = JSON.stringify({ lastCallers: marked(texts, separator) })
    const seen = await spy.ask({ as: 'visitor', answer: () => ({ body }) })
    return shapesOf(seen, seen.text, texts)
  }

/** The caller writes it, and the API shows what it got. */
export const inAnEcho =
  (spy: Spy): Look =>
  async (texts) => {
    const seen = await spy.ask(writing(spy, marked(texts, ' '), (written) => ({ body: JSON.stringify({ written }) })))
    return shapesOf(seen, seen.text, texts)
  }

/** The API keeps what a first request brings, and shows it to a second one, written as `transform` does. */
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

/** What an answer looks like in the history, afterwards. */
export const inTheHistory =
  (spy: Spy): Look =>
  async (texts) => {
    await spy.ask({ answer: () => ({ body: JSON.stringify({ log: marked(texts, ' ') }) }) })
    const seen = await spy.readHistory()
    return shapesOf(seen, seen.text, texts)
  }

/** By way of a queue: what was written down is read. */
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

/** A redirect that is handed back, or that the relay follows to an API that shows what it was asked for. */
export const inALocation =
  (spy: Spy, status: number, base: string): Look =>
  async (texts) => {
    const location = `${base}${marked(texts, ',')}`
    const answer = ({ path }: Caught): HttpAnswer =>
      path.includes('[[') ? { body: path } : { status, reason: 'Elsewhere', headers: { location } }
    const seen = await spy.ask({ answer })
    return shapesOf(seen, `${seen.headers['location'] ?? ''}${seen.text}`, texts)
  }

/** In sentences of the relay itself, which show little of what they are about. */
export const inASentence = (spy: Spy, question: (text: string) => Question): Look =>
  oneByOne(spy, question, ({ status, error }) => `${status} ${shapeOf(error)}`)

/** A request that brings a text to the API, and an API that does something with it. */
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
