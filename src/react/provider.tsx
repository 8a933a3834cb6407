import { createContext, useContext, useEffect, useInsertionEffect, useState, type ReactNode } from 'react'
import type { Client } from '../client/create-client.ts'
import type { ClientCore } from '../client/create-core.ts'
import type { RelayTransportOptions } from '../client/relay-transport.ts'
import { claimClient, obtainClient, partClient } from './own-client.ts'

const ClientContext = createContext<ClientCore | null>(null)

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
 * Says which relay the hooks below talk to. It may stand above a `<Suspense>` or
 * below it.
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
  user,
  headers,
  fetch,
}: ClientSecretProviderProps): ReactNode {
  const [kept, keep] = useState(() => (client ? null : obtainClient(relay, user, { headers, fetch })))
  let own = client ? null : kept
  if (!client && (own?.relay !== relay || own.user !== user)) {
    own = obtainClient(relay, user, { headers, fetch })
    keep(own)
  }
  // Before all other effects, so that an effect that sends at once does it with this render's headers.
  useInsertionEffect(() => {
    if (own) claimClient(own, keep, { headers, fetch })
  })
  useEffect(() => {
    if (own) partClient(own, keep, { headers, fetch })
  }, [own, headers, fetch])
  return <ClientContext.Provider value={client ?? own!.client}>{children}</ClientContext.Provider>
}

/** The client of the nearest provider. `hook` is named in the error. */
export function useClient(hook: string): ClientCore {
  const client = useContext(ClientContext)
  if (!client) {
    throw new Error(
      `${hook} is used outside a provider. Put <ClientSecretProvider relay="/relay"> around your app. If it is there, the package is installed twice: see npm ls react-client-secret.`,
    )
  }
  return client
}
