import { createHash, createHmac } from 'node:crypto'
import { findPlaceholders } from '../../protocol/placeholder.ts'
import type { ClientSecretRequest } from '../../protocol/request.ts'
import type { CompiledRule } from '../keys/key-rules.ts'
import type { KeyValue } from '../keys/key.ts'
import type { AwsSignature, HmacSignature, SignOptions } from '../keys/sign-options.ts'
import { substitute, type UpstreamCall } from './substitute.ts'

/** A signed call and its signature. The signature stays secret, because some are valid for another call too. */
export interface SignedCall {
  call: UpstreamCall
  signature: string
}

/** Builds a call with its signature in place of the placeholder. The relay never sends the secret itself. */
export async function signCall(
  sign: SignOptions,
  value: KeyValue,
  request: ClientSecretRequest,
  rule: CompiledRule,
): Promise<SignedCall> {
  const name = 'hmac' in sign ? sign.value : undefined
  const secret = name === undefined ? value.secret : value.named!.get(name)!
  /** The call with this text in place of the secret. */
  const callWith = (text: string) =>
    substitute(
      request,
      value.named ? { secret: '', named: new Map([...value.named, [name!, text]]) } : { secret: text },
      rule,
    )
  const places = findPlaceholders(request).filter((found) => !value.named || found.name === name)
  const unsigned = without(callWith(''), new Set(places.map(({ place }) => place)))
  if ('aws' in sign) return signForAws(sign, secret, unsigned)
  const signature = hmacOf(sign, secret, unsigned)
  return { call: callWith(signature), signature }
}

/** The call without the headers and parameters for the signature. */
function without({ url, headers, ...call }: UpstreamCall, places: ReadonlySet<string>): UpstreamCall {
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

function hmacOf({ hmac, over, encoding = 'hex' }: HmacSignature, secret: string, call: UpstreamCall): string {
  const { method, url, headers, body } = call
  const parts: Record<string, string> = { method, path: url.pathname, query: url.search.slice(1), body: body ?? '' }
  const signed = over.map((part) => parts[part] ?? headers[part.slice('headers.'.length).toLowerCase()] ?? '')
  return createHmac(hmac, secret).update(signed.join('')).digest(encoding)
}

async function signForAws(
  { accessKeyId, service, region }: AwsSignature,
  secretAccessKey: string,
  call: UpstreamCall,
): Promise<SignedCall> {
  const { AwsV4Signer } = await import('aws4fetch')
  const { method, url, body } = call
  const hash = createHash('sha256')
    .update(body ?? '')
    .digest('hex')
  const signer = new AwsV4Signer({
    method,
    url: url.href,
    headers: { ...call.headers, 'x-amz-content-sha256': hash },
    body,
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
