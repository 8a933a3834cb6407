import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

export interface Size {
  /** Bytes, as a bundler writes them for a browser. */
  minified: number
  /** Bytes on the wire, at gzip's highest level. */
  gzipped: number
}

/** What others wrote: React, which every page that uses us has already, and what we bring along. */
const notOurs = ['react', 'react-dom', 'swr', 'zod', 'ai']

/** An import path, or a part of its names. */
interface Entry {
  /** A file, or the name of an installed package. */
  path: string
  /** The names that a page imports. Default: all. */
  names?: readonly string[] | undefined
}

const from = (entry: Entry | string): Entry => (typeof entry === 'string' ? { path: entry } : entry)

/** The code of an import path alone, without what others wrote. */
export function measureOwn(entry: Entry | string): Promise<Size> {
  const { path, names } = from(entry)
  return measure(`export ${names ? `{ ${names.join()} }` : '*'} from ${JSON.stringify(path)}`, notOurs)
}

/** The names of the values that an import path exports. */
export async function namesOf(path: string): Promise<string[]> {
  const { metafile } = await build({ ...options, entryPoints: [path], metafile: true, external: notOurs })
  return Object.values(metafile.outputs)[0]!.exports
}

const pageOfReact = ['react', 'react/jsx-runtime', 'react-dom/client'].map(from)

/**
 * What an import of everything adds to a page of React: all but React. It is the
 * page with it less the page without it. Left out of the bundle, React would be
 * counted after all, as what a bundler writes in its stead where CommonJS asks for it.
 */
export async function measureAdded(entry: Entry | string): Promise<Size> {
  const [without, withIt] = await Promise.all([pageOf(pageOfReact), pageOf([...pageOfReact, from(entry)])])
  return { minified: withIt.minified - without.minified, gzipped: withIt.gzipped - without.gzipped }
}

/** A page that uses all of these. */
function pageOf(entries: Entry[]): Promise<Size> {
  const imports = entries.map(({ path, names }, index) => {
    const parts = names?.map((name) => `${name} as part${index}_${name}`)
    return `import ${parts ? `{ ${parts.join()} }` : `* as part${index}`} from ${JSON.stringify(path)}`
  })
  const used = entries.flatMap(({ names }, index) => names?.map((name) => `part${index}_${name}`) ?? `part${index}`)
  return measure([...imports, `console.log(${used.join()})`].join('\n'), [])
}

const options = {
  bundle: true,
  write: false,
  minify: true,
  format: 'esm',
  target: 'es2022',
  platform: 'browser',
  define: { 'process.env.NODE_ENV': '"production"' },
  logLevel: 'error',
} as const

async function measure(contents: string, external: string[]): Promise<Size> {
  const { outputFiles } = await build({
    ...options,
    stdin: { contents, resolveDir: import.meta.dirname },
    external: external.flatMap((name) => [name, `${name}/*`]),
  })
  const code = outputFiles[0]!.contents
  return { minified: code.length, gzipped: gzipSync(code, { level: 9 }).length }
}
