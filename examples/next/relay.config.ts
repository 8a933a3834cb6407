import type { RelayOptions } from 'react-client-secret/relay'

// Any address other than OpenAI's is in your own network, such as an OpenAI-compatible server.
const ownApi = process.env.OPENAI_BASE_URL
const api = ownApi ?? 'https://api.openai.com/v1'

export default {
  keys: {
    openai: {
      secret: process.env.OPENAI_API_KEY,
      locked: false,
      allow: [{ url: `${api}/images/generations`, methods: ['POST'], allowPrivateNetwork: ownApi !== undefined }],
    },
  },
} satisfies RelayOptions
