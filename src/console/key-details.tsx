import type { ReactNode } from 'react'
import type { KeyEntry } from '../protocol/keys.ts'
import { Moment } from './moment.tsx'
import { KeyInWords } from './words.tsx'

/** What can be done with a key. */
export type KeyAction = 'try' | 'edit' | 'rotate' | 'lock' | 'remove'

/** All that is known of a key, and what can be done with it. */
export function KeyDetails({
  entry,
  onAction,
  children,
}: {
  entry: KeyEntry
  onAction: (action: KeyAction) => void
  /** Its recent requests. */
  children: ReactNode
}) {
  const { name } = entry
  const button = (action: KeyAction, label: string, className?: string) => (
    // A screen reader lists the buttons of all keys, so each says its key.
    <button className={className} aria-label={`${label} ${name}`} onClick={() => onAction(action)}>
      {label}
    </button>
  )
  return (
    <>
      <div className="buttons">
        {!entry.isOverridden && button('try', 'Try it')}
        {entry.source === 'store' && (
          <>
            {button('edit', 'Edit')}
            {button('rotate', 'Rotate')}
            {button('lock', entry.locked ? 'Unlock' : 'Lock')}
            {button('remove', 'Remove', 'danger')}
          </>
        )}
      </div>
      {entry.source === 'options' && (
        <p className="note">
          It stands in the relay’s options, as <code>keys.{name}</code>, and can be changed only there: edit the options
          and start the relay again.
        </p>
      )}
      {entry.isOverridden && (
        <p className="note">
          It is not used, because the relay’s options have a key of the same name. Remove one of the two.
        </p>
      )}
      <div className="halves">
        <div>
          <KeyInWords words={entry.words} />
          <p className="hint">
            {entry.createdAt !== null && (
              <>
                Added <Moment at={entry.createdAt} />.{' '}
              </>
            )}
            {entry.updatedAt !== null && entry.updatedAt !== entry.createdAt && (
              <>
                Changed <Moment at={entry.updatedAt} />.
              </>
            )}
          </p>
        </div>
        {children}
      </div>
    </>
  )
}
