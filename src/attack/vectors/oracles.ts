import type { Attacker } from '../attacker.ts'
import { cutEchoes } from '../oracle/cut-echoes.ts'
import { extending } from '../oracle/extending.ts'
import { guessing } from '../oracle/guessing.ts'
import { BudgetSpentError, createSpy } from '../oracle/spy.ts'
import { sliding } from '../oracle/sliding.ts'
import { slices } from '../oracle/slices.ts'
import type { Learner } from '../oracle/learner.ts'
import type { Target } from '../target.ts'
import { vector, type Vector } from '../vector.ts'

/**
 * Row 25: attackers that ask repeatedly and learn from redacted answers. Each has a
 * budget of requests. At its end, it must know no character that it did not know at
 * the start.
 */
export function oracles(targets: readonly Target[]): Vector[] {
  const learners = [extending, guessing, sliding, cutEchoes, slices].flatMap((family) => family(targets))
  return learners.map((learner) => {
    const { name, target, victim = target, canLeak = true } = learner
    return vector(25, `${victim.keyName}: ${name}`, (attacker) => learn(attacker, learner), {
      aim: 'learnt',
      canLeak,
    })
  })
}

async function learn(attacker: Attacker, learner: Learner): Promise<void> {
  const { target, victim = target, known = new Set<number>(), mayLearn = 0, run } = learner
  const claims = new Map<number, string>()
  const spy = createSpy(attacker, { target, victim }, claims)
  try {
    await run(spy)
  } catch (error) {
    if (!(error instanceof BudgetSpentError)) throw error
  }
  const secret = victim.canary.toLowerCase()
  // Redaction ignores letter case in most forms, so an attacker learns the letter first.
  const learnt = [...claims].filter(
    ([at, character]) =>
      at >= victim.format.publicPart.length && !known.has(at) && secret[at] === character.toLowerCase(),
  )
  const inWords = `${learnt.length} of ${secret.length - victim.format.publicPart.length - known.size} characters known after ${spy.sent()} requests`
  if (learnt.length > mayLearn) attacker.blame(inWords, 'learnt')
  else if (learnt.length > 0) attacker.note(`${inWords}, within the limits on the page Security model`)
}
