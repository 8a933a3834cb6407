import { buildConsole } from '../../../scripts/build-console.ts'

// Tests, the demo and benchmarks run the sources and build the page here. In the
// package, the built strings replace this module; see tsup.config.ts.
export const consoleAssets = await buildConsole()
