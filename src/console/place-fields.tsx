import type { Failure } from './failure.ts'
import { Field } from './field.tsx'
import { kindOf, placeInWords, placeKinds } from './labels.ts'

/** One place in a request that can hold the key: a header, a query parameter, a body field, or the path. */
export function PlaceFields({
  place,
  label,
  error,
  onChange,
  onRemove,
}: {
  place: string
  label: string
  error: Failure | undefined
  onChange: (place: string) => void
  /** Left out for the only place. */
  onRemove: (() => void) | undefined
}) {
  const kind = kindOf(place)
  const { name } = placeKinds[kind]
  return (
    <div className="pair">
      <Field label={label}>
        {(props) => (
          <select {...props} value={kind} onChange={(event) => onChange(event.target.value)}>
            {Object.entries(placeKinds).map(([value, { title }]) => (
              <option key={value} value={value}>
                {title}
              </option>
            ))}
          </select>
        )}
      </Field>
      {name && (
        <Field label={name} error={error}>
          {(props) => (
            <input
              {...props}
              className="mono"
              autoCapitalize="off"
              spellCheck={false}
              value={place.slice(kind.length)}
              onChange={(event) => onChange(kind + event.target.value.trim())}
            />
          )}
        </Field>
      )}
      {onRemove && (
        <button type="button" className="plain" aria-label={`Remove ${placeInWords(place)}`} onClick={onRemove}>
          Remove
        </button>
      )}
    </div>
  )
}
