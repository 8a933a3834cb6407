import type { AuditEntry, KeyEntry, KeyUse, Words } from '../../src/protocol/keys.ts'

const at = Date.UTC(2026, 10, 24, 7, 0)
const minute = 60_000

/** What the relay says of some keys. */
export const openai: KeyEntry = {
  name: 'openai',
  source: 'store',
  locked: true,
  allow: [
    { url: 'https://api.openai.com/v1/**', methods: ['POST'], in: ['headers.authorization'] },
    { url: 'https://api.openai.com/v1/models', methods: ['GET'], in: ['headers.authorization'] },
  ],
  limits: {},
  words: {
    callers: 'signed-in users only',
    rules: [
      {
        sentence: 'by POST to https://api.openai.com, to any path below /v1/, in the header authorization',
        warnings: [],
      },
      { sentence: 'by GET to https://api.openai.com, to /v1/models, in the header authorization', warnings: [] },
    ],
    warnings: [],
  },
  version: 3,
  createdAt: at - 90_000 * minute,
  updatedAt: at - 3_000 * minute,
  lastUsedAt: at,
  uses: 1284,
  ending: 'q7Xw',
}

/** An unlocked key with what there is to be warned of. */
export const wideWords: Words = {
  callers: 'every visitor, signed in or not',
  rules: [
    {
      sentence: 'by GET to https://maps.googleapis.com, to any path below /maps/api/place/, in the query parameter key',
      warnings: [
        'GET of a whole part of the API is allowed, so whoever may use this key can read what the account holds there.',
        'The secret goes into a query string, which servers and proxies write into their logs. Prefer a header if the API takes one.',
      ],
    },
  ],
  warnings: [
    'Every visitor may use it as often as they like: a limit for one visitor is got round with a new session. Set a limit of requests a minute, or lock the key.',
  ],
}

export const maps: KeyEntry = {
  ...openai,
  name: 'maps',
  locked: false,
  allow: [{ url: 'https://maps.googleapis.com/maps/api/place/**', methods: ['GET'], in: ['params.key'] }],
  words: wideWords,
  version: 1,
  uses: 1,
}
delete maps.ending

export const fromOptions: KeyEntry = { ...openai, name: 'stripe', source: 'options', createdAt: null, updatedAt: null }

export const overridden: KeyEntry = { ...openai, name: 'stripe', isOverridden: true, lastUsedAt: null, uses: 0 }

export const manyKeys: KeyEntry[] = [
  openai,
  maps,
  fromOptions,
  overridden,
  ...Array.from({ length: 30 }, (_, index) => ({ ...openai, name: `customer-${index}-translations`, uses: index })),
]

export const requests: KeyUse[] = [
  { status: 'running', caller: 'user 4711' },
  { status: 'resolved', upstreamStatus: 200, caller: 'somebody.with.a.long.name@customers.example.com' },
  { status: 'failed', upstreamStatus: 429, code: 'UPSTREAM_ERROR', caller: 'visitor Zb3x1QpP' },
  { status: 'failed', code: 'UPSTREAM_TIMEOUT', caller: 'user 4711' },
].map((request, index) => ({
  id: String(index),
  method: 'POST',
  host: 'api.openai.com',
  createdAt: at - index * minute,
  updatedAt: at,
  ...request,
}))

export const audit: AuditEntry[] = Array.from({ length: 12 }, (_, index) => ({
  at: at - index * 100 * minute,
  who: index % 3 === 0 ? 'user ada@example.com' : 'administrator',
  what: (['added', 'rotated', 'changed', 'removed'] as const)[index % 4]!,
  key: ['openai', 'stripe', 'maps'][index % 3]!,
  version: index % 4 === 3 ? undefined : 12 - index,
}))
