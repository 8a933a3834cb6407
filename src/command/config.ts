import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import * as nodeModule from 'node:module'
import { relative, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseEnv } from 'node:util'
import type { RelayOptions } from '../relay/options.ts'

/** The config and its env file. */
export interface Config {
  /** Reads both as they are now. */
  read(): Promise<RelayOptions>
  /** The files read so far: the config, its local imports, the env file. */
  files: ReadonlySet<string>
}

/** @param envFiles A later file takes precedence over an earlier one. */
export function openConfig(path: string, envFiles: readonly string[] = [], { isEnvRequired = true } = {}): Config {
  const files = new Set([path, ...envFiles].map((file) => resolve(file)))
  const readEnvironment = environmentOf(envFiles, isEnvRequired)
  return {
    files,
    async read() {
      readEnvironment()
      return load(path, files)
    },
  }
}

/** Sets the files' variables that the environment does not have yet, as `node --env-file` does. Each call reads the files again. */
function environmentOf(paths: readonly string[], isRequired: boolean): () => void {
  const before = { ...process.env }
  let names: string[] = []
  return () => {
    for (const name of names) delete process.env[name]
    const texts = paths.filter((path) => isRequired || existsSync(path)).map(readEnvFile)
    const read = Object.entries(parseEnv(texts.join('\n'))).filter(([name]) => !(name in before))
    names = read.map(([name]) => name)
    for (const [name, value] of read) process.env[name] = value
  }
}

function readEnvFile(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new Error(`Could not read the env file ${path}: ${messageOf(cause)}`, { cause })
  }
}

async function load(path: string, files: Set<string>): Promise<RelayOptions> {
  const url = pathToFileURL(resolve(path)).href
  const module = (await import(asNow(url, files)).catch((error: unknown) => {
    throw new Error(`Could not load the config ${path}: ${placeIn(error, files)}${messageOf(error)}`, {
      cause: error,
    })
  })) as { default?: RelayOptions }
  if (!module.default)
    throw new Error(`The config ${path} has no default export. Write: export default { keys: { … } }`)
  return module.default
}

/** Node loads a module once per url. The config therefore gets a new query each time, and passes it to its imports. */
const mark = 'client-secret-relay'
let times = 0

function asNow(url: string, files: Set<string>): string {
  if (++times === 1) {
    // Available from Node 22.15. Older versions load the imports of a config once.
    nodeModule.registerHooks?.({
      resolve(specifier, context, next) {
        const found = next(specifier, context)
        const time =
          context.parentURL && URL.canParse(context.parentURL) && new URL(context.parentURL).searchParams.get(mark)
        if (!time || !found.url.startsWith('file:') || found.url.includes('/node_modules/')) return found
        files.add(fileURLToPath(found.url))
        return { ...found, url: marked(found.url, time) }
      },
    })
  }
  return marked(url, String(times))
}

function marked(url: string, time: string): string {
  const result = new URL(url)
  result.searchParams.set(mark, time)
  return result.href
}

/** `relay.config.mjs:3: ` if the error comes from one of the config's files, else nothing. */
function placeIn(error: unknown, files: ReadonlySet<string>): string {
  if (!(error instanceof Error)) return ''
  // Node gives the place of a syntax error only in printed output.
  const texts = [error.stack ?? '', ...(error instanceof SyntaxError ? [...files].map(syntaxErrorsOf) : [])]
  for (const [, text, line] of texts.join('\n').matchAll(/((?:file:\/\/|\/|[A-Z]:\\)[^\s()]*?):(\d+)(?=[:\s)]|$)/gm)) {
    const path = text!.startsWith('file:') ? fileURLToPath(text!.replace(/\?.*/, '')) : text!
    if (files.has(path)) return `${relative('', path)}:${line}: `
  }
  return ''
}

function syntaxErrorsOf(file: string): string {
  return /\.[cm]?[jt]s$/.test(file) ? spawnSync(process.execPath, ['--check', file], { encoding: 'utf8' }).stderr : ''
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
