import { ClientSecretError } from '../../protocol/errors.ts'

/**
 * To whom mistakes in a key are told, and so in which words: to whoever starts
 * the relay, by the place in the options; or to whoever fills in the form, at the field.
 */
export interface Telling {
  /** Begins each sentence. */
  beginning: string
  /** What the sentence is about, such as `keys.openai`. */
  subject: string
  /** Where its fields are; empty for a form, which has no more than the one key. */
  path: string
}

export function atStart(path: string): Telling {
  return { beginning: 'The relay does not start: ', subject: path, path }
}

/** Told to whoever fills in the form; the field stands in the path. */
export const atField: Telling = { beginning: '', subject: 'This key', path: '' }

/** @param field Within the path, such as `allow[0]`; empty where it is the whole. */
export function mistake({ beginning, subject, path }: Telling, problem: string, field = ''): ClientSecretError {
  return new ClientSecretError('INVALID_PARAMETER', `${beginning}${subject} ${problem}`, {
    path: [path, field].filter(Boolean).join('.') || undefined,
  })
}

/** Why a relay that would run unsafely does not start. */
export function startError(path: string, sentence: string): ClientSecretError {
  return new ClientSecretError('INVALID_PARAMETER', `The relay does not start: ${sentence}`, { path })
}
