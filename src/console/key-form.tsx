import { useEffect, useRef, useState } from 'react'
import { asClientSecretError } from '../protocol/errors.ts'
import type { KeyChange, KeyCheck, KeyCheckAnswer, KeyEntry, WireLimits } from '../protocol/keys.ts'
import { Dialog } from './dialog.tsx'
import { examples } from './examples.ts'
import { failureOf, type Failure } from './failure.ts'
import { Field, Problem, Sentence } from './field.tsx'
import { changeOf, fieldOf, keyDraft, limitFields, missingIn, ruleDraft, type Errors } from './key-draft.ts'
import { RuleFields } from './rule-fields.tsx'
import { SecretField } from './secret-field.tsx'
import { KeyInWords } from './words.tsx'

/** How long the typing has to rest before the relay is asked what it means. Milliseconds. */
const rest = 350

type Check = (key: KeyCheck, signal?: AbortSignal) => Promise<KeyCheckAnswer>

/** Adds a key, or changes where one may go. Both requests reject with the relay's error. */
export function KeyForm({
  entry,
  check,
  onSave,
  onClose,
}: {
  /** The key to change; left out for a new one. */
  entry?: KeyEntry
  check: Check
  onSave: (name: string, change: KeyChange) => Promise<void>
  onClose: () => void
}) {
  const form = useRef<HTMLFormElement>(null)
  const secret = useRef<HTMLInputElement>(null)
  const isNew = !entry
  const [draft, setDraft] = useState(() => keyDraft(entry))
  const [keyHint, setKeyHint] = useState('The API’s provider gave it to you. Once saved it is never shown again.')
  const [errors, setErrors] = useState<Errors>({})
  const [isBusy, setIsBusy] = useState(false)
  const name = draft.name.trim()
  const { words, problem, valueNeeded, isCurrent, ask, isFilledIn } = useWords(
    { name, ...changeOf(draft, isNew) },
    missingIn(draft),
    check,
  )

  // To the first field that is wrong, in the order of the form.
  useEffect(() => {
    if (Object.keys(errors).length > 0) form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus()
  }, [errors])

  async function save() {
    const missing = missingIn(draft)
    if ((isNew || valueNeeded !== undefined) && !secret.current?.value)
      missing['secret'] = { sentence: 'Paste the key that the API’s provider gave you.' }
    setErrors(missing)
    if (Object.keys(missing).length > 0) return
    setIsBusy(true)
    try {
      // Nothing is saved before it has been on the screen in words.
      if (!isCurrent) {
        await ask()
        form.current?.querySelector<HTMLElement>('.preview')?.focus()
        return
      }
      const value = secret.current?.value
      await onSave(name, { ...changeOf(draft, isNew), ...(value && { secret: value }) })
      if (secret.current) secret.current.value = ''
    } catch (thrown) {
      setErrors({ [fieldOf(asClientSecretError(thrown).path, draft)]: failureOf(thrown) })
    } finally {
      setIsBusy(false)
    }
  }

  return (
    <Dialog title={isNew ? 'Add a key' : `Edit ${entry.name}`} onClose={onClose}>
      <form
        ref={form}
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          void save()
        }}
      >
        <div className="body">
          {errors[''] && <Problem failure={errors['']} />}
          {isNew && (
            <>
              <div className="examples" role="group" aria-label="Fill in for">
                <span aria-hidden>Fill in for</span>
                {examples.map((example) => (
                  <button
                    key={example.name}
                    type="button"
                    onClick={() => {
                      const isOwnName = name && !examples.some((one) => one.name === name)
                      setDraft({
                        ...draft,
                        name: isOwnName ? name : example.name,
                        rules: example.allow.map(ruleDraft),
                      })
                      setKeyHint(example.keyHint)
                      setErrors({})
                    }}
                  >
                    {example.title}
                  </button>
                ))}
              </div>
              <Field
                label="Name"
                error={errors['name']}
                hint="Letters, digits, dot, dash and underscore. Components ask for the key by this name."
              >
                {(props) => (
                  <input
                    {...props}
                    data-focus
                    autoComplete="off"
                    autoCapitalize="off"
                    spellCheck={false}
                    value={draft.name}
                    onChange={(event) => setDraft({ ...draft, name: event.target.value })}
                  />
                )}
              </Field>
              <SecretField input={secret} label="Client Secret Key" hint={keyHint} error={errors['secret']} />
            </>
          )}
          <label className="check">
            <input
              type="checkbox"
              data-focus={!isNew}
              checked={draft.locked}
              aria-invalid={errors['locked'] ? true : undefined}
              aria-describedby="locked-note"
              onChange={(event) => setDraft({ ...draft, locked: event.target.checked })}
            />
            <span>
              <strong>Locked</strong>
              <span className={errors['locked'] ? 'error' : 'hint'} id="locked-note">
                {errors['locked']?.sentence ??
                  (draft.locked
                    ? 'Only people who are signed in to your site may use it.'
                    : 'Everybody who opens your site may use it.')}
              </span>
            </span>
          </label>

          <h3>May go to</h3>
          {draft.rules.map((rule, index) => (
            <RuleFields
              key={rule.id}
              rule={rule}
              index={index}
              errors={errors}
              onChange={(changed) =>
                setDraft({ ...draft, rules: draft.rules.map((one) => (one.id === changed.id ? changed : one)) })
              }
              onRemove={
                draft.rules.length > 1
                  ? () => setDraft({ ...draft, rules: draft.rules.filter(({ id }) => id !== rule.id) })
                  : undefined
              }
            />
          ))}
          <button
            type="button"
            className="plain"
            onClick={() => setDraft({ ...draft, rules: [...draft.rules, ruleDraft()] })}
          >
            Add a rule
          </button>
          {!isNew && valueNeeded !== undefined && (
            <SecretField input={secret} label="Client Secret Key" hint={valueNeeded} error={errors['secret']} />
          )}

          <h3>Limits</h3>
          <p className="hint">For all callers together. Empty: no limit.</p>
          <div className="limits">
            {(Object.keys(limitFields) as (keyof WireLimits)[]).map((field) => (
              <Field key={field} label={limitFields[field]} error={errors[`limits.${field}`]}>
                {(props) => (
                  <input
                    {...props}
                    inputMode="numeric"
                    autoComplete="off"
                    value={draft.limits[field]}
                    onChange={(event) =>
                      setDraft({ ...draft, limits: { ...draft.limits, [field]: event.target.value } })
                    }
                  />
                )}
              </Field>
            ))}
          </div>
        </div>
        {/* Beside Save, and not at the end of what scrolls, so that it has been seen. */}
        <section className="preview" aria-label="What it will allow" aria-live="polite" tabIndex={0}>
          <h3>What it will allow</h3>
          {words ? (
            <KeyInWords words={words} />
          ) : (
            <p className="hint">
              {/* What stands at its field is not said twice. */}
              {!problem ? (
                isFilledIn ? (
                  'Asking the relay what this means …'
                ) : (
                  'When the fields above are filled in, this says in plain words where the secret will be able to go.'
                )
              ) : Object.values(errors).some(({ sentence }) => sentence === problem.sentence) ? (
                'Nothing, until what is marked above is put right.'
              ) : (
                <Sentence failure={problem} />
              )}
            </p>
          )}
        </section>
        <div className="actions">
          <button type="button" onClick={onClose}>
            Cancel
          </button>
          <button className="primary" disabled={isBusy}>
            {isBusy ? 'Saving …' : 'Save'}
          </button>
        </div>
      </form>
    </Dialog>
  )
}

/** What the relay says of a key that is not saved yet, asked whenever the typing rests. */
function useWords(key: KeyCheck, missing: Errors, check: Check) {
  const [answer, setAnswer] = useState<{ of: string; problem?: Failure } & Partial<KeyCheckAnswer>>()
  const of = JSON.stringify(key)
  const isFilledIn = Object.keys(missing).length === 0
  const isAnswered = answer?.of === of

  async function ask(signal?: AbortSignal) {
    try {
      setAnswer({ of, ...(await check(JSON.parse(of) as KeyCheck, signal)) })
    } catch (thrown) {
      if (signal?.aborted) return
      // A value that was typed stays, also while a rule is wrong.
      setAnswer((before) => ({ of, problem: failureOf(thrown), valueNeeded: before?.valueNeeded }))
      throw thrown
    }
  }

  useEffect(() => {
    if (!isFilledIn || isAnswered) return
    const controller = new AbortController()
    const timer = setTimeout(() => {
      ask(controller.signal).catch(() => {
        // Told in the preview; at its field once somebody wants to save.
      })
    }, rest)
    return () => {
      clearTimeout(timer)
      controller.abort()
    }
    // eslint-disable-next-line react-hooks/exhaustive-deps -- `of` is all that `ask` depends on.
  }, [of, isFilledIn, isAnswered])

  const current = isAnswered && isFilledIn ? answer : undefined
  return {
    words: current?.words,
    problem: current?.problem,
    valueNeeded: answer?.valueNeeded,
    isCurrent: current?.words !== undefined,
    ask,
    isFilledIn,
  }
}
