import { useId, type ReactNode } from 'react'

/** What ties an input to its label, hint and error. */
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
  error?: string | undefined
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
          <Sentence>{error}</Sentence>
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

/** An error that belongs to no field. It takes the focus when it appears, so that nobody misses it. */
export function Problem({ children }: { children: string }) {
  return (
    <p className="problem" role="alert" tabIndex={-1} aria-invalid>
      <Sentence>{children}</Sentence>
    </p>
  )
}

/** What an error says. The address that explains its code stands at its end, and becomes a link. */
export function Sentence({ children }: { children: string }) {
  const [, sentence, address] = /^(.*) (https:\/\/\S+)$/s.exec(children) ?? []
  if (!address) return children
  return (
    <>
      {sentence}{' '}
      <a href={address} target="_blank" rel="noreferrer">
        What to do
      </a>
    </>
  )
}
