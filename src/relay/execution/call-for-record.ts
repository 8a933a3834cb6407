import { asClientSecretError } from '../../protocol/errors.ts'
import { isVisitor } from '../common/caller.ts'
import { writeJsonText } from '../common/json-text.ts'
import type { Logger } from '../common/logger.ts'
import type { Outcome, StoredRecord } from '../database/stored-record.ts'
import { secretsOf, type Keys, type KeyValue } from '../keys/key.ts'
import { wireError } from '../keys/redacted-error.ts'
import type { SecretIndex } from '../keys/redaction/secret-index.ts'
import { call, type Circumstances } from '../upstream/call-upstream.ts'
import type { Upstream } from '../upstream/http-client.ts'
import { takenOver } from '../upstream/right-to-call.ts'
import { streamAnswer, type RawCall } from '../upstream/stream-answer.ts'
import type { Tokens } from '../upstream/tokens.ts'
import { errorOfAnswer } from '../upstream/failed-answer.ts'
import { keyNotFound, signInRequired, unforeseen } from './run-errors.ts'

export interface CallDeps {
  keys: Keys
  secrets: SecretIndex
  upstream: Upstream
  tokens: Tokens
  logger: Logger
  /** Maximum answer in bytes. */
  responseBytes: number
}

/** The parts of a call that belong to one run. */
export type RunCircumstances = Pick<Circumstances, 'signal' | 'traffic' | 'room' | 'right' | 'traceHeaders'>

/**
 * Calls the upstream for a record, and gives the outcome. Rejects only with `takenOver`.
 *
 * @param raw The parts of the call outside of the record.
 */
export async function callForRecord(
  deps: CallDeps,
  record: StoredRecord,
  run: RunCircumstances,
  raw: RawCall | undefined,
): Promise<Outcome> {
  const { keys, secrets, upstream, tokens, logger, responseBytes } = deps
  const { id, owner, request } = record
  // Read again: the key or its rules may have changed while the request waited.
  const key = keys.get(request.clientSecretName)
  if (!key) return { status: 'failed', error: wireError(keyNotFound(request.clientSecretName), secrets) }
  /** Redaction keeps looking for a value that is removed during the call. */
  const releases: (() => void)[] = []
  const hold = (value: KeyValue) => void releases.push(...secretsOf(value).map((secret) => secrets.add(secret, value)))
  try {
    if (key.locked && isVisitor(owner)) throw signInRequired(key.name)
    const circumstances = { upstream, tokens, keys, secrets, hold, responseBytes, idempotencyKey: id, raw, ...run }
    const response = await (raw?.reader
      ? streamAnswer(key, request, circumstances, raw.reader)
      : call(key, request, circumstances))
    await writeJsonText(response)
    return response.status >= 400
      ? { status: 'failed', response, error: errorOfAnswer(response) }
      : { status: 'resolved', response }
  } catch (thrown) {
    if (thrown === takenOver) throw thrown
    const error = asClientSecretError(thrown)
    if (error.code !== 'INTERNAL') return { status: 'failed', error: wireError(error, secrets) }
    logger.error({ id, message: error.message, stack: error.stack }, 'a request failed unexpectedly')
    return { status: 'failed', error: { code: 'INTERNAL', message: unforeseen(id) } }
  } finally {
    for (const release of releases) release()
  }
}
