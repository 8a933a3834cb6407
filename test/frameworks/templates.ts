/** What `create-react-router` makes an app of, in the least words; `latest` is what it would install today. */
export const reactRouterTemplate = {
  'template/package.json': JSON.stringify(
    {
      private: true,
      type: 'module',
      scripts: {
        build: 'react-router build',
        dev: 'react-router dev',
        start: 'react-router-serve ./build/server/index.js',
      },
      dependencies: {
        '@react-router/node': 'latest',
        '@react-router/serve': 'latest',
        isbot: 'latest',
        react: 'latest',
        'react-dom': 'latest',
        'react-router': 'latest',
      },
      devDependencies: { '@react-router/dev': 'latest', vite: '^8', typescript: '^5' },
    },
    null,
    2,
  ),
  'template/vite.config.ts': `import { reactRouter } from '@react-router/dev/vite'
import { defineConfig } from 'vite'

export default defineConfig({ plugins: [reactRouter()] })
`,
  'template/react-router.config.ts': 'export default { ssr: true }\n',
  'template/app/root.tsx': `import { Links, Meta, Outlet, Scripts, ScrollRestoration } from 'react-router'

export function Layout({ children }: { children: React.ReactNode }) {
  return (
    <html lang="en">
      <head>
        <meta charSet="utf-8" />
        <Meta />
        <Links />
      </head>
      <body>
        {children}
        <ScrollRestoration />
        <Scripts />
      </body>
    </html>
  )
}

export default function App() {
  return <Outlet />
}
`,
}

/** Answers any question for a font with an empty one: a module that \`NEXT_FONT_GOOGLE_MOCKED_RESPONSES\` names. */
export const googleFonts = `module.exports = new Proxy({}, {
  get: () => '@font-face { font-family: "Geist"; font-style: normal; font-weight: 100 900; src: local("Arial"); }',
})
`
