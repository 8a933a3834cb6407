'use client'

export { ClientSecretProvider } from '../react/provider.tsx'
export { useClientSecretHistory } from '../react/use-client-secret-history.ts'
export { useClientSecretQuery } from '../react/use-client-secret-query.ts'
export { useClientSecretQueue } from '../react/use-client-secret-queue.ts'
export { useClientSecretRecord } from '../react/use-client-secret-record.ts'
export { useClientSecretRequest } from '../react/use-client-secret-request.ts'
export { useClientSecretStream } from '../react/use-client-secret-stream.ts'
export { deltaText } from '../client/delta-text.ts'
export { clientSecretErrorOf } from '../client/client-secret-error-of.ts'
export { createClient } from '../client/create-client.ts'
export { createStream } from '../client/create-stream.ts'
export { isPollStopped } from '../client/poll-stopped.ts'
export { ClientSecretError, isClientSecretError } from '../protocol/errors.ts'
export { localPersister, sessionPersister } from '../react/persisted-requests.ts'
export type { CreatePersister, Persister } from '../react/persisted-requests.ts'
export type { HistoryRecord, HistoryState } from '../react/history-pages.ts'
export type { SendEvent } from '../react/merge-request.ts'
export type { ClientSecretProviderProps } from '../react/provider.tsx'
export type { RequestState, RequestStatus } from '../react/request-state.ts'
export type { UseClientSecretHistory } from '../react/use-client-secret-history.ts'
export type { UseClientSecretQuery, UseClientSecretQueryOptions } from '../react/use-client-secret-query.ts'
export type { UseClientSecretQueue } from '../react/use-client-secret-queue.ts'
export type { UseClientSecretRecord } from '../react/use-client-secret-record.ts'
export type {
  RequestActions,
  SendAsync,
  SendOverrides,
  UseClientSecretRequest,
  UseClientSecretRequestOptions,
} from '../react/use-client-secret-request.ts'
export type {
  StreamOverrides,
  UseClientSecretStream,
  UseClientSecretStreamOptions,
} from '../react/use-client-secret-stream.ts'
export type { Register } from '../client/registered-keys.ts'
export type * from './client.ts'
