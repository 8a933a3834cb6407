import { storybookTest } from '@storybook/addon-vitest/vitest-plugin'
import { playwright } from '@vitest/browser-playwright'
import { defineConfig } from 'vitest/config'
import { chromiumArguments, findChromium } from './scripts/chromium.ts'

const define = { BUILD_IS_COMMONJS: 'false' }
const chromium = findChromium()

export default defineConfig({
  test: {
    projects: [
      // Our modules in Node, against real servers.
      {
        define,
        test: {
          name: 'node',
          environment: 'node',
          include: ['test/{protocol,client,relay}/**/*.test.ts', 'test/*.test.ts'],
        },
      },
      // The hooks in jsdom, against a real relay.
      { define, test: { name: 'react', environment: 'jsdom', include: ['test/react/**/*.test.tsx'] } },
      // The packed tarball, installed. It builds first.
      {
        test: {
          name: 'package',
          environment: 'node',
          include: ['test/package/**/*.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
      // The demo, started as a user starts it, in a Chromium.
      {
        test: {
          name: 'browser',
          environment: 'node',
          include: ['test/browser/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      // Each story rendered and played in a Chromium, and looked through by axe.
      {
        plugins: [storybookTest({ configDir: '.storybook' })],
        test: {
          name: 'stories',
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
