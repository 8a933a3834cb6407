import type { ClientSecretRequest } from '../../protocol/request.ts'
import { jsonText } from '../common/json-text.ts'
import { isSentOnce, type RawBody } from '../upstream/raw-body.ts'
import type { TokenUsage } from '../upstream/token-usage.ts'

/** A call that may use tokens. */
export interface ModelCall {
  /** Undefined if the request names no model. */
  model: string | undefined
  /** The most that it is expected to use; zero for a body that names no model. */
  most: TokenUsage
}

/** Tokens that the relay expects of an answer if the request names no maximum. */
const unnamedOutput = 16_384
/** A token has a byte or more; images and other media have far more bytes than tokens. */
const maxInput = 200_000
const none: TokenUsage = { input: 0, output: 0 }

/** Null for a read, which uses no tokens: a report in its answer is about an earlier call. */
export function modelCallOf(request: ClientSecretRequest, rawBody: RawBody | null | undefined): ModelCall | null {
  if (request.method === 'GET' || request.method === 'HEAD') return null
  // It passes through unread. Its model may be any.
  if (isSentOnce(rawBody)) return { model: modelInPath(request.url), most: { input: maxInput, output: unnamedOutput } }
  const body = rawBody ? parsed(rawBody) : request.data
  const fields = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>
  const named = typeof fields['model'] === 'string' ? fields['model'] : undefined
  const model = modelInPath(request.url) ?? named
  if (model === undefined) return { model, most: none }
  const bytes = rawBody?.length ?? jsonText(request).length
  return { model, most: { input: Math.min(bytes, maxInput), output: maxOutput(fields) } }
}

/** Of Gemini (`models/gemini:generateContent`) and Azure (`deployments/gpt/chat/completions`). */
function modelInPath(url: string): string | undefined {
  const { pathname } = new URL(url)
  const [, model] = /\/models\/([^/:]+):/.exec(pathname) ?? /\/deployments\/([^/]+)\//.exec(pathname) ?? []
  return model
}

function maxOutput(fields: Record<string, unknown>): number {
  const config = (fields['generationConfig'] ?? {}) as Record<string, unknown>
  const numbers = (...values: unknown[]) => values.filter((value) => typeof value === 'number' && value > 0) as number[]
  const most = numbers(
    fields['max_tokens'],
    fields['max_completion_tokens'],
    fields['max_output_tokens'],
    config['maxOutputTokens'],
  )
  const answers = numbers(fields['n'], config['candidateCount'])
  return (most.length > 0 ? Math.max(...most) : unnamedOutput) * Math.max(1, ...answers)
}

/** A JSON; or the model of a form with files, such as for a transcription. */
function parsed(body: Uint8Array): unknown {
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  try {
    return JSON.parse(text.toString())
  } catch {
    const [, model] = /name="model"\r\n\r\n([^\r\n]{1,200})\r\n/.exec(text.toString('latin1')) ?? []
    return { model }
  }
}
