import type { ReactNode } from 'react'
import { examples, type Example } from './examples.ts'
import { Field } from './field.tsx'
import type { Errors, KeyDraft } from './key-draft.ts'

/** The fields of a new key only: its name, and its value as the child. Examples fill in the form. */
export function NameFields({
  name,
  errors,
  onExample,
  onChange,
  children,
}: {
  name: KeyDraft['name']
  errors: Errors
  onExample: (example: Example) => void
  onChange: (name: string) => void
  children: ReactNode
}) {
  return (
    <>
      <div className="examples" role="group" aria-label="Start from an example">
        <span aria-hidden>Start from</span>
        {examples.map((example) => (
          <button key={example.name} type="button" onClick={() => onExample(example)}>
            {example.title}
          </button>
        ))}
      </div>
      <Field
        label="Name"
        error={errors['name']}
        hint="Use letters, digits, dots, dashes and underscores. Components use the key by this name."
      >
        {(props) => (
          <input
            {...props}
            data-focus
            autoComplete="off"
            autoCapitalize="off"
            spellCheck={false}
            value={name}
            onChange={(event) => onChange(event.target.value)}
          />
        )}
      </Field>
      {children}
    </>
  )
}
