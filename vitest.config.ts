import { defineConfig } from 'vitest/config'

const define = { BUILD_IS_COMMONJS: 'false' }

export default defineConfig({
  test: {
    projects: [
      { define, test: { name: 'node', environment: 'node', include: ['test/{protocol,client,relay,package}/**/*.test.ts', 'test/*.test.ts'] } },
      { define, test: { name: 'react', environment: 'jsdom', include: ['test/react/**/*.test.tsx'] } },
    ],
  },
})
