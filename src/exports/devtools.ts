import { ClientSecretDevtools as Devtools } from '../devtools/client-secret-devtools.tsx'

/** True in the CommonJS build; set by tsup. It has its own copy of the provider, whose client it would not find. */
declare const BUILD_IS_COMMONJS: boolean

/** In production, and with `require`, an empty component: bundlers leave the panel out. */
export const ClientSecretDevtools: typeof Devtools =
  process.env.NODE_ENV === 'production' || BUILD_IS_COMMONJS ? () => null : Devtools

export type { ClientSecretDevtoolsProps } from '../devtools/client-secret-devtools.tsx'
