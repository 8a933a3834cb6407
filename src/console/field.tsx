import { useId, type ReactNode } from 'react'
import type { Failure } from './failure.ts'

/** The attributes that connect an input with its label, hint and error. */
export interface FieldProps {
  id: string
  'aria-describedby': string | undefined
  'aria-invalid': true | undefined
}

/** An input with its label, hint and error, which a screen reader reads together. */
export function Field({
  label,
  hint,
  error,
  children,
}: {
  label: string
  hint?: ReactNode
  error?: Failure | undefined
  children: (props: FieldProps) => ReactNode
}) {
  const id = useId()
  const described = [error && `${id}-error`, hint && `${id}-hint`].filter(Boolean).join(' ')
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children({ id, 'aria-describedby': described || undefined, 'aria-invalid': error ? true : undefined })}
      {error && (
        <p className="error" id={`${id}-error`}>
          <Sentence failure={error} />
        </p>
      )}
      {hint && (
        <p className="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  )
}

/** An error that belongs to no field. It takes the focus when it appears, so that users of a screen reader notice it. */
export function Problem({ failure }: { failure: Failure }) {
  return (
    <p className="problem" role="alert" tabIndex={-1} aria-invalid>
      <Sentence failure={failure} />
    </p>
  )
}

/** The message of a failure, with a link to its explanation. */
export function Sentence({ failure: { sentence, help } }: { failure: Failure }) {
  if (help === undefined) return sentence
  return (
    <>
      {sentence}{' '}
      <a href={help} target="_blank" rel="noreferrer">
        What to do
      </a>
    </>
  )
}
