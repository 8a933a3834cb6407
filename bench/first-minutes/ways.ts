import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { blocksOf, read } from '../../test/helpers/documentation.ts'
import { googleFonts, reactRouterApp } from '../../test/frameworks/templates.ts'
import type { Way } from './stranger.ts'

const start = 'stories/docs/start.mdx'
const section = read(start)
  .split(/^## /m)
  .find((text) => text.startsWith('A chat in five minutes'))!

/** The words of the section, without a copy of it here. */
function printed(pattern: RegExp): string {
  const found = pattern.exec(section)?.[1]
  if (found === undefined) throw new Error(`${start} no longer has ${pattern} in its section "A chat in five minutes".`)
  return found
}

const chat = blocksOf(start)
  .find(({ file }) => file === 'chat-in-five-minutes.tsx')!
  .code.replace(/^\/\/.*\n/, '')
const ours = {
  packages: printed(/^npm install (.+)$/m).split(' '),
  setUp: printed(/^npx (.+)$/m).split(' '),
  shows: 'a streamed answer',
}
const env = printed(/Write `([^`]+)` into `\.env\.local`/)
/** The path of the page in an app of each framework. */
const pageOf = (framework: string) => printed(new RegExp(`\`([\\w/.]+)\` of ${framework}`))
const firstLineOfNext = printed(/of Next\.js with `([^`]+)` as its first line/)

const vite = {
  generator: ['create-vite@latest', 'app', '--template', 'react-ts', '--no-interactive'],
  servers: (port: string): [string, ...string[]][] => [['npm', 'run', 'dev', '--', '--port', port, '--strictPort']],
}
const next = {
  generator: ['create-next-app@latest', 'app', '--yes', '--disable-git', '--skip-install'],
  // The generated page loads fonts from Google.
  beside: async () => ({ 'google-fonts.js': googleFonts }),
  env: (home: string) => ({ NEXT_FONT_GOOGLE_MOCKED_RESPONSES: join(home, 'google-fonts.js') }),
  servers: (port: string): [string, ...string[]][] => [['npm', 'run', 'dev', '--', '--port', port]],
}
const reactRouter = {
  ...reactRouterApp,
  servers: vite.servers,
}

/** AI SDK: the blocks of its own quickstart, as the installed version of the package prints them, with its own OpenAI provider. */
function aiSdk(): Pick<Way, 'packages' | 'files'> {
  const page = readFileSync(
    new URL('../../node_modules/ai/docs/02-getting-started/02-nextjs-app-router.mdx', import.meta.url),
    'utf8',
  )
  const block = (file: string) =>
    new RegExp(`^\`\`\`tsx filename="${file}"\\n([\\s\\S]*?)^\`\`\`$`, 'm').exec(page)![1]!
  const [, provider, model] = /^(import \{ openai \} .*;)\n\nmodel: (openai\(.*\));$/m.exec(page)!
  return {
    // The page also names zod, for tools. This chat has none.
    packages: ['ai', '@ai-sdk/react', '@ai-sdk/openai'],
    files: {
      '.env.local': env,
      'app/api/chat/route.ts': block('app/api/chat/route.ts')
        .replace('__PROVIDER_IMPORT__;', provider!)
        .replace('__MODEL__', model!),
      'app/page.tsx': block('app/page.tsx'),
    },
  }
}

/**
 * TanStack Query and a route of one's own. Their documentation prints no such pair: this is the "Quick Start" of each
 * (QueryClientProvider with a hook; express() with a route and listen), with one fetch and nothing more. No streaming,
 * no limits, no check of the caller.
 */
function queryAndExpress(port: number): Pick<Way, 'packages' | 'files' | 'servers'> {
  return {
    packages: ['@tanstack/react-query', 'express'],
    files: {
      '.env.local': env,
      'server.js': `import express from 'express'

const app = express()
app.use(express.json())
app.post('/api/chat', async (request, response) => {
  const answer = await fetch('https://api.openai.com/v1/chat/completions', {
    method: 'POST',
    headers: { Authorization: \`Bearer \${process.env.OPENAI_API_KEY}\`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ model: 'gpt-5-mini', messages: [{ role: 'user', content: request.body.question }] }),
  })
  response.status(answer.status).json(await answer.json())
})
app.get('/', (_request, response) => response.send('up'))
app.listen(${port})
`,
      'vite.config.ts': (before) =>
        before.replace('plugins:', `server: { proxy: { '/api': 'http://localhost:${port}' } },\n  plugins:`),
      'src/App.tsx': `import { QueryClient, QueryClientProvider, useMutation } from '@tanstack/react-query'

const queryClient = new QueryClient()

function Chat() {
  const answer = useMutation({
    mutationFn: async (question: string) => {
      const response = await fetch('/api/chat', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ question }),
      })
      if (!response.ok) throw new Error(response.statusText)
      return response.json()
    },
  })
  return (
    <form action={(form: FormData) => answer.mutate(String(form.get('question')))}>
      <input name="question" aria-label="Question" />
      <button disabled={answer.isPending}>Ask</button>
      <p>{answer.error ? 'That did not work.' : answer.data?.choices[0].message.content}</p>
    </form>
  )
}

export default function App() {
  return (
    <QueryClientProvider client={queryClient}>
      <Chat />
    </QueryClientProvider>
  )
}
`,
    },
    servers: (page) => [['node', '--env-file=.env.local', 'server.js', `--own-port=${port}`], ...vite.servers(page)],
  }
}

/** @param freePort For the server of Express. */
export function waysOf(freePort: number): Way[] {
  return [
    {
      name: 'react-client-secret, Vite',
      ...ours,
      ...vite,
      files: { '.env.local': env, [pageOf('Vite')]: chat },
    },
    {
      name: 'react-client-secret, Next.js',
      ...ours,
      ...next,
      files: { '.env.local': env, [pageOf('Next\\.js')]: `${firstLineOfNext}\n\n${chat}` },
    },
    {
      name: 'react-client-secret, React Router',
      ...ours,
      ...reactRouter,
      files: { '.env.local': env, [pageOf('React Router')]: chat },
    },
    { name: 'AI SDK and a route, Next.js', shows: 'a streamed conversation', ...next, ...aiSdk() },
    {
      name: 'TanStack Query and Express, Vite',
      shows: 'an answer as a whole',
      ...vite,
      ...queryAndExpress(freePort),
    },
  ]
}
