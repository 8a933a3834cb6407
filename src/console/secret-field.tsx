import { useState, type RefObject } from 'react'
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
  error: string | undefined
  isFirst?: boolean
}) {
  const [isShown, setIsShown] = useState(false)
  return (
    <Field label={label} error={error} hint={hint}>
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
