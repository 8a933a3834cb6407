import { useEffect, useRef, useState } from 'react'
import { asClientSecretError } from '../protocol/errors.ts'
import { failureOf, type Failure } from './failure.ts'
import { Field } from './field.tsx'

/** Asks for the administrator's token. `onSignIn` rejects when the relay refuses it. */
export function SignIn({ onSignIn, message }: { onSignIn: (token: string) => Promise<void>; message?: string }) {
  const input = useRef<HTMLInputElement>(null)
  const [error, setError] = useState<Failure>()
  const [isBusy, setIsBusy] = useState(false)
  useEffect(() => input.current?.focus(), [error])

  async function signIn(token: string) {
    if (!token) return setError({ sentence: 'Give the token.' })
    setIsBusy(true)
    setError(undefined)
    try {
      await onSignIn(token)
    } catch (thrown) {
      const isRefused = asClientSecretError(thrown).code === 'SIGN_IN_REQUIRED'
      setError(
        isRefused ? { sentence: 'The relay does not know this token. Was it copied as a whole?' } : failureOf(thrown),
      )
    } finally {
      setIsBusy(false)
    }
  }

  return (
    <main className="narrow">
      <h1>Sign in</h1>
      <p className="lead">
        {message ??
          'Here whoever runs the relay registers its keys. Your site’s own session does not make you an administrator, so the relay’s token has to.'}
      </p>
      <form
        className="panel"
        onSubmit={(event) => {
          event.preventDefault()
          void signIn(input.current?.value.trim() ?? '')
        }}
      >
        {/* So that a password manager has a name to keep the token under. */}
        <input type="text" name="username" autoComplete="username" value="relay administrator" readOnly hidden />
        <Field
          label="Administrator token"
          error={error}
          hint={
            <>
              It stands in the environment of the relay, as <code>CLIENT_SECRET_ADMIN_TOKEN</code>. This page keeps it
              until it is closed or reloaded, and stores it nowhere.
            </>
          }
        >
          {(props) => (
            <input
              {...props}
              ref={input}
              type="password"
              name="token"
              autoComplete="current-password"
              spellCheck={false}
            />
          )}
        </Field>
        <div className="actions">
          <button className="primary" disabled={isBusy}>
            {isBusy ? 'Signing in …' : 'Sign in'}
          </button>
        </div>
      </form>
    </main>
  )
}
