import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import type { KeyChange, KeyEntry, WireLimits, WireRule, Words } from '../protocol/keys.ts'
import { openConfig } from './config.ts'
import { atRelay, inDatabase, type KeyService } from './key-service.ts'
import { readValue, readValues } from './read-value.ts'
import { UsageError } from './usage-error.ts'

const verbs = ['list', 'add', 'rotate', 'remove']

/** Runs `keys …`, and prints the result. */
export async function keys(args: string[]): Promise<void> {
  const { positionals, values } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      config: { type: 'string', short: 'c' },
      'env-file': { type: 'string' },
      relay: { type: 'string' },
      allow: { type: 'string', multiple: true },
      settings: { type: 'string' },
      unlocked: { type: 'boolean' },
      'requests-per-minute': { type: 'string' },
      unsettled: { type: 'string' },
      'bytes-per-day': { type: 'string' },
      // Accepted only to be rejected with an explanation.
      secret: { type: 'string' },
      value: { type: 'string' },
    },
  })
  const [verb = '', name = '', ...rest] = positionals
  if (!verbs.includes(verb)) throw new UsageError(`keys needs one of ${verbs.join(', ')}.`)
  if (rest.length > 0 || values.secret !== undefined || values.value !== undefined)
    throw new UsageError(
      'Do not pass a value as an argument: the history of your shell and the list of processes would contain it. Leave it out; the command prompts for it, or reads it from standard input. If it is a real value, replace it at its API.',
    )
  if ((verb === 'list') !== (name === ''))
    throw new UsageError(verb === 'list' ? 'keys list takes no name.' : `keys ${verb} needs the name of a key.`)
  const uses = ['allow', 'settings', 'unlocked', 'requests-per-minute', 'unsettled', 'bytes-per-day'] as const
  const misplaced = verb !== 'add' && uses.find((option) => values[option] !== undefined)
  if (misplaced) throw new UsageError(`--${misplaced} works only with keys add.`)
  if ((values.config === undefined) === (values.relay === undefined))
    throw new UsageError(
      'keys needs either --config, the path of the config, or --relay, the address of a running relay.',
    )
  const settings = values.settings === undefined ? {} : await readSettings(values.settings)
  const change: KeyChange = {
    ...settings,
    locked: values.unlocked ? false : (settings.locked ?? true),
    allow: [...(settings.allow ?? []), ...(values.allow ?? []).map(readRule)],
    limits: {
      ...settings.limits,
      ...readLimits({
        requestsPerMinute: values['requests-per-minute'],
        unsettled: values.unsettled,
        bytesPerDay: values['bytes-per-day'],
      }),
    },
    isNew: true,
  }
  const service =
    values.relay === undefined
      ? await inDatabase(
          await openConfig(values.config!, values['env-file'] === undefined ? [] : [values['env-file']]).read(),
          process.env,
        )
      : atRelay(values.relay, process.env)
  try {
    await work(service, verb, name, change)
  } finally {
    await service.close()
  }
}

async function work(service: KeyService, verb: string, name: string, change: KeyChange): Promise<void> {
  switch (verb) {
    case 'list':
      return list(await service.list())
    case 'add': {
      // Shown before the prompt, so that people read it before they type the value.
      const words = await service.check(name, change)
      console.log([`The secret of ${name}`, ...inLines(words)].join('\n'))
      await service.put(name, { ...change, secret: await secretOf(name, change) })
      return console.log(`${name} is registered.`)
    }
    case 'rotate': {
      const found = (await service.list()).find((entry) => entry.name === name && entry.source === 'store')
      if (!found) throw new Error(`There is no registered key "${name}".`)
      const { locked, allow, limits, token, sign, values } = found
      const secret = await secretOf(name, found)
      const change = { secret, locked, allow, limits, token, sign, values, isNew: false }
      const { version } = await service.put(name, change)
      return console.log(
        version === found.version
          ? `${name} already has this value, version ${version}.`
          : `${name} is now at version ${version}. The previous value stays valid: the relay uses it when an API rejects the new one with 401.`,
      )
    }
    default:
      if (!(await service.remove(name))) throw new Error(`There is no registered key "${name}".`)
      console.log(`${name} is removed.`)
  }
}

/** One value, or each of several. */
function secretOf(name: string, { values }: Pick<KeyChange, 'values'>): Promise<NonNullable<KeyChange['secret']>> {
  return values ? readValues(name, values) : readValue(name)
}

/** A key without its value, as JSON: what flags cannot say. The relay checks the fields. */
async function readSettings(path: string): Promise<Partial<KeyChange>> {
  const text = await readFile(path, 'utf8')
  let settings: unknown
  try {
    settings = JSON.parse(text)
  } catch {
    throw new UsageError(`${path} is not JSON.`)
  }
  if (typeof settings !== 'object' || settings === null || Array.isArray(settings))
    throw new UsageError(`${path} must contain an object, such as { "values": ["id", "key"] }.`)
  if ('secret' in settings)
    throw new UsageError(
      `${path} contains a secret. Leave it out; the command prompts for it, or reads it from standard input.`,
    )
  return settings
}

function list(entries: KeyEntry[]): void {
  if (entries.length === 0) return console.log('There are no keys.')
  console.log(entries.map(paragraph).join('\n\n'))
}

function paragraph(entry: KeyEntry): string {
  const { name, source, isOverridden, version, ending, uses, lastUsedAt, problem, fellBackAt, words } = entry
  return [
    `${name}${source === 'options' ? ' (from the options)' : `, version ${version}`}${ending ? `, ends with ${ending}` : ''}`,
    ...(isOverridden ? ['  ! Not used: the options have a key with the same name.'] : []),
    ...(problem ? [`  ! ${problem}`] : inLines(words)),
    ...(fellBackAt
      ? [
          `  ! An API rejected this version with 401 and accepted the previous one, last at ${new Date(fellBackAt).toISOString()}.`,
        ]
      : []),
    ...(source === 'store'
      ? [
          `  used ${uses} ${uses === 1 ? 'time' : 'times'}${lastUsedAt ? `, last at ${new Date(lastUsedAt).toISOString()}` : ''}`,
        ]
      : []),
  ].join('\n')
}

function inLines({ callers, secret, rules, warnings }: Words): string[] {
  const warn = (text: string) => `    ! ${text}`
  return [
    `  may be used by: ${callers}`,
    ...(secret ? [`  ${secret}`] : []),
    ...warnings.map(warn),
    ...rules.flatMap(({ sentence, warnings: ofRule }) => [`  may go: ${sentence}`, ...ofRule.map(warn)]),
  ]
}

/** Parses `POST,PUT https://api.example.com/v1/** headers.x-api-key`. The relay's options check the result. */
function readRule(text: string): WireRule {
  const [methods = '', url = '', ...rest] = text.trim().split(/\s+/)
  const flags = ['private-network', 'retryable']
  const places = rest.filter((word) => !flags.includes(word)).flatMap((word) => word.split(','))
  return {
    methods: methods.split(',').filter(Boolean),
    url,
    in: places.length > 0 ? places : undefined,
    allowPrivateNetwork: rest.includes('private-network') || undefined,
    retryable: rest.includes('retryable') || undefined,
  }
}

function readLimits(given: Record<keyof WireLimits, string | undefined>): WireLimits {
  return Object.fromEntries(
    Object.entries(given).flatMap(([limit, text]) => (text === undefined ? [] : [[limit, Number(text)]])),
  )
}
