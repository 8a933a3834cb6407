import { useState, type RefCallback } from 'react'
import type { Failure } from './failure.ts'
import { Field } from './field.tsx'

/**
 * The input for a value. React never holds the value: the form reads the input when
 * it saves and clears it afterwards, so no state and no element keeps a copy.
 */
export function SecretField({
  input,
  label,
  hint,
  error,
  isFirst,
  onInput,
}: {
  input: RefCallback<HTMLInputElement>
  label: string
  hint: string
  error: Failure | undefined
  isFirst?: boolean | undefined
  onInput?: (() => void) | undefined
}) {
  const [isShown, setIsShown] = useState(false)
  const [isBroken, setIsBroken] = useState(false)
  const shownError = isBroken
    ? {
        sentence: 'The pasted text contains a line break. Copy the value alone and paste it again.',
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
            // For password managers that ignore autocomplete.
            data-1p-ignore
            data-lpignore="true"
            data-focus={isFirst}
            onPaste={(event) => {
              // The input drops every line break. One at the end is harmless; one in the middle makes the value wrong.
              const text = event.clipboardData.getData('text').trim()
              const isPrivateKey = /^-----BEGIN [^]+-----$/.test(text)
              const isWrong = !isPrivateKey && /[\r\n]/.test(text)
              if (isWrong || isPrivateKey) event.preventDefault()
              // The relay reads both ways to write a line break.
              if (isPrivateKey) event.currentTarget.value = text.replace(/\r?\n/g, '\\n')
              setIsBroken(isWrong)
            }}
            onInput={() => {
              setIsBroken(false)
              onInput?.()
            }}
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
