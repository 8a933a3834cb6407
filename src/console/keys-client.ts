import type { ZodMiniType } from 'zod/mini'
import { isErrorCode } from '../protocol/error-codes.ts'
import { ClientSecretError } from '../protocol/errors.ts'
import {
  auditSchema,
  keyAnswerSchema,
  keyCheckAnswerSchema,
  keyListSchema,
  keyRemovalSchema,
  keyUsesSchema,
  type AuditEntry,
  type KeyChange,
  type KeyCheck,
  type KeyCheckAnswer,
  type KeyEntry,
  type KeyUses,
} from '../protocol/keys.ts'
import type { ClientSecretRecord } from '../protocol/record.ts'
import { errorAnswerSchema, recordSchema } from '../protocol/record-schema.ts'
import type { ClientSecretRequest } from '../protocol/request.ts'

/** The page's calls of the relay. Every failure is a ClientSecretError. */
export interface KeysClient {
  /** Whether it sends a token. Without one, the site's own session must identify the administrator. */
  hasToken: boolean
  list: () => Promise<KeyEntry[]>
  /** Says where the secret could go after a change, and whether the change needs the value again. Saves nothing. */
  check: (key: KeyCheck, signal?: AbortSignal) => Promise<KeyCheckAnswer>
  save: (name: string, change: KeyChange) => Promise<KeyEntry>
  remove: (name: string) => Promise<boolean>
  uses: (name: string, signal?: AbortSignal) => Promise<KeyUses>
  audit: () => Promise<AuditEntry[]>
  /** An ordinary request, as a component would send it. */
  tryIt: (request: ClientSecretRequest) => Promise<ClientSecretRecord>
}

/**
 * Talks to the relay at `base`.
 *
 * Only this closure has the token: every page of the site in the same tab can read
 * `sessionStorage`, and browsers that restore tabs write it to disk.
 */
export function createKeysClient(base: string, token?: string): KeysClient {
  // A request of a caller who is not signed in belongs to a session.
  const session = crypto
    .getRandomValues(new Uint8Array(18))
    .reduce((text, byte) => text + byte.toString(16), 'console-')

  async function call<Answer>(schema: ZodMiniType<Answer>, method: string, path: string, rest: Rest = {}) {
    const { body, signal, headers } = rest
    const where = `${method} ${base}${path}`
    let response: Response
    let text: string
    try {
      response = await fetch(`${base}${path}`, {
        method,
        headers: {
          accept: 'application/json',
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...headers,
        },
        body: body === undefined ? null : JSON.stringify(body),
        signal: signal ?? null,
        cache: 'no-store',
      })
      text = await response.text()
    } catch (cause) {
      if (signal?.aborted) throw new ClientSecretError('ABORTED', 'The page cancelled the call.', { cause })
      throw new ClientSecretError(
        'NETWORK_ERROR',
        'The relay does not answer. Check that its process runs and that your own network is up, then try again.',
        { cause },
      )
    }
    return readAnswer(schema, where, response.status, text)
  }

  const keyPath = (name: string) => `/keys/${encodeURIComponent(name)}`
  return {
    hasToken: token !== undefined,
    list: async () => (await call(keyListSchema, 'GET', '/keys')).keys,
    check: (body, signal) => call(keyCheckAnswerSchema, 'POST', '/keys/check', { body, signal }),
    save: async (name, body) => (await call(keyAnswerSchema, 'PUT', keyPath(name), { body })).key,
    remove: async (name) => (await call(keyRemovalSchema, 'DELETE', keyPath(name))).removed,
    uses: (name, signal) => call(keyUsesSchema, 'GET', `${keyPath(name)}/requests`, { signal }),
    audit: async () => (await call(auditSchema, 'GET', '/audit')).entries,
    tryIt: (body) =>
      call(recordSchema, 'POST', '/requests', {
        body,
        headers: { 'client-session': session, 'idempotency-key': crypto.randomUUID() },
      }),
  }
}

interface Rest {
  body?: unknown
  signal?: AbortSignal | undefined
  headers?: Record<string, string> | undefined
}

function readAnswer<Answer>(schema: ZodMiniType<Answer>, where: string, status: number, text: string): Answer {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    // The error below covers it.
  }
  const answer = schema.safeParse(json)
  if (status < 400 && answer.success) return answer.data
  const failure = errorAnswerSchema.safeParse(json)
  if (failure.success) {
    const { code, message, ...details } = failure.data.error
    throw new ClientSecretError(isErrorCode(code) ? code : 'INTERNAL', message, { ...details, status })
  }
  throw new ClientSecretError(
    status >= 500 ? 'UNAVAILABLE' : 'INVALID_RESPONSE',
    status >= 500
      ? `A server in front of the relay answered ${status}, because it cannot reach the relay. Check that the relay's process runs, then try again.`
      : `${where} answered ${status}, but not in the format of the relay. Check that this page and the relay have the same version.`,
    { status },
  )
}
