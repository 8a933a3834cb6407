import * as z from 'zod/mini'

/** A rule as JSON: one allowed use of a key. key-rules.ts of the relay explains and checks the fields. */
export interface WireRule {
  url: string
  methods: string[]
  /** Places such as `headers.authorization`. Default: the relay's default for this url. */
  in?: string[] | undefined
  allowPrivateNetwork?: boolean | undefined
  retryable?: boolean | undefined
  stream?: boolean | undefined
}

/** The limits of a key, for all callers together. Default of each: no limit. */
export interface WireLimits {
  requestsPerMinute?: number | undefined
  unsettled?: number | undefined
  bytesPerDay?: number | undefined
}

/** The callers of a key and the destinations of its secret, as sentences. */
export interface Words {
  callers: string
  /** One for each rule, in the order of `allow`. */
  rules: { sentence: string; warnings: string[] }[]
  warnings: string[]
}

/** A key as administrators see it, without its value. Times are milliseconds since 1970. */
export interface KeyEntry {
  name: string
  /** `options`: in the relay's options. `store`: registered on the page or with the command. */
  source: 'options' | 'store'
  /** True for a key of the store that the relay does not use, because its options have a key of the same name. */
  isOverridden?: boolean | undefined
  locked: boolean
  allow: WireRule[]
  limits: WireLimits
  words: Words
  /** The number of values that this key has had. */
  version: number
  createdAt: number | null
  updatedAt: number | null
  lastUsedAt: number | null
  uses: number
  /** Why the relay cannot use the key: its row in the database was changed by hand, or its master key is missing. */
  problem?: string | undefined
  /** The last time an API refused the newest value and accepted the previous one: the newest is wrong, or not valid yet. */
  fellBackAt?: number | undefined
  /** The last four characters of the value, if it is long enough to show them. */
  ending?: string | undefined
}

/** `GET /keys`. */
export interface KeyList {
  keys: KeyEntry[]
}

/** The body of `PUT /keys/:name`. */
export interface KeyChange {
  /** Default: the value stays. A different value is a new version, and the previous one stays valid too. */
  secret?: string | undefined
  locked: boolean
  allow: WireRule[]
  limits?: WireLimits | undefined
  /** True fails if the name is taken. False fails if there is no such key. */
  isNew: boolean
}

/** The body of `POST /keys/check`, which saves nothing. */
export interface KeyCheck extends KeyChange {
  name: string
}

/** The answer of `POST /keys/check`. */
export interface KeyCheckAnswer {
  words: Words
  /** Set if this change needs the value again, because the value could go further than before. The text says why. */
  valueNeeded?: string | undefined
}

/** The answer of `PUT /keys/:name`. */
export interface KeyAnswer {
  key: KeyEntry
}

/** The answer of `DELETE /keys/:name`. */
export interface KeyRemoval {
  /** False if there was no such key. */
  removed: boolean
}

/** One use of a key, without body, headers and path. */
export interface KeyUse {
  id: string
  status: string
  method: string
  host: string
  upstreamStatus?: number | undefined
  /** Why it failed. */
  code?: string | undefined
  caller: string
  createdAt: number
  updatedAt: number
}

/** `GET /keys/:name/requests`, the newest first. */
export interface KeyUses {
  requests: KeyUse[]
}

/** A change of a key: who changed what, and when. Never a value. */
export interface AuditEntry {
  at: number
  who: string
  what: 'added' | 'changed' | 'locked' | 'unlocked' | 'rotated' | 'removed'
  key: string
  version?: number | undefined
}

/** `GET /audit`, the newest first. */
export interface Audit {
  entries: AuditEntry[]
}

// Lenient, like the schema of a record: unknown fields of a later relay are dropped, not refused.
const wordsSchema = z.object({
  callers: z.string(),
  rules: z.array(z.object({ sentence: z.string(), warnings: z.array(z.string()) })),
  warnings: z.array(z.string()),
})

const keyEntrySchema = z.object({
  name: z.string(),
  source: z.enum(['options', 'store']),
  isOverridden: z.optional(z.boolean()),
  locked: z.boolean(),
  allow: z.array(
    z.object({
      url: z.string(),
      methods: z.array(z.string()),
      in: z.optional(z.array(z.string())),
      allowPrivateNetwork: z.optional(z.boolean()),
      retryable: z.optional(z.boolean()),
      stream: z.optional(z.boolean()),
    }),
  ),
  limits: z.object({
    requestsPerMinute: z.optional(z.number()),
    unsettled: z.optional(z.number()),
    bytesPerDay: z.optional(z.number()),
  }),
  words: wordsSchema,
  version: z.number(),
  createdAt: z.nullable(z.number()),
  updatedAt: z.nullable(z.number()),
  lastUsedAt: z.nullable(z.number()),
  uses: z.number(),
  problem: z.optional(z.string()),
  fellBackAt: z.optional(z.number()),
  ending: z.optional(z.string()),
})

export const keyListSchema = z.object({ keys: z.array(keyEntrySchema) })

export const keyCheckAnswerSchema = z.object({ words: wordsSchema, valueNeeded: z.optional(z.string()) })

export const keyAnswerSchema = z.object({ key: keyEntrySchema })

export const keyRemovalSchema = z.object({ removed: z.boolean() })

export const keyUsesSchema = z.object({
  requests: z.array(
    z.object({
      id: z.string(),
      status: z.string(),
      method: z.string(),
      host: z.string(),
      upstreamStatus: z.optional(z.number()),
      code: z.optional(z.string()),
      caller: z.string(),
      createdAt: z.number(),
      updatedAt: z.number(),
    }),
  ),
})

export const auditSchema = z.object({
  entries: z.array(
    z.object({
      at: z.number(),
      who: z.string(),
      what: z.enum(['added', 'changed', 'locked', 'unlocked', 'rotated', 'removed']),
      key: z.string(),
      version: z.optional(z.number()),
    }),
  ),
})
