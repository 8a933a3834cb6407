import type { ReactNode, RefObject } from 'react'
import { Cross } from './dialog.tsx'
import type { Failure } from './failure.ts'
import { Sentence } from './field.tsx'

/** The frame: title, **+**, and what was done last. */
export function Page({
  add,
  notice,
  isBad,
  onDismiss,
  onAdd,
  onSignOut,
  children,
}: {
  add?: RefObject<HTMLButtonElement | null>
  /** What was done last, for everybody to see and for a screen reader to say. */
  notice?: Failure | undefined
  isBad?: boolean | undefined
  onDismiss?: () => void
  onAdd: () => void
  /** Left out where the site's own session makes one an administrator. */
  onSignOut?: (() => void) | undefined
  children: ReactNode
}) {
  return (
    <main>
      <header className="top">
        <div>
          <h1>Client secret keys</h1>
          <p className="lead">The relay holds their values. No browser is ever sent one.</p>
        </div>
        {onSignOut && (
          <button className="plain" onClick={onSignOut}>
            Sign out
          </button>
        )}
        <button ref={add} className="add" aria-label="Add a key" title="Add a key" onClick={onAdd}>
          <svg viewBox="0 0 16 16" aria-hidden>
            <path d="M8 2.5v11M2.5 8h11" />
          </svg>
        </button>
      </header>
      {/* Always there, because a live region that comes with its text is not read. */}
      <div className={isBad ? 'notice bad' : 'notice'}>
        <p role="status">{notice && <Sentence failure={notice} />}</p>
        {notice && (
          <button className="icon" aria-label="Dismiss" onClick={onDismiss}>
            <Cross />
          </button>
        )}
      </div>
      {children}
    </main>
  )
}
