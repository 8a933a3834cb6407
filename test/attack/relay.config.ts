import type { RelayOptions } from '../../src/relay/options.ts'

/**
 * What `npm run attack` attacks: a key of every kind. The secrets are never
 * given; the command puts its own in their place.
 */
export default {
  keys: {
    openai: {
      locked: false,
      allow: [{ url: 'https://api.openai.com/v1/**', methods: ['POST', 'GET'] }],
    },
    // A second key of an API that anybody may use with the first.
    openaiOfAdministrators: {
      allow: [{ url: 'https://api.openai.com/v1/organization/**', methods: ['GET'] }],
    },
    // Two headers, as Anthropic-like and Algolia-like APIs have them.
    search: {
      allow: [
        {
          url: 'https://search.example.org/1/indexes/*/query',
          methods: ['POST'],
          in: ['headers.x-api-key', 'headers.authorization'],
        },
      ],
    },
    // The secret in the body, as OAuth wants it.
    oauth: {
      locked: false,
      allow: [{ url: 'https://login.example.net/oauth/token', methods: ['POST'], in: ['data#/client_secret'] }],
    },
    nested: {
      allow: [
        {
          url: 'https://rpc.example.net/**',
          methods: ['POST', 'PUT'],
          in: ['data#/params/credentials/key', 'data#/signature~1v2'],
        },
      ],
    },
    maps: {
      locked: false,
      allow: [{ url: 'https://maps.example.com/maps/api/*', methods: ['GET'], in: ['params.key'] }],
    },
    telegram: {
      allow: [{ url: 'https://api.telegram.org/bot$CLIENT_SECRET/*', methods: ['POST', 'GET'] }],
    },
    shops: {
      locked: false,
      allow: [
        {
          url: 'https://*.myshop.example/admin/api/**',
          methods: ['GET', 'POST', 'DELETE'],
          in: ['headers.x-shop-access-token'],
        },
      ],
    },
    intranet: {
      allow: [
        { url: 'http://billing.internal:8080/api/**', methods: ['POST', 'PATCH'], allowPrivateNetwork: true },
        { url: 'https://billing.example.com/api/**', methods: ['GET'] },
      ],
    },
    // Two values, each in its own place.
    app: {
      locked: false,
      secret: { id: undefined, key: undefined },
      allow: [
        {
          url: 'https://app.example.org/v2/**',
          methods: ['POST', 'GET'],
          inEach: { id: ['headers.x-app-id'], key: ['headers.authorization'] },
        },
      ],
    },
    // The relay exchanges the secret for a token.
    service: {
      locked: false,
      token: { grant: 'client_credentials', url: 'https://tokens.example.org/oauth/token', clientId: 'service' },
      allow: [{ url: 'https://service.example.org/v1/**', methods: ['POST', 'GET'] }],
    },
    // The secret signs the query, and stays in the relay.
    exchange: {
      locked: false,
      sign: { hmac: 'sha256', over: ['query'] },
      allow: [
        {
          url: 'https://exchange.example.org/api/**',
          methods: ['GET', 'POST'],
          in: ['params.signature'],
        },
      ],
    },
    model: {
      locked: false,
      sign: { aws: 'sigv4', accessKeyId: 'AKIDEXAMPLE', service: 'bedrock', region: 'eu-central-1' },
      allow: [{ url: 'https://bedrock.example.org/model/**', methods: ['POST'] }],
    },
  },
  origins: ['https://app.example.com'],
  authenticate: () => null,
} satisfies RelayOptions
