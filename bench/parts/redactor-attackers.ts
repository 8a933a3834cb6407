import { base64, writers } from '../../test/helpers/writers.ts'
import { below, pick, type Format } from './hostile-templates.ts'

/** All that an attacker has: a text goes in, and what the relay shows of it comes out. */
export type Ask = (text: string) => string

/** What an attacker found out. */
export interface Finding {
  strategy: string
  form: string
  guesses: number
  /** Characters of the value that are known at the end and were not at the beginning. */
  learnt: number
}

const forms: Record<string, (text: string) => string> = {
  ...Object.fromEntries(
    [
      'as it is',
      'in capitals',
      'in small letters',
      'every character of a url',
      'every character of JSON',
      'every character of HTML',
      'in hex',
      'as a Buffer in JSON',
    ].map((name) => [name, writers[name]!]),
  ),
  'in base64': base64,
}

/** What is seen of each guess, in one answer: that it stands there as it was written, or how much stands there instead. */
function seen(ask: Ask, guesses: readonly string[]): string[] {
  const shown = ask(guesses.join('\n\n"\n')).split('\n\n"\n')
  return guesses.map((guess, index) => (shown[index] === guess ? 'shown' : String(shown[index]?.length)))
}

/** The one guess that is treated otherwise than all the others, if there is one. */
function oddOne(results: readonly string[]): number {
  const odd = [...new Set(results)].filter((one) => results.indexOf(one) === results.lastIndexOf(one))
  return odd.length === 1 ? results.indexOf(odd[0]!) : -1
}

/** Whoever knows some characters asks for the next, or for the one before. */
function readOn(
  ask: Ask,
  format: Format,
  write: (text: string) => string,
  known: string,
  join: (known: string, character: string) => string,
): { learnt: string; guesses: number } {
  let text = known
  let guesses = 0
  while (text.length - known.length < format.length) {
    const candidates = [...format.alphabet].map((character) => join(text, character))
    guesses += candidates.length
    const odd = oddOne(seen(ask, candidates.map(write)))
    if (odd === -1) break
    text = candidates[odd]!
  }
  return { learnt: text, guesses }
}

/**
 * Everything that is tried against a value of which the public beginning and the
 * last four characters are known. The value itself is only looked at to count what
 * was learnt, and to make what an API echoes.
 */
export function attackRedactor(
  ask: Ask,
  format: Format,
  unknown: string,
  random: () => number,
  guesses: number,
): Finding[] {
  const { prefix, alphabet } = format
  const findings: Finding[] = []
  const add = (strategy: string, form: string, count: number, learnt: number) =>
    findings.push({ strategy, form, guesses: count, learnt })
  const append = (known: string, character: string) => known + character
  const prepend = (known: string, character: string) => character + known
  let left = guesses

  for (const [form, write] of Object.entries(forms)) {
    // From what is public on, and from wherever 8 to 20 characters were seen by other ways.
    for (const seen of [0, 4, 8, 12]) {
      const start = prefix + unknown.slice(0, seen)
      const { learnt, guesses: asked } = readOn(ask, format, write, start, append)
      left -= asked
      add(`reads on from its beginning and ${seen} characters`, form, asked, counted(learnt, prefix + unknown, start))
      const middle = unknown.slice(20, 20 + seen)
      for (const join of [append, prepend]) {
        const slid = readOn(ask, format, write, middle, join)
        left -= slid.guesses
        add(`slides along ${seen} characters of its middle`, form, slid.guesses, counted(slid.learnt, unknown, middle))
      }
    }
    const last = unknown.slice(-4)
    const slid = readOn(ask, format, write, last, prepend)
    left -= slid.guesses
    add('slides along from the last four characters', form, slid.guesses, counted(slid.learnt, unknown, last))
    // An API cuts its echo where the attacker wants, and shows the attacker's text right behind it.
    if (prefix !== '') {
      let learnt = 0
      for (let cut = 0; cut < 40 && cut < unknown.length; cut++) {
        const echoes = [...alphabet].map((character) => write(prefix + unknown.slice(0, cut) + character))
        left -= echoes.length
        if (oddOne(seen(ask, echoes)) !== -1) learnt++
      }
      add('writes beside an echo that is cut off', form, 40 * alphabet.length, learnt)
    }
  }

  // With the rest, whole windows: what dashboards show, and guesses before it; or the public beginning, far away.
  const names = Object.keys(forms)
  let learnt = 0
  for (let rest = left; rest > 0; rest -= 20_000) {
    const form = pick(names, random)
    const batch = Array.from({ length: Math.min(20_000, rest) }, () => {
      const guess = Array.from({ length: 13 }, () => alphabet[below(alphabet.length, random)]!).join('')
      return forms[form]!(random() < 0.5 ? guess + unknown.slice(-4) : unknown.slice(0, 4) + guess)
    })
    learnt += seen(ask, batch).filter((one) => one !== 'shown').length
  }
  add('guesses beside the four characters that are known', 'all', Math.max(0, left), learnt)
  return findings
}

/** How many characters more than at the beginning are right. */
function counted(learnt: string, value: string, known: string): number {
  return learnt.length > known.length && value.toLowerCase().includes(learnt.toLowerCase())
    ? learnt.length - known.length
    : 0
}
