import { execFileSync } from 'node:child_process'
import { resolve } from 'node:path'
import { createInterface, type Interface } from 'node:readline/promises'
import { parseArgs } from 'node:util'
import { planOf, type Change } from './init/changes.ts'
import { kinds, readProject, type Kind } from './init/project.ts'
import { showChange } from './init/show-change.ts'
import { apiNames, readApi, requiredSettings, type Api } from './init/starter-request.ts'
import { writeChange } from './init/write-change.ts'
import { pairsOf } from './name-value-pairs.ts'
import { UsageError } from './usage-error.ts'

/**
 * `react-client-secret init`: sets up the project in this folder for one API. It shows each change before it writes it,
 * overwrites no file, and changes nothing when it runs again.
 */
export async function init(args: string[]): Promise<void> {
  const { positionals, values } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      api: { type: 'string' },
      set: { type: 'string', multiple: true },
      kind: { type: 'string' },
      yes: { type: 'boolean', short: 'y', default: false },
    },
  })
  if (positionals.length > 1) throw new UsageError('init needs one folder at most.')
  const folder = resolve(positionals[0] ?? '.')
  const { kind } = values
  if (kind !== undefined && !(kinds as readonly string[]).includes(kind))
    throw new UsageError(`--kind must be one of ${kinds.join(', ')}; it is "${kind}".`)
  const project = readProject(folder, kind as Kind | undefined)

  const isAsking = Boolean(process.stdin.isTTY && process.stdout.isTTY) && !values.yes
  const person = isAsking ? createInterface({ input: process.stdin, output: process.stdout }) : undefined
  try {
    const api = await chooseApi(person, values.api, values.set ?? [])
    const { changes, steps } = planOf(project, api)
    console.log(`A project of the kind ${project.kind} in ${folder}\n`)
    for (const change of changes) console.log(`${showChange(change)}\n`)
    if (changes.length === 0) console.log('Nothing to write: all of it is there.\n')
    const changedByOthers = uncommitted(folder, changes)
    if (changedByOthers.length > 0)
      console.log(`Git has uncommitted changes in ${changedByOthers.join(', ')}. The edits come on top of them.\n`)
    if (changes.length > 0 && !(await isAllowed(person, changes.length, values.yes))) {
      console.log('Wrote nothing. To write without a question, add --yes.')
      return
    }
    for (const change of changes) await writeChange(folder, change)
    if (changes.length > 0) console.log(`Wrote ${changes.map(({ path }) => path).join(', ')}.\n`)
    console.log(`Next:\n${steps.map((step, index) => `  ${index + 1}. ${step}`).join('\n')}`)
  } finally {
    person?.close()
  }
}

async function chooseApi(person: Interface | undefined, given: string | undefined, set: string[]): Promise<Api> {
  if (!person && given === undefined)
    throw new UsageError(`init needs --api with the name of a preset: ${apiNames.join(', ')}.`)
  const name = given ?? ((await person!.question(`Which API? ${apiNames.join(', ')}\n[openai] `)).trim() || 'openai')
  const settings = Object.fromEntries(pairsOf(set))
  if (person) {
    for (const setting of requiredSettings(name))
      settings[setting] ??= (await person.question(`${setting} of your account at ${name}: `)).trim()
  }
  return readApi(name, settings)
}

async function isAllowed(person: Interface | undefined, count: number, isYes: boolean): Promise<boolean> {
  if (isYes) return true
  if (!person) return false
  return /^y(es)?$/i.test(
    (await person.question(`Write ${count === 1 ? 'this file' : `these ${count} files`}? [y/N] `)).trim(),
  )
}

/** The files of these edits that differ from the last commit. Empty outside of git. */
function uncommitted(folder: string, changes: readonly Change[]): string[] {
  const edited = changes.filter(({ before }) => before !== null).map(({ path }) => path)
  if (edited.length === 0) return []
  try {
    const git = (...args: string[]) =>
      execFileSync('git', args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
    return edited.filter((path) => git('status', '--porcelain', '--', path) !== '')
  } catch {
    return []
  }
}
