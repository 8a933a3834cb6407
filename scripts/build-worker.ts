import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/** Builds the service worker that `client-secret-relay worker` writes: one classic script, less its options. */
export async function buildWorker(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('../src/worker/worker-file.ts', import.meta.url))],
    write: false,
    bundle: true,
    minify: true,
    format: 'iife',
    target: ['es2022', 'chrome123', 'firefox120', 'safari17.5'],
    logLevel: 'error',
  })
  return outputFiles[0]!.text
}
