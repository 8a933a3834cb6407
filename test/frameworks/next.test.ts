import { join } from 'node:path'
import { googleFonts } from './templates.ts'
import { testFramework } from './test-framework.ts'

testFramework({
  generator: ['create-next-app@latest', 'app', '--yes', '--disable-git', '--skip-install'],
  host: 'localhost',
  beside: async () => ({ 'google-fonts.js': googleFonts }),
  // The build loads fonts from Google.
  env: (folder) => ({ NEXT_FONT_GOOGLE_MOCKED_RESPONSES: join(folder, 'google-fonts.js') }),
  recipe: {
    'relay.config.ts': 'relay.config.ts',
    'App.tsx': 'App.tsx',
    'app/page.tsx': 'app/page.tsx',
    'app/relay/[...path]/route.ts': 'app/relay/[...path]/route.ts',
  },
  start: (port) => ({ args: ['start', '--', '--port', port] }),
  dev: (port) => ({ args: ['dev', '--', '--port', port] }),
})
