import type { ReactNode, RefObject } from 'react'
import { Cross } from './dialog.tsx'
import type { Failure } from './failure.ts'
import { Sentence } from './field.tsx'

/** The frame: title, **Add a key**, and the last change. */
export function Page({
  add,
  isEmpty,
  notice,
  isBad,
  onDismiss,
  onAdd,
  onSignOut,
  children,
}: {
  add?: RefObject<HTMLButtonElement | null>
  /** Whether the relay has no key. The primary button is then below, beside the first steps. */
  isEmpty?: boolean | undefined
  /** What happened last. A screen reader announces it. */
  notice?: Failure | undefined
  isBad?: boolean | undefined
  onDismiss?: () => void
  onAdd: () => void
  /** Left out when the site's own session identifies the administrator. */
  onSignOut?: (() => void) | undefined
  children: ReactNode
}) {
  return (
    <main>
      <header className="top">
        <div>
          <h1>Client secret keys</h1>
          <p className="lead">The relay holds their values and never sends them to a browser.</p>
        </div>
        {onSignOut && (
          <button className="plain" onClick={onSignOut}>
            Sign out
          </button>
        )}
        <button ref={add} className={isEmpty ? 'add' : 'add primary'} onClick={onAdd}>
          <svg viewBox="0 0 16 16" aria-hidden>
            <path d="M8 2.5v11M2.5 8h11" />
          </svg>
          Add a key
        </button>
      </header>
      {/* Always rendered: a screen reader ignores a live region that appears with its text. */}
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
