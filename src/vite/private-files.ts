import { realpathSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Connect, DevEnvironment, PreviewServer, ViteDevServer } from 'vite'

/** Files of a relay, as absolute paths. */
export interface RelayFiles {
  /** The config, its env files and its databases. */
  own: ReadonlySet<string>
  /** The modules that the config imports. A page may import the same. */
  imports: ReadonlySet<string>
}

/** Basenames, for `server.fs.deny`: Vite denies them before the relay has read its config. */
export const privateNames = [
  '.dev.vars',
  '.dev.vars.*',
  ...['db', 'sqlite', 'sqlite3'].flatMap((ending) => databaseFiles(`*.${ending}`)),
]

/** A SQLite database and the files beside it. */
export function databaseFiles(path: string): string[] {
  return ['', '-wal', '-shm', '-journal', '.lock'].map((ending) => path + ending)
}

/** The first of these files that no page may have. A module that the page imports itself is public. */
export function findPrivate(
  files: readonly string[],
  { own, imports }: RelayFiles,
  client: DevEnvironment | undefined,
): string | undefined {
  const isImported = (file: string) =>
    [...(client?.moduleGraph.getModulesByFile(realPath(file).replaceAll('\\', '/')) ?? [])].some(
      ({ importers }) => importers.size > 0,
    )
  const hidden = new Set([...own].map(sameFor))
  const importedByConfig = new Set([...imports].map(sameFor))
  return files.find((file) => {
    const same = sameFor(file)
    return hidden.has(same) || (importedByConfig.has(same) && !isImported(file))
  })
}

/** Answers 403 for private files, at each path at which Vite serves files. */
export function refusePrivateFiles(
  { config, environments }: Pick<PreviewServer, 'config'> & Partial<Pick<ViteDevServer, 'environments'>>,
  filesOf: () => Promise<RelayFiles>,
): Connect.NextHandleFunction {
  const { root, publicDir, base, build } = config
  const folders = [root, publicDir, resolve(root, build.outDir)]
  return (incoming, outgoing, next) => {
    const look = async () => {
      const files = filePaths(incoming.url ?? '', base).flatMap((path) => [
        ...folders.map((folder) => resolve(folder, `./${path}`)),
        resolve('/', path),
      ])
      return findPrivate(files, await filesOf(), environments?.['client'])
    }
    look().then((found) => {
      if (found === undefined) return next()
      outgoing.statusCode = 403
      outgoing.setHeader('content-type', 'text/plain')
      outgoing.end('No page may have this file: it belongs to the config of the relay.\n')
    }, next)
  }
}

/** The paths that an url may mean: Vite decodes it once, and strips the prefixes of files and modules. */
function filePaths(url: string, base: string): string[] {
  const [path = ''] = url.split(/[?#]/)
  return [...new Set([path, decoded(path), decoded(decoded(path))])].map((text) =>
    (text.startsWith(base) ? text.slice(base.length) : text).replace(/^\/*@(fs|id)\/(__x00__)?/, '/'),
  )
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}

/** One text for all paths of a file: some file systems ignore case. */
function sameFor(file: string): string {
  return realPath(file).toLowerCase()
}

function realPath(file: string): string {
  try {
    return realpathSync.native(file)
  } catch {
    return file
  }
}
