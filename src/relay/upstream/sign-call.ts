import { createHash, createHmac } from 'node:crypto'
import { ClientSecretError } from '../../protocol/errors.ts'
import { findPlaceholders } from '../../protocol/placeholder.ts'
import type { ClientSecretRequest } from '../../protocol/request.ts'
import type { CompiledRule } from '../keys/key-rules.ts'
import type { Key, KeyValue } from '../keys/key.ts'
import { isForS3 } from '../keys/s3-calls.ts'
import type { AwsSignature, HmacSignature, SignOptions } from '../keys/sign-options.ts'
import { boundaryOf } from './multipart.ts'
import { isSentOnce, withRawBody, type RawBody, type RawUpstreamCall } from './raw-body.ts'
import { substitute } from './substitute.ts'

/** A signed call and its signature. The signature stays secret, because some are valid for another call too. */
export interface SignedCall {
  call: RawUpstreamCall
  signature: string
}

/** A key that signs. */
export type SigningKey = Pick<Key, 'name'> & { sign: SignOptions }

/**
 * Builds a call with its signature in place of the placeholder. The relay never sends the secret itself.
 *
 * @param raw A body outside of the request.
 * @throws ClientSecretError `NOT_ALLOWED` if the signature has to cover a body that passes through.
 */
export async function signCall(
  { name: keyName, sign }: SigningKey,
  value: KeyValue,
  request: ClientSecretRequest,
  rule: CompiledRule,
  raw: RawBody | null,
): Promise<SignedCall> {
  const name = 'hmac' in sign ? sign.value : undefined
  const secret = name === undefined ? value.secret : value.named!.get(name)!
  /** The call with this text in place of the secret. */
  const callWith = (text: string, contentType?: string) =>
    withRawBody(
      substitute(
        contentType === undefined
          ? request
          : { ...request, headers: { ...request.headers, 'content-type': contentType } },
        value.named ? { secret: '', named: new Map([...value.named, [name!, text]]) } : { secret: text },
        rule,
      ),
      raw,
    )
  const places = findPlaceholders(request).filter((found) => !value.named || found.name === name)
  const unsigned = without(callWith(''), new Set(places.map(({ place }) => place)))
  const isBodySigned =
    'aws' in sign ? !isForS3(sign, unsigned.url) || unsigned.url.protocol !== 'https:' : sign.over.includes('body')
  if (isSentOnce(unsigned.body) && isBodySigned) throw tooLargeToSign(keyName)
  if ('aws' in sign) return signForAws(sign, secret, unsigned)
  const signature = hmacOf(sign, secret, unsigned)
  // A boundary that the relay makes is the same in both.
  const contentType = boundaryOf(unsigned.headers) && unsigned.headers['content-type']
  return { call: callWith(signature, contentType), signature }
}

/** The call without the headers and parameters for the signature. */
function without({ url, headers, ...call }: RawUpstreamCall, places: ReadonlySet<string>): RawUpstreamCall {
  const rest = new URL(url)
  // Keeps the query byte for byte, because the signature covers each byte.
  const nameOf = (pair: string) => [...new URLSearchParams(pair).keys()][0] ?? ''
  rest.search = url.search
    .slice(1)
    .split('&')
    .filter((pair) => !places.has(`params.${nameOf(pair)}`))
    .join('&')
  const kept = Object.entries(headers).filter(([name]) => !places.has(`headers.${name}`))
  return { ...call, url: rest, headers: Object.fromEntries(kept) }
}

function hmacOf({ hmac, over, encoding = 'hex' }: HmacSignature, secret: string, call: RawUpstreamCall): string {
  const { method, url, headers, body } = call
  const bytes = isSentOnce(body) ? '' : (body ?? '')
  const parts: Record<string, string | Uint8Array> = {
    method,
    path: url.pathname,
    query: url.search.slice(1),
    body: bytes,
  }
  const hash = createHmac(hmac, secret)
  for (const part of over) hash.update(parts[part] ?? headers[part.slice('headers.'.length).toLowerCase()] ?? '')
  return hash.digest(encoding)
}

async function signForAws(
  { accessKeyId, service, region }: AwsSignature,
  secretAccessKey: string,
  call: RawUpstreamCall,
): Promise<SignedCall> {
  const { AwsV4Signer } = await import('aws4fetch')
  const { method, url, body } = call
  const hash = isSentOnce(body)
    ? 'UNSIGNED-PAYLOAD'
    : createHash('sha256')
        .update(body ?? '')
        .digest('hex')
  const signer = new AwsV4Signer({
    method,
    url: url.href,
    headers: { ...call.headers, 'x-amz-content-sha256': hash },
    accessKeyId,
    secretAccessKey,
    ...(service !== undefined && { service }),
    ...(region !== undefined && { region }),
  })
  const signed = await signer.sign()
  // The signer normalises the path, and signs that form.
  const { host: _host, ...headers } = Object.fromEntries(new Headers(signed.headers))
  const signature = /Signature=([0-9a-f]+)/.exec(headers['authorization'] ?? '')?.[1] ?? ''
  return { call: { ...call, url: signed.url, headers }, signature }
}

function tooLargeToSign(keyName: string): ClientSecretError {
  return new ClientSecretError(
    'NOT_ALLOWED',
    `The key "${keyName}" signs the body of its calls, and this one is too large for the relay to keep until it is signed. Send at most limits.requestBytes, or raise that limit. For S3, use https.`,
    { path: 'data' },
  )
}
