import { createRelay } from 'react-client-secret/relay'

const api = process.env.VITE_OPENAI_URL ?? 'https://api.openai.com/v1'

/** Holds the key, which it takes from CLIENT_SECRET_OPENAI, and sends it nowhere but to chat completions. */
export const relay = createRelay({
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
})
