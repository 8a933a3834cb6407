import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/** An app of React Router's own generator, with the template beside it. */
export const reactRouterApp = {
  generator: [
    'create-react-router@latest',
    'app',
    '--yes',
    '--no-git-init',
    '--no-install',
    '--template',
    './template',
  ],
  beside: reactRouterTemplate,
}

/** A minimal template for `create-react-router`. The default template is on GitHub, not on npm. */
async function reactRouterTemplate(): Promise<Record<string, string>> {
  const { stdout } = await promisify(execFile)('npm', ['view', 'create-react-router', 'version'])
  // All packages of a release have the same version and depend on each other.
  const version = stdout.trim()
  const manifest = {
    private: true,
    type: 'module',
    scripts: {
      build: 'react-router build',
      dev: 'react-router dev',
      start: 'react-router-serve ./build/server/index.js',
    },
    dependencies: {
      '@react-router/node': version,
      '@react-router/serve': version,
      isbot: '^5',
      react: '^19',
      'react-dom': '^19',
      'react-router': version,
    },
    devDependencies: { '@react-router/dev': version, vite: '^8', typescript: '^5' },
  }
  return { 'template/package.json': JSON.stringify(manifest, null, 2), ...sources }
}

const sources = {
  'template/vite.config.ts': `import { reactRouter } from '@react-router/dev/vite'
import { defineConfig } from 'vite'

export default defineConfig({ plugins: [reactRouter()] })
`,
  'template/react-router.config.ts': 'export default { ssr: true }\n',
  'template/app/routes.ts': `import { type RouteConfig, index } from "@react-router/dev/routes";

export default [index("routes/home.tsx")] satisfies RouteConfig;
`,
  'template/app/routes/home.tsx': 'export default () => <h1>Home</h1>\n',
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

const fontFace = (family: string) =>
  `@font-face { font-family: '${family}'; font-style: normal; font-weight: 100 900; src: local('Arial'); }`

/** Google's answers for the fonts of `create-next-app`, as a module for `NEXT_FONT_GOOGLE_MOCKED_RESPONSES`. */
export const googleFonts = `module.exports = ${JSON.stringify(
  Object.fromEntries(
    ['Geist', 'Geist Mono'].map((family) => [
      `https://fonts.googleapis.com/css2?family=${family.replace(' ', '+')}:wght@100..900&display=swap`,
      fontFace(family),
    ]),
  ),
)}
`
