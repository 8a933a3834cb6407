import type { Words } from '../protocol/keys.ts'

/** Where the secret of a key may go and who may use it, in the relay's own sentences. */
export function KeyInWords({ words }: { words: Words }) {
  return (
    <dl className="words">
      <dt>Where the secret may go</dt>
      <dd>
        <ul>
          {words.rules.map(({ sentence, warnings }, index) => (
            <li key={index}>
              <p className="sentence">{sentence}</p>
              <Warnings warnings={warnings} />
            </li>
          ))}
        </ul>
        <p className="hint">Nowhere else.</p>
      </dd>
      <dt>Who may use it</dt>
      <dd>
        <p className="sentence">{words.callers}</p>
        <Warnings warnings={words.warnings} />
      </dd>
    </dl>
  )
}

function Warnings({ warnings }: { warnings: string[] }) {
  return warnings.map((warning) => (
    <p className="warning" key={warning}>
      <svg viewBox="0 0 16 16" role="img" aria-label="Warning:">
        <path d="M8 2l6.5 11.5h-13zM8 6.5v3.2M8 11.6v.1" />
      </svg>
      <span>{warning}</span>
    </p>
  ))
}
