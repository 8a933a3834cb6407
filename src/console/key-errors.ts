import type { Failure } from './failure.ts'
import { missingIn, type Errors, type KeyDraft } from './key-draft.ts'

/** A failed save: its errors, and its draft. */
export interface Refusal {
  errors: Errors
  draft: KeyDraft
}

/** The relay's errors for the current draft. */
export interface DraftProblem {
  field: string
  failure: Failure
}

/**
 * The errors of a refused save that still hold. An error goes when its field is
 * right. While the field is wrong, the error says what is wrong now.
 */
export function stillWrong({ errors, draft }: Refusal, now: KeyDraft, problem: DraftProblem | undefined): Errors {
  const missing = missingIn(now)
  const left: Errors = {}
  for (const [path, failure] of Object.entries(errors)) {
    const field = fieldNow(path, draft, now)
    if (field === undefined) continue
    const isSame = partOf(draft, path) === partOf(now, field)
    const error = isSame ? failure : (missing[field] ?? (problem?.field === field ? problem.failure : undefined))
    if (error) left[field] = error
  }
  return left
}

const ruleOfPath = /^allow\[(\d+)\]/

/** The path of a field, after rules before it were removed; undefined when its own rule was. */
function fieldNow(path: string, before: KeyDraft, now: KeyDraft): string | undefined {
  const match = ruleOfPath.exec(path)
  if (!match) return path
  const id = before.rules[Number(match[1])]?.id
  const index = now.rules.findIndex((rule) => rule.id === id)
  return index === -1 ? undefined : path.replace(ruleOfPath, `allow[${index}]`)
}

/** What an error depends on. The url of a rule is right or wrong together with the rest of the rule. */
function partOf(draft: KeyDraft, path: string): unknown {
  const match = ruleOfPath.exec(path)
  if (match) return JSON.stringify(draft.rules[Number(match[1])])
  if (path.startsWith('limits.')) return draft.limits[path.slice('limits.'.length) as keyof KeyDraft['limits']]
  return path === 'name' || path === 'locked' ? draft[path] : undefined
}
