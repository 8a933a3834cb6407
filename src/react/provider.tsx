import { useEffect, useInsertionEffect, useReducer, type ReactNode } from 'react'
import type { Client } from '../client/create-client.ts'
import type { RelayTransportOptions } from '../client/relay-transport.ts'
import { ClientContext } from './client-context.ts'
import { claimClient, isForeign, obtainClient } from './own-client.ts'
import { useKept } from './use-kept.ts'

/** A relay, or a client. */
export type ClientSecretProviderProps = { children?: ReactNode } & (
  | (RelayTransportOptions & {
      client?: undefined
      /** Your id of the signed-in user. Hooks never show or find requests of another user. */
      user?: string | undefined
    })
  /** A client made with `createClient`, such as one for Skapi. */
  | { client: Client; relay?: undefined; headers?: undefined; fetch?: undefined; user?: undefined }
)

/**
 * Gives the hooks below it a relay. It can be inside or outside of a `<Suspense>`.
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
  const credentials = { headers, fetch }
  const [parting, part] = useReducer((count: number) => count + 1, 0)
  const own = useKept(() => (client ? null : obtainClient(relay, user, credentials)), [!client, relay, user, parting])
  // Before all other effects, so that an effect that sends at once uses this render's headers.
  useInsertionEffect(() => {
    if (own) claimClient(own, part, credentials)
  })
  useEffect(() => {
    if (own && isForeign(own, part, { headers, fetch })) part()
  }, [own, headers, fetch])
  return <ClientContext.Provider value={client ?? own!.client}>{children}</ClientContext.Provider>
}
