import { ClientSecretError } from '../protocol/errors.ts'

interface Failure {
  message?: string
}

/** The members of events that hold text or an error, in several APIs. */
interface Delta {
  type?: string
  /** OpenAI: chat completions. */
  choices?: { index?: number; delta?: { content?: string | null } }[]
  /** OpenAI: responses. Anthropic: messages. */
  delta?: string | { text?: string }
  /** Gemini. */
  candidates?: { content?: { parts?: { text?: string; thought?: boolean }[] } }[]
  /** Ollama: chat and generate. Anthropic's has a list of contents, and OpenAI's errors have a text. */
  message?: string | { content?: unknown }
  response?: string | { error?: Failure | null }
  error?: string | Failure
}

/**
 * The text that an event adds to an answer: the first choice of OpenAI's chat completions, OpenAI's responses,
 * Anthropic, Gemini and Ollama. Empty for all other events, and for thoughts of a model.
 *
 * @throws ClientSecretError `UPSTREAM_ERROR` for an event in which such an API reports a failure.
 */
export function deltaText(event: unknown): string {
  const { type, choices, delta, candidates, message, response, error } = Object(event) as Delta
  if (type === 'error' || type === 'response.failed' || (error && Object.keys(event as object).length === 1)) {
    const reason = (typeof response === 'object' && response.error) || error || (message as string)
    throw failed(typeof reason === 'object' ? reason.message : reason, event)
  }
  if (typeof delta === 'string') return type === 'response.output_text.delta' ? delta : ''
  if (delta) return delta.text ?? ''
  if (choices) return choices.find(({ index = 0 }) => index === 0)?.delta?.content ?? ''
  if (candidates) return (candidates[0]?.content?.parts ?? []).map((part) => (part.thought ? '' : part.text)).join('')
  const text = typeof message === 'object' ? message.content : response
  return typeof text === 'string' ? text : ''
}

function failed(reason: string | undefined, data: unknown): ClientSecretError {
  return new ClientSecretError('UPSTREAM_ERROR', `The API ended its answer with an error: ${reason}`, { data })
}
