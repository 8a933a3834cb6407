import type { Change } from './changes.ts'

/** The change as text: a new file as a whole, an edit as its lines with their neighbours. */
export function showChange({ path, before, after }: Change): string {
  const lines = (text: string) => text.replace(/\n$/, '').split('\n')
  if (before === null) return [`Create ${path}`, ...lines(after).map((line) => `  + ${line}`)].join('\n')
  return [`Edit ${path}`, ...differences(lines(before), lines(after)).map((line) => `  ${line}`)].join('\n')
}

/** Edits add lines, and change few: each new line is compared with the old line at its turn. */
function differences(before: readonly string[], after: readonly string[]): string[] {
  const result: string[] = []
  let at = 0
  for (const line of after) {
    const next = before.indexOf(line, at)
    if (next === at) at++
    else if (next === -1) result.push(`+ ${line}`)
    else {
      for (; at < next; at++) result.push(`- ${before[at]!}`)
      at++
    }
  }
  for (; at < before.length; at++) result.push(`- ${before[at]!}`)
  return result
}
