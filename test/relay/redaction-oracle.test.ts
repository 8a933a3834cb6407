import { describe, expect, test } from 'vitest'
import { randomFrom } from '../../bench/parts/figures.ts'
import { formats, template, unknownOf } from '../../bench/parts/hostile-templates.ts'
import { attackRedactor } from '../../bench/parts/redactor-attackers.ts'
import { createRedactor, createSecretIndex } from '../../src/relay/keys/redaction/secret-index.ts'

// `npm run bench:redaction-oracle` does the same with millions of guesses.
describe.each(formats)('threat 25: of a value as $name has it', (format) => {
  test('adaptive attackers learn nothing', () => {
    const random = randomFrom(1)
    const unknown = unknownOf(format, random)
    const redactor = createRedactor(format.prefix + unknown)
    const findings = attackRedactor((text) => redactor.text(text), format, unknown, random, 30_000)
    expect(findings.length).toBeGreaterThan(100)
    expect(findings.filter(({ learnt }) => learnt > 0)).toEqual([])
  })

  test('a hostile answer becomes the same whatever the value is', () => {
    const random = randomFrom(2)
    for (let run = 0; run < 500; run++) {
      const [one, other] = [unknownOf(format, random), unknownOf(format, random)]
      const answer = template(format, random)
      const [seen, seenOther] = [one, other].map((unknown) =>
        createRedactor(format.prefix + unknown).text(answer(unknown)),
      )
      expect(seen).toBe(seenOther)
    }
  })

  test('of an echo that is cut off at one end no more can be seen or guessed than a window', () => {
    const unknown = unknownOf(format, randomFrom(3))
    const redactor = createRedactor(format.prefix + unknown)
    for (let cut = 1; cut <= unknown.length; cut++) {
      // Behind a prefix that nothing else has, it goes from its first character on; behind another one from its eighth.
      const shown = format.prefix.length > 4 ? 0 : format.prefix === '' ? format.end - 1 : 7
      const beginning = `${format.prefix}${unknown.slice(0, cut)}`
      expect(redactor.text(`…${beginning}…`)).toBe(cut <= shown ? `…${beginning}…` : '…$CLIENT_SECRET…')
      const ending = unknown.slice(-cut)
      expect(redactor.text(`…${ending}…`)).toBe(cut < format.end ? `…${ending}…` : '…$CLIENT_SECRET…')
    }
  })
})

test('a guess that is right but for one character is shown, whichever that is', () => {
  const format = formats.find(({ name }) => name === 'base64url')!
  const unknown = unknownOf(format, randomFrom(4))
  const redactor = createRedactor(unknown)
  const windowOf = unknown.slice(0, format.end)
  expect(redactor.text(windowOf)).toBe('$CLIENT_SECRET')
  for (let at = 0; at < windowOf.length; at++) {
    const wrong = `${windowOf.slice(0, at)}!${windowOf.slice(at + 1)}`
    expect(redactor.text(wrong)).toBe(wrong)
  }
})

describe('what a caller wrote beside an echo goes or stays whatever its first and last characters are', () => {
  const middle = 'Q8vRt3WzB7nHs5JdGyC4pTe6aUiOo1Vr0MwNxEbKhSgFj'
  const numbers = (text: string) => [...Buffer.from(text)].join(' ')

  test.each<[string, string[], (value: string) => string]>([
    ['numbers of a public beginning behind it', ['sk-'], (value) => `sk-${value} ${numbers('sk-abcdefghijk')}`],
    ['the same, and a digit at its end', ['sk-'], (value) => `sk-${value}6 ${numbers('sk-abcdefghijk')}`],
    ['numbers of one before it', ['', 'glpat-'], (value) => `10 10 10 ${numbers('glpat-')} 6${value}`],
    ['the same, of as few as count', ['', 'glpat-'], (value) => `10 ${numbers('glpat-')} ${value}`],
    [
      'numbers behind its last line',
      ['sk-'],
      (value) => `${`sk-${value}`.replace(/.{20}/g, '$&\n')} ${numbers('sk-abcdefghijk')}`,
    ],
    ['padding and a backslash before it', [''], (value) => `AAAAAAAAAAAAAAAA=\\${value}`],
  ])('%s', (_name, [prefix, ...others], write) => {
    const seen = ['n', 'r', '5', '0', 'a', 'Z', '67', '33'].map((end) => {
      const index = createSecretIndex()
      const value = `${end}${middle}${end}`
      index.add(`${prefix}${value}`)
      for (const other of others) index.add(`${other}${middle.slice(0, 20)}`)
      return index.text(write(value))
    })
    expect(new Set(seen)).toEqual(new Set([seen[0]]))
  })
  test('an ampersand before one that has the signs of HTML in it', () => {
    const seen = [`#${middle}`, `x${middle}#`, `lt;${middle}`].map((value) =>
      createRedactor(value).text(`abc&${value}`),
    )
    expect(new Set(seen)).toEqual(new Set(['$CLIENT_SECRET']))
  })
})
