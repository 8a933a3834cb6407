import * as z from 'zod/mini'

/** A rule as it travels: one way a key may be used. The relay's key-rules.ts says what the fields mean, and checks them. */
export interface WireRule {
  url: string
  methods: string[]
  /** Places such as `headers.authorization`; left out: the relay's default for this url. */
  in?: string[] | undefined
  allowPrivateNetwork?: boolean | undefined
  retryable?: boolean | undefined
  stream?: boolean | undefined
}

/** How much a key may be used, by all callers together; each left out: no limit. */
export interface WireLimits {
  requestsPerMinute?: number | undefined
  unsettled?: number | undefined
  bytesPerDay?: number | undefined
}

/** Who may use a key, and where its secret may go, as sentences for a person. */
export interface Words {
  callers: string
  /** One for each rule, in the order of `allow`. */
  rules: { sentence: string; warnings: string[] }[]
  warnings: string[]
}

/** What an administrator is told of a key; never its value. Times are milliseconds since 1970. */
export interface KeyEntry {
  name: string
  /** Written into the relay's options by whoever runs it, or registered on the page or with the command. */
  source: 'options' | 'store'
  /** A key of the store that is not used, because an option of the same name wins. */
  isOverridden?: boolean | undefined
  locked: boolean
  allow: WireRule[]
  limits: WireLimits
  words: Words
  /** Counts the values that this key has had. */
  version: number
  createdAt: number | null
  updatedAt: number | null
  lastUsedAt: number | null
  uses: number
  /** Why the key is not used: it was changed in the database by hand, or its master key is not there. Remove it and register it anew. */
  problem?: string | undefined
  /** When an API was last seen to refuse the newest value and to take the one before: the newest is wrong, or not valid yet. */
  fellBackAt?: number | undefined
  /** The last four characters of a value that is long enough for them to give nothing away. */
  ending?: string | undefined
}

/** `GET /keys`. */
export interface KeyList {
  keys: KeyEntry[]
}

/** The body of `PUT /keys/:name`. */
export interface KeyChange {
  /** Left out: the value stays. Another one is a new version, and the one before stays valid beside it. */
  secret?: string | undefined
  locked: boolean
  allow: WireRule[]
  limits?: WireLimits | undefined
  /** True: an error where the name is taken. False: an error where it is not. */
  isNew: boolean
}

/** The body of `POST /keys/check`, which saves nothing. */
export interface KeyCheck extends KeyChange {
  name: string
}

/** The answer of `POST /keys/check`. */
export interface KeyCheckAnswer {
  words: Words
  /** Why the value has to be given again with this change: by it, it could go further than before. Left out: it need not. */
  valueNeeded?: string | undefined
}

/** The answer of `PUT /keys/:name`. */
export interface KeyAnswer {
  key: KeyEntry
}

/** The answer of `DELETE /keys/:name`. */
export interface KeyRemoval {
  /** False: there was none. */
  removed: boolean
}

/** One use of a key: no body, no header, no path. */
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

/** A change of a key: who did what, and when; never a value. */
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

// Lenient, as those of record.ts: what a later relay adds is left out, not refused.
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
