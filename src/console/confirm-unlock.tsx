import { useEffect, useState } from 'react'
import type { KeyEntry, Words } from '../protocol/keys.ts'
import { Dialog } from './dialog.tsx'
import { failureOf, type Failure } from './failure.ts'
import { Problem } from './field.tsx'
import { KeyInWords } from './words.tsx'

/** Says who may use a key once it is unlocked. To lock one needs no question. */
export function ConfirmUnlock({
  entry,
  check,
  onUnlock,
  onClose,
}: {
  entry: KeyEntry
  /** What the key would be if it were unlocked. */
  check: () => Promise<Words>
  onUnlock: () => Promise<void>
  onClose: () => void
}) {
  const [words, setWords] = useState<Words>()
  const [error, setError] = useState<Failure>()
  const [isBusy, setIsBusy] = useState(false)
  const fail = (thrown: unknown) => setError(failureOf(thrown))

  useEffect(() => {
    check().then(setWords, fail)
    // Asked once: while this dialog is open nothing else changes the key.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [])

  return (
    <Dialog title={`Unlock ${entry.name}?`} onClose={onClose}>
      <div className="body" aria-live="polite">
        <p>Whoever opens a page of your site may then use it, without signing in.</p>
        {words ? <KeyInWords words={words} /> : !error && <p className="hint">Asking the relay …</p>}
        {error && <Problem failure={error} />}
      </div>
      <div className="actions">
        <button data-focus onClick={onClose}>
          Keep it locked
        </button>
        <button
          className="primary"
          disabled={isBusy || !words}
          onClick={() => {
            setIsBusy(true)
            onUnlock().catch((thrown: unknown) => {
              fail(thrown)
              setIsBusy(false)
            })
          }}
        >
          Unlock
        </button>
      </div>
    </Dialog>
  )
}
