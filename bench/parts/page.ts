import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/** A page of the benches as one document, with React as it is in production. */
export async function buildPage(name = 'main'): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(`../page/${name}.tsx`, import.meta.url))],
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    target: 'es2023',
    jsx: 'automatic',
    define: { 'process.env.NODE_ENV': '"production"' },
  })
  const script = outputFiles[0]!.text.replaceAll('</script', '<\\/script')
  return `<!doctype html><meta charset="utf-8"><title>bench</title><div id="place"></div><script type="module">${script}</script>`
}
