import type { KeyUse } from '../protocol/keys.ts'
import type { Failure } from './failure.ts'
import { Sentence } from './field.tsx'
import { Moment } from './moment.tsx'

/** Who used a key lately, and how it ended. `undefined` while they are asked for. */
export function RecentRequests({
  requests,
  error,
  onRefresh,
}: {
  requests: KeyUse[] | undefined
  error?: Failure | undefined
  onRefresh: () => void
}) {
  return (
    <section className="recent">
      <header>
        <h2>Recent requests</h2>
        <button className="plain" onClick={onRefresh}>
          Refresh
        </button>
      </header>
      {error ? (
        <p className="problem" role="alert">
          <Sentence failure={error} />
        </p>
      ) : !requests ? (
        <p className="hint">Loading …</p>
      ) : requests.length === 0 ? (
        <p className="hint">Nobody has used it yet.</p>
      ) : (
        <ul className="log">
          {requests.map((request) => (
            <li key={request.id}>
              <span className={`status ${request.status}`}>{outcome(request)}</span>
              <span className="what">
                {request.method} {request.host}
              </span>
              <span className="who">{request.caller}</span>
              <Moment at={request.createdAt} />
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}

function outcome({ status, upstreamStatus, code }: KeyUse): string {
  const reason = code === 'UPSTREAM_ERROR' ? upstreamStatus : (upstreamStatus ?? code)
  return reason === undefined ? status : `${status} · ${reason}`
}
