import { Field } from './field.tsx'
import { limitFields, type Errors, type KeyDraft } from './key-draft.ts'
import { labels } from './labels.ts'

/** How much all callers together may use the key. */
export function LimitsFields({
  limits,
  errors,
  onChange,
}: {
  limits: KeyDraft['limits']
  errors: Errors
  onChange: (limits: KeyDraft['limits']) => void
}) {
  return (
    <>
      <h3>Limits</h3>
      <p className="hint">A limit counts the requests of all callers. Leave a field empty for no limit.</p>
      <div className="limits">
        {limitFields.map((field) => (
          <Field key={field} label={labels[`limits.${field}`]} error={errors[`limits.${field}`]}>
            {(props) => (
              <input
                {...props}
                inputMode="numeric"
                autoComplete="off"
                value={limits[field]}
                onChange={(event) => onChange({ ...limits, [field]: event.target.value })}
              />
            )}
          </Field>
        ))}
      </div>
    </>
  )
}
