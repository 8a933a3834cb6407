import { useState } from 'react'
import type { AuditEntry } from '../protocol/keys.ts'
import { Moment } from './moment.tsx'

const shownAtFirst = 8

/** Who changed which key. */
export function AuditList({ entries }: { entries: AuditEntry[] }) {
  const [isWhole, setIsWhole] = useState(false)
  const shown = isWhole ? entries : entries.slice(0, shownAtFirst)
  return (
    <section className="panel audit">
      <h2>Changes</h2>
      {entries.length === 0 ? (
        <p className="hint">No changes yet.</p>
      ) : (
        <ul className="log">
          {shown.map(({ at, who, what, key, version }, index) => (
            <li key={index}>
              <span className={`status ${what}`}>{what}</span>
              <span className="what">
                {key}
                {version !== undefined && <small> version {version}</small>}
              </span>
              <span className="who">{who}</span>
              <Moment at={at} />
            </li>
          ))}
        </ul>
      )}
      {shown.length < entries.length && (
        <button className="plain" onClick={() => setIsWhole(true)}>
          Show all {entries.length}
        </button>
      )}
    </section>
  )
}
