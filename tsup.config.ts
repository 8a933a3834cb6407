import { basename } from 'node:path'
import { defineConfig, type Options } from 'tsup'
import { buildConsole } from './scripts/build-console.ts'
import { buildWorker } from './scripts/build-worker.ts'

/** The package's import paths, and the command. */
const entries = {
  index: 'src/exports/index.ts',
  client: 'src/exports/client.ts',
  skapi: 'src/exports/skapi.ts',
  testing: 'src/exports/testing.ts',
  relay: 'src/exports/relay.ts',
  vite: 'src/exports/vite.ts',
  presets: 'src/exports/presets.ts',
  worker: 'src/exports/worker.ts',
  'ai-sdk': 'src/exports/ai-sdk.ts',
  devtools: 'src/exports/devtools.ts',
}

/**
 * Puts the administrator's page and the service worker into the package as strings: it works from any bundler and
 * reads no files. Each has a file of its own, and both module systems import that one file.
 */
const builtTexts: NonNullable<Options['esbuildPlugins']>[number] = {
  name: 'built-texts',
  setup(esbuild) {
    esbuild.onResolve({ filter: /\/(console-assets|worker-code)\.ts$/ }, ({ kind, path }) =>
      kind === 'entry-point' ? undefined : { path: `./${basename(path, '.ts')}.js`, external: true },
    )
    esbuild.onLoad({ filter: /[/\\]console-assets\.ts$/ }, async () => ({
      contents: `export const consoleAssets = ${JSON.stringify(await buildConsole())}`,
    }))
    esbuild.onLoad({ filter: /[/\\]worker-code\.ts$/ }, async () => ({
      contents: `export const workerCode = ${JSON.stringify(await buildWorker())}`,
    }))
  },
}

/** What the Vite plugin loads when a server starts. Both module systems load the one module. */
const devRelay: NonNullable<Options['esbuildPlugins']>[number] = {
  name: 'dev-relay',
  setup(esbuild) {
    esbuild.onResolve({ filter: /^\.\/dev-relay\.ts$/ }, () => ({ path: './dev-relay.js', external: true }))
  },
}

const shared: Options = {
  target: 'es2022',
  platform: 'neutral',
  // `node:sqlite` exists only with its prefix.
  removeNodeProtocol: false,
  external: [/^node:/],
  treeshake: false,
  sourcemap: false,
  clean: false,
  esbuildPlugins: [builtTexts],
}

/** The two module systems differ in how a module is loaded after a check; see src/exports/relay.ts. */
const asModule: Options = { format: 'esm', splitting: true, define: { BUILD_IS_COMMONJS: 'false' } }
const asCommonJs: Options = {
  format: 'cjs',
  splitting: false,
  define: { BUILD_IS_COMMONJS: 'true' },
  esbuildPlugins: [builtTexts, devRelay],
}

export default defineConfig([
  {
    ...shared,
    ...asModule,
    entry: {
      ...entries,
      cli: 'src/command/client-secret-relay.ts',
      'console-assets': 'src/relay/http/console-assets.ts',
      'dev-relay': 'src/vite/dev-relay.ts',
      'worker-code': 'src/command/worker-code.ts',
    },
  },
  { ...shared, ...asCommonJs, entry: entries },
  // One set of declarations for each module system, as `exports` names them.
  { ...shared, entry: entries, format: ['esm', 'cjs'], dts: { only: true } },
])
