import * as zlib from 'node:zlib'

/** 8 MiB: RFC 9659 bounds what a reader on the web must keep in mind. */
const windowLogMax = 23

/** Undefined before Node 22.15, which does not know zstd. */
export function createZstdDecoder(): zlib.ZstdDecompress | undefined {
  // By the namespace, because an import of a name that is not there would end the process.
  return zlib.createZstdDecompress?.({ params: { [zlib.constants.ZSTD_d_windowLogMax]: windowLogMax } })
}
