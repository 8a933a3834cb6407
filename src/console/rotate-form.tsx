import { useEffect, useRef, useState } from 'react'
import type { KeyEntry } from '../protocol/keys.ts'
import { Dialog } from './dialog.tsx'
import { failureOf, type Failure } from './failure.ts'
import { SecretField } from './secret-field.tsx'

/** Gives a key another value and changes nothing else. */
export function RotateForm({
  entry,
  onSave,
  onClose,
}: {
  entry: KeyEntry
  onSave: (secret: string) => Promise<void>
  onClose: () => void
}) {
  const input = useRef<HTMLInputElement>(null)
  const [error, setError] = useState<Failure>()
  const [isBusy, setIsBusy] = useState(false)
  useEffect(() => {
    if (error !== undefined) input.current?.focus()
  }, [error])

  async function save() {
    const field = input.current!
    if (!field.value) return setError({ sentence: 'Paste the new value.' })
    setError(undefined)
    setIsBusy(true)
    try {
      await onSave(field.value)
      field.value = ''
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
            stays valid beside it, so that nothing fails meanwhile: should the API refuse one of them, the relay tries
            the other.
          </p>
          <SecretField
            input={input}
            label="New value"
            hint="Make it at the API’s provider. Revoke the old one there once the new one is in use."
            error={error}
            isFirst
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
