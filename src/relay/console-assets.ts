import { buildConsole } from '../../scripts/build-console.ts'

/** The administrator's page as it is sent. */
export interface ConsoleAssets {
  script: string
  style: string
  html: string
}

// So it is where the sources run as they are: tests, the demo, benchmarks. In
// the package this whole module is replaced by the strings; see tsup.config.ts.
export const consoleAssets: ConsoleAssets = await buildConsole()
