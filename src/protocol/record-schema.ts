import * as z from 'zod/mini'
import { statuses } from './record.ts'
import type { ClientSecretRequest } from './request.ts'

// Lenient: unknown fields of a later relay are dropped, not refused. The types of record.ts are public, and so are
// interfaces, whose fields an editor shows with their comments; types.test-d.tsx compares both.
const wireErrorSchema = z.object({
  code: z.string(),
  message: z.string(),
  status: z.optional(z.number()),
  path: z.optional(z.string()),
  requestId: z.optional(z.string()),
  retryAfter: z.optional(z.number()),
})

export const errorAnswerSchema = z.object({ error: wireErrorSchema })

export const recordSchema = z.object({
  id: z.string(),
  status: z.enum(statuses),
  version: z.string(),
  queueName: z.optional(z.string()),
  inQueue: z.optional(z.number()),
  createdAt: z.number(),
  updatedAt: z.number(),
  expiresAt: z.number(),
  response: z.optional(
    z.object({
      status: z.number(),
      headers: z.record(z.string(), z.string()),
      body: z.string(),
      encoding: z.optional(z.literal('base64')),
    }),
  ),
  // Not checked again: it is the request that the client sent.
  request: z.optional(z.looseObject({})) as unknown as z.ZodMiniOptional<z.ZodMiniType<ClientSecretRequest>>,
  error: z.optional(wireErrorSchema),
})
