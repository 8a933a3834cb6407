import { ClientSecretError } from '../../protocol/errors.ts'
import { invalid, mismatch } from '../../protocol/invalid-parameter.ts'

/**
 * The reader of an error about a key: the operator who starts the relay, or an administrator who fills in a form. The
 * operator needs the place in the options, the administrator the field.
 */
export interface ErrorContext {
  /** The beginning of the message. */
  beginning: string
  /** The subject of the message, such as `keys.openai`. */
  subject: string
  /** The path before the field; empty for a form, which has only one key. */
  path: string
}

const notStarted = 'The relay does not start: '

export function startContext(path: string): ErrorContext {
  return { beginning: notStarted, subject: path, path }
}

export const formContext: ErrorContext = { beginning: '', subject: 'This key', path: '' }

/** @param field Within the path, such as `allow[0]`; empty for the key as a whole. */
export function configError(
  { beginning, subject, path }: ErrorContext,
  problem: string,
  field = '',
): ClientSecretError {
  return new ClientSecretError('INVALID_PARAMETER', `${beginning}${subject} ${problem}`, {
    path: joined(path, field) || undefined,
  })
}

/** Checks a field of a key, as `mustBe` checks a field of a request. */
export function fieldMustBe(
  isMet: boolean,
  { beginning, path }: ErrorContext,
  field: string,
  expectation: string,
  found: unknown,
): asserts isMet {
  if (isMet) return
  const whole = joined(path, field)
  throw invalid(whole, `${beginning}${mismatch(whole, expectation, found)}.`)
}

function joined(path: string, field: string): string {
  return [path, field].filter(Boolean).join('.')
}

/** Why a relay does not start. */
export interface StartProblem {
  /** What is wrong, and where; without a full stop. */
  reason: string
  /** What to do, as one or more sentences. Left out if the reason says it. */
  remedy?: string
}

/** A wrong option or environment variable. */
export function startError(path: string, problem: StartProblem): ClientSecretError {
  return new ClientSecretError('INVALID_PARAMETER', startMessage(problem), { path })
}

/** Anything else that stops the start, such as the database. */
export function startFailure(problem: StartProblem, cause?: unknown): Error {
  return new Error(startMessage(problem), { cause })
}

function startMessage({ reason, remedy }: StartProblem): string {
  return `${notStarted}${reason}.${remedy ? ` ${remedy}` : ''}`
}
