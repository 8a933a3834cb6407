/**
 * Loaded before a block of the documentation that runs as a program: its imports
 * of the package are those of the sources, other packages are those of this
 * repository, and the port that it listens on is told to whoever started it.
 */
import { subscribe } from 'node:diagnostics_channel'
import { registerHooks } from 'node:module'
import type { AddressInfo, Server } from 'node:net'

/** The repository. */
const here = new URL('../../', import.meta.url).href

// Set by tsup where the package is built.
Object.assign(globalThis, { BUILD_IS_COMMONJS: false })

registerHooks({
  resolve(specifier, context, next) {
    // What this repository imports itself, it finds.
    if (context.parentURL?.startsWith(here)) return next(specifier, context)
    const entry = /^react-client-secret(?:\/(\w+))?$/.exec(specifier)
    if (entry) return next(`${here}src/exports/${entry[1] ?? 'index'}.ts`, context)
    if (!specifier.startsWith('.')) return next(specifier, { ...context, parentURL: here })
    // As bundlers do it.
    return next(/\.[cm]?[jt]sx?$/.test(specifier) ? specifier : `${specifier}.ts`, context)
  },
})

subscribe('tracing:net.server.listen:asyncEnd', (message) => {
  const { server } = message as { server: Server }
  const address = server.address() as AddressInfo | null
  if (address && typeof address === 'object') process.send?.({ port: address.port })
})
