import { useState, type RefObject } from 'react'
import type { Failure } from './failure.ts'
import { Field } from './field.tsx'

/**
 * Where a value is typed. React does not hold it: the input is read when it is
 * saved and emptied afterwards, so that no state and no element keeps a copy.
 */
export function SecretField({
  input,
  label,
  hint,
  error,
  isFirst,
}: {
  input: RefObject<HTMLInputElement | null>
  label: string
  hint: string
  error: Failure | undefined
  isFirst?: boolean
}) {
  const [isShown, setIsShown] = useState(false)
  const [isBroken, setIsBroken] = useState(false)
  const shownError = isBroken
    ? {
        sentence:
          'What you pasted has a line break within it, so it is more than the value, or a part of something else. Copy the value alone.',
      }
    : error
  return (
    <Field label={label} error={shownError} hint={hint}>
      {(props) => (
        <div className="joined">
          <input
            {...props}
            ref={input}
            type={isShown ? 'text' : 'password'}
            className="mono"
            autoComplete="off"
            autoCapitalize="off"
            spellCheck={false}
            // The password managers that do not heed autocomplete.
            data-1p-ignore
            data-lpignore="true"
            data-focus={isFirst}
            onPaste={(event) => {
              // One at the end is copied along easily, and the input drops it. One within is dropped as well, and the value would be wrong.
              const isWrong = /[\r\n]/.test(event.clipboardData.getData('text').trim())
              if (isWrong) event.preventDefault()
              setIsBroken(isWrong)
            }}
            onInput={() => setIsBroken(false)}
          />
          <button
            type="button"
            aria-pressed={isShown}
            aria-label={`Show ${label}`}
            onClick={() => setIsShown(!isShown)}
          >
            {isShown ? 'Hide' : 'Show'}
          </button>
        </div>
      )}
    </Field>
  )
}
