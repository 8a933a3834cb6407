import { existsSync } from 'node:fs'
import { basename, isAbsolute, resolve } from 'node:path'
import type { Plugin, PreviewServer, ViteDevServer } from 'vite'
import { configNames } from '../command/config-names.ts'
import { checkNode } from '../relay/common/missing-peer.ts'
import type { DevRelay } from './dev-relay.ts'
import { copyDefined, exposedValues } from './exposed-values.ts'
import { findPrivate, privateNames, refusePrivateFiles } from './private-files.ts'

/** The options of the Vite plugin. */
export interface ClientSecretRelayOptions {
  /** Path of the config, from the root of the project. Default: `relay.config` with the ending `.ts`, `.mts`, `.js` or `.mjs`. */
  config?: string | undefined
  /** Path of the relay on the server. Default: `/relay`. */
  path?: string | undefined
  /** Files with environment variables, from the root of the project. A later file takes precedence over an earlier one, and the environment over both. Default: `.env` and `.env.local`. */
  envFiles?: string[] | undefined
}

/** A list of a plugin takes the place of Vite's own. */
const deniedByVite = ['.env', '.env.*', '*.{crt,pem}', '**/.git/**']

/**
 * A Vite plugin. It runs the relay of `relay.config.ts` in the dev server and in
 * `vite preview`, at `/relay`. It does nothing in a build.
 *
 * The next call uses an edited config. While a config is broken, the terminal
 * shows the reason and the relay keeps the previous one. Variables of `.env` and
 * `.env.local` reach the config, not the page. No page gets the config, its env
 * files and database, or a module that only the config imports.
 *
 * @example
 * export default { plugins: [clientSecretRelay()] }
 */
export function clientSecretRelay(options: ClientSecretRelayOptions = {}): Plugin {
  const { path = '/relay', envFiles = ['.env', '.env.local'] } = options
  const mounted = new Map<ViteDevServer, DevRelay>()

  async function mount(server: ViteDevServer | PreviewServer): Promise<DevRelay> {
    const { config, httpServer, middlewares } = server
    checkNode()
    const { openDevRelay } = await import('./dev-relay.ts')
    const relay = openDevRelay({
      file: configIn(config.root, options.config),
      envFiles: envFiles.map((file) => resolve(config.root, file)),
      exposed: exposedValues(config),
      logger: config.logger,
    })
    // Not before: test runners and frameworks make servers that do not listen.
    httpServer?.once('listening', relay.start)
    middlewares.use(path, (incoming, outgoing, next) => {
      // Connect takes `/relay.css` for a path below `/relay`.
      if (incoming.originalUrl?.[path.length] === '.') next()
      else relay.answer(incoming, outgoing)
    })
    middlewares.use(refusePrivateFiles(server, relay.files))
    return relay
  }

  return {
    name: 'react-client-secret',
    // Frameworks answer every path.
    enforce: 'pre',
    apply: 'serve',
    config({ root = '.', define }) {
      copyDefined(define)
      const named = [configIn(resolve(root), options.config), ...envFiles].map((file) => asPattern(basename(file)))
      return { server: { fs: { deny: [...deniedByVite, ...named, ...privateNames] } } }
    },
    // Modules also have paths without an ending, and those of aliases. Tests may import the config.
    async load(id) {
      const { environment } = this
      const [file = ''] = id.split('?')
      if (environment.name !== 'client' || environment.mode !== 'dev' || !isAbsolute(file) || process.env['VITEST'])
        return
      for (const relay of mounted.values())
        if (findPrivate([file], await relay.files(), environment) !== undefined)
          throw new Error(`No page may have ${file}: it belongs to the config of the relay.`)
    },
    async configureServer(server) {
      mounted.set(server, await mount(server))
    },
    async configurePreviewServer(server) {
      const relay = await mount(server)
      const close = server.close.bind(server)
      server.close = async () => {
        await close()
        await relay.release()
      }
    },
    // Vite closes the environments of a server that ends or restarts. A restart has made the next server by then.
    async closeBundle() {
      const ended = [...mounted].filter(([server]) =>
        Object.values(server.environments).includes(this.environment as never),
      )
      for (const [server, relay] of ended) {
        mounted.delete(server)
        await relay.release()
      }
    },
  }
}

function configIn(root: string, given: string | undefined): string {
  return resolve(root, given ?? configNames.find((name) => existsSync(resolve(root, name))) ?? configNames[0]!)
}

/** A pattern of `server.fs.deny` for one name. */
function asPattern(name: string): string {
  return name.replace(/[*?[\]{}()!+@|\\]/g, '?')
}
