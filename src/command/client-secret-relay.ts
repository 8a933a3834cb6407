#!/usr/bin/env node
import { createRequire } from 'node:module'
import { parseArgs } from 'node:util'
import { checkNode } from '../relay/common/missing-peer.ts'
import { newMasterKey } from '../relay/keys/encryption.ts'
import { messageOf, openConfig, type Config } from './config.ts'
import type { Recorder, Relay } from './recorder.ts'
import { UsageError } from './usage-error.ts'
import { watchFiles } from './watch-files.ts'

const usage = `client-secret-relay: holds API keys and calls the APIs for your pages

  client-secret-relay init [FOLDER] [--api openai] [--set NAME=VALUE] [--kind vite] [--yes]
      Set up the project in this folder for one API: the config, the plugin of Vite or a route, .env.example and
      an example component. Show every change and ask before writing. Overwrite nothing.
        --api                     A preset, such as openai or stripe. Required without a terminal.
        --set accountSid=AC1      A setting of the preset. Repeat for each.
        --kind                    vite, next, react-router, tanstack-start, astro, express or server. By default,
                                  as package.json says.
        --yes                     Write without a question.
  client-secret-relay serve relay.config.mjs [--port 8787] [--host 127.0.0.1] [--watch]
      Run the relay. Write one line per request.
        --log human|json          Short lines, or JSON in pino's format. By default, human on a terminal, else json.
        --watch                   Reload the config when it, its imports or the env file change.
                                  Running requests continue.
  client-secret-relay record relay.config.mjs recordings.json [--port 8787] [--host 127.0.0.1]
      Run the relay, and write each answer into the file, streams with their timing: for play() of the testing
      client. The answers contain no secrets.
  client-secret-relay check relay.config.mjs
      List in plain words where the secret of every key can go, and warn about wide rules.
  client-secret-relay attack relay.config.mjs [--json] [--verbose]
      Try to steal the secrets of a relay with this config. Uses fake secrets and makes
      no outside calls. Exits with code 1 when a secret leaks.
  client-secret-relay keys list|add NAME|rotate NAME|remove NAME --config relay.config.mjs
      Manage the keys in the database of the config. Prompts for the value, or reads it from standard input.
        --allow 'POST https://api.openai.com/v1/** headers.authorization'
            Where the secret may go: methods separated by commas, the url, and the places. The default place
            is headers.authorization. Add private-network or retryable to set them. Repeat for each rule.
        --unlocked                Allow every visitor. By default, only signed-in users may use the key.
        --requests-per-minute 60  --unsettled 100  --bytes-per-day 1000000
        --relay URL               Use a running relay instead of --config, with the token in
                                  CLIENT_SECRET_ADMIN_TOKEN. Required while the relay has a SQLite file open.
  client-secret-relay worker public/client-secret-worker.js --relay /relay --key https://api.resend.com=resend
      Write a service worker that sends requests with $CLIENT_SECRET through the relay, for SDKs without a
      fetch option. --key names the key of an origin. Repeat for each. --media https://maps.example.com lets
      <img>, <audio> and <video> use the key of this origin, also in content of other people.
  client-secret-relay master-key
      Print a new master key for CLIENT_SECRET_MASTER_KEY.

  --env-file .env               Set variables from this file before reading the config. Variables in the
                                environment take precedence.
  --version                     Print the version of react-client-secret.

The config is a module. Its default export is the options of createRelay:

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
  if (args[0] === 'init' && !args.includes('--help') && !args.includes('-h')) {
    const { init } = await load(() => import('./init.ts'))
    return init(args.slice(1))
  }
  if (args[0] === 'worker' && !args.includes('--help') && !args.includes('-h')) {
    const { worker } = await load(() => import('./worker.ts'))
    return worker(args.slice(1))
  }
  const { positionals, values } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      config: { type: 'string', short: 'c' },
      port: { type: 'string', default: '8787' },
      host: { type: 'string', default: '127.0.0.1' },
      log: { type: 'string', default: process.stdout.isTTY ? 'human' : 'json' },
      watch: { type: 'boolean', default: false },
      'env-file': { type: 'string' },
      json: { type: 'boolean', default: false },
      verbose: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h' },
      version: { type: 'boolean', short: 'v' },
    },
  })
  const [command, path = values.config, ...more] = positionals
  const [file, ...rest] = command === 'record' ? more : [undefined, ...more]
  if (values.help) return void console.log(usage)
  if (values.version) return void console.log(version())
  if (!command) throw new UsageError('Name a command.')
  if (command === 'master-key' && positionals.length === 1) return void console.log(newMasterKey())
  if (!['serve', 'record', 'check', 'attack'].includes(command) || rest.length > 0)
    throw new UsageError(`There is no command "${positionals.join(' ')}".`)
  if (!path) throw new UsageError(`${command} needs the path of the config.`)
  const config = openConfig(path, values['env-file'] === undefined ? [] : [values['env-file']])
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

  const { host, log, watch } = values
  if (log !== 'human' && log !== 'json') throw new UsageError(`--log must be human or json; it is "${log}".`)
  const how = { port, host, log, isWatching: watch } as const
  if (command === 'serve') return serveUntilStopped(config, how)
  if (file === undefined) throw new UsageError('record needs the path of the file to write.')
  const { recordInto } = await load(() => import('./record.ts'))
  return serveUntilStopped(config, how, await recordInto(file))
}

/** The version of this package. */
function version(): string {
  return (createRequire(import.meta.url)('react-client-secret/package.json') as { version: string }).version
}

/** Imports a module on demand, so that an old Node gives a message, not a stack. */
async function load<Part>(part: () => Promise<Part>): Promise<Part> {
  checkNode()
  return part()
}

async function serveUntilStopped(
  config: Config,
  { port, host, log, isWatching }: { port: number; host: string; log: 'human' | 'json'; isWatching: boolean },
  record?: (relay: Relay) => Recorder,
): Promise<void> {
  const { serve } = await load(() => import('./serve.ts'))
  const { humanLines } = await import('./human-lines.ts')
  const { jsonLines } = await import('./json-lines.ts')
  // Node knows NO_COLOR and the terminals without colours.
  const isColoured = process.stdout.isTTY && process.stdout.hasColors()
  const logger = log === 'json' ? jsonLines(console.log) : humanLines(console.log, { isColoured })
  const read = async () => ({ logger, ...(await config.read()) })
  const served = await serve(await read(), { port, host }, record)
  console.log(`client-secret-relay listens on ${served.url}`)
  if (isWatching) watch(config, () => served.take(read()))

  let stopping = false
  const stop = (signal: NodeJS.Signals) => {
    // A second signal means: do not wait.
    if (stopping) process.exit(1)
    stopping = true
    console.log(
      `client-secret-relay stops on ${signal} after running requests finish; send it again to stop immediately`,
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
  // Not SIGHUP, which a terminal sends when it closes.
  process.on('SIGUSR2', () => {
    console.log('client-secret-relay asks the sources of the secrets')
    served.refreshSecrets().catch((error: unknown) => console.error(messageOf(error)))
  })
}

/** Reloads the config when one of its files changes. */
function watch({ files }: Config, take: () => Promise<void>): void {
  const { update } = watchFiles(files, () => {
    take()
      .then(() => console.log('client-secret-relay reloaded the config'))
      .catch((error: unknown) => console.error(`${messageOf(error)}\nThe relay rejects all calls until you fix this.`))
      .finally(update)
  })
  update()
}

main(process.argv.slice(2)).catch((error: unknown) => {
  const isOfArguments = (error as NodeJS.ErrnoException).code?.startsWith('ERR_PARSE_ARGS') ?? false
  const isUsage = isOfArguments || error instanceof UsageError
  // Node's further sentences are about arguments that begin with a dash.
  const message = isOfArguments ? messageOf(error).replace(/\. .*/s, '.') : messageOf(error)
  console.error(isUsage ? `${message}\nFor usage, run client-secret-relay --help.` : message)
  process.exitCode = isUsage ? 2 : 1
})
