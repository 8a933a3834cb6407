export { skapiTransport } from '../client/skapi-transport.ts'
export type { SkapiLike } from '../client/skapi-transport.ts'
export type { Transport } from '../client/transport.ts'
