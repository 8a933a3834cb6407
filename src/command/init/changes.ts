import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { configNames } from '../config-names.ts'
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

/** A file of the recipe: the first of these paths that is there, or else the first. */
interface Recipe {
  paths: string[]
  /** Gives the new text; the same text if nothing is missing; null if a person has to write. */
  edit: (before: string | null) => string | null
  /** The step for a person. */
  byHand: string
}

/** What init does in a project of one kind. */
interface KindRecipe {
  files: Recipe[]
  /** The last steps of a person. */
  steps: string[]
}

const viteConfigs = ['vite.config.ts', 'vite.config.mts', 'vite.config.js', 'vite.config.mjs']
const astroConfigs = ['astro.config.mjs', 'astro.config.ts', 'astro.config.js']

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

  const recipe = recipeOf(project, api, read)
  for (const { paths, edit, byHand } of recipe.files) {
    const path = paths.find((name) => read(name) !== null) ?? paths[0]!
    const before = read(path)
    const after = edit(before)
    if (after === null) steps.push(byHand)
    else if (after !== before) changes.push({ path, before, after })
  }

  if (!project.isInstalled) steps.unshift(`Install the package: ${project.install} react-client-secret`)
  steps.push(`Put your key into .env.local: ${api.variables.map((name) => `${name}=…`).join(', ')}`)
  return { changes, steps: [...steps, ...recipe.steps] }
}

function recipeOf(project: Project, api: Api, read: (path: string) => string | null): KindRecipe {
  const { kind, isTypeScript, sources } = project
  const request = starterRequestOf(api)
  const ending = isTypeScript ? 'ts' : 'js'
  // Node reads TypeScript and modules by these endings, whatever package.json says.
  const config =
    configNames.find((name) => read(name) !== null) ?? (isTypeScript ? 'relay.config.ts' : 'relay.config.mjs')
  // Bundlers find a module of TypeScript without its ending, and Node only with it.
  const fromHere = (path: string) =>
    `${'../'.repeat(path.split('/').length - 1) || './'}${kind === 'express' ? config : config.replace(/\.ts$/, '')}`
  const route = (path: string, ...exported: string[]) =>
    created(
      path,
      routeText(fromHere(path), ...(exported.length > 0 ? exported : [webRoute])),
      'relayRoute(',
      `Export the relay from it: ${webRoute}`,
    )
  const exampleAt = (name: string, isClientOnly = false) =>
    created(
      `${sources}${name}.${isTypeScript ? 'tsx' : 'jsx'}`,
      componentText(api, request, isClientOnly),
      'react-client-secret',
      'It stays as it is.',
    )
  const inVite = edited(viteConfigs, addVitePlugin, plugin)
  const production = 'For production, see the page "Mount the relay".'
  /** A project that runs the plugin in development, with a component to show. */
  const withPlugin = (files: Recipe[], name: string, where: string): KindRecipe => ({
    files: [...files, exampleAt(name)],
    steps: [`Show ${sources}${name} ${where}, and start the dev server.`, production],
  })

  const ofKind: Record<Project['kind'], () => KindRecipe> = {
    vite: () => withPlugin([inVite], 'ClientSecretExample', 'in your app'),
    'tanstack-start': () => withPlugin([inVite], 'client-secret-example', 'in one of your routes'),
    'react-router': () => {
      const path = `routes/relay.${ending}`
      const exported = ['const { loader, action } = relayRoute(config)', '', 'export { loader, action }']
      const inRoutes = edited(
        [`${sources}routes.ts`, `${sources}routes.js`],
        addReactRoute(path),
        `Add route('relay/*', '${path}') to your routes.`,
      )
      const files = [inVite, route(sources + path, ...exported), inRoutes]
      return withPlugin(files, 'client-secret-example', 'in one of your routes')
    },
    astro: () =>
      withPlugin(
        [
          edited(
            astroConfigs,
            addAstroPlugin,
            'Add clientSecretRelay() from react-client-secret/vite to vite.plugins.',
          ),
        ],
        'components/ClientSecretExample',
        'with client:load (it needs @astrojs/react)',
      ),
    next: () => ({
      files: [route(`${sources}relay/[...path]/route.${ending}`), exampleAt('client-secret-example/page', true)],
      steps: ['Start the dev server, and open /client-secret-example.'],
    }),
    express: () => {
      const path = `relay.${isTypeScript ? 'ts' : 'mjs'}`
      const byHand = 'Export from it: const relay = nodeListener(createRelay(config))'
      return {
        files: [created(path, listenerText(fromHere(path)), 'nodeListener(', byHand)],
        steps: [
          `Mount it before express.json(): app.use('/relay', relay), with relay from ./${path}. Start your server with --env-file=.env.local.`,
        ],
      }
    },
    server: () => ({
      files: [],
      steps: [
        `Run the relay: npx client-secret-relay serve ${config} --env-file .env.local. Proxy /relay to it from the server of your page.`,
      ],
    }),
  }

  const { files, steps } = ofKind[kind]()
  const key = `Add a key to it: ${keyText(api, request)}, imported from react-client-secret/presets.`
  return {
    files: [
      created(config, configText(api, request, isTypeScript), `${api.name}(`, key),
      ...files,
      withLines(
        '.env.example',
        api.variables.map((name) => ({ line: `${name}=`, isThere: new RegExp(`^\\s*(export\\s+)?${name}\\s*=`, 'm') })),
      ),
      withLines('.gitignore', [
        { line: '.env.local', isThere: /^(\.env\*|\.env\.\*|\.env\*?\.local|\*\.local)\s*$/m },
        { line: 'relay.db*', isThere: /^(relay\.db\*|\*\.db\*)\s*$/m },
      ]),
    ],
    steps,
  }
}

/** A new file. One that is there and has the mark is done. */
function created(path: string, text: string, mark: string, byHand: string): Recipe {
  return {
    paths: [path],
    edit: (before) => (before === null ? text : before.includes(mark) ? before : null),
    byHand: `${path} is there already. ${byHand}`,
  }
}

/** A file that has to be there. */
function edited(paths: string[], edit: Edit, byHand: string): Recipe {
  return { paths, edit: (before) => (before === null ? null : edit(before)), byHand }
}

/** A file with these lines. */
function withLines(path: string, lines: Parameters<typeof addLines>[0]): Recipe {
  return { paths: [path], edit: (before) => addLines(lines)(before ?? ''), byHand: '' }
}
