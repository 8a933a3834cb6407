import * as zlib from 'node:zlib'

/** 8 MiB, the largest window that RFC 9659 allows on the web. */
const windowLogMax = 23

/** Undefined before Node 22.15, which has no zstd. */
export function createZstdDecoder(): zlib.ZstdDecompress | undefined {
  // Through the namespace, because importing a missing name would end the process.
  return zlib.createZstdDecompress?.({ params: { [zlib.constants.ZSTD_d_windowLogMax]: windowLogMax } })
}
