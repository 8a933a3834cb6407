import { Fragment, useId, useState, type ReactNode } from 'react'
import type { KeyEntry } from '../protocol/keys.ts'
import { Moment } from './moment.tsx'

/** The page shows the filter for this many keys or more. */
const filteredFrom = 6

const columns = ['Name', 'Who can use it', 'Methods', 'Address', 'Value', 'Uses', 'Last use']

/** The keys: who can use them, the requests they allow, and how much they are used. One key at a time is open. */
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
        <p className="panel hint">No key matches. The filter looks at names and addresses.</p>
      ) : (
        // The roles are explicit, because browsers drop those of a table that CSS lays out as a grid.
        <table role="table" className="panel">
          <thead role="rowgroup">
            <tr role="row">
              {columns.map((title) => (
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
                  <KeyRow
                    entry={entry}
                    detailsId={isOpen ? detailsId : undefined}
                    onToggle={() => onOpen(isOpen ? undefined : id)}
                  />
                  {isOpen && (
                    <tr role="row" className="details" id={detailsId}>
                      <td role="cell" colSpan={columns.length}>
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

/** One key: a fact in each column. A phone shows the first four, and the rest once the key is open. */
function KeyRow({
  entry,
  detailsId,
  onToggle,
}: {
  entry: KeyEntry
  /** The id of the details of this key. Left out while the key is closed. */
  detailsId: string | undefined
  onToggle: () => void
}) {
  const isOpen = detailsId !== undefined
  const [rule, ...otherRules] = entry.allow
  return (
    <tr role="row" className={isOpen ? 'open' : undefined}>
      <th role="rowheader" scope="row">
        <button className="name" aria-expanded={isOpen} aria-controls={detailsId} onClick={onToggle}>
          <svg viewBox="0 0 16 16" aria-hidden>
            <path d="M6 3l5 5-5 5" />
          </svg>
          {entry.name}
        </button>
        {entry.source === 'options' && <span className="badge">from the options</span>}
        {entry.isOverridden && <span className="badge bad">not used</span>}
      </th>
      <td role="cell">{entry.locked ? 'Signed-in users' : 'Every visitor'}</td>
      <td role="cell">{rule?.methods.join(', ')}</td>
      <td role="cell">
        <span className="mono">{rule?.url}</span>
        {otherRules.length > 0 && (
          <span className="hint">
            +{otherRules.length} {otherRules.length === 1 ? 'rule' : 'rules'}
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
      <td role="cell" data-label="Uses">
        {entry.uses.toLocaleString()}
      </td>
      <td role="cell" data-label="Last use">
        <Moment at={entry.lastUsedAt} />
      </td>
    </tr>
  )
}

/** A name alone is not enough: options and store may both have it. */
export function idOf({ source, name }: KeyEntry): string {
  return `${source} ${name}`
}

function textOf({ name, allow }: KeyEntry): string {
  return [name, ...allow.map(({ url }) => url)].join('\n').toLowerCase()
}
