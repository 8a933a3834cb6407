import type { ComponentProps } from 'react'

/** A table of a page. On a phone it scrolls by itself, also with the keyboard. */
export function WideTable(props: ComponentProps<'table'>) {
  return (
    <div className="wide-table" role="group" aria-label="Table" tabIndex={0}>
      <table {...props} />
    </div>
  )
}
