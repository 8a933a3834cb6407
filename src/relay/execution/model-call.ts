import { bodyFormat, headerOf, type ClientSecretRequest } from '../../protocol/request.ts'
import { jsonText } from '../common/json-text.ts'
import { isSentOnce, type RawBody } from '../upstream/raw-body.ts'
import { maxTokens, type TokenUsage } from '../upstream/token-usage.ts'

/** A call that may use tokens. */
export interface ModelCall {
  /** Undefined if the request names no model, or if the relay cannot tell which. */
  model: string | undefined
  /** The most that it is expected to use; zero for a body that names no model. */
  most: TokenUsage
}

/** Tokens that the relay expects of an answer if the request names no maximum. */
const unnamedOutput = 16_384
/** A token has a byte or more; images and other media have far more bytes than tokens. */
const maxInput = 200_000
const none: TokenUsage = { input: 0, output: 0 }

/** A call of which nothing is expected. */
export const anyCall: ModelCall = { model: undefined, most: none }

/** A read uses no tokens: a report in its answer is about an earlier call. */
export function isRead({ method }: ClientSecretRequest): boolean {
  return method === 'GET' || method === 'HEAD'
}

type Fields = Record<string, unknown>

/**
 * Null for a read. A body that the relay cannot read
 * may name any model.
 *
 * @param usesTokens Whether a call like this one has used tokens although it named no model, as with a stored prompt.
 */
export function modelCallOf(
  request: ClientSecretRequest,
  rawBody: RawBody | null | undefined,
  usesTokens = false,
): ModelCall | null {
  if (isRead(request)) return null
  const inPath = modelInPath(request.url)
  // It passes through unread.
  if (isSentOnce(rawBody)) return { model: inPath, most: { input: maxInput, output: unnamedOutput } }
  const bytes = jsonText(request).length + (rawBody?.length ?? 0)
  const input = Math.min(bytes, maxInput)
  const fields = fieldsOf(request, rawBody)
  if (!fields) return { model: inPath, most: { input, output: unnamedOutput } }
  // Some servers ignore the letter case of names.
  const named = Object.keys(fields).filter((name) => name.toLowerCase() === 'model')
  const values = new Set(named.flatMap((name) => fields[name]).filter((value) => typeof value === 'string'))
  const model = inPath ?? (values.size === 1 ? [...values][0] : undefined)
  if (inPath === undefined && values.size === 0 && !usesTokens) return { model, most: none }
  return { model, most: { input, output: maxOutput(fields) } }
}

/** Of Gemini (`models/gemini:generateContent`) and Azure (`deployments/gpt/chat/completions`). */
function modelInPath(url: string): string | undefined {
  const { pathname } = new URL(url)
  const path = decoded(pathname)
  const [, model] = /\/models\/([^/:]+):/.exec(path) ?? /\/deployments\/([^/]+)\//.exec(path) ?? []
  return model
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function maxOutput(fields: Fields): number {
  const configs = [fields['generationConfig'], fields['generation_config']].map((config) => (config ?? {}) as Fields)
  const numbers = (...values: unknown[]) =>
    // Some servers take a text with a number.
    values
      .map((value) => (typeof value === 'string' ? Number(value) : value))
      .filter((value) => Number(value) > 0) as number[]
  const most = numbers(
    fields['max_tokens'],
    fields['max_completion_tokens'],
    fields['max_output_tokens'],
    ...configs.flatMap((config) => [config['maxOutputTokens'], config['max_output_tokens']]),
  )
  const answers = numbers(
    fields['n'],
    ...configs.flatMap((config) => [config['candidateCount'], config['candidate_count']]),
  )
  return Math.min(maxTokens, Math.ceil((most.length > 0 ? Math.max(...most) : unnamedOutput) * Math.max(1, ...answers)))
}

/** The fields of a body; null if the relay cannot read them as the API does. */
function fieldsOf({ headers, data }: ClientSecretRequest, rawBody: Uint8Array | null | undefined): Fields | null {
  const written = typeof data === 'object' ? (data as Fields) : {}
  const body = rawBody ?? (typeof data === 'string' ? Buffer.from(data) : null)
  if (!body || body.length === 0) return written
  // Compressed.
  if (headerOf(headers, 'content-encoding') !== undefined) return null
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  const format = bodyFormat(headers)
  if (format === 'multipart') {
    const models = modelsInForm(bytes.toString('latin1'))
    return models && { ...written, model: [written['model'], ...models].flat() }
  }
  const text = bytes.toString()
  if (format === 'form') {
    const form = new URLSearchParams(text)
    return { ...Object.fromEntries(form), model: form.getAll('model') }
  }
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Fields) : {}
  } catch {
    return null
  }
}

/** A head of a part as browsers write it, with the name of its field. */
const plainHead = /^ form-data; name="([^"\\%]*)"(?:; filename="[^"\\]*")?$/

/** The models of a form with files, such as for a transcription. Null if servers may read its fields in different ways. */
function modelsInForm(text: string): string[] | null {
  const models: string[] = []
  for (const { 1: head, index, 0: whole } of text.matchAll(/content-disposition:([^\r\n]*)/gi)) {
    const name = plainHead.exec(head!)?.[1]
    if (name === undefined) return null
    if (name.toLowerCase() !== 'model') continue
    const [, value] =
      /^\r\n(?:[^\r\n]+\r\n)*\r\n([^\r\n]*)/.exec(text.slice(index + whole.length, index + whole.length + 2_000)) ?? []
    if (value === undefined) return null
    models.push(value)
  }
  return models
}
