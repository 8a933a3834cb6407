/** The tokens of a call. */
export interface TokenUsage {
  input: number
  output: number
}

/** Finds the usage that an API reports in its answer, whole or as a stream. */
export interface UsageReader {
  read: (bytes: Buffer) => void
  /** Whether the answer reports its usage later, in the answer to another call: the API goes on with its work. */
  isPending: () => boolean
  /** The usage so far; null if the API has reported none. */
  usage(): TokenUsage | null
}

/**
 * The beginning of a report: of OpenAI and Anthropic, and of Gemini. No text of a model can contain it, because JSON
 * escapes the quotes of a text.
 */
const report = /"usage(?:Metadata)?"\s*:\s*\{/g
/** What an API writes instead while it still works, as for OpenAI's `background: true` and its runs. */
const pending = /"usage(?:Metadata)?"\s*:\s*null/
/** More tokens than any call uses. A count in whole numbers holds many times as many. */
export const maxTokens = 1_000_000_000
/** Characters of the longest beginning, if it is not pretty-printed by more. */
const maxBeginning = 64
/** Characters of a report. */
const maxReport = 16_384

/**
 * Reads the reports in any answer: one JSON, a list, or events. The reports of a stream are running totals (Gemini), or
 * parts of one (Anthropic: the input at its beginning, the output at its end), so the highest numbers count. An answer
 * can thus not lower them again.
 */
export function createUsageReader(): UsageReader {
  let rest = ''
  let found: TokenUsage | null = null
  let isPending = false

  function take(text: string): void {
    const usage = usageOf(text)
    if (!usage) return
    found = {
      input: Math.max(found?.input ?? 0, usage.input),
      output: Math.max(found?.output ?? 0, usage.output),
    }
  }

  return {
    read(bytes) {
      const text = rest + bytes.toString('latin1')
      isPending ||= pending.test(text)
      let from = Math.max(0, text.length - maxBeginning)
      /** What was looked at: no report contains another one. */
      let seen = 0
      for (const { index, 0: beginning } of text.matchAll(report)) {
        if (index < seen) continue
        const start = index + beginning.length - 1
        const end = endOfObject(text, start)
        if (end !== null) take(text.slice(start, end))
        // The rest of the report is still to come.
        else if (text.length - start < maxReport) {
          from = Math.min(from, index)
          break
        }
        seen = end ?? start + maxReport
      }
      rest = text.slice(from)
    },
    isPending: () => isPending && found === null,
    usage: () => found,
  }
}

/** The index after the object that begins here; null if the text ends before. */
function endOfObject(text: string, start: number): number | null {
  let depth = 0
  let isInString = false
  for (let at = start; at < text.length && at - start < maxReport; at++) {
    const character = text[at]
    if (isInString) {
      if (character === '\\') at++
      else if (character === '"') isInString = false
    } else if (character === '"') isInString = true
    else if (character === '{') depth++
    else if (character === '}' && --depth === 0) return at + 1
  }
  return null
}

function usageOf(text: string): TokenUsage | null {
  let report: Record<string, unknown>
  try {
    report = JSON.parse(text) as Record<string, unknown>
  } catch {
    return null
  }
  const sum = (...names: string[]) =>
    names.reduce((all, name) => {
      const value = report[name]
      return typeof value === 'number' && value > 0 ? Math.min(Math.ceil(all + value), maxTokens) : all
    }, 0)
  // OpenAI counts cached tokens as part of the input, and Anthropic beside it.
  const input =
    sum('prompt_tokens') ||
    sum('input_tokens', 'cache_creation_input_tokens', 'cache_read_input_tokens') ||
    sum('promptTokenCount', 'toolUsePromptTokenCount')
  const output = sum('completion_tokens') || sum('output_tokens') || sum('candidatesTokenCount', 'thoughtsTokenCount')
  // Some APIs report only the sum.
  const other = sum('total_tokens') || sum('totalTokenCount')
  if (input + output + other === 0) return null
  return { input: Math.max(input, other - output), output }
}
