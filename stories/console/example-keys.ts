import type { AuditEntry, KeyCheck, KeyEntry, KeyUse, Words } from '../../src/protocol/keys.ts'
import { checkUse } from '../../src/relay/keys/check-key.ts'
import type { KeyOptions } from '../../src/relay/keys/key.ts'
import { describeKey } from '../../src/relay/keys/describe-rule.ts'
import { formContext } from '../../src/relay/common/config-error.ts'

const at = Date.UTC(2026, 10, 24, 7, 0)
const minute = 60_000

/** Looks through a key and says it in words, as the relay does, because it is the relay's own code. */
export function check(key: Pick<KeyCheck, 'locked' | 'allow' | 'limits'>): Words {
  return describeKey(checkUse(key as KeyOptions, formContext))
}

const known = {
  source: 'store',
  limits: {},
  version: 3,
  createdAt: at - 90_000 * minute,
  updatedAt: at - 3_000 * minute,
  lastUsedAt: at,
  uses: 1284,
} as const

type Described = Pick<KeyEntry, 'name' | 'locked' | 'allow'> & Partial<KeyEntry>

function entry(described: Described): KeyEntry {
  const { locked, allow } = described
  return { ...known, ...described, words: check({ locked, allow, limits: known.limits }) }
}

/** What the relay says of some keys. */
export const openai = entry({
  name: 'openai',
  locked: true,
  allow: [
    { url: 'https://api.openai.com/v1/**', methods: ['POST'], in: ['headers.authorization'] },
    { url: 'https://api.openai.com/v1/models', methods: ['GET'], in: ['headers.authorization'] },
  ],
  ending: 'q7Xw',
})

/** Unlocked, with what there is to be warned of. */
export const maps = entry({
  name: 'maps',
  locked: false,
  allow: [{ url: 'https://maps.googleapis.com/maps/api/place/**', methods: ['GET'], in: ['params.key'] }],
  version: 1,
  uses: 1,
})

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
