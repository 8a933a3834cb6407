import { reactRouterApp } from './templates.ts'
import { testFramework } from './test-framework.ts'

testFramework({
  ...reactRouterApp,
  recipe: {
    'relay.config.ts': 'relay.config.ts',
    'vite.config.ts': 'react-router/vite.config.ts',
    'App.tsx': 'App.tsx',
    'app/routes.ts': 'app/routes.ts',
    'app/routes/home.tsx': 'app/routes/home.tsx',
    'app/routes/relay.ts': 'app/routes/relay.ts',
  },
  start: (port) => ({ args: ['start'], env: { PORT: port, HOST: '127.0.0.1' } }),
  dev: (port) => ({ args: ['dev', '--', '--port', port, '--host', '127.0.0.1'] }),
})
