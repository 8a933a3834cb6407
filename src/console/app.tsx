import { useCallback, useEffect, useRef, useState } from 'react'
import { flushSync } from 'react-dom'
import { asClientSecretError } from '../protocol/errors.ts'
import type { AuditEntry, KeyEntry, KeyUses, WireRule } from '../protocol/keys.ts'
import { AuditList } from './audit-list.tsx'
import { ConfirmRemoval } from './confirm-removal.tsx'
import { ConfirmUnlock } from './confirm-unlock.tsx'
import { Activity } from './key-activity.tsx'
import { KeyDetails, type KeyAction } from './key-details.tsx'
import { sameKey } from './key-draft.ts'
import { KeyForm } from './key-form.tsx'
import { failureOf, type Failure } from './failure.ts'
import { createKeysClient, type KeysClient } from './keys-client.ts'
import { idOf, KeysTable } from './keys-table.tsx'
import { Page } from './page.tsx'
import { Loading, NoKeys, NoPermission, RelayAway } from './page-states.tsx'
import { RecentRequests } from './recent-requests.tsx'
import { RotateForm } from './rotate-form.tsx'
import { SignIn } from './sign-in.tsx'
import { TryIt } from './try-it.tsx'

type Screen =
  | { is: 'loading' | 'sign in' }
  | { is: 'no permission' | 'away'; failure: Failure }
  | { is: 'keys'; client: KeysClient; keys: KeyEntry[]; audit: AuditEntry[] }

/** The page, for the relay at `base`. */
export function App({ base }: { base: string }) {
  const [screen, setScreen] = useState<Screen>({ is: 'loading' })

  // The first try has no token: the site's own session can identify an administrator.
  const start = useCallback(() => {
    const client = createKeysClient(base)
    keysOf(client).then(setScreen, (thrown: unknown) => setScreen(screenFor(thrown)))
  }, [base])
  useEffect(start, [start])

  switch (screen.is) {
    case 'loading':
      return <Loading />
    case 'sign in':
      return <SignIn onSignIn={async (token) => setScreen(await keysOf(createKeysClient(base, token)))} />
    case 'no permission':
      return <NoPermission failure={screen.failure} onSignIn={() => setScreen({ is: 'sign in' })} />
    case 'away':
      return <RelayAway failure={screen.failure} onRetry={start} />
    case 'keys':
      return (
        <Keys
          {...screen}
          refresh={async () => setScreen(await keysOf(screen.client))}
          // The token is gone with the client that held it.
          onSignIn={() => setScreen({ is: 'sign in' })}
        />
      )
  }
}

async function keysOf(client: KeysClient): Promise<Screen> {
  // One after the other, so that the relay refuses a caller without permission once.
  const keys = await client.list()
  return { is: 'keys', client, keys, audit: await client.audit() }
}

/** The screen for an error that hides the keys. */
function screenFor(thrown: unknown): Screen {
  const { code } = asClientSecretError(thrown)
  const failure = failureOf(thrown)
  if (code === 'SIGN_IN_REQUIRED') return { is: 'sign in' }
  if (code === 'NOT_ALLOWED' || code === 'ORIGIN_NOT_ALLOWED') return { is: 'no permission', failure }
  if (code === 'REQUEST_NOT_FOUND')
    return {
      is: 'no permission',
      failure: { sentence: 'This relay has no administrator, so this page cannot show its keys.' },
    }
  return { is: 'away', failure }
}

type Opened = { is: 'add' } | { is: Exclude<KeyAction, 'lock'> | 'unlock'; entry: KeyEntry }

/** The keys of the relay, and the dialogs that change them. Long, because each dialog says here what it does. */
function Keys({
  client,
  keys,
  audit,
  refresh,
  onSignIn,
}: {
  client: KeysClient
  keys: KeyEntry[]
  audit: AuditEntry[]
  refresh: () => Promise<void>
  onSignIn: () => void
}) {
  const add = useRef<HTMLButtonElement>(null)
  const [open, setOpen] = useState<string>()
  const [dialog, setDialog] = useState<Opened>()
  const [notice, setNotice] = useState<Failure & { isBad?: boolean }>()
  const close = () => setDialog(undefined)

  /** Closes the dialog, says what happened, and loads the keys again. */
  async function done(sentence: string) {
    // Synchronous, so that the closing dialog restores the focus before anything else moves it.
    flushSync(() => {
      close()
      setNotice({ sentence })
    })
    await refresh().catch(fail)
  }
  function fail(thrown: unknown) {
    // The token changed, or the site's session ended, after the page opened.
    if (asClientSecretError(thrown).code === 'SIGN_IN_REQUIRED') return onSignIn()
    setNotice({ ...failureOf(thrown), isBad: true })
  }

  function act(action: KeyAction, entry: KeyEntry) {
    if (action !== 'lock') return setDialog({ is: action, entry })
    if (entry.locked) return setDialog({ is: 'unlock', entry })
    client
      .save(entry.name, { ...sameKey(entry), locked: true })
      .then(() => done(`${entry.name} is locked: only signed-in users can use it.`))
      .catch(fail)
  }

  return (
    <Page
      add={add}
      isEmpty={keys.length === 0}
      notice={notice}
      isBad={notice?.isBad}
      onDismiss={() => {
        setNotice(undefined)
        add.current?.focus()
      }}
      onAdd={() => setDialog({ is: 'add' })}
      // An administrator by the site's own session signs out on the site.
      onSignOut={client.hasToken ? onSignIn : undefined}
    >
      {keys.length === 0 ? (
        <NoKeys onAdd={() => setDialog({ is: 'add' })} />
      ) : (
        <KeysTable keys={keys} open={open} onOpen={setOpen}>
          {(entry) => (
            <KeyDetails entry={entry} onAction={(action) => act(action, entry)}>
              <UsesOf
                key={`${entry.name} ${entry.uses}`}
                client={client}
                name={entry.name}
                // The form has the rule as its last one, and saves nothing by itself.
                onAllow={
                  entry.source === 'store'
                    ? (rule) => setDialog({ is: 'edit', entry: { ...entry, allow: [...entry.allow, rule] } })
                    : undefined
                }
              />
            </KeyDetails>
          )}
        </KeysTable>
      )}
      <AuditList entries={audit} />

      {dialog?.is === 'add' && (
        <KeyForm
          check={client.check}
          onSave={async (name, change) => {
            const entry = await client.save(name, change)
            setOpen(idOf(entry))
            await done(`${name} is saved. The relay holds its value, and this page does not.`)
          }}
          onClose={close}
        />
      )}
      {dialog?.is === 'edit' && (
        <KeyForm
          entry={dialog.entry}
          check={client.check}
          onSave={async (name, change) => {
            await client.save(name, change)
            await done(`${name} is changed.`)
          }}
          onClose={close}
        />
      )}
      {dialog?.is === 'rotate' && (
        <RotateForm
          entry={dialog.entry}
          onSave={async (secret) => {
            const { version } = await client.save(dialog.entry.name, { ...sameKey(dialog.entry), secret })
            await done(`${dialog.entry.name} is rotated: version ${version} is in use.`)
          }}
          onClose={close}
        />
      )}
      {dialog?.is === 'unlock' && (
        <ConfirmUnlock
          entry={dialog.entry}
          check={async () =>
            (await client.check({ ...sameKey(dialog.entry), name: dialog.entry.name, locked: false })).words
          }
          onUnlock={async () => {
            await client.save(dialog.entry.name, { ...sameKey(dialog.entry), locked: false })
            await done(`${dialog.entry.name} is unlocked: every visitor can use it.`)
          }}
          onClose={close}
        />
      )}
      {dialog?.is === 'remove' && (
        <ConfirmRemoval
          entry={dialog.entry}
          onRemove={async () => {
            await client.remove(dialog.entry.name)
            setOpen(undefined)
            const isShown = done(`${dialog.entry.name} is removed.`)
            // The button that opened the dialog is gone.
            add.current?.focus()
            await isShown
          }}
          onClose={close}
        />
      )}
      {dialog?.is === 'try' && (
        <TryIt
          entry={dialog.entry}
          onSend={client.tryIt}
          onClose={() => {
            close()
            refresh().catch(fail)
          }}
        />
      )}
    </Page>
  )
}

/** Asks for the recent requests of a key when it is opened. */
function UsesOf({
  client,
  name,
  onAllow,
}: {
  client: KeysClient
  name: string
  onAllow: ((rule: WireRule) => void) | undefined
}) {
  const [uses, setUses] = useState<KeyUses>()
  const [error, setError] = useState<Failure>()
  const [round, setRound] = useState(0)
  useEffect(() => {
    const controller = new AbortController()
    client.uses(name, controller.signal).then(
      (found) => {
        setUses(found)
        setError(undefined)
      },
      (thrown: unknown) => {
        if (!controller.signal.aborted) setError(failureOf(thrown))
      },
    )
    return () => controller.abort()
  }, [client, name, round])
  return (
    <div>
      <Activity activity={uses?.activity} refusals={uses?.refusals} onAllow={onAllow} />
      <RecentRequests requests={uses?.requests} error={error} onRefresh={() => setRound(round + 1)} />
    </div>
  )
}
