import type { Failure } from './failure.ts'
import { Field } from './field.tsx'
import { labels } from './labels.ts'

/** Token, signature and names of values, as the config has them. Few keys need them, so they are one field. */
export function SettingsField({
  text,
  error,
  onChange,
}: {
  text: string
  error: Failure | undefined
  onChange: (text: string) => void
}) {
  return (
    <details open={text !== '' || error !== undefined || undefined}>
      <summary>Token, signature or several values</summary>
      <Field
        label={labels.settings}
        error={error}
        hint={
          <>
            The fields <code>token</code>, <code>sign</code>, <code>values</code> (the names of several values) and{' '}
            <code>inEach</code> (their places, in all rules), as in the relay’s options. Never a secret.
          </>
        }
      >
        {(props) => (
          <textarea
            {...props}
            className="mono"
            rows={4}
            autoCapitalize="off"
            spellCheck={false}
            placeholder={'{ "values": ["id", "key"] }'}
            value={text}
            onChange={(event) => onChange(event.target.value)}
          />
        )}
      </Field>
    </details>
  )
}
