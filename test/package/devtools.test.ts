import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { build as buildWithEsbuild } from 'esbuild'
import { build as buildWithVite, type Rollup } from 'vite'
import { expect, onTestFinished, test } from 'vitest'

const dist = resolve(import.meta.dirname, '../../dist')

/** A page, with the panel or without. */
function page(isWithPanel: boolean): string {
  const panel = isWithPanel ? ', createElement(ClientSecretDevtools)' : ''
  return `import { createElement } from 'react'
import { createRoot } from 'react-dom/client'
import { ClientSecretProvider, useClientSecretRequest } from ${JSON.stringify(join(dist, 'index.js'))}
${isWithPanel ? `import { ClientSecretDevtools } from ${JSON.stringify(join(dist, 'devtools.js'))}` : ''}
function Page() {
  const { send, status } = useClientSecretRequest({ clientSecretName: 'a', url: 'https://a.example.com', method: 'GET' })
  return createElement('button', { onClick: send }, status)
}
createRoot(document.body).render(
  createElement(ClientSecretProvider, { relay: '/relay' }, createElement(Page)${panel}),
)
`
}

const bundlers: Record<string, (code: string, mode: 'production' | 'development') => Promise<string>> = {
  async esbuild(contents, mode) {
    const { outputFiles } = await buildWithEsbuild({
      stdin: { contents, resolveDir: import.meta.dirname },
      bundle: true,
      write: false,
      minify: true,
      format: 'esm',
      logLevel: 'error',
      define: { 'process.env.NODE_ENV': JSON.stringify(mode) },
    })
    return outputFiles[0]!.text
  },
  async Vite(code, mode) {
    const folder = mkdtempSync(join(tmpdir(), 'devtools-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const entry = join(folder, 'page.js')
    writeFileSync(entry, code)
    const result = await buildWithVite({
      configFile: false,
      logLevel: 'error',
      root: resolve(import.meta.dirname, '../..'),
      mode,
      define: { 'process.env.NODE_ENV': JSON.stringify(mode) },
      resolve: { dedupe: ['react', 'react-dom'] },
      build: { write: false, rollupOptions: { input: entry } },
    })
    const { output } = [result].flat()[0] as Rollup.RollupOutput
    return output.map((chunk) => ('code' in chunk ? chunk.code : '')).join('')
  },
}

test.each(Object.entries(bundlers))(
  'a production page of %s has nothing of the panel but an empty component',
  async (_name, bundle) => {
    const without = await bundle(page(false), 'production')
    const withPanel = await bundle(page(true), 'production')
    const marks = ['csd-panel', 'Client secret requests', 'useInsertionEffect', 'client-secret-response']
    const found = (text: string) => marks.filter((mark) => text.includes(mark))
    expect(found(withPanel)).toEqual(found(without))
    console.log(`${without.length} bytes without the panel, ${withPanel.length} with it`)
    // The element, `() => null`, and in esbuild one more import of React.
    expect(withPanel.length - without.length).toBeLessThanOrEqual(80)
    // The same page in development has the panel, or this test would look for nothing.
    expect(await bundle(page(true), 'development')).toContain('csd-panel')
  },
)

test('with require, it is the empty component', () => {
  const { ClientSecretDevtools } = createRequire(import.meta.url)(join(dist, 'devtools.cjs')) as {
    ClientSecretDevtools: (props: object) => unknown
  }
  expect(ClientSecretDevtools({})).toBeNull()
})
