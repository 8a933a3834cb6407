import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/** The administrators' page as the relay serves it. */
interface ConsoleAssets {
  script: string
  style: string
  html: string
}

const folder = new URL('../src/console/', import.meta.url)
const here = (file: string) => fileURLToPath(new URL(file, folder))

/** Builds the administrators' page into strings, including preact, so that the relay reads no files. */
export async function buildConsole(): Promise<ConsoleAssets> {
  const { outputFiles } = await build({
    entryPoints: { app: here('main.tsx'), style: here('console.css') },
    outdir: here('.'),
    write: false,
    bundle: true,
    minify: true,
    format: 'esm',
    // All of these support `light-dark()` and nesting.
    target: ['es2022', 'chrome123', 'firefox120', 'safari17.5'],
    jsx: 'automatic',
    // The source uses React, which would be 70 % of the bundle.
    alias: {
      react: 'preact/compat',
      'react/jsx-runtime': 'preact/jsx-runtime',
      'react-dom': 'preact/compat',
      'react-dom/client': 'preact/compat/client',
    },
    charset: 'utf8',
    banner: {
      js: '/*! With preact, Copyright (c) 2015-present Jason Miller, and zod, Copyright (c) 2025 Colin McDonnell; both under the MIT license. */',
    },
    define: { 'process.env.NODE_ENV': '"production"' },
    logLevel: 'error',
  })
  const text = (ending: string) => outputFiles.find(({ path }) => path.endsWith(ending))!.text
  return { script: text('app.js'), style: text('style.css'), html: await readFile(here('console.html'), 'utf8') }
}
