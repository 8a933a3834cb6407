/**
 * The relay of these pages, for the types of their requests. Once its config is registered, a key without an entry
 * there, and a url that no rule of the key allows, do not compile. Write the config with `satisfies RelayOptions`.
 *
 * @example
 * // `config` is the default export of relay.config.ts, imported with `import type`.
 * declare module 'react-client-secret' {
 *   interface Register {
 *     relay: typeof config
 *   }
 * }
 */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- pages add `relay`
export interface Register {}

type RegisteredKeys = Register extends { relay: { keys?: infer Keys } } ? NonNullable<Keys> : Record<string, unknown>

/** The name of a key: any text, or a key of the registered relay. */
export type ClientSecretName = Extract<keyof RegisteredKeys, string>

/** The urls that the rules of a key allow: any text, until a relay is registered. */
export type ClientSecretUrl<Name extends ClientSecretName = ClientSecretName> = RegisteredKeys[Name] extends infer Key
  ? UrlOfKey<Key>
  : never

/** A key, and a url that its rules allow. */
export type KeyAndUrl = {
  [Name in ClientSecretName]: {
    /** Name of a key that the relay knows. */
    clientSecretName: Name
    /** Absolute `https:` url; `http:` only where a key's rule allows it. */
    url: ClientSecretUrl<Name>
  }
}[ClientSecretName]

type UrlOfKey<Key> = Key extends { allow: readonly (infer Rule)[] } ? UrlOfRule<Rule> : string
type UrlOfRule<Rule> = Rule extends { url: infer Url extends string } ? WithQuery<Filled<Url>> : never
type WithQuery<Url extends string> = Url | `${Url}?${string}`
/** The pattern of a rule, with text for each of its stars. */
type Filled<Pattern extends string> = Pattern extends `${infer Start}**`
  ? `${Filled<Start>}${string}`
  : Pattern extends `${infer Start}*${infer Rest}`
    ? `${Start}${string}${Filled<Rest>}`
    : Pattern
