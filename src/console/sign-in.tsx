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
    if (!token) return setError({ sentence: 'Enter the token.' })
    setIsBusy(true)
    setError(undefined)
    try {
      await onSignIn(token)
    } catch (thrown) {
      const isRefused = asClientSecretError(thrown).code === 'SIGN_IN_REQUIRED'
      setError(
        isRefused
          ? { sentence: 'The relay does not know this token. Copy the whole token and try again.' }
          : failureOf(thrown),
      )
    } finally {
      setIsBusy(false)
    }
  }

  return (
    <main className="narrow">
      <h1>Sign in</h1>
      <p className="lead">
        {message ?? 'This page manages the keys of the relay. Sign in with the administrator token of the relay.'}
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
              Find it in the environment of the relay, as <code>CLIENT_SECRET_ADMIN_TOKEN</code>. This page forgets it
              when you close or reload the page.
            </>
          }
        >
          {(props) => (
            <input
              {...props}
              ref={input}
              type="password"
              onInput={() => setError(undefined)}
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
