import { Fragment, useId, useState, type ReactNode } from 'react'
import type { KeyEntry } from '../protocol/keys.ts'
import { Moment } from './moment.tsx'

/** From so many keys on there is a filter. */
const filteredFrom = 6

/** The keys: who may use them, where they may go, and how they are used. One at a time is opened. */
export function KeysTable({
  keys,
  open,
  onOpen,
  children,
}: {
  keys: KeyEntry[]
  /** Name and source of the key whose details are shown. */
  open: string | undefined
  onOpen: (id: string | undefined) => void
  /** The details of the key that is opened. */
  children: (entry: KeyEntry) => ReactNode
}) {
  const [filter, setFilter] = useState('')
  const detailsId = useId()
  const shown = keys.filter((entry) => textOf(entry).includes(filter.trim().toLowerCase()))
  return (
    <section className="keys" aria-label="Keys">
      {keys.length >= filteredFrom && (
        <div className="filter">
          <input
            type="search"
            aria-label="Filter by name or address"
            placeholder="Filter by name or address"
            value={filter}
            onChange={(event) => setFilter(event.target.value)}
          />
          <span className="hint" role="status">
            {shown.length === keys.length ? `${keys.length} keys` : `${shown.length} of ${keys.length} keys`}
          </span>
        </div>
      )}
      {shown.length === 0 ? (
        <p className="panel hint">No key matches. Its name, or an address that it may go to, would be found.</p>
      ) : (
        // The roles are named, because a table that is laid out as cards is no table to some browsers.
        <table role="table" className="panel">
          <thead role="rowgroup">
            <tr role="row">
              {['Name', 'Who may use it', 'Where it may go', 'Value', 'Used'].map((title) => (
                <th role="columnheader" scope="col" key={title}>
                  {title}
                </th>
              ))}
            </tr>
          </thead>
          <tbody role="rowgroup">
            {shown.map((entry) => {
              const id = idOf(entry)
              const isOpen = open === id
              return (
                <Fragment key={id}>
                  <tr role="row" className={isOpen ? 'open' : undefined}>
                    <th role="rowheader" scope="row">
                      <button
                        className="name"
                        aria-expanded={isOpen}
                        aria-controls={isOpen ? detailsId : undefined}
                        onClick={() => onOpen(isOpen ? undefined : id)}
                      >
                        <svg viewBox="0 0 16 16" aria-hidden>
                          <path d="M6 3l5 5-5 5" />
                        </svg>
                        {entry.name}
                      </button>
                      {entry.source === 'options' && <span className="badge">from the options</span>}
                      {entry.isOverridden && <span className="badge bad">not used</span>}
                    </th>
                    <td role="cell" data-label="Who may use it">
                      <span className="sentence">{entry.words.callers}</span>
                    </td>
                    <td role="cell" data-label="Where it may go">
                      <span className="sentence">{entry.words.rules[0]?.sentence}</span>
                      {entry.words.rules.length > 1 && (
                        <span className="hint">
                          and {entry.words.rules.length - 1} more {entry.words.rules.length === 2 ? 'rule' : 'rules'}
                        </span>
                      )}
                    </td>
                    <td role="cell" data-label="Value">
                      <span className="mono">
                        <span aria-hidden>••••</span>
                        {entry.ending && (
                          <span aria-label={`ends with ${entry.ending}`} role="img">
                            {entry.ending}
                          </span>
                        )}
                      </span>
                      <span className="hint">version {entry.version}</span>
                    </td>
                    <td role="cell" data-label="Used">
                      <span>
                        {entry.uses.toLocaleString()} {entry.uses === 1 ? 'time' : 'times'}
                      </span>
                      {entry.lastUsedAt !== null && (
                        <span className="hint">
                          last <Moment at={entry.lastUsedAt} />
                        </span>
                      )}
                    </td>
                  </tr>
                  {isOpen && (
                    <tr role="row" className="details" id={detailsId}>
                      <td role="cell" colSpan={5}>
                        {children(entry)}
                      </td>
                    </tr>
                  )}
                </Fragment>
              )
            })}
          </tbody>
        </table>
      )}
    </section>
  )
}

/** A name alone is not enough: options and store may both have it. */
export function idOf({ source, name }: KeyEntry): string {
  return `${source} ${name}`
}

function textOf({ name, words }: KeyEntry): string {
  return [name, ...words.rules.map(({ sentence }) => sentence)].join('\n').toLowerCase()
}
