import { keepRelay } from 'react-client-secret/relay'

// Another address than OpenAI's is one of your own network, such as a server that plays OpenAI.
const ownApi = process.env.OPENAI_BASE_URL
const api = ownApi ?? 'https://api.openai.com/v1'

/** Made when it is first asked: `next build` loads this too, where no key is. Next's dev server loads it anew; the relay stays. */
export const relay = keepRelay('relay', {
  keys: {
    openai: {
      secret: process.env.OPENAI_API_KEY,
      locked: false,
      allow: [{ url: `${api}/images/generations`, methods: ['POST'], allowPrivateNetwork: ownApi !== undefined }],
    },
  },
})
