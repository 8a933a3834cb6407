#!/usr/bin/env node
import { watchFile } from 'node:fs'
import { createRequire } from 'node:module'
import { parseArgs } from 'node:util'
import { checkNode, explainMissingPeer } from '../relay/common/missing-peer.ts'
import { newMasterKey } from '../relay/keys/encryption.ts'
import { openConfig, type Config } from './config.ts'
import { UsageError } from './usage-error.ts'

const usage = `client-secret-relay: holds the keys of APIs, and calls them for your pages

  client-secret-relay serve relay.config.mjs [--port 8787] [--host 127.0.0.1] [--watch]
      runs the relay, and writes a line of JSON for every request
        --watch                   takes the config anew when it, what it imports or the env file changes;
                                  what runs goes on
  client-secret-relay check relay.config.mjs
      says in plain words where the secret of every key can go, and what of it is wide
  client-secret-relay attack relay.config.mjs [--json] [--verbose]
      tries to make a relay with this config give up its secrets: with secrets of
      its own, and without a call to the outside; ends with 1 when something leaked
  client-secret-relay keys list|add NAME|rotate NAME|remove NAME --config relay.config.mjs
      looks after the keys in the database of the config; the value is asked for, or read from standard input
        --allow 'POST https://api.openai.com/v1/** headers.authorization'
            where the secret may go: methods with commas between them, the url, and the places if they are
            not this one; then private-network or retryable, if it is. Again for each rule
        --unlocked                for every visitor, and not for signed-in users only
        --requests-per-minute 60  --unsettled 100  --bytes-per-day 1000000
        --relay URL               instead of --config: at a relay that runs there, with the token in
                                  CLIENT_SECRET_ADMIN_TOKEN; needed while it has a SQLite file open
  client-secret-relay master-key
      prints a new master key, for CLIENT_SECRET_MASTER_KEY

  --env-file .env               sets what the file says and the environment does not, before the config is read
  --version                     prints the version of react-client-secret

The config is a module whose default export is the options of createRelay:

  export default {
    keys: {
      openai: {
        secret: process.env.OPENAI_API_KEY,
        locked: false,
        allow: [{ url: 'https://api.openai.com/v1/**', methods: ['POST'] }],
      },
    },
  }
`

async function main(args: string[]): Promise<void> {
  if (args[0] === 'keys' && !args.includes('--help') && !args.includes('-h')) {
    const { keys } = await load(() => import('./keys.ts'))
    return keys(args.slice(1))
  }
  const { positionals, values } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      config: { type: 'string', short: 'c' },
      port: { type: 'string', default: '8787' },
      host: { type: 'string', default: '127.0.0.1' },
      watch: { type: 'boolean', default: false },
      'env-file': { type: 'string' },
      json: { type: 'boolean', default: false },
      verbose: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h' },
      version: { type: 'boolean', short: 'v' },
    },
  })
  const [command, path = values.config, ...rest] = positionals
  if (values.help) return void console.log(usage)
  if (values.version) return void console.log(version())
  if (!command) throw new UsageError('Name a command.')
  if (command === 'master-key' && positionals.length === 1) return void console.log(newMasterKey())
  if (!['serve', 'check', 'attack'].includes(command) || rest.length > 0)
    throw new UsageError(`There is no command "${positionals.join(' ')}".`)
  if (!path) throw new UsageError(`${command} needs the config, the module with the options.`)
  const config = openConfig(path, values['env-file'])
  if (command === 'check') {
    const { check } = await load(() => import('./check.ts'))
    return void console.log(check(await config.read()))
  }
  if (command === 'attack') {
    const { attackAndReport } = await load(() => import('./attack.ts'))
    const how = { asJson: values.json, isVerbose: values.verbose }
    process.exitCode = (await attackAndReport(await config.read(), how)) ? 0 : 1
    return
  }
  const port = Number(values.port)
  if (!Number.isInteger(port) || port < 0 || port > 65535)
    throw new UsageError(`--port must be a number from 0 to 65535; it is "${values.port}".`)

  await serveUntilStopped(config, { port, host: values.host }, values.watch)
}

/** That of the package this file is in. */
function version(): string {
  return (createRequire(import.meta.url)('react-client-secret/package.json') as { version: string }).version
}

/** Loads a part late, so that a missing optional dependency, or an older Node, is a sentence and not a stack. */
async function load<Part>(part: () => Promise<Part>): Promise<Part> {
  checkNode()
  try {
    return await part()
  } catch (error) {
    throw explainMissingPeer(error, 'hono undici ipaddr.js rate-limiter-flexible @hono/node-server')
  }
}

async function serveUntilStopped(
  config: Config,
  where: { port: number; host: string },
  isWatching: boolean,
): Promise<void> {
  const { serve } = await load(() => import('./serve.ts'))
  const { jsonLines } = await import('./json-lines.ts')
  const read = async () => ({ logger: jsonLines(console.log), ...(await config.read()) })
  const served = await serve(await read(), where)
  console.log(`client-secret-relay listens on ${served.url}`)
  if (isWatching) watch(config, () => served.take(read()))

  let stopping = false
  const stop = (signal: NodeJS.Signals) => {
    // Who asks twice does not want to wait.
    if (stopping) process.exit(1)
    stopping = true
    console.log(
      `client-secret-relay stops on ${signal}: it lets what runs come to its end; the signal again ends it at once`,
    )
    served.close().then(
      () => process.exit(0),
      (error: unknown) => {
        console.error(error)
        process.exit(1)
      },
    )
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
}

/** Takes the config anew when one of its files has changed. */
function watch({ files }: Config, take: () => Promise<void>): void {
  const watched = new Set<string>()
  const watchAll = () => {
    for (const file of files) {
      if (watched.has(file)) continue
      watched.add(file)
      // Asked for again and again: editors put another file in the place of the one before, which a watcher goes on to watch.
      watchFile(file, { interval: watchEvery }, change)
    }
  }
  function change(): void {
    take()
      .then(() => console.log('client-secret-relay took the changed config'))
      .catch((error: unknown) => console.error(`${toldOf(error)}\nUntil this is mended, each call is refused.`))
      .finally(watchAll)
  }
  watchAll()
}

/** Milliseconds. */
const watchEvery = 200

function toldOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

main(process.argv.slice(2)).catch((error: unknown) => {
  const isOfArguments = (error as NodeJS.ErrnoException).code?.startsWith('ERR_PARSE_ARGS') ?? false
  const isUsage = isOfArguments || error instanceof UsageError
  // What Node says beyond its first sentence is about arguments that begin with a dash.
  const message = isOfArguments ? toldOf(error).replace(/\. .*/s, '.') : toldOf(error)
  console.error(isUsage ? `${message}\nclient-secret-relay --help says how it is used.` : message)
  process.exitCode = isUsage ? 2 : 1
})
