import { createContext, useContext } from 'react'
import type { ClientCore } from '../client/create-core.ts'

/** The client of a provider. The hooks and the panel of react-client-secret/devtools share it. */
export const ClientContext = createContext<ClientCore | null>(null)

/** The client of the nearest provider. The error names `hook`. */
export function useClient(hook: string): ClientCore {
  const client = useContext(ClientContext)
  if (!client) {
    throw new Error(
      `${hook} is used outside a provider. Put <ClientSecretProvider relay="/relay"> around your app. If it is there, the package is installed twice: run npm ls react-client-secret.`,
    )
  }
  return client
}
