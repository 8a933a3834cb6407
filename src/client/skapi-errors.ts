import { ClientSecretError } from '../protocol/errors.ts'
import { fieldsOf } from './skapi-records.ts'

export function unsupported(what: string): ClientSecretError {
  return new ClientSecretError(
    'NOT_ALLOWED',
    `This version of skapi-js does not offer ${what}. Use skapi-js 2.0 or later where it has it, or the relay of react-client-secret.`,
  )
}

/** Skapi rejects with its own errors, with texts for network failures, and with the API's answer. */
export function skapiError(thrown: unknown): ClientSecretError {
  if (thrown === 'Network error' || thrown === 'Timeout' || thrown === 'Aborted') {
    return new ClientSecretError('NETWORK_ERROR', `Skapi got no answer: ${thrown}.`, { cause: thrown })
  }
  if (thrown === 'Too many requests')
    return new ClientSecretError('RATE_LIMITED', 'Skapi answered that there are too many requests.', { cause: thrown })
  const { code, message } = fieldsOf(thrown)
  const text = typeof message === 'string' ? message : typeof thrown === 'string' ? thrown : JSON.stringify(thrown)
  if (code === 'INVALID_PARAMETER')
    return new ClientSecretError('INVALID_PARAMETER', `Skapi refused the request: ${text}`, { cause: thrown })
  if (code === 'NOT_EXISTS')
    return new ClientSecretError('REQUEST_NOT_FOUND', `Skapi knows no such request: ${text}`, { cause: thrown })
  return new ClientSecretError('UPSTREAM_ERROR', `Skapi or the API answered with a failure: ${text}`, {
    cause: thrown,
    data: thrown,
  })
}
