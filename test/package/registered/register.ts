import type config from './relay.config'

declare module 'react-client-secret' {
  interface Register {
    relay: typeof config
  }
}
