export { clientSecretRelay } from '../vite/client-secret-relay.ts'
export type { ClientSecretRelayOptions } from '../vite/client-secret-relay.ts'
