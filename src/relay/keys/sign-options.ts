import { configError, type ErrorContext } from '../common/config-error.ts'

/** What is signed with HMAC, in the order in which it is joined. */
export type SignedPart = 'method' | 'path' | 'query' | 'body' | `headers.${string}`

/** AWS, and what takes its signatures, such as S3-compatible storage. */
export interface AwsSignature {
  aws: 'sigv4'
  accessKeyId: string
  /** Default: as the host says. */
  service?: string | undefined
  /** Default: as the host says. */
  region?: string | undefined
}

/** An HMAC of parts of the call, as Binance and its like want it. */
export interface HmacSignature {
  hmac: 'sha256' | 'sha384' | 'sha512'
  /** The parts, joined without anything between them. The query is without the parameter that becomes the signature. */
  over: SignedPart[]
  /** Default: `hex`. */
  encoding?: 'hex' | 'base64' | undefined
  /** Of a key of several values: the name of the one that is signed with. It stands for the signature; the others for themselves. */
  value?: string | undefined
}

/** For an API that wants a signature of each call: `$CLIENT_SECRET` becomes the signature, and the secret is not sent. */
export type SignOptions = AwsSignature | HmacSignature

const awsFields = ['aws', 'accessKeyId', 'service', 'region']
const hmacFields = ['hmac', 'over', 'encoding', 'value']
const part = /^(method|path|query|body|headers\.[!#$%&'*+.^_`|~0-9A-Za-z-]+)$/

/**
 * Reads `sign` of a key.
 *
 * @param names Of the values of a key that has several.
 * @throws ClientSecretError `INVALID_PARAMETER` with a sentence for the operator.
 */
export function readSign(given: unknown, telling: ErrorContext, names?: readonly string[]): SignOptions {
  const refuse = (problem: string): never => {
    throw configError(telling, `has a sign ${problem}`, 'sign')
  }
  if (typeof given !== 'object' || given === null || !('aws' in given || 'hmac' in given))
    return refuse(`that is none of { aws: 'sigv4', accessKeyId } and { hmac: 'sha256', over: ['query'] }.`)
  const sign = given as Record<string, unknown>
  const fields = 'aws' in sign ? awsFields : hmacFields
  const unknown = Object.keys(sign).find((field) => !fields.includes(field))
  if (unknown !== undefined) refuse(`with a field "${unknown}". The fields are ${fields.join(', ')}.`)
  if ('aws' in sign) {
    if (sign['aws'] !== 'sigv4' || typeof sign['accessKeyId'] !== 'string' || sign['accessKeyId'] === '')
      refuse(`that is not { aws: 'sigv4', accessKeyId }.`)
    if (names) refuse('for AWS and several values. Give the access key id in it, and one secret.')
    return given as AwsSignature
  }
  const { hmac, over, encoding = 'hex', value } = sign
  if (!['sha256', 'sha384', 'sha512'].includes(hmac as string)) refuse('whose hmac is not sha256, sha384 or sha512.')
  if (!Array.isArray(over) || over.length === 0 || !over.every((one) => typeof one === 'string' && part.test(one)))
    refuse('whose over is no list of method, path, query, body and headers.<name>.')
  if (encoding !== 'hex' && encoding !== 'base64') refuse('whose encoding is neither hex nor base64.')
  if (names ? !names.includes(value as string) : value !== undefined)
    refuse(names ? `whose value is none of ${names.join(', ')}.` : 'with a value, and its key has one only.')
  return given as HmacSignature
}
