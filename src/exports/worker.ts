export { registerClientSecretWorker } from '../worker/register-client-secret-worker.ts'
export { serveClientSecrets } from '../worker/serve-client-secrets.ts'
export type { RelayTransportOptions } from '../client/relay-transport.ts'
export type { ClientSecretWorkerOptions } from '../worker/serve-client-secrets.ts'
