import { fileURLToPath } from 'node:url'
import { storybookTest } from '@storybook/addon-vitest/vitest-plugin'
import { playwright } from '@vitest/browser-playwright'
import { defineConfig } from 'vitest/config'
import { chromiumArguments, findChromium } from './scripts/chromium.ts'

const define = { BUILD_IS_COMMONJS: 'false' }
const chromium = findChromium()

/** A hang is told late, so that a test on a busy machine is not taken for one. */
const patient = { testTimeout: 60_000, hookTimeout: 60_000, expect: { poll: { timeout: 30_000 } } }

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const react18 = [
  { find: /^react$/, replacement: here('test/react-18/node_modules/react/index.js') },
  { find: /^react\/(jsx-runtime|jsx-dev-runtime)$/, replacement: here('test/react-18/node_modules/react/$1.js') },
  { find: /^react-dom$/, replacement: here('test/react-18/node_modules/react-dom/index.js') },
  { find: /^react-dom\/client$/, replacement: here('test/react-18/node_modules/react-dom/client.js') },
  { find: /^react-dom\/test-utils$/, replacement: here('test/react-18/node_modules/react-dom/test-utils.js') },
  { find: /^react-dom\/server$/, replacement: here('test/react-18/node_modules/react-dom/server.node.js') },
  // Its module build, whose imports can be redirected.
  {
    find: /^@testing-library\/react$/,
    replacement: here('node_modules/@testing-library/react/dist/@testing-library/react.esm.js'),
  },
  { find: 'use-sync-external-store/shim', replacement: here('test/react-18/use-sync-external-store.ts') },
]
const built = [
  {
    find: /^(\.\.\/)+src\/exports\/(index|client|skapi|testing|relay|vite|presets|worker|ai-sdk|devtools)\.ts$/,
    replacement: here('dist/$2.js'),
  },
]

export default defineConfig({
  test: {
    // Most suites wait for servers more than they work: one worker less than there are cores would leave them idle.
    maxWorkers: '100%',
    projects: [
      // Our modules in Node, against real servers.
      {
        define,
        test: {
          name: 'node',
          ...patient,
          environment: 'node',
          include: [
            'test/{apis,attack,client,command,contract,relay}/**/*.test.ts',
            'test/sdks/{in-node,preset-lines}.test.ts',
            'test/*.test.ts',
          ],
        },
      },
      // The hooks in jsdom, against a real relay.
      { define, test: { name: 'react', ...patient, environment: 'jsdom', include: ['test/react/**/*.test.tsx'] } },
      // The same on React 18.
      {
        define,
        resolve: { alias: react18 },
        test: {
          name: 'react-18',
          ...patient,
          environment: 'jsdom',
          include: ['test/react/**/*.test.tsx'],
          // What is not inlined is loaded by Node, which knows no alias.
          server: { deps: { inline: ['swr', /@testing-library\/react/] } },
        },
      },
      // The same, and the client's, on the built package. `npm test` builds first.
      {
        define,
        resolve: { alias: built },
        test: { name: 'built', ...patient, environment: 'jsdom', include: ['test/react/**/*.test.tsx'] },
      },
      // The packed tarball, installed. It builds first.
      {
        test: {
          name: 'package',
          environment: 'node',
          include: ['test/package/**/*.test.ts'],
          globalSetup: 'test/helpers/pack.ts',
          ...patient,
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
      // The examples, installed from the packed tarball, built, and clicked through in a Chromium. `npm test` builds first.
      {
        test: {
          name: 'examples',
          sequence: { groupOrder: 2 },
          environment: 'node',
          include: ['test/examples/**/*.test.ts'],
          globalSetup: 'test/helpers/pack.ts',
          ...patient,
          testTimeout: 300_000,
        },
      },
      // Apps made by the generators of frameworks, with the documented recipes, in a Chromium. `npm test` builds first.
      {
        test: {
          name: 'frameworks',
          sequence: { groupOrder: 2 },
          environment: 'node',
          include: ['test/frameworks/**/*.test.ts'],
          globalSetup: 'test/helpers/pack.ts',
          ...patient,
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
      // The demo, started as a user starts it, and the SDKs, in a Chromium.
      {
        test: {
          name: 'browser',
          sequence: { groupOrder: 2 },
          environment: 'node',
          include: ['test/browser/**/*.test.ts', 'test/sdks/in-chromium*.test.ts'],
          ...patient,
          testTimeout: 120_000,
          hookTimeout: 180_000,
        },
      },
      // Each story rendered and played in a Chromium, and looked through by axe.
      {
        plugins: [storybookTest({ configDir: '.storybook' })],
        test: {
          name: 'stories',
          testTimeout: 60_000,
          // Alone, so that a picture is not waited for because something else starts.
          sequence: { groupOrder: 1 },
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: playwright({
              launchOptions: { ...(chromium && { executablePath: chromium }), args: chromiumArguments },
            }),
            instances: [{ browser: 'chromium' }],
          },
        },
      },
    ],
  },
})
