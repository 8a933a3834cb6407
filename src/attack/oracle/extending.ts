import type { HttpAnswer } from '../raw-http.ts'
import type { Target } from '../target.ts'
import { withLongPublicPart, type Learner } from './learner.ts'
import {
  asVisitor,
  inABody,
  inAHeader,
  inALocation,
  inAnEcho,
  inAQueue,
  inASentence,
  inTheHistory,
  oneByOne,
  storedAndRead,
} from './looks.ts'
import { fromPublicPart, readOn, type Look, type Write } from './read-on.ts'
import type { Question, Spy } from './spy.ts'
import { writings, type Wanted, type Writing } from './writings.ts'

/** Attackers that know the public part of a secret, and guess one further character after the other. */
export function extending(targets: readonly Target[]): Learner[] {
  const long = withLongPublicPart(targets)
  if (long.length === 0) return []
  const at = (index: number) => long[index % long.length]!
  const learner = (target: Target, name: string, learn: (spy: Spy) => Promise<void>): Learner => ({
    name: `extending the public part, ${name}`,
    target,
    run: learn,
  })

  return [
    ...[...long.slice(0, 2), ...targets.filter(({ format }) => format.publicPart.length < 12).slice(1, 3)].map(
      (target) =>
        learner(target, 'many at once, in every form', (spy) =>
          learnBy(spy, ({ separator }) => inABody(spy, separator)),
        ),
    ),
    learner(at(0), 'many at once, in JSON', (spy) =>
      learnBy(spy, () => inABody(spy, ' ', 'application/json'), { isAlone: true }),
    ),
    learner(at(1), 'one a request', (spy) =>
      learnBy(spy, ({ separator }) =>
        oneByOne(spy, (text) => ({ answer: () => ({ body: `{"said":"${separator}${text}${separator}"}` }) })),
      ),
    ),
    learner(at(2), 'one a request, as bytes', (spy) =>
      learnBy(
        spy,
        () =>
          oneByOne(spy, (text) => ({
            answer: () => ({
              headers: { 'content-type': 'application/octet-stream' },
              body: Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text), Buffer.from([0xff])]),
            }),
          })),
        { isAlone: true },
      ),
    ),
    learner(at(3), 'in the message of an error', (spy) =>
      learnBy(spy, () => oneByOne(spy, (message) => ({ answer: () => failing(401, message) })), { isAlone: true }),
    ),
    learner(at(0), 'where the message of an error is cut', (spy) =>
      learnBy(
        spy,
        () => oneByOne(spy, (text) => ({ answer: () => failing(400, 'x'.repeat(499 - text.length) + text + text) })),
        { isAlone: true, isWritable: (written) => written.length < 100 },
      ),
    ),
    learner(at(1), 'in what the API shows of a request', (spy) => learnBy(spy, () => inAnEcho(spy), byCaller)),
    ...stored.map(([name, transform], index) =>
      learner(at(index + 2), `stored first, and read in ${name}`, (spy) =>
        learnBy(spy, () => storedAndRead(spy, transform), { ...byCaller, isWritable: isOfHeader }),
      ),
    ),
    learner(at(1), 'in the history', (spy) => learnBy(spy, () => inTheHistory(spy), { isAlone: true })),
    learner(at(2), 'by way of a queue', (spy) => learnBy(spy, () => inAQueue(spy), { isAlone: true })),
    learner(at(3), 'in a header', (spy) =>
      learnBy(spy, () => inAHeader(spy, 'x-echo'), { isAlone: true, isWritable: isOfHeader }),
    ),
    ...locations(at(0)).map(([name, status, base]) =>
      learner(at(0), `in a location, ${name}`, (spy) =>
        learnBy(spy, () => inALocation(spy, status, base), { isAlone: true, isWritable: isOfUrl }),
      ),
    ),
    ...long
      .filter(({ isWildcard }) => isWildcard)
      .slice(0, 1)
      .map(unreachable),
    // These messages contain only the caller's text, and the vulnerable relay does not search them.
    ...sentences(at(3)).map(([name, change]) => ({
      ...learner(at(3), `in our sentence ${name}`, (spy) =>
        learnBy(spy, () => inASentence(spy, (text) => ({ change: change(text) })), {
          ...byCaller,
          isWritable: isOfLabel,
        }),
      ),
      canLeak: false,
    })),
    ...anotherKey(targets),
  ]
}

const byCaller: Wanted = { byCaller: true, isAlone: true }
const isOfUrl = (written: string) => /^[\w.%&#;=-]*$/.test(written)
const isOfHeader = (written: string) => /^[ -~]*$/.test(written)
const isOfLabel = (written: string) => /^[\w-]*$/.test(written)

const failing = (status: number, message: string): HttpAnswer => ({
  status,
  body: JSON.stringify({ error: { message } }),
})

const stored: [name: string, transform: Write][] = [
  ['base64', (text) => Buffer.from(text).toString('base64')],
  ['hex', (text) => Buffer.from(text).toString('hex')],
  ['capitals', (text) => text.toUpperCase()],
]

/** With a wildcard host, a guess can be the label. */
const unreachable = (target: Target): Learner => {
  const question = (text: string): Question => ({
    change: { url: target.url.replace('shop', text) },
    answer: () => null,
  })
  return {
    name: 'extending the public part, in our sentence "could not be reached"',
    target,
    run: (spy) =>
      learnBy(spy, () => inASentence(spy, question), {
        ...byCaller,
        isWritable: isOfLabel,
      }),
  }
}

/** An unlocked key and a locked key of the same API. */
function anotherKey(targets: readonly Target[]): Learner[] {
  const target = targets.find((one) => !one.locked && targets.some((other) => isNeighbour(one, other)))
  const victim = target && targets.find((other) => isNeighbour(target, other))
  if (!victim) return []
  const run = (spy: Spy) => learnBy(spy, ({ separator }) => asVisitor(spy, separator))
  return [{ name: 'read by a visitor with another key of the same API', target, victim, run }]
}

const isNeighbour = (one: Target, other: Target): boolean =>
  one.host === other.host && one.keyName !== other.keyName && other.locked

function locations({ scheme, host, port }: Target): [name: string, status: number, base: string][] {
  return [
    ['to another host', 302, 'https://elsewhere.example/'],
    ['relative, and followed', 307, '?q='],
    ['of the same origin, and followed', 308, `${scheme}//${host}${port}/v1/organization/?q=`],
    ['of a new thing', 201, '/v1/'],
  ]
}

function sentences({ scheme, host, port, path }: Target): [name: string, change: (text: string) => object][] {
  return [
    ['"may not be used at"', (text) => ({ url: `${scheme}//${host}${port}/outside/${text}` })],
    ['"there is no key"', (text) => ({ clientSecretName: text })],
    ['of a method', (text) => ({ method: text })],
    ['of a url', (text) => ({ url: `${text}${path}` })],
  ]
}

/**
 * Tries all ways to write a guess. A way that reveals a character is used until it
 * reveals no more. The next way continues from there.
 */
async function learnBy(spy: Spy, look: (writing: Writing) => Look, wanted?: Wanted): Promise<void> {
  const known = fromPublicPart(spy)
  const whole = spy.format.length - known.stem.length
  let best = ''
  for (const writing of writings(spy.secretAtTheApi, wanted)) {
    const read = await readOn(
      look(writing),
      { ...known, stem: known.stem + best },
      writing.write,
      (text) => spy.claim(known.stem.length + best.length, text),
      whole - best.length,
    )
    best += read
    if (best.length >= whole) return
  }
}
