import { useState } from 'react'
import type { KeyEntry } from '../protocol/keys.ts'
import { Dialog } from './dialog.tsx'
import { failureOf, type Failure } from './failure.ts'
import { Problem } from './field.tsx'
import { Moment } from './moment.tsx'

/** Says what will stop working before a key is removed. */
export function ConfirmRemoval({
  entry,
  onRemove,
  onClose,
}: {
  entry: KeyEntry
  onRemove: () => Promise<void>
  onClose: () => void
}) {
  const [error, setError] = useState<Failure>()
  const [isBusy, setIsBusy] = useState(false)

  async function remove() {
    setIsBusy(true)
    try {
      await onRemove()
    } catch (thrown) {
      setError(failureOf(thrown))
      setIsBusy(false)
    }
  }

  return (
    <Dialog title={`Remove ${entry.name}?`} onClose={onClose}>
      <div className="body">
        {entry.isOverridden ? (
          <p>Nothing stops working. The relay uses the key of the same name in its options.</p>
        ) : (
          <>
            <p>
              Every component that uses <strong>{entry.name}</strong> stops working at once. Its requests, and those
              that wait in a queue, fail with <code>KEY_NOT_FOUND</code>.
            </p>
            <p>
              {entry.uses === 0 ? (
                'No request has used it yet.'
              ) : (
                <>
                  {entry.uses === 1 ? '1 request has' : `${entry.uses.toLocaleString()} requests have`} used it. Last
                  use: <Moment at={entry.lastUsedAt} />.
                </>
              )}
            </p>
          </>
        )}
        <p>The relay deletes the value for good. The API provider still accepts it, so revoke it there too.</p>
        {error && <Problem failure={error} />}
      </div>
      <div className="actions">
        <button data-focus onClick={onClose}>
          Keep it
        </button>
        <button className="danger" disabled={isBusy} onClick={() => void remove()}>
          {isBusy ? 'Removing …' : 'Remove'}
        </button>
      </div>
    </Dialog>
  )
}
