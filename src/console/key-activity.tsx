import type { KeyActivity, KeyCounts, KeyRefusal, WireRule } from '../protocol/keys.ts'
import { Moment } from './moment.tsx'
import { placeInWords } from './labels.ts'

const counts = [
  ['calls', 'Requests'],
  ['failed', 'Failed'],
  ['waiting', 'Waiting'],
  ['tokens', 'Tokens'],
] as const satisfies [keyof KeyCounts, string][]

/** What a key did in the last hour and day, and which of its requests the relay refused. */
export function Activity({
  activity,
  refusals = [],
  onAllow,
}: {
  activity: KeyActivity | undefined
  refusals?: KeyRefusal[] | undefined
  /** Opens the form with a rule. Left out for a key that the form cannot change. */
  onAllow?: ((rule: WireRule) => void) | undefined
}) {
  if (!activity) return null
  const { hour, day, isCut, since } = activity
  return (
    <section className="activity">
      <h2>Activity</h2>
      {(
        [
          ['Last hour', hour],
          ['Last day', day],
        ] as const
      ).map(([title, period]) => (
        <div className="period" key={title}>
          <h3>{title}</h3>
          <dl>
            {counts.map(([name, label]) => (
              <div key={name}>
                <dt>{label}</dt>
                <dd>
                  {isCut && period === day && name !== 'tokens' && 'over '}
                  {period[name].toLocaleString()}
                </dd>
              </div>
            ))}
          </dl>
        </div>
      ))}
      <p className="hint">
        Requests are those whose records the relay keeps. Tokens and refusals are those of this relay since its start,{' '}
        <Moment at={since} />.
      </p>
      {refusals.length > 0 && <Refusals refusals={refusals} onAllow={onAllow} />}
    </section>
  )
}

function Refusals({ refusals, onAllow }: { refusals: KeyRefusal[]; onAllow: ((rule: WireRule) => void) | undefined }) {
  return (
    <>
      <h3>Refused</h3>
      {refusals.some(({ rule }) => rule) && (
        <p className="hint">Any caller can send a request. Allow only what your own pages need.</p>
      )}
      <ul className="log refusals">
        {refusals.map((refusal) => {
          const { at, caller, count, rule } = refusal
          return (
            <li key={JSON.stringify([refusal.code, refusal.limit, rule])}>
              <span className="status failed">{count === 1 ? 'once' : `${count.toLocaleString()} times`}</span>
              <span className="what">
                {reasonOf(refusal)}
                {rule && (
                  <span className="mono">
                    {rule.methods.join(', ')} {rule.url}
                    {rule.in && `, ${rule.in.map(placeInWords).join(', ')}`}
                  </span>
                )}
                {rule && onAllow && (
                  <button className="plain" onClick={() => onAllow(rule)}>
                    Show the rule that would allow it
                  </button>
                )}
              </span>
              <span className="who">{caller}</span>
              <Moment at={at} />
            </li>
          )
        })}
      </ul>
    </>
  )
}

function reasonOf({ code, limit, rule }: KeyRefusal): string {
  if (limit !== undefined) return `Above the limit ${limit}.`
  if (code === 'SIGN_IN_REQUIRED') return 'The key is locked, and the caller was not signed in.'
  return rule ? 'No rule allows it.' : code
}
