import { useId, useLayoutEffect, useRef, type ReactNode } from 'react'

/** A native dialog: it keeps the focus, closes with Escape, and gives the focus back. */
export function Dialog({ title, onClose, children }: { title: string; onClose: () => void; children: ReactNode }) {
  const element = useRef<HTMLDialogElement>(null)
  const titleId = useId()
  useLayoutEffect(() => {
    const dialog = element.current!
    dialog.showModal()
    dialog.querySelector<HTMLElement>('[data-focus]')?.focus()
    // Closed before React removes it from the page: only then the focus returns to the element that opened it.
    return () => dialog.close()
  }, [])
  return (
    <dialog
      ref={element}
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault()
        onClose()
      }}
      onClose={(event) => {
        // Browsers close a dialog at the second Escape, even if the page cancelled the first one.
        if (event.currentTarget.isConnected && !event.currentTarget.open) onClose()
      }}
    >
      <header>
        <h2 id={titleId}>{title}</h2>
        <button type="button" className="icon" aria-label="Close" onClick={onClose}>
          <Cross />
        </button>
      </header>
      {children}
    </dialog>
  )
}

export function Cross() {
  return (
    <svg viewBox="0 0 16 16" aria-hidden>
      <path d="M3 3l10 10M13 3L3 13" />
    </svg>
  )
}
