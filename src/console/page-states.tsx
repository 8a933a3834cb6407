import type { Failure } from './failure.ts'
import { Sentence } from './field.tsx'

/** The page before the relay has answered. */
export function Loading() {
  return (
    <main className="narrow" aria-busy>
      <p className="lead" role="status">
        Loading the keys …
      </p>
    </main>
  )
}

/** For a caller who is not an administrator, or a relay without one. */
export function NoPermission({ failure, onSignIn }: { failure: Failure; onSignIn: () => void }) {
  return (
    <main className="narrow">
      <h1>No permission</h1>
      <div className="panel">
        <p role="alert">
          <Sentence failure={failure} />
        </p>
        <p>
          To add an administrator, set <code>CLIENT_SECRET_ADMIN_TOKEN</code> in the environment of the relay (at least
          32 characters), or pass the relay the option <code>administrator</code>.
        </p>
        <div className="actions">
          <button className="primary" onClick={onSignIn}>
            Sign in with the token
          </button>
        </div>
      </div>
    </main>
  )
}

/** A relay that does not answer. */
export function RelayAway({ failure, onRetry }: { failure: Failure; onRetry: () => void }) {
  return (
    <main className="narrow">
      <h1>The relay does not answer</h1>
      <div className="panel">
        <p role="alert">
          <Sentence failure={failure} />
        </p>
        <p>Your saved keys are safe.</p>
        <div className="actions">
          <button className="primary" onClick={onRetry}>
            Try again
          </button>
        </div>
      </div>
    </main>
  )
}

/** A relay without keys. */
export function NoKeys({ onAdd }: { onAdd: () => void }) {
  return (
    <section className="panel empty">
      <h2>No key yet</h2>
      <p>
        A key belongs to an API that your site calls, such as OpenAI or Stripe. The relay keeps its value. Your site
        writes <code>$CLIENT_SECRET</code> in its place.
      </p>
      <ol>
        <li>Get a key from the API provider.</li>
        <li>Add it here with a name and the requests that it allows.</li>
        <li>Try it, then use its name in a component.</li>
      </ol>
      <div className="actions">
        <button className="primary" onClick={onAdd}>
          Add the first key
        </button>
      </div>
    </section>
  )
}
