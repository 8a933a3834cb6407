import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

export interface Size {
  /** Bytes, as a bundler writes them for a browser. */
  minified: number
  /** Bytes on the wire, at gzip's highest level. */
  gzipped: number
}

/** What others wrote: React, which every page that uses us has already, and what we bring along. */
const notOurs = ['react', 'react-dom', 'swr', 'zod']

/**
 * The code of an import path alone, without what others wrote.
 *
 * @param entryPath A file, or the name of an installed package.
 */
export function measureOwn(entryPath: string): Promise<Size> {
  return measure(`export * from ${JSON.stringify(entryPath)}`, notOurs)
}

const pageOfReact = ['react', 'react/jsx-runtime', 'react-dom/client']

/**
 * What an import of everything adds to a page of React: all but React. It is the
 * page with it less the page without it. Left out of the bundle, React would be
 * counted after all, as what a bundler writes in its stead where CommonJS asks for it.
 *
 * @param entryPath A file, or the name of an installed package.
 */
export async function measureAdded(entryPath: string): Promise<Size> {
  const [without, withIt] = await Promise.all([pageOf(pageOfReact), pageOf([...pageOfReact, entryPath])])
  return { minified: withIt.minified - without.minified, gzipped: withIt.gzipped - without.gzipped }
}

/** A page that uses all of these. */
function pageOf(paths: string[]): Promise<Size> {
  const imports = paths.map((path, index) => `import * as part${index} from ${JSON.stringify(path)}`)
  return measure([...imports, `console.log(${paths.map((_, index) => `part${index}`).join()})`].join('\n'), [])
}

async function measure(contents: string, external: string[]): Promise<Size> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: import.meta.dirname },
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
