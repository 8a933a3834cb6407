import type { Words } from '../protocol/keys.ts'
import type { Failure } from './failure.ts'
import { Sentence } from './field.tsx'
import { KeyInWords } from './words.tsx'

/** What the key allows, in the relay's words. It stays in sight beside Save while the form scrolls. */
export function Preview({
  words,
  problem,
  isMarked,
  isComplete,
}: {
  words: Words | undefined
  problem: Failure | undefined
  /** Whether the problem is shown at its field too. */
  isMarked: boolean
  isComplete: boolean
}) {
  return (
    <section className="preview" aria-label="What this key allows" aria-live="polite" tabIndex={0}>
      <h3>What this key allows</h3>
      {words ? (
        <KeyInWords words={words} />
      ) : (
        <p className="hint">
          {isMarked ? (
            'Correct the marked fields first.'
          ) : problem ? (
            <Sentence failure={problem} />
          ) : isComplete ? (
            'Asking the relay …'
          ) : (
            'Fill in the fields above. The relay then says where it can send the secret.'
          )}
        </p>
      )}
    </section>
  )
}
