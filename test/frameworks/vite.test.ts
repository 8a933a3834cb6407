import { testFramework } from './test-framework.ts'

testFramework({
  generator: ['create-vite@latest', 'app', '--template', 'react-ts', '--no-interactive'],
  recipe: { 'relay.config.ts': 'relay.config.ts', 'vite.config.ts': 'vite.config.ts', 'src/App.tsx': 'App.tsx' },
  start: (port) => ({ args: ['preview', '--', '--port', port, '--host', '127.0.0.1'] }),
  dev: (port) => ({ args: ['dev', '--', '--port', port, '--host', '127.0.0.1'] }),
})
