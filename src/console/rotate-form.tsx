import { useEffect, useRef, useState } from 'react'
import type { KeyChange, KeyEntry } from '../protocol/keys.ts'
import { Dialog } from './dialog.tsx'
import { failureOf, type Failure } from './failure.ts'
import { SecretInputs, useSecretInputs } from './secret-inputs.tsx'

/** Replaces the value of a key and changes nothing else. */
export function RotateForm({
  entry,
  onSave,
  onClose,
}: {
  entry: KeyEntry
  onSave: (secret: NonNullable<KeyChange['secret']>) => Promise<void>
  onClose: () => void
}) {
  const inputs = useSecretInputs(entry.values)
  const [error, setError] = useState<Failure>()
  const [isBusy, setIsBusy] = useState(false)
  const focus = useRef(inputs.focus)
  useEffect(() => {
    if (error !== undefined) focus.current()
  }, [error])

  async function save() {
    const secret = inputs.read()
    if (!secret || !inputs.isComplete()) return setError({ sentence: 'Paste the new value.' })
    setError(undefined)
    setIsBusy(true)
    try {
      await onSave(secret)
      inputs.clear()
    } catch (thrown) {
      setError(failureOf(thrown))
      setIsBusy(false)
    }
  }

  return (
    <Dialog title={`Rotate ${entry.name}`} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          void save()
        }}
      >
        <div className="body">
          <p>
            The new value becomes version {entry.version + 1}. Version {entry.version}
            {entry.ending && (
              <>
                {' '}
                (<span className="mono">••••{entry.ending}</span>)
              </>
            )}{' '}
            stays valid too: if the API refuses one value, the relay tries the other.
          </p>
          <SecretInputs
            inputs={inputs}
            label="New value"
            hint="Create it at the API provider. Revoke the old value there after the new one works."
            error={error}
            isFirst
            onInput={() => setError(undefined)}
          />
        </div>
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
