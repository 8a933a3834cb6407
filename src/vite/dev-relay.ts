import { existsSync, statSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { relative, resolve } from 'node:path'
import { getRequestListener } from '@hono/node-server'
import { messageOf, openConfig } from '../command/config.ts'
import { watchFiles } from '../command/watch-files.ts'
import { createKeptRelay } from '../relay/keep-relay.ts'
import { isPostgres } from '../relay/database/database.ts'
import { readOptions, type RelayOptions } from '../relay/options.ts'
import { checkExposed, type ExposedValues } from './exposed-values.ts'
import { databaseFiles, type RelayFiles } from './private-files.ts'

/** The relay of a config file, for one server. */
export interface DevRelay {
  /** Opens the relay before the first call. */
  start: () => void
  answer: (incoming: IncomingMessage, outgoing: ServerResponse) => void
  /** Those known by now. After `start`, waits for the first look at the config. */
  files: () => Promise<RelayFiles>
  /** Closes the relay when no other server uses it. */
  release: () => Promise<void>
}

export interface DevRelayOptions {
  /** Absolute path of the config. */
  file: string
  /** Absolute paths. Missing files are skipped. */
  envFiles: readonly string[]
  exposed: ExposedValues
  logger: Pick<Console, 'info' | 'error'>
}

interface Shared {
  relay: ReturnType<typeof createConfigRelay>
  /** What each server writes into pages. */
  exposed: Set<ExposedValues>
}

/** A server that restarts makes the next one before it closes, and a database has one relay. */
const shared = new Map<string, Shared>()
const closing = new Map<string, Promise<void>>()

/**
 * The relay of this config, which all servers of the process share.
 *
 * @throws Error if a restarted server would write a secret into pages.
 */
export function openDevRelay(options: DevRelayOptions): DevRelay {
  const { file } = options
  const exposed = new Set<ExposedValues>()
  const use = shared.get(file) ?? { relay: createConfigRelay(options, exposed, closing.get(file)), exposed }
  use.relay.check(options.exposed)
  use.exposed.add(options.exposed)
  shared.set(file, use)
  // The dev server's own Request and Response stay as they are.
  const answer = getRequestListener(use.relay.fetch, { overrideGlobalObjects: false })
  let isReleased = false
  return {
    start: () => void use.relay.refresh(),
    answer: (incoming, outgoing) => void answer(incoming, outgoing),
    files: use.relay.files,
    async release() {
      if (isReleased) return
      isReleased = true
      use.exposed.delete(options.exposed)
      // What it wrote into pages may have been the reason why the relay does not run.
      if (use.exposed.size > 0) return use.relay.forget()
      shared.delete(file)
      const closed = use.relay.close()
      closing.set(file, closed)
      await closed
    },
  }
}

/** A relay with the options of a file, as the file is at each call. */
function createConfigRelay(
  { file, envFiles, logger }: DevRelayOptions,
  exposed: ReadonlySet<ExposedValues>,
  before: Promise<void> | undefined,
) {
  const name = relative('', file)
  const config = openConfig(name, envFiles, { isEnvRequired: false })
  const relay = createKeptRelay()
  /** The versions of the files that were read last. */
  const versions = new Map<string, string>()
  /** Those of the config that was read last. */
  let keys: ReturnType<typeof readOptions>['keys'] = new Map()
  const own = new Set([file, ...envFiles])
  let isRunning = false
  let refreshing = Promise.resolve(before)
  const watching = watchFiles(config.files, () => void refresh())
  const fail = (error: unknown) => logger.error(`client-secret-relay: ${messageOf(error)}`)

  async function readChecked(): Promise<RelayOptions> {
    if (!existsSync(file))
      throw new Error(
        `There is no ${name}. Write one whose default export is the options of createRelay: keys and rules.`,
      )
    const read = await config.read()
    try {
      const { database, ...settings } = readOptions(read, process.env)
      keys = settings.keys
      if (database !== undefined && !isPostgres(database))
        for (const one of databaseFiles(resolve(database))) own.add(one)
      for (const one of exposed) checkExposed(keys.values(), one)
    } catch (error) {
      throw new Error(`${name}: ${messageOf(error)}`, { cause: error })
    }
    return read
  }

  async function takeChanged(): Promise<void> {
    const files = [...config.files]
    if (files.every((one) => versions.get(one) === versionOf(one))) return
    for (const one of files) versions.set(one, versionOf(one))
    const read = readChecked()
    const isRead = await read.then(
      () => true,
      (error: unknown) => (fail(error), false),
    )
    // The config names further files.
    for (const one of config.files) if (!versions.has(one)) versions.set(one, versionOf(one))
    watching.update()
    // A relay keeps its options while the new ones are broken. Without any, it answers that it could not start.
    if (!isRead && isRunning) return
    relay.take(read)
    try {
      await relay.ready
    } catch (error) {
      if (isRead) fail(error)
      return
    }
    logger.info(`client-secret-relay: ${isRunning ? 'reloaded' : 'runs with'} ${name}`)
    isRunning = true
  }

  function refresh(): Promise<void> {
    return (refreshing = refreshing.then(takeChanged))
  }

  return {
    refresh,
    /** The next call reads the config again. */
    forget: () => versions.clear(),
    check: (values: ExposedValues) => checkExposed(keys.values(), values),
    files: (): Promise<RelayFiles> => refreshing.then(() => ({ own, imports: config.files })),
    fetch: async (request: Request): Promise<Response> => {
      await refresh()
      return relay.fetch(request)
    },
    async close(): Promise<void> {
      watching.stop()
      await refreshing
      await relay.close()
    },
  }
}

/** Changes with each edit of a file. */
function versionOf(file: string): string {
  const found = statSync(file, { throwIfNoEntry: false })
  return found ? `${found.mtimeMs} ${found.size} ${found.ino}` : 'none'
}
