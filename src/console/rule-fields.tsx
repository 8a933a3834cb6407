import { methods } from '../protocol/request.ts'
import type { Failure } from './failure.ts'
import { Field, Sentence } from './field.tsx'
import { defaultPlace, isNameless, type Errors, type RuleDraft } from './key-draft.ts'

/** The kinds of places in a request, in the words of the wire. */
const places = {
  'headers.': { title: 'Header', name: 'Header’s name' },
  'params.': { title: 'Query parameter', name: 'Parameter’s name' },
  'data#/': { title: 'Field of the body', name: 'Field, such as auth/key' },
  'url.path': { title: 'Path of the address', name: '' },
} as const

type PlaceKind = keyof typeof places

function kindOf(place: string): PlaceKind {
  return (Object.keys(places) as PlaceKind[]).find((kind) => place.startsWith(kind)) ?? 'headers.'
}

/** One way the key may be used: where to, how, and in which place of the request. */
export function RuleFields({
  rule,
  index,
  errors,
  onChange,
  onRemove,
}: {
  rule: RuleDraft
  index: number
  errors: Errors
  onChange: (rule: RuleDraft) => void
  /** Left out for the only rule. */
  onRemove: (() => void) | undefined
}) {
  const path = `allow[${index}]`
  const set = (part: Partial<RuleDraft>) => onChange({ ...rule, ...part })
  // The relay's sentence names the field; here it has to be in sight.
  const isAboutNetwork = errors[`${path}.url`]?.sentence.includes('allowPrivateNetwork')
  const methodsError = errors[`${path}.methods`]
  const methodsErrorId = `rule-${rule.id}-methods-error`

  function setUrl(url: string) {
    // Whoever writes the placeholder into the address means that place.
    const isDefault = rule.places.length === 1 && rule.places[0] === defaultPlace(rule.url)
    set({ url, places: isDefault ? [defaultPlace(url)] : rule.places })
  }

  return (
    <fieldset className="rule">
      <legend>{`Rule ${index + 1}`}</legend>
      {onRemove && (
        <button type="button" className="plain remove" aria-label={`Remove rule ${index + 1}`} onClick={onRemove}>
          Remove
        </button>
      )}
      <Field
        label="Address"
        error={errors[`${path}.url`]}
        hint={
          <>
            <code>*</code> stands for one part of the path, <code>**</code> at the end for the rest.
          </>
        }
      >
        {(props) => (
          <input
            {...props}
            className="mono"
            inputMode="url"
            autoCapitalize="off"
            spellCheck={false}
            placeholder="https://api.example.com/v1/items/*"
            value={rule.url}
            onChange={(event) => setUrl(event.target.value)}
          />
        )}
      </Field>
      <fieldset className="choices" aria-describedby={methodsError && methodsErrorId}>
        <legend>Methods</legend>
        <div>
          {methods.map((method) => (
            <label key={method}>
              <input
                type="checkbox"
                aria-invalid={methodsError ? true : undefined}
                checked={rule.methods.includes(method)}
                onChange={(event) =>
                  set({
                    methods: methods.filter((one) =>
                      one === method ? event.target.checked : rule.methods.includes(one),
                    ),
                  })
                }
              />
              {method}
            </label>
          ))}
        </div>
        {methodsError && (
          <p className="error" id={methodsErrorId}>
            <Sentence failure={methodsError} />
          </p>
        )}
      </fieldset>
      {rule.places.map((place, at) => (
        <PlaceFields
          key={at}
          place={place}
          label={at === 0 ? 'Where the key stands' : 'Or'}
          // Where a name is missing, only the places without one are wrong.
          error={isNameless(place) || !rule.places.some(isNameless) ? errors[`${path}.in`] : undefined}
          onChange={(changed) => set({ places: rule.places.map((one, other) => (other === at ? changed : one)) })}
          onRemove={
            rule.places.length > 1 ? () => set({ places: rule.places.filter((_, other) => other !== at) }) : undefined
          }
        />
      ))}
      <details open={rule.allowPrivateNetwork || rule.retryable || isAboutNetwork || undefined}>
        <summary>More</summary>
        <button type="button" className="plain" onClick={() => set({ places: [...rule.places, 'headers.'] })}>
          Allow another place
        </button>
        <label className="check">
          <input
            type="checkbox"
            checked={rule.allowPrivateNetwork}
            onChange={(event) => set({ allowPrivateNetwork: event.target.checked })}
          />
          <span>
            Also http: and addresses of your own network (<code>allowPrivateNetwork</code>)
          </span>
        </label>
        <label className="check">
          <input
            type="checkbox"
            checked={rule.retryable}
            onChange={(event) => set({ retryable: event.target.checked })}
          />
          <span>
            Send a POST or PATCH again when it was interrupted (<code>retryable</code>)
          </span>
        </label>
      </details>
    </fieldset>
  )
}

function PlaceFields({
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
  onRemove: (() => void) | undefined
}) {
  const kind = kindOf(place)
  const { name } = places[kind]
  return (
    <div className="pair">
      <Field label={label}>
        {(props) => (
          <select {...props} value={kind} onChange={(event) => onChange(event.target.value)}>
            {Object.entries(places).map(([value, { title }]) => (
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
        <button type="button" className="plain" aria-label={`Remove the place ${place}`} onClick={onRemove}>
          Remove
        </button>
      )}
    </div>
  )
}
