import { createRelay, type Relay } from 'react-client-secret/relay'
import { api } from './api'

// The dev server loads a changed module anew; the relay stays the same one.
const kept = globalThis as { relay?: Relay }

/**
 * The relay: it holds the key, which it takes from CLIENT_SECRET_OPENAI, and sends it nowhere but to chat completions.
 * Made at the first request, because `next build` loads this module too, where there is no key.
 */
export function relay(): Relay {
  return (kept.relay ??= createRelay({
    keys: {
      openai: {
        locked: false, // Every visitor may use it. Where people sign in, leave this out and add `authenticate`.
        allow: [
          {
            url: `${api}/chat/completions`,
            methods: ['POST'],
            allowPrivateNetwork: api.startsWith('http:'), // An API on this machine, for a try without an account.
          },
        ],
        limits: { requestsPerMinute: 60 },
      },
    },
  }))
}
