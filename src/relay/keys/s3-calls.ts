import { ClientSecretError } from '../../protocol/errors.ts'
import { abridged } from '../../protocol/invalid-parameter.ts'
import { containsPlaceholder } from '../../protocol/placeholder.ts'
import type { ClientSecretRequest, Method } from '../../protocol/request.ts'
import type { SignOptions } from './sign-options.ts'

/**
 * In S3, the query and the headers choose the operation: `?acl` opens an object to everybody, and `x-amz-copy-source`
 * copies any object of the account into the folder of a rule. Lists of what compatible services understand have no end,
 * so these lists name what reading, writing, listing and deleting need.
 */
const headers =
  /^(accept(-[a-z]+)?|cache-control|content-(disposition|encoding|language|md5|type)|expires|if-[a-z-]+|pragma|user-agent|x-amz-(meta|checksum)-[a-z0-9._-]+|x-amz-sdk-checksum-algorithm)$/

const listing = 'list-type prefix delimiter max-keys start-after continuation-token marker encoding-type'.split(' ')
/** Of the method: `DELETE ?uploadId` ends an upload in parts. */
const params: Partial<Record<Method, readonly string[]>> = {
  GET: listing,
  HEAD: [],
  PUT: ['uploadId', 'partNumber'],
  POST: ['uploads', 'uploadId'],
  DELETE: ['uploadId'],
}

/**
 * Rejects what changes the operation of a call that is signed for S3.
 *
 * @throws ClientSecretError `NOT_ALLOWED`
 */
export function checkS3Call(keyName: string, sign: SignOptions | undefined, request: ClientSecretRequest): void {
  const url = new URL(request.url)
  if (!sign || !isForS3(sign, url)) return
  const refuse = (what: string, path: string, remedy = 'Leave it out') =>
    new ClientSecretError(
      'NOT_ALLOWED',
      `The key "${keyName}" may not be used ${what}: its signatures for S3 only read, write, list and delete objects. ${remedy}, or make this call on your server.`,
      { path },
    )
  for (const [name, value] of Object.entries(request.headers ?? {}))
    if (!headers.test(name.toLowerCase()) && !containsPlaceholder(value))
      throw refuse(`with the header ${abridged(name)}`, `headers.${name}`)
  const known = params[request.method] ?? []
  for (const name of [...url.searchParams.keys(), ...Object.keys(request.params ?? {})])
    if (!known.includes(name))
      throw refuse(`with the query parameter ${abridged(name)} and ${request.method}`, `params.${name}`)
  if (!['GET', 'HEAD'].includes(request.method) && isBucket(url))
    throw refuse(`with ${request.method} at a bucket`, 'url', 'Name an object in the url')
}

/** The signer finds the service in the host if the options do not name it. */
export function isForS3(sign: SignOptions, { hostname }: URL): boolean {
  if (!('aws' in sign)) return false
  return sign.service ? sign.service.startsWith('s3') : /(^|\.)s3[.-]|\.r2\.cloudflarestorage\.com$/.test(hostname)
}

/** Whether the path ends at a bucket, in its host or as the first segment. */
function isBucket({ pathname }: URL): boolean {
  return /^\/([^/]*\/)?$/.test(pathname)
}
