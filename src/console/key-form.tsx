import { useEffect, useRef, useState } from 'react'
import type { KeyChange, KeyEntry } from '../protocol/keys.ts'
import { Dialog } from './dialog.tsx'
import { examples } from './examples.ts'
import { Problem } from './field.tsx'
import { changeOf, fieldOf, keyDraft, missingIn, namesOf, ruleDraft, type Errors } from './key-draft.ts'
import { stillWrong, type Refusal } from './key-errors.ts'
import { LimitsFields } from './limits-fields.tsx'
import { LockedField } from './locked-field.tsx'
import { NameFields } from './name-fields.tsx'
import { Preview } from './preview.tsx'
import { RulesFields } from './rule-fields.tsx'
import { SecretInputs, useSecretInputs } from './secret-inputs.tsx'
import { SettingsField } from './settings-field.tsx'
import { checkFailureOf, useCheck, type Check } from './use-check.ts'

/**
 * Adds a key, or changes where it may go. `onSave` and `check` reject with the relay's error. Long, because most of it
 * is the form's markup.
 */
export function KeyForm({
  entry,
  check,
  onSave,
  onClose,
}: {
  /** The key to change. Omit it for a new key. */
  entry?: KeyEntry
  check: Check
  onSave: (name: string, change: KeyChange) => Promise<void>
  onClose: () => void
}) {
  const form = useRef<HTMLFormElement>(null)
  const isNew = !entry
  const [draft, setDraft] = useState(() => keyDraft(entry))
  const secrets = useSecretInputs(namesOf(draft))
  const [keyHint, setKeyHint] = useState(
    'Copy it from the API provider. Of a user and a password (Basic), register the password and write Authorization: Basic user:$CLIENT_SECRET. The relay never shows it again.',
  )
  const [refusal, setRefusal] = useState<Refusal>({ errors: {}, draft })
  const [attempts, setAttempts] = useState(0)
  const [isBusy, setIsBusy] = useState(false)
  const name = draft.name.trim()
  const isComplete = Object.keys(missingIn(draft)).length === 0
  const { words, problem, valueNeeded, ask } = useCheck({ name, ...changeOf(draft, isNew) }, isComplete, check)
  const said = problem && { field: fieldOf(problem.path, draft), failure: problem.failure }
  const errors = stillWrong(refusal, draft, said)

  // After a refused save the first wrong field of the form gets the focus.
  useEffect(() => {
    if (attempts > 0) form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus()
  }, [attempts])

  function refuse(found: Errors) {
    setRefusal({ errors: found, draft })
    setAttempts((count) => count + 1)
  }

  async function save() {
    const missing = missingIn(draft)
    if ((isNew || valueNeeded !== undefined) && !secrets.isComplete())
      missing['secret'] = { sentence: 'Paste the key from the API provider.' }
    refuse(missing)
    if (Object.keys(missing).length > 0) return
    setIsBusy(true)
    try {
      // The user sees what the key allows before the save.
      if (!words) {
        await ask()
        form.current?.querySelector<HTMLElement>('.preview')?.focus()
        return
      }
      const value = secrets.read()
      await onSave(name, { ...changeOf(draft, isNew), ...(value && { secret: value }) })
      secrets.clear()
    } catch (thrown) {
      const { path, failure } = checkFailureOf(thrown)
      refuse({ [fieldOf(path, draft)]: failure })
    } finally {
      setIsBusy(false)
    }
  }

  const secretField = (hint: string) => (
    <SecretInputs
      inputs={secrets}
      label="Client Secret Key"
      hint={hint}
      error={errors['secret']}
      onInput={() => setRefusal(({ errors: { secret: _, ...rest }, ...other }) => ({ errors: rest, ...other }))}
    />
  )

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
            <NameFields
              name={draft.name}
              errors={errors}
              onExample={(example) => {
                const isOwnName = name && !examples.some((one) => one.name === name)
                setDraft({ ...draft, name: isOwnName ? name : example.name, rules: example.allow.map(ruleDraft) })
                setKeyHint(example.keyHint)
              }}
              onChange={(changed) => setDraft({ ...draft, name: changed })}
            >
              {secretField(keyHint)}
            </NameFields>
          )}
          <LockedField
            isLocked={draft.locked}
            isFirst={!isNew}
            errors={errors}
            onChange={(locked) => setDraft({ ...draft, locked })}
          />
          <RulesFields
            rules={draft.rules}
            errors={errors}
            problem={said}
            onChange={(rules) => setDraft({ ...draft, rules })}
          />
          <SettingsField
            text={draft.settings}
            error={errors['settings']}
            onChange={(settings) => setDraft({ ...draft, settings })}
          />
          {!isNew && valueNeeded !== undefined && secretField(valueNeeded)}
          <LimitsFields limits={draft.limits} errors={errors} onChange={(limits) => setDraft({ ...draft, limits })} />
        </div>
        <Preview
          words={words}
          problem={said?.failure}
          isMarked={said ? errors[said.field] !== undefined : Object.keys(errors).length > 0}
          isComplete={isComplete}
        />
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
