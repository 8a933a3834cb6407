import type { ReactNode } from 'react'
import type { KeyEntry } from '../protocol/keys.ts'
import { Moment } from './moment.tsx'
import { KeyInWords } from './words.tsx'

/** An action on a key. */
export type KeyAction = 'try' | 'edit' | 'rotate' | 'lock' | 'remove'

/** Everything about a key, and the actions on it. */
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
          The relay’s options define this key as <code>keys.{name}</code>. To change it, edit the options and restart
          the relay.
        </p>
      )}
      {entry.isOverridden && (
        <p className="note">
          The relay does not use this key, because its options have a key of the same name. Remove one of the two.
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
