import type { Caught } from '../fake-internet.ts'
import type { HttpAnswer } from '../raw-http.ts'
import type { Target } from '../target.ts'
import { withLongPublicPart, type Learner } from './learner.ts'
import type { Question, Spy } from './spy.ts'

/** Attackers that read an answer with the secret in slices of their choice. */
export function slices(targets: readonly Target[]): Learner[] {
  const target = withLongPublicPart(targets)[0]
  if (!target) return []
  const { headers } = target.baseline()
  const range = (name: string, write: (from: number, to: number) => string): Learner => ({
    name: `slices by the header ${name}`,
    target,
    run: (spy) =>
      assemble(spy, (from, to) => ({
        change: { headers: { ...headers, [name]: write(from, to) } },
        answer: (call) => sliced(call, spy.secretAtTheApi),
      })),
  })
  return [
    range('Range', (from, to) => `bytes=${from}-${to - 1}`),
    range('range', (from, to) => `bytes=${from}-${to - 1}, 0-0`),
    {
      name: 'slices that an API gives as 206 without a header for it',
      target,
      run: (spy) => byQuery(spy, 206, (from, to, whole) => ({ 'content-range': `bytes ${from}-${to - 1}/${whole}` })),
    },
    {
      name: 'slices by a parameter of the API itself',
      target,
      // A relay cannot know the effect of a parameter. A documented limit, only measured.
      mayLearn: Infinity,
      canLeak: false,
      run: (spy) => byQuery(spy, 200, () => ({})),
    },
  ]
}

const documentOf = (secret: string) => Buffer.from(JSON.stringify({ id: 'call_1', authorization: `Bearer ${secret}` }))

/** The answer of a file server. */
function sliced({ headers }: Caught, secret: string): HttpAnswer {
  const body = documentOf(secret)
  const [, from, to] = /bytes=(\d+)-(\d+)/.exec(headers.find(([name]) => /^range$/i.test(name))?.[1] ?? '') ?? []
  if (from === undefined) return { body }
  const part = body.subarray(Number(from), Number(to) + 1)
  return {
    status: 206,
    headers: { 'content-type': 'text/plain', 'content-range': `bytes ${from}-${to}/${body.length}` },
    body: part,
  }
}

const byQuery = (
  spy: Spy,
  status: number,
  headers: (from: number, to: number, whole: number) => Record<string, string>,
) => {
  const params = spy.target.baseline()['params'] as object | undefined
  const body = documentOf(spy.secretAtTheApi)
  return assemble(spy, (from, to) => ({
    change: { params: { ...params, from, to } },
    answer: () => ({
      status,
      headers: { 'content-type': 'text/plain', ...headers(from, to, body.length) },
      body: body.subarray(from, to),
    }),
  }))
}

/** Reads slices of 7 bytes, too short for any search, one after the other. */
async function assemble(spy: Spy, question: (from: number, to: number) => Question): Promise<void> {
  const { publicPart, length } = spy.format
  const end = length + 60
  let text = ''
  for (let from = 0; from < end; from += 7) {
    const seen = await spy.ask(question(from, from + 7))
    text += seen.status < 300 ? seen.text : ''
  }
  const start = text.indexOf('Bearer ')
  if (start === -1) return
  const read = text.slice(start + 'Bearer '.length).slice(0, length)
  if (read.startsWith(publicPart)) spy.claim(0, read)
}
