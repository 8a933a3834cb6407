/**
 * Whether anything can be learnt from what redaction takes out: by adaptive
 * attackers with so many guesses for each format of a value, and by comparing what
 * hostile answers become with two values of one format, which must be the same.
 *
 *   npm run bench:redaction-oracle -- --guesses 10000000 --templates 200000
 */
import { createRedactor } from '../src/relay/keys/redaction/secret-index.ts'
import { numberOption, randomFrom, writeResult } from './parts/figures.ts'
import { formats, template, unknownOf } from './parts/hostile-templates.ts'
import { attackRedactor } from './parts/redactor-attackers.ts'

const guesses = numberOption('guesses', 10_000_000)
const templates = numberOption('templates', 200_000)
const seed = numberOption('seed', 1)
const random = randomFrom(seed)

const attacks = formats.map((format) => {
  const unknown = unknownOf(format, random)
  const redactor = createRedactor(format.prefix + unknown)
  const findings = attackRedactor((text) => redactor.text(text), format, unknown, random, guesses)
  return {
    format: format.name,
    guesses: findings.reduce((sum, finding) => sum + finding.guesses, 0),
    learnt: Math.max(...findings.map(({ learnt }) => learnt)),
    by: findings
      .filter(({ learnt }) => learnt > 0)
      .map(({ strategy, form, learnt }) => `${strategy}, ${form}: ${learnt}`),
  }
})
console.log('What adaptive attackers know in the end that they did not know before, in characters:')
console.table(attacks.map(({ by, ...row }) => ({ ...row, by: by.slice(0, 3).join('; ') })))

const differing = formats.map((format) => {
  let count = 0
  for (let run = 0; run < templates / formats.length; run++) {
    const [one, other] = [unknownOf(format, random), unknownOf(format, random)]
    const answer = template(format, random)
    const [seen, seenOther] = [one, other].map((unknown) =>
      createRedactor(format.prefix + unknown).text(answer(unknown)),
    )
    if (seen !== seenOther) {
      count++
      console.error(JSON.stringify({ format: format.name, seen, seenOther }))
    }
  }
  return { format: format.name, templates: Math.ceil(templates / formats.length), differ: count }
})
console.log('Hostile answers that become something else for another value of the same format:')
console.table(differing)
writeResult('redaction-oracle', { seed, guesses, attacks, differing })
if (attacks.some(({ learnt }) => learnt > 0) || differing.some(({ differ }) => differ > 0)) process.exit(1)
