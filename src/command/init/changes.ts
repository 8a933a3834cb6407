import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { checkTarget } from './check-target.ts'
import { addAstroPlugin, addLines, addReactRoute, addVitePlugin, type Edit } from './edits.ts'
import { componentText, configText, keyText, listenerText, routeText, webRoute } from './files.ts'
import type { Project } from './project.ts'
import { starterRequestOf, type Api } from './starter-request.ts'

/** A file that init writes. */
export interface Change {
  /** From the folder of the project. */
  path: string
  /** Null if there is no such file. */
  before: string | null
  after: string
}

/** What init does, and what a person does. */
export interface Plan {
  changes: Change[]
  /** The next steps, in order, as sentences. */
  steps: string[]
}

/**
 * A file of the recipe: a new text, or an edit of the first of several paths. A file that is there and has the mark of
 * a new text is done. `byHand` is the step for a person, where init does not write.
 */
type Recipe =
  | { path: string; text: string; mark: string; byHand: string }
  | { paths: string[]; edit: Edit; byHand: string; isCreated?: boolean }

const viteConfigs = ['vite.config.ts', 'vite.config.mts', 'vite.config.js', 'vite.config.mjs']
const astroConfigs = ['astro.config.mjs', 'astro.config.ts', 'astro.config.js']
const configs = ['relay.config.ts', 'relay.config.mts', 'relay.config.js', 'relay.config.mjs']

const plugin = 'Add clientSecretRelay() from react-client-secret/vite to the plugins of Vite.'

/** The changes that are missing in this project. A file that is there stays as it is, except for what an edit adds. */
export function planOf(project: Project, api: Api): Plan {
  const changes: Change[] = []
  const steps: string[] = []
  const read = (path: string) => {
    checkTarget(project.folder, path)
    const file = join(project.folder, path)
    return existsSync(file) ? readFileSync(file, 'utf8') : null
  }

  for (const one of recipeOf(project, api, read)) {
    if ('text' in one) {
      const before = read(one.path)
      if (before === null) changes.push({ path: one.path, before, after: one.text })
      else if (!before.includes(one.mark)) steps.push(one.byHand)
      continue
    }
    const path = one.paths.find((name) => read(name) !== null) ?? (one.isCreated ? one.paths[0] : undefined)
    const before = path === undefined ? null : read(path)
    const after = path === undefined ? null : one.edit(before ?? '')
    if (path === undefined || after === null) steps.push(one.byHand)
    else if (after !== before) changes.push({ path, before, after })
  }

  if (!project.isInstalled) steps.unshift(`Install the package: ${project.install} react-client-secret`)
  steps.push(`Put your key into .env.local: ${api.variables.map((name) => `${name}=…`).join(', ')}`)
  return { changes, steps: [...steps, ...lastStepsOf(project)] }
}

function recipeOf(project: Project, api: Api, read: (path: string) => string | null): Recipe[] {
  const { kind, isTypeScript, sources } = project
  const request = starterRequestOf(api)
  const ending = isTypeScript ? 'ts' : 'js'
  // Node reads TypeScript and modules by these endings, whatever package.json says.
  const config = configs.find((name) => read(name) !== null) ?? (isTypeScript ? 'relay.config.ts' : 'relay.config.mjs')
  const fromHere = (path: string) =>
    `${'../'.repeat(path.split('/').length - 1) || './'}${config.replace(/\.ts$/, kind === 'express' || kind === 'server' ? '.ts' : '')}`
  const route = (path: string, ...exported: string[]): Recipe => ({
    path,
    text: routeText(fromHere(path), ...(exported.length > 0 ? exported : [webRoute])),
    mark: 'relayRoute(',
    byHand: `${path} is there already. Export the relay from it: ${webRoute}`,
  })
  const component = (path: string, isClientOnly = false): Recipe => ({
    path,
    text: componentText(api, request, isClientOnly),
    mark: 'react-client-secret',
    byHand: `${path} is there already, and stays as it is.`,
  })
  const edit = (paths: string[], how: Edit, byHand: string): Recipe => ({ paths, edit: how, byHand })

  const ofKind: Record<Project['kind'], () => Recipe[]> = {
    vite: () => [
      edit(viteConfigs, addVitePlugin, plugin),
      component(`${sources}ClientSecretExample.${isTypeScript ? 'tsx' : 'jsx'}`),
    ],
    next: () => [
      route(`${sources}relay/[...path]/route.${ending}`),
      component(`${sources}client-secret-example/page.${isTypeScript ? 'tsx' : 'jsx'}`, true),
    ],
    'react-router': () => [
      edit(viteConfigs, addVitePlugin, plugin),
      route(
        `${sources}routes/relay.${ending}`,
        'const { loader, action } = relayRoute(config)',
        '',
        'export { loader, action }',
      ),
      edit(
        [`${sources}routes.ts`, `${sources}routes.js`],
        addReactRoute,
        `Add route('relay/*', 'routes/relay.${ending}') to your routes.`,
      ),
      component(`${sources}client-secret-example.${isTypeScript ? 'tsx' : 'jsx'}`),
    ],
    'tanstack-start': () => [
      edit(viteConfigs, addVitePlugin, plugin),
      component(`${sources}client-secret-example.${isTypeScript ? 'tsx' : 'jsx'}`),
    ],
    astro: () => [
      edit(astroConfigs, addAstroPlugin, 'Add clientSecretRelay() from react-client-secret/vite to vite.plugins.'),
      component(`${sources}components/ClientSecretExample.${isTypeScript ? 'tsx' : 'jsx'}`),
    ],
    express: () => [listener(`relay.${isTypeScript ? 'ts' : 'mjs'}`)],
    server: () => [],
  }
  function listener(path: string): Recipe {
    return {
      path,
      text: listenerText(fromHere(path)),
      mark: 'nodeListener(',
      byHand: `${path} is there already. Export from it: const relay = nodeListener(createRelay(config))`,
    }
  }

  return [
    {
      path: config,
      text: configText(api, request, isTypeScript),
      mark: `${api.name}(`,
      byHand: `${config} is there already. Add a key to it: ${keyText(api, request)}, imported from react-client-secret/presets.`,
    },
    ...ofKind[kind](),
    {
      paths: ['.env.example'],
      isCreated: true,
      byHand: '',
      edit: addLines(
        api.variables.map((name) => ({ line: `${name}=`, isThere: new RegExp(`^\\s*(export\\s+)?${name}\\s*=`, 'm') })),
      ),
    },
    {
      paths: ['.gitignore'],
      isCreated: true,
      byHand: '',
      edit: addLines([
        { line: '.env.local', isThere: /^(\.env\*|\.env\.\*|\.env\*?\.local|\*\.local)\s*$/m },
        { line: 'relay.db*', isThere: /^(relay\.db\*|\*\.db\*)\s*$/m },
      ]),
    },
  ]
}

function lastStepsOf({ kind, sources, isTypeScript }: Project): string[] {
  const production = 'For production, see the page "Mount the relay".'
  switch (kind) {
    case 'next':
      return ['Start the dev server, and open /client-secret-example.']
    case 'vite':
      return [`Show ${sources}ClientSecretExample in your app, and start the dev server.`, production]
    case 'react-router':
    case 'tanstack-start':
      return [`Show ${sources}client-secret-example in one of your routes, and start the dev server.`, production]
    case 'astro':
      return [
        `Show ${sources}components/ClientSecretExample with client:load (it needs @astrojs/react), and start the dev server.`,
        production,
      ]
    case 'express':
      return [
        `Mount it before express.json(): app.use('/relay', relay), with relay from ./relay.${isTypeScript ? 'ts' : 'mjs'}. Start your server with --env-file=.env.local.`,
      ]
    case 'server':
      return [
        `Run the relay: npx client-secret-relay serve relay.config.${isTypeScript ? 'ts' : 'mjs'} --env-file .env.local. Proxy /relay to it from the server of your page.`,
      ]
  }
}
