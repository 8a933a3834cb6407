import { existsSync, statSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { relative } from 'node:path'
import { getRequestListener } from '@hono/node-server'
import { messageOf, openConfig } from '../command/config.ts'
import { watchFiles } from '../command/watch-files.ts'
import { createKeptRelay } from '../relay/keep-relay.ts'
import { secretsOf } from '../relay/keys/key.ts'
import { readOptions, type RelayOptions } from '../relay/options.ts'

/** The relay of a config file, for one server. */
export interface DevRelay {
  /** Opens the relay before the first call. */
  start: () => void
  answer: (incoming: IncomingMessage, outgoing: ServerResponse) => void
  /** Closes the relay when no other server uses it. */
  release: () => Promise<void>
}

export interface DevRelayOptions {
  /** Absolute path of the config. */
  file: string
  /** Absolute paths. Missing files are skipped. */
  envFiles: readonly string[]
  /** The variables that Vite puts into pages. */
  exposed: Record<string, unknown>
  logger: Pick<Console, 'info' | 'error'>
}

interface Shared {
  relay: ReturnType<typeof createConfigRelay>
  users: number
}

/** A server that restarts makes the next one before it closes, and a database has one relay. */
const shared = new Map<string, Shared>()
const closing = new Map<string, Promise<void>>()

/** The relay of this config, which all servers of the process share. */
export function openDevRelay(options: DevRelayOptions): DevRelay {
  const { file } = options
  const found = shared.get(file)
  const use = found ?? { relay: createConfigRelay(options, closing.get(file)), users: 0 }
  use.users++
  shared.set(file, use)
  // The dev server's own Request and Response stay as they are.
  const answer = getRequestListener(use.relay.fetch, { overrideGlobalObjects: false })
  let isReleased = false
  return {
    start: () => void use.relay.refresh(),
    answer: (incoming, outgoing) => void answer(incoming, outgoing),
    async release() {
      if (isReleased) return
      isReleased = true
      if (--use.users > 0) return
      shared.delete(file)
      const closed = use.relay.close()
      closing.set(file, closed)
      await closed
    },
  }
}

/** A relay with the options of a file, as the file is at each call. */
function createConfigRelay(options: DevRelayOptions, before: Promise<void> | undefined) {
  const { file, envFiles, exposed, logger } = options
  const name = relative('', file)
  const config = openConfig(name, envFiles, { isEnvRequired: false })
  const relay = createKeptRelay()
  /** The versions of the files that were read last. */
  const versions = new Map<string, string>()
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
      checkSecrets(read, exposed)
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

/** Rejects options with which no relay starts, and secrets that Vite puts into every page. */
function checkSecrets(options: RelayOptions, exposed: Record<string, unknown>): void {
  const { keys } = readOptions(options, process.env)
  for (const key of keys.values()) {
    const secrets = key.values.flatMap(secretsOf)
    const [variable] = Object.entries(exposed).find(([, value]) => secrets.includes(value as string)) ?? []
    if (variable !== undefined)
      throw new Error(
        `Vite puts the variable ${variable} into every page, and keys.${key.name} uses its value. Make a new secret, and give it to the relay in a variable without the prefix of Vite, such as ${variable.replace(/^[A-Z]+_/, '')}.`,
      )
  }
}

/** Changes with each edit of a file. */
function versionOf(file: string): string {
  const found = statSync(file, { throwIfNoEntry: false })
  return found ? `${found.mtimeMs} ${found.size} ${found.ino}` : 'none'
}
