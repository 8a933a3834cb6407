import type { Words } from '../protocol/keys.ts'
import { inFormWords } from './labels.ts'

/** Which requests may carry the secret, and who can use the key, in the relay's own sentences. */
export function KeyInWords({ words }: { words: Words }) {
  return (
    <dl className="words">
      <dt>Allowed requests</dt>
      <dd>
        <ul>
          {words.rules.map(({ sentence, warnings }, index) => (
            <li key={index}>
              <p className="sentence">{sentence}</p>
              <Warnings warnings={warnings} />
            </li>
          ))}
        </ul>
        {words.secret && <p className="sentence">{words.secret}</p>}
        <p className="hint">The relay refuses all other requests.</p>
      </dd>
      <dt>Who can use it</dt>
      <dd>
        <p className="sentence">{words.callers}</p>
        <Warnings warnings={words.warnings} />
      </dd>
    </dl>
  )
}

/** A warning about a wide rule. */
function Warnings({ warnings }: { warnings: string[] }) {
  return warnings.map((warning) => (
    <p className="warning" key={warning}>
      <svg viewBox="0 0 16 16" role="img" aria-label="Warning:">
        <path d="M8 2l6.5 11.5h-13zM8 6.5v3.2M8 11.6v.1" />
      </svg>
      <span>{inFormWords(warning)}</span>
    </p>
  ))
}
