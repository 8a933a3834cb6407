import { serveClientSecrets, type ClientSecretWorkerOptions } from './serve-client-secrets.ts'

/** `client-secret-relay worker` writes them in front of this file. */
declare const clientSecretWorkerOptions: ClientSecretWorkerOptions

serveClientSecrets(clientSecretWorkerOptions)
