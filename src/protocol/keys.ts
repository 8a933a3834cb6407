import * as z from 'zod/mini'

// The shapes of the key routes: a schema, and the type of what it accepts. The schemas are lenient: they drop unknown
// fields of a later relay.

const wireRuleSchema = z.object({
  url: z.string(),
  methods: z.array(z.string()),
  /** Places such as `headers.authorization`. Default: the relay's default for this url. */
  in: z.optional(z.array(z.string())),
  allowPrivateNetwork: z.optional(z.boolean()),
  retryable: z.optional(z.boolean()),
  stream: z.optional(z.boolean()),
})

/** A rule as JSON: one allowed use of a key. key-rules.ts of the relay explains and checks the fields. */
export type WireRule = z.infer<typeof wireRuleSchema>

const wireLimitsSchema = z.object({
  requestsPerMinute: z.optional(z.number()),
  unsettled: z.optional(z.number()),
  bytesPerDay: z.optional(z.number()),
})

/** The limits of a key, for all callers together. Default of each: no limit. */
export type WireLimits = z.infer<typeof wireLimitsSchema>

const wordsSchema = z.object({
  callers: z.string(),
  /** One for each rule, in the order of `allow`. */
  rules: z.array(z.object({ sentence: z.string(), warnings: z.array(z.string()) })),
  warnings: z.array(z.string()),
})

/** The callers of a key and the destinations of its secret, as sentences. */
export type Words = z.infer<typeof wordsSchema>

const keyEntrySchema = z.object({
  name: z.string(),
  /** `options`: in the relay's options. `store`: registered on the page or with the command. */
  source: z.enum(['options', 'store']),
  /** True for a key of the store that the relay does not use, because its options have a key of the same name. */
  isOverridden: z.optional(z.boolean()),
  locked: z.boolean(),
  allow: z.array(wireRuleSchema),
  limits: wireLimitsSchema,
  words: wordsSchema,
  /** The number of values that this key has had. */
  version: z.number(),
  createdAt: z.nullable(z.number()),
  updatedAt: z.nullable(z.number()),
  lastUsedAt: z.nullable(z.number()),
  uses: z.number(),
  /** Why the relay cannot use the key: its row in the database was changed by hand, or its master key is missing. */
  problem: z.optional(z.string()),
  /** The last time an API refused the newest value and accepted the previous one: the newest is wrong, or not valid yet. */
  fellBackAt: z.optional(z.number()),
  /** The last four characters of the value, if it is long enough to show them. */
  ending: z.optional(z.string()),
})

/** A key as administrators see it, without its value. Times are milliseconds since 1970. */
export type KeyEntry = z.infer<typeof keyEntrySchema>

export const keyListSchema = z.object({ keys: z.array(keyEntrySchema) })

/** `GET /keys`. */
export type KeyList = z.infer<typeof keyListSchema>

/** The body of `PUT /keys/:name`. The relay checks it in key-change.ts, and says what to do. */
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

export const keyCheckAnswerSchema = z.object({
  words: wordsSchema,
  /** Set if this change needs the value again, because the value could go further than before. The text says why. */
  valueNeeded: z.optional(z.string()),
})

/** The answer of `POST /keys/check`. */
export type KeyCheckAnswer = z.infer<typeof keyCheckAnswerSchema>

export const keyAnswerSchema = z.object({ key: keyEntrySchema })

/** The answer of `PUT /keys/:name`. */
export type KeyAnswer = z.infer<typeof keyAnswerSchema>

/** `removed` is false if there was no such key. */
export const keyRemovalSchema = z.object({ removed: z.boolean() })

/** The answer of `DELETE /keys/:name`. */
export type KeyRemoval = z.infer<typeof keyRemovalSchema>

const keyUseSchema = z.object({
  id: z.string(),
  status: z.string(),
  method: z.string(),
  host: z.string(),
  upstreamStatus: z.optional(z.number()),
  /** Why it failed. */
  code: z.optional(z.string()),
  caller: z.string(),
  createdAt: z.number(),
  updatedAt: z.number(),
})

/** One use of a key, without body, headers and path. */
export type KeyUse = z.infer<typeof keyUseSchema>

const keyCountsSchema = z.object({
  calls: z.number(),
  failed: z.number(),
  /** Those that wait in a queue now. */
  waiting: z.number(),
  /** As the APIs report them to this relay, since its start. */
  tokens: z.number(),
})

/** What a key did in an hour or a day. */
export type KeyCounts = z.infer<typeof keyCountsSchema>

const keyActivitySchema = z.object({
  hour: keyCountsSchema,
  day: keyCountsSchema,
  /** True if there are more requests than the relay counts. */
  isCut: z.boolean(),
  /** The start of this relay. */
  since: z.number(),
})

/** What a key did in the last hour and day. */
export type KeyActivity = z.infer<typeof keyActivitySchema>

const keyRefusalSchema = z.object({
  code: z.string(),
  /** The option of the limit. */
  limit: z.optional(z.string()),
  /** The narrowest rule that would allow the request. A caller wrote it. */
  rule: z.optional(wireRuleSchema),
  /** Equal refusals since the start of this relay. */
  count: z.number(),
  /** The caller of the last one. */
  caller: z.string(),
  at: z.number(),
})

/** Requests with a key that this relay refused. */
export type KeyRefusal = z.infer<typeof keyRefusalSchema>

export const keyUsesSchema = z.object({
  requests: z.array(keyUseSchema),
  activity: z.optional(keyActivitySchema),
  /** The newest first. */
  refusals: z.optional(z.array(keyRefusalSchema)),
})

/** `GET /keys/:name/requests`, the newest first. */
export type KeyUses = z.infer<typeof keyUsesSchema>

const auditEntrySchema = z.object({
  at: z.number(),
  who: z.string(),
  what: z.enum(['added', 'changed', 'locked', 'unlocked', 'rotated', 'removed']),
  key: z.string(),
  version: z.optional(z.number()),
})

/** A change of a key: who changed what, and when. Never a value. */
export type AuditEntry = z.infer<typeof auditEntrySchema>

export const auditSchema = z.object({ entries: z.array(auditEntrySchema) })

/** `GET /audit`, the newest first. */
export type Audit = z.infer<typeof auditSchema>
