import type { Failure } from './failure.ts'
import { Sentence } from './field.tsx'

/** The page before the relay has answered. */
export function Loading() {
  return (
    <main className="narrow" aria-busy>
      <p className="lead" role="status">
        Asking the relay for its keys …
      </p>
    </main>
  )
}

/** Somebody who is no administrator, or a relay that has none. */
export function NoPermission({ failure, onSignIn }: { failure: Failure; onSignIn: () => void }) {
  return (
    <main className="narrow">
      <h1>No permission</h1>
      <div className="panel">
        <p role="alert">
          <Sentence failure={failure} />
        </p>
        <p>
          A relay has an administrator when <code>CLIENT_SECRET_ADMIN_TOKEN</code> is in its environment (32 characters
          or more), or when its option <code>administrator</code> knows who you are.
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
      <h1>The relay is away</h1>
      <div className="panel">
        <p role="alert">
          <Sentence failure={failure} />
        </p>
        <p>Nothing that was saved is lost.</p>
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
        A key belongs to an API that your site calls, such as OpenAI or Stripe. Its value stays in the relay; the site
        only ever writes <code>$CLIENT_SECRET</code> where it belongs.
      </p>
      <ol>
        <li>Get a key from the API’s provider.</li>
        <li>Add it here under a name, and say where it may go.</li>
        <li>Try it. Then use its name in a component.</li>
      </ol>
      <div className="actions">
        <button className="primary" onClick={onAdd}>
          Add the first key
        </button>
      </div>
    </section>
  )
}
