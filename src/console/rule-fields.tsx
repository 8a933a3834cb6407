import { useEffect, useId, useRef } from 'react'
import { methods } from '../protocol/request.ts'
import type { Failure } from './failure.ts'
import { Field, Sentence } from './field.tsx'
import { defaultPlace, isNameless, ruleDraft, type Errors, type RuleDraft } from './key-draft.ts'
import type { DraftProblem } from './key-errors.ts'
import { labels } from './labels.ts'
import { PlaceFields } from './place-fields.tsx'

/** The requests that may carry the key: a rule for each. */
export function RulesFields({
  rules,
  errors,
  problem,
  onChange,
}: {
  rules: RuleDraft[]
  errors: Errors
  /** The relay's errors for the current form. */
  problem: DraftProblem | undefined
  onChange: (rules: RuleDraft[]) => void
}) {
  return (
    <>
      <h3>Allowed requests</h3>
      {rules.map((rule, index) => (
        <RuleFields
          key={rule.id}
          rule={rule}
          index={index}
          errors={errors}
          problem={problem}
          onChange={(changed) => onChange(rules.map((one) => (one.id === changed.id ? changed : one)))}
          onRemove={rules.length > 1 ? () => onChange(rules.filter(({ id }) => id !== rule.id)) : undefined}
        />
      ))}
      <button type="button" className="plain" onClick={() => onChange([...rules, ruleDraft()])}>
        Add a rule
      </button>
    </>
  )
}

function RuleFields({
  rule,
  index,
  errors,
  problem,
  onChange,
  onRemove,
}: {
  rule: RuleDraft
  index: number
  errors: Errors
  problem: DraftProblem | undefined
  onChange: (rule: RuleDraft) => void
  /** Left out for the only rule. */
  onRemove: (() => void) | undefined
}) {
  const path = `allow[${index}]`
  const set = (part: Partial<RuleDraft>) => onChange({ ...rule, ...part })

  function setUrl(url: string) {
    // A placeholder in the address means that the key goes there.
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
            <code>*</code> matches one segment of the path. <code>**</code> at the end matches the rest.
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
      <MethodsField
        chosen={rule.methods}
        error={errors[`${path}.methods`]}
        onChange={(chosen) => set({ methods: chosen })}
      />
      {rule.places.map((place, at) => (
        <PlaceFields
          key={at}
          place={place}
          label={at === 0 ? labels.in : 'Or'}
          // If a name is missing, only the places without one are wrong.
          error={isNameless(place) || !rule.places.some(isNameless) ? errors[`${path}.in`] : undefined}
          onChange={(changed) => set({ places: rule.places.map((one, other) => (other === at ? changed : one)) })}
          onRemove={
            rule.places.length > 1 ? () => set({ places: rule.places.filter((_, other) => other !== at) }) : undefined
          }
        />
      ))}
      <MoreOptions
        rule={rule}
        isNetworkNamed={
          problem?.field === `${path}.url` && problem.failure.sentence.includes(labels.allowPrivateNetwork)
        }
        set={set}
      />
    </fieldset>
  )
}

function MethodsField({
  chosen,
  error,
  onChange,
}: {
  chosen: string[]
  error: Failure | undefined
  onChange: (chosen: string[]) => void
}) {
  const errorId = useId()
  return (
    <fieldset className="choices" aria-describedby={error && errorId}>
      <legend>Methods</legend>
      <div>
        {methods.map((method) => (
          <label key={method}>
            <input
              type="checkbox"
              aria-invalid={error ? true : undefined}
              checked={chosen.includes(method)}
              onChange={(event) =>
                onChange(methods.filter((one) => (one === method ? event.target.checked : chosen.includes(one))))
              }
            />
            {method}
          </label>
        ))}
      </div>
      {error && (
        <p className="error" id={errorId}>
          <Sentence failure={error} />
        </p>
      )}
    </fieldset>
  )
}

function MoreOptions({
  rule,
  isNetworkNamed,
  set,
}: {
  rule: RuleDraft
  /** Whether an error of the relay names the first option. The option is then visible. */
  isNetworkNamed: boolean
  set: (part: Partial<RuleDraft>) => void
}) {
  const details = useRef<HTMLDetailsElement>(null)
  const isUsed = rule.allowPrivateNetwork || rule.retryable
  // The browser keeps the open state, because the user opens and closes it too.
  useEffect(() => {
    if (isNetworkNamed || isUsed) details.current!.open = true
  }, [isNetworkNamed, isUsed])
  return (
    <details ref={details}>
      <summary>More options</summary>
      <button type="button" className="plain" onClick={() => set({ places: [...rule.places, 'headers.'] })}>
        Add another place for the key
      </button>
      <label className="check">
        <input
          type="checkbox"
          checked={rule.allowPrivateNetwork}
          onChange={(event) => set({ allowPrivateNetwork: event.target.checked })}
        />
        <span>
          {labels.allowPrivateNetwork}
          <span className="hint">For a service on your own network. HTTP does not encrypt the secret.</span>
        </span>
      </label>
      <label className="check">
        <input
          type="checkbox"
          checked={rule.retryable}
          onChange={(event) => set({ retryable: event.target.checked })}
        />
        <span>
          {labels.retryable}
          <span className="hint">Only for an API that supports the header Idempotency-Key.</span>
        </span>
      </label>
    </details>
  )
}
