import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import * as nodeModule from 'node:module'
import { relative, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseEnv } from 'node:util'
import type { RelayOptions } from '../relay/options.ts'

/** The config and its env file, each time as they are now. */
export interface Config {
  read(): Promise<RelayOptions>
  /** What was read: the config, the modules of its own that it imports, the env file. */
  files: ReadonlySet<string>
}

export function openConfig(path: string, envFile?: string): Config {
  const files = new Set([resolve(path), ...(envFile === undefined ? [] : [resolve(envFile)])])
  const readEnvironment = envFile === undefined ? () => {} : environmentOf(envFile)
  return {
    files,
    async read() {
      readEnvironment()
      return load(path, files)
    },
  }
}

/** Sets what the file says and the environment does not say already, as `node --env-file` does; each time anew. */
function environmentOf(path: string): () => void {
  const before = { ...process.env }
  let names: string[] = []
  return () => {
    for (const name of names) delete process.env[name]
    let text: string
    try {
      text = readFileSync(path, 'utf8')
    } catch (cause) {
      throw new Error(`The env file ${path} could not be read: ${messageOf(cause)}`, { cause })
    }
    const read = Object.entries(parseEnv(text)).filter(([name]) => !(name in before))
    names = read.map(([name]) => name)
    for (const [name, value] of read) process.env[name] = value
  }
}

async function load(path: string, files: Set<string>): Promise<RelayOptions> {
  const url = pathToFileURL(resolve(path)).href
  const module = (await import(asNow(url, files)).catch((error: unknown) => {
    throw new Error(`The config ${path} could not be loaded: ${placeIn(error, files)}${messageOf(error)}`, {
      cause: error,
    })
  })) as { default?: RelayOptions }
  if (!module.default)
    throw new Error(`The config ${path} has no default export. Write: export default { keys: { … } }`)
  return module.default
}

/** Node loads a module once for each url. So the config gets another query each time, and hands it on to what it imports. */
const mark = 'client-secret-relay'
let times = 0

function asNow(url: string, files: Set<string>): string {
  if (++times === 1) {
    // Node has it from 22.15 on; before that, what a config imports is loaded once.
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

/** `relay.config.mjs:3: `, where it is known that an error comes from one of our files. */
function placeIn(error: unknown, files: ReadonlySet<string>): string {
  if (!(error instanceof Error)) return ''
  // Of an error of the syntax, Node tells the place only when it prints it.
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

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
