import { configError, fieldMustBe, type ErrorContext } from '../common/config-error.ts'

/** A part of the call that an HMAC covers. */
export type SignedPart = 'method' | 'path' | 'query' | 'body' | `headers.${string}`

/**
 * Signatures of AWS, and of compatible services such as S3 storage. For S3, the relay signs plain calls only: it rejects
 * query parameters and headers that change the operation, such as `acl` and `x-amz-copy-source`.
 */
export interface AwsSignature {
  aws: 'sigv4'
  accessKeyId: string
  /** Default: from the host. */
  service?: string | undefined
  /** Default: from the host. */
  region?: string | undefined
}

/** An HMAC of parts of the call, for APIs such as Binance. */
export interface HmacSignature {
  hmac: 'sha256' | 'sha384' | 'sha512'
  /** The signed parts, joined without a separator. The query excludes the parameter for the signature. */
  over: SignedPart[]
  /** Default: `hex`. */
  encoding?: 'hex' | 'base64' | undefined
  /** For a key with several values: the name of the signing value. Its placeholder becomes the signature; the others become their values. */
  value?: string | undefined
}

/** For an API that needs a signature of each call. `$CLIENT_SECRET` becomes the signature, and the secret stays in the relay. */
export type SignOptions = AwsSignature | HmacSignature

const awsFields = ['aws', 'accessKeyId', 'service', 'region']
const hmacFields = ['hmac', 'over', 'encoding', 'value']
const part = /^(method|path|query|body|headers\.[!#$%&'*+.^_`|~0-9A-Za-z-]+)$/

/**
 * Reads `sign` of a key.
 *
 * @param names The names of the values, for a key with several.
 * @throws ClientSecretError `INVALID_PARAMETER`. The message says what to do.
 */
export function readSign(given: unknown, telling: ErrorContext, names?: readonly string[]): SignOptions {
  const refuse = (problem: string): never => {
    throw configError(telling, `has a sign ${problem}`, 'sign')
  }
  if (typeof given !== 'object' || given === null || !('aws' in given || 'hmac' in given))
    return refuse(`of an unknown form. Write { aws: 'sigv4', accessKeyId } or { hmac: 'sha256', over: ['query'] }.`)
  const sign = given as Record<string, unknown>
  const fields = 'aws' in sign ? awsFields : hmacFields
  const unknown = Object.keys(sign).find((field) => !fields.includes(field))
  if (unknown !== undefined) refuse(`with a field "${unknown}". The fields are ${fields.join(', ')}.`)
  if ('aws' in sign) {
    // It goes into a header.
    const isId = typeof sign['accessKeyId'] === 'string' && /^[\x21-\x7e]+$/.test(sign['accessKeyId'])
    if (sign['aws'] !== 'sigv4' || !isId) refuse(`that is not { aws: 'sigv4', accessKeyId }.`)
    for (const name of ['service', 'region'] as const)
      fieldMustBe(['string', 'undefined'].includes(typeof sign[name]), telling, `sign.${name}`, 'a string', sign[name])
    if (names) refuse('for AWS and several values. Give the access key id in it, and one secret.')
    return given as AwsSignature
  }
  const { hmac, over, encoding = 'hex', value } = sign
  const mustBe = (isMet: boolean, field: keyof HmacSignature, expectation: string) =>
    fieldMustBe(isMet, telling, `sign.${field}`, expectation, sign[field])
  const isPart = (one: unknown) => typeof one === 'string' && part.test(one)
  mustBe(['sha256', 'sha384', 'sha512'].includes(hmac as string), 'hmac', 'sha256, sha384 or sha512')
  mustBe(
    Array.isArray(over) && over.length > 0 && over.every(isPart),
    'over',
    'a list of method, path, query, body and headers.<name>',
  )
  mustBe(encoding === 'hex' || encoding === 'base64', 'encoding', 'hex or base64')
  if (names ? !names.includes(value as string) : value !== undefined)
    refuse(
      names
        ? `whose value is not one of ${names.join(', ')}.`
        : 'with the field value, but its key has a single value. Leave it out.',
    )
  return given as HmacSignature
}
