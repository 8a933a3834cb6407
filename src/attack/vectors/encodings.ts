import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import type { Target } from '../target.ts'
import type { NamedAnswer } from '../raw-http.ts'

/** The secret in a compressed answer, declared correctly or not. */
export function inEachEncoding({ canary }: Target): NamedAnswer[] {
  const body = Buffer.from(JSON.stringify({ key: canary, much: 'x'.repeat(2_000) }))
  const encoded: [string, Buffer][] = [
    ['gzip', gzipSync(body)],
    ['x-gzip', gzipSync(body)],
    ['GZIP', gzipSync(body)],
    [' gzip ', gzipSync(body)],
    ['br', brotliCompressSync(body)],
    ['deflate', deflateSync(body)],
    ['gzip, br', brotliCompressSync(gzipSync(body))],
    ['gzip, gzip', gzipSync(gzipSync(body))],
    ['deflate, gzip', gzipSync(deflateSync(body))],
    ['identity', body],
    ['identity, identity', body],
    ['unknown', body],
    ['aes128gcm', body],
    ['none', body],
  ]
  // The vulnerable relay cannot decompress these either, and returns them as bytes.
  const undone: [string, Buffer][] = [
    ['zstd', zstdCompressSync(body)],
    ['compress', gzipSync(body)],
    ['gzip;q=1', gzipSync(body)],
  ]
  const undeclared: [string, Buffer][] = [
    ['gzip', gzipSync(body)],
    ['zlib', deflateSync(body)],
    ['zlib at its fastest', deflateSync(body, { level: 1 })],
    ['zlib at its best', deflateSync(body, { level: 9 })],
    ['zstd', zstdCompressSync(body)],
    ['gzip in gzip', gzipSync(gzipSync(body))],
    ['zlib in gzip', gzipSync(deflateSync(body))],
  ]
  const types = ['application/gzip', 'application/json', 'application/octet-stream', 'text/plain', 'image/png', '']
  return [
    ...undeclared.flatMap(([name, bytes]) =>
      types.map((type): NamedAnswer => [
        `compressed as ${name}, declared as ${type || 'nothing'}`,
        { headers: { 'content-type': type }, body: bytes },
      ]),
    ),
    ...[...encoded, ...undone].map(([encoding, bytes]): NamedAnswer => [
      `encoded as "${encoding}"`,
      { headers: { 'content-encoding': encoding }, body: bytes },
    ]),
    ...['gzip, chunked', 'gzip,chunked', 'GZIP, chunked'].map((encoding): NamedAnswer => [
      `transferred as "${encoding}"`,
      { headers: { 'transfer-encoding': encoding }, body: gzipSync(body), chunk: 1_000 },
    ]),
    ['encoded as raw deflate', { headers: { 'content-encoding': 'deflate' }, body: deflateRawSync(body) }],
    ['gzip, declared as br', { headers: { 'content-encoding': 'br' }, body: gzipSync(body) }],
    ['plain, declared as gzip', { headers: { 'content-encoding': 'gzip' }, body }],
    [
      'two gzip members',
      {
        headers: { 'content-encoding': 'gzip' },
        body: Buffer.concat([gzipSync(Buffer.from('{"key":')), gzipSync(Buffer.from(`${JSON.stringify(canary)}}`))]),
      },
    ],
    ['gzip cut in the middle', { headers: { 'content-encoding': 'gzip' }, body: gzipSync(body).subarray(0, -12) }],
    [
      'gzip with trailing bytes',
      { headers: { 'content-encoding': 'gzip' }, body: Buffer.concat([gzipSync(body), Buffer.from(canary)]) },
    ],
    ['gzip of an error', { status: 500, headers: { 'content-encoding': 'gzip' }, body: gzipSync(body) }],
  ]
}
