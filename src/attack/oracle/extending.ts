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
  inParts,
  inTheHistory,
  oneByOne,
  storedAndRead,
} from './looks.ts'
import { fromPublicPart, readOn, type Look } from './read-on.ts'
import type { Spy } from './spy.ts'
import { writings, type Writing } from './writings.ts'

/** Who knows what is public of a secret, and asks for the next character, and the next. */
export function extending(targets: readonly Target[]): Learner[] {
  const long = withLongPublicPart(targets)
  if (long.length === 0) return []
  const at = (index: number) => long[index % long.length]!
  const with_ = (target: Target, name: string, learn: (spy: Spy) => Promise<void>): Learner => ({
    name: `extending what is public, ${name}`,
    target,
    run: learn,
  })
  /** The same look for every way to write. */
  const through = (look: (spy: Spy, writing: Writing) => Look, isWritable?: (writing: Writing) => boolean) => {
    return async (spy: Spy) => {
      await learnBy(spy, (writing) => look(spy, writing), isWritable)
    }
  }
  const isOfUrl = ({ write }: Writing) => /^[\w.%&#;=-]*$/.test(write('a'))
  const isOfHeader = ({ write }: Writing) => /^[ -~]*$/.test(write('a'))
  const isOfLabel = ({ write }: Writing) => /^[\w-]*$/.test(write('a'))

  return [
    ...[...long.slice(0, 4), ...targets.filter(({ format }) => format.publicPart.length < 12).slice(0, 3)].map(
      (target) =>
        with_(
          target,
          'many at once, in every form',
          through((spy, { separator }) => inABody(spy, separator)),
        ),
    ),
    with_(
      at(0),
      'many at once, in JSON',
      through((spy) => inABody(spy, ' ', 'application/json')),
    ),
    with_(
      at(1),
      'one a request',
      through((spy, { separator }) =>
        oneByOne(spy, (text) => ({ answer: () => ({ body: `{"said":"${separator}${text}${separator}"}` }) })),
      ),
    ),
    with_(
      at(2),
      'one a request, as bytes',
      through((spy) =>
        oneByOne(spy, (text) => ({
          answer: () => ({
            headers: { 'content-type': 'application/octet-stream' },
            body: Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text), Buffer.from([0xff])]),
          }),
        })),
      ),
    ),
    with_(
      at(3),
      'in the message of an error',
      through((spy) =>
        inParts(
          oneByOne(spy, (message) => ({
            answer: () => ({ status: 401, body: JSON.stringify({ error: { message } }) }),
          })),
          6,
        ),
      ),
    ),
    with_(
      at(0),
      'where the message of an error is cut',
      through((spy) =>
        oneByOne(spy, (text) => ({
          answer: () => ({
            status: 400,
            body: JSON.stringify({ message: 'x'.repeat(499 - text.length) + text + text }),
          }),
        })),
      ),
    ),
    with_(
      at(1),
      'in what the API shows of a request',
      through((spy) => inAnEcho(spy)),
    ),
    with_(
      at(2),
      'stored first, and read in base64',
      through((spy) => storedAndRead(spy, (text) => Buffer.from(text).toString('base64')), isOfHeader),
    ),
    with_(
      at(3),
      'stored first, and read in hex',
      through((spy) => storedAndRead(spy, (text) => Buffer.from(text).toString('hex')), isOfHeader),
    ),
    with_(
      at(0),
      'stored first, and read in capitals',
      through((spy) => storedAndRead(spy, (text) => text.toUpperCase()), isOfHeader),
    ),
    with_(
      at(1),
      'in the history',
      through((spy) => inTheHistory(spy)),
    ),
    with_(
      at(2),
      'by way of a queue',
      through((spy) => inAQueue(spy)),
    ),
    with_(
      at(3),
      'in a header',
      through((spy) => inAHeader(spy, 'x-echo'), isOfHeader),
    ),
    ...locations(at(0)).map(([name, status, base]) =>
      with_(
        at(0),
        `in a location, ${name}`,
        through((spy) => inALocation(spy, status, base), isOfUrl),
      ),
    ),
    ...targets
      .filter(({ isWildcard, format }) => isWildcard && format.publicPart.length >= 12)
      .slice(0, 1)
      .map((target) =>
        with_(
          target,
          'in our sentence "could not be reached"',
          through(
            (spy) =>
              oneByOne(
                spy,
                (text) => ({
                  change: { url: target.url.replace('shop', text) },
                  answer: () => null,
                }),
                ({ status, error }) =>
                  `${status} ${error
                    .split('$CLIENT_SECRET')
                    .map((part) => part.length)
                    .join('#')}`,
              ),
            isOfLabel,
          ),
        ),
      ),
    // These say only what the caller wrote, and a naive relay does not look through them.
    ...sentences(at(3)).map(([name, question]) => ({
      ...with_(
        at(3),
        `in our sentence ${name}`,
        through((spy) => inASentence(spy, (text) => ({ change: question(text) })), isOfLabel),
      ),
      canLeak: false,
    })),
    ...anotherKey(targets, through),
  ]
}

/** A visitor's key, and a locked one of the same API. */
function anotherKey(
  targets: readonly Target[],
  through: (look: (spy: Spy, writing: Writing) => Look) => (spy: Spy) => Promise<void>,
): Learner[] {
  const target = targets.find((one) => !one.locked && targets.some((other) => isNeighbour(one, other)))
  const victim = target && targets.find((other) => isNeighbour(target, other))
  if (!victim) return []
  const run = through((spy, { separator }) => asVisitor(spy, separator))
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
 * Goes through all the ways to write a guess. Where one tells a character, it is
 * used until it tells none; and what was learnt is where the next one begins.
 */
async function learnBy(
  spy: Spy,
  look: (writing: Writing) => Look,
  isWritable: (writing: Writing) => boolean = () => true,
): Promise<void> {
  const known = fromPublicPart(spy)
  const whole = spy.format.length - known.stem.length
  let best = ''
  for (const writing of writings(spy)) {
    if (!isWritable(writing)) continue
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
