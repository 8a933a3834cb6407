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
          <p>Nothing stops working: the relay’s options have a key of the same name, and that one is used.</p>
        ) : (
          <>
            <p>
              Every component that names <strong>{entry.name}</strong> stops working at once, with the error{' '}
              <code>KEY_NOT_FOUND</code>. Requests that wait in a queue fail with it too.
            </p>
            <p>
              {entry.uses === 0 ? (
                'It has not been used so far.'
              ) : (
                <>
                  It has been used {entry.uses.toLocaleString()} {entry.uses === 1 ? 'time' : 'times'}, last{' '}
                  <Moment at={entry.lastUsedAt} />.
                </>
              )}
            </p>
          </>
        )}
        <p>
          The value is deleted from the relay and cannot be got back from it. The API’s provider still accepts it:
          revoke it there if nobody needs it any more.
        </p>
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
