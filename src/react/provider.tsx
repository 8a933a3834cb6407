import { createContext, useContext, useMemo, type ReactNode } from 'react'
import { createClient, type Client } from '../client/create-client.ts'
import type { RelayTransportOptions } from '../client/relay-transport.ts'
import { useLatest } from './use-latest.ts'

const ClientContext = createContext<Client | null>(null)

/** A relay; or a client that was made before. */
export type ClientSecretProviderProps = { children?: ReactNode } & (
  | (RelayTransportOptions & {
      client?: undefined
      /** Who is signed in, by any id of yours. When it changes, nothing of the one before is shown or found again. */
      user?: string | undefined
    })
  /** A client made with `createClient`, such as one for another server than our relay. */
  | { client: Client; relay?: undefined; headers?: undefined; fetch?: undefined; user?: undefined }
)

/**
 * Says which relay the hooks below talk to.
 *
 * @example
 * <ClientSecretProvider relay="/relay">
 *   <App />
 * </ClientSecretProvider>
 */
export function ClientSecretProvider({
  children,
  client,
  relay,
  headers,
  fetch,
  user,
}: ClientSecretProviderProps): ReactNode {
  const latest = useLatest({ headers, fetch })
  const own = useMemo(
    () =>
      client
        ? null
        : createClient({
            relay: relay,
            user,
            // Inline functions and objects are new in every render; they are looked up when a call is
            // made, so that they do not make a new client.
            headers: () => {
              const { headers: now } = latest.current
              return (typeof now === 'function' ? now() : now) ?? {}
            },
            fetch: (...args) => (latest.current.fetch ?? globalThis.fetch)(...args),
          }),
    [client, relay, user, latest],
  )
  return <ClientContext.Provider value={client ?? own}>{children}</ClientContext.Provider>
}

/** The client of the nearest provider. `hook` is named in the error. */
export function useClient(hook: string): Client {
  const client = useContext(ClientContext)
  if (!client) {
    throw new Error(`${hook} is used outside a provider. Put <ClientSecretProvider relay="/relay"> around your app.`)
  }
  return client
}
