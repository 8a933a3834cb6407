import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

export interface Size {
  /** Bytes, as a bundler writes them for a browser. */
  minified: number
  /** Bytes on the wire, at gzip's highest level. */
  gzipped: number
}

/** Every page that uses us has it already. */
export const react = ['react', 'react-dom']

/** What we bring along that others wrote; left out where only own code is counted. */
export const brought = ['swr', 'zod']

/**
 * What an import of everything from a module adds to a page: bundled and
 * minified for production.
 *
 * @param entryPath A file, or the name of an installed package.
 * @param external Packages that are not counted; each with all that is imported below its name.
 */
export async function measureEntry(entryPath: string, { external }: { external: string[] }): Promise<Size> {
  const { outputFiles } = await build({
    entryPoints: [entryPath],
    absWorkingDir: import.meta.dirname,
    bundle: true,
    write: false,
    minify: true,
    format: 'esm',
    target: 'es2022',
    platform: 'browser',
    define: { 'process.env.NODE_ENV': '"production"' },
    external: external.flatMap((name) => [name, `${name}/*`]),
    logLevel: 'error',
  })
  const code = outputFiles[0]!.contents
  return { minified: code.length, gzipped: gzipSync(code, { level: 9 }).length }
}
