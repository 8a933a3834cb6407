import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The kinds of projects that init knows. `server` is any other: it runs the relay in its own server. */
export const kinds = ['vite', 'next', 'react-router', 'tanstack-start', 'astro', 'express', 'server'] as const
export type Kind = (typeof kinds)[number]

/** The project in a folder. */
export interface Project {
  folder: string
  kind: Kind
  isTypeScript: boolean
  /** The folder of its components, such as `src`, with a slash at its end; empty for the project's own. */
  sources: string
  /** The command that installs a package. */
  install: string
  /** Whether package.json names react-client-secret. */
  isInstalled: boolean
}

/** Known by a package that the project depends on; the first that is found. */
const packages: [name: string, kind: Kind][] = [
  ['next', 'next'],
  ['@react-router/dev', 'react-router'],
  ['@tanstack/react-start', 'tanstack-start'],
  ['astro', 'astro'],
  ['vite', 'vite'],
  ['express', 'express'],
]

const installers: [lockfile: string, command: string][] = [
  ['pnpm-lock.yaml', 'pnpm add'],
  ['yarn.lock', 'yarn add'],
  ['bun.lock', 'bun add'],
  ['bun.lockb', 'bun add'],
]

/** @throws Error if the folder has no package.json, or one that is not JSON. */
export function readProject(folder: string, given?: Kind): Project {
  const file = join(folder, 'package.json')
  if (!existsSync(file)) throw new Error(`There is no ${file}. Run init in the folder of your project.`)
  const dependencies = dependenciesOf(file)
  const has = (path: string) => existsSync(join(folder, path))
  const kind = given ?? packages.find(([name]) => dependencies.has(name))?.[1] ?? 'server'
  return {
    folder,
    kind,
    isTypeScript: dependencies.has('typescript') || has('tsconfig.json'),
    sources: sourcesOf(kind, has),
    install: installers.find(([lockfile]) => has(lockfile))?.[1] ?? 'npm install',
    isInstalled: dependencies.has('react-client-secret'),
  }
}

function dependenciesOf(file: string): Set<string> {
  let manifest: { dependencies?: object; devDependencies?: object }
  try {
    manifest = JSON.parse(readFileSync(file, 'utf8')) as typeof manifest
  } catch (cause) {
    throw new Error(`${file} is not JSON. Mend it, and run init again.`, { cause })
  }
  return new Set(Object.keys({ ...manifest.dependencies, ...manifest.devDependencies }))
}

function sourcesOf(kind: Kind, has: (path: string) => boolean): string {
  if (kind === 'next') return has('src/app') ? 'src/app/' : 'app/'
  if (kind === 'react-router') return 'app/'
  return has('src') || kind !== 'server' ? 'src/' : ''
}
