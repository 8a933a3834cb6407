export { skapiCompatible } from '../client/skapi-compatible.ts'
export { skapiTransport } from '../client/skapi-transport.ts'
export type {
  SkapiCallback,
  SkapiCallbacks,
  SkapiCompatible,
  SkapiFetchOptions,
  SkapiHistoryItem,
  SkapiHistoryParams,
  SkapiPage,
  SkapiPollFilter,
  SkapiPolling,
  SkapiPollOptions,
  SkapiQueued,
  SkapiRequestParams,
} from '../client/skapi-compatible.ts'
export type { SkapiForm } from '../client/skapi-form.ts'
export type { SkapiLike } from '../client/skapi-transport.ts'
export type { Transport } from '../client/transport.ts'
