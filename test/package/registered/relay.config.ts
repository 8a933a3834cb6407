import { gemini, openai, s3, telegram } from 'react-client-secret/presets'
import type { RelayOptions } from 'react-client-secret/relay'

export default {
  keys: {
    openai: openai({
      endpoints: ['chat', 'models'],
      allow: [{ url: 'https://api.openai.com/v1/files', methods: ['GET'] }],
    }),
    gemini: gemini(),
    files: s3({ bucket: 'otters', region: 'eu-west-1', folder: 'pictures', accessKeyId: 'AKIA' }),
    bot: telegram(),
    shop: {
      allow: [
        { url: 'https://api.example.com/v1/orders/*/items', methods: ['GET'] },
        { url: 'https://*.example.org/**', methods: ['POST'] },
      ],
    },
    own: { allow: [{ url: `${process.env['OWN_API']}/v1/**`, methods: ['POST'], allowPrivateNetwork: true }] },
  },
} satisfies RelayOptions
