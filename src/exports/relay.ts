import { checkNode } from '../relay/common/missing-peer.ts'

/** True in the CommonJS build, which has `require` and no top-level await; set by tsup. */
declare const BUILD_IS_COMMONJS: boolean

checkNode()
// Loaded here and not imported, because an old Node fails the imports before `checkNode` runs.
let creating: typeof import('../relay/create-relay.ts')
let keeping: typeof import('../relay/keep-relay.ts')
let routing: typeof import('../relay/relay-route.ts')
let listening: typeof import('../relay/node-listener.ts')
if (BUILD_IS_COMMONJS) {
  /* eslint-disable @typescript-eslint/no-require-imports */
  creating = require('../relay/create-relay.ts') as typeof creating
  keeping = require('../relay/keep-relay.ts') as typeof keeping
  routing = require('../relay/relay-route.ts') as typeof routing
  listening = require('../relay/node-listener.ts') as typeof listening
  /* eslint-enable */
} else {
  creating = await import('../relay/create-relay.ts')
  keeping = await import('../relay/keep-relay.ts')
  routing = await import('../relay/relay-route.ts')
  listening = await import('../relay/node-listener.ts')
}

export const createRelay = creating.createRelay
export const keepRelay = keeping.keepRelay
export const relayRoute = routing.relayRoute
export const nodeListener = listening.nodeListener

export { ClientSecretError, isClientSecretError } from '../protocol/errors.ts'
export type { Relay } from '../relay/create-relay.ts'
export type { RelayRoute, RouteHandler } from '../relay/relay-route.ts'
export type { KeyRule, Place } from '../relay/keys/key-rules.ts'
export type { IsAdministrator } from '../relay/http/administrator.ts'
export type { KeyLimits, KeyOptions, SecretSource } from '../relay/keys/key.ts'
export type { AwsSignature, HmacSignature, SignedPart, SignOptions } from '../relay/keys/sign-options.ts'
export type { TokenOptions } from '../relay/keys/token-options.ts'
export type { RelayOptions } from '../relay/options.ts'
export type { ErrorCode } from '../protocol/errors.ts'
export type { Identity } from '../relay/http/identify.ts'
export type { Logger } from '../relay/common/logger.ts'
export type { QueueOptions } from '../relay/common/queue-options.ts'
export type { RelayLimits } from '../relay/common/relay-limits.ts'
