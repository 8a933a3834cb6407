import { createRelay, type Relay } from 'react-client-secret/relay'

// Another address than OpenAI's is one of your own network, such as a server that plays OpenAI.
const ownApi = process.env.OPENAI_BASE_URL
const api = ownApi ?? 'https://api.openai.com/v1'

// Next's dev server loads a changed module anew; the relay stays the same one.
const kept = globalThis as { relay?: Relay }

/** Made when it is first asked, because `next build` loads this too, where no key is. */
export const relay = () =>
  (kept.relay ??= createRelay({
    keys: {
      openai: {
        secret: process.env.OPENAI_API_KEY,
        locked: false,
        allow: [{ url: `${api}/images/generations`, methods: ['POST'], allowPrivateNetwork: ownApi !== undefined }],
      },
    },
  }))
