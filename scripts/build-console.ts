import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type { ConsoleAssets } from '../src/relay/console-assets.ts'

const folder = new URL('../src/console/', import.meta.url)
const here = (file: string) => fileURLToPath(new URL(file, folder))

/** Builds the administrator's page into strings, React included, so that the relay serves it without reading files. */
export async function buildConsole(): Promise<ConsoleAssets> {
  const { outputFiles } = await build({
    entryPoints: { app: here('main.tsx'), style: here('console.css') },
    outdir: here('.'),
    write: false,
    bundle: true,
    minify: true,
    format: 'esm',
    // Both know `light-dark()` and nesting by themselves.
    target: ['es2022', 'chrome123', 'firefox120', 'safari17.5'],
    jsx: 'automatic',
    charset: 'utf8',
    legalComments: 'eof',
    define: { 'process.env.NODE_ENV': '"production"' },
    logLevel: 'error',
  })
  const text = (ending: string) => outputFiles.find(({ path }) => path.endsWith(ending))!.text
  return { script: text('app.js'), style: text('style.css'), html: await readFile(here('console.html'), 'utf8') }
}
