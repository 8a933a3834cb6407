import { asClientSecretError } from '../protocol/errors.ts'

/** A failure as the page shows it. */
export interface Failure {
  /** What happened, and what to do. */
  sentence: string
  /** The address of the page that explains the error's code. */
  help?: string | undefined
}

/** Reads what was thrown. */
export function failureOf(thrown: unknown): Failure {
  return explained(asClientSecretError(thrown))
}

/** Splits an error into sentence and address. The address comes from `help`, or else from the end of the message. */
export function explained({ code, message, help }: { code: string; message: string; help?: string }): Failure {
  if (help !== undefined) return { sentence: message, help }
  // The address ends with the code. An address that is an example does not.
  const ending = new RegExp(` (https://\\S+#${code.toLowerCase()})$`).exec(message)
  return ending ? { sentence: message.slice(0, ending.index), help: ending[1] } : { sentence: message }
}
