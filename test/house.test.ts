import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'

const src = resolve(import.meta.dirname, '../src')
const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((file) => /\.tsx?$/.test(file))

/** Every import of a file: of ours as a path from src, of others as it is written. */
function importsOf(file: string): string[] {
  const text = readFileSync(join(src, file), 'utf8')
  return [...text.matchAll(/(?<!\.)\b(?:from|import|require)\s*\(?\s*'([^']+)'/g)].map(([, name]) =>
    name!.startsWith('.') ? relative(src, resolve(src, dirname(file), name!)) : name!,
  )
}

/** What the files of a folder may import of ours. */
const mayImport: Record<string, string[]> = {
  protocol: ['protocol'],
  client: ['client', 'protocol'],
  react: ['react', 'client', 'protocol'],
  testing: ['testing', 'client', 'protocol'],
  worker: ['worker', 'client', 'protocol'],
  'ai-sdk': ['ai-sdk', 'client', 'protocol'],
  devtools: ['devtools', 'react', 'client', 'protocol'],
  relay: ['relay', 'protocol'],
  attack: ['attack', 'relay', 'protocol'],
  // The page gets all it shows over the wire.
  console: ['console', 'protocol'],
  command: ['command', 'attack', 'relay', 'worker', 'presets', 'protocol'],
  vite: ['vite', 'command', 'relay', 'protocol'],
  presets: ['presets', 'relay'],
  exports: [
    'exports',
    'react',
    'client',
    'testing',
    'worker',
    'ai-sdk',
    'devtools',
    'relay',
    'vite',
    'presets',
    'protocol',
  ],
}

/** What they may import of others. */
const mayImportPackage: Record<string, RegExp> = {
  protocol: /^zod\/mini$/,
  client: /^$/,
  react: /^(react|swr)$/,
  // Whoever tests with it brings a test runner of their own.
  testing: /^$/,
  worker: /^$/,
  'ai-sdk': /^ai$/,
  devtools: /^react$/,
  // The last builds the page where the sources run as they are.
  relay:
    /^(node:.+|zod\/mini|hono(\/.+)?|@hono\/node-server|undici|ipaddr\.js|rate-limiter-flexible|pg|pg-boss|jose|aws4fetch|prom-client|@opentelemetry\/api|\.\.\/scripts\/build-console\.ts)$/,
  attack: /^node:.+$/,
  console: /^(zod\/mini|react|react-dom(\/client)?)$/,
  // It builds the worker where the sources run as they are.
  command: /^(node:.+|@hono\/node-server|\.\.\/scripts\/build-worker\.ts)$/,
  vite: /^(node:.+|vite|@hono\/node-server)$/,
  presets: /^$/,
  exports: /^$/,
}

describe('the arrows of the house: react → client → protocol ← relay ← attack ← command ← vite, testing → client ← worker ← command, ai-sdk → client, devtools → react, console → protocol', () => {
  test('every folder is known here', () => {
    expect([...new Set(files.map((file) => file.split('/')[0]))].sort()).toEqual(Object.keys(mayImport).sort())
  })

  test.each(files)('%s', (file) => {
    const folder = file.split('/')[0]!
    const imports = importsOf(file)
    const ours = imports.filter((name) => files.includes(name))
    const others = imports.filter((name) => !files.includes(name))
    expect(ours.filter((name) => !mayImport[folder]!.includes(name.split('/')[0]!))).toEqual([])
    expect(others.filter((name) => !mayImportPackage[folder]!.test(name))).toEqual([])
  })
})

/** The rooms of the relay, from the door to the cellar: each may use those below it, and nothing above. */
const rooms = ['http', 'execution', 'upstream', 'keys', 'database', 'common']

describe(`the rooms of the relay: ${rooms.join(' → ')}`, () => {
  const inRelay = files.filter((file) => file.startsWith('relay/'))
  const roomOf = (file: string) => /^relay\/([^/]+)\//.exec(file)?.[1]

  test('every room is known here', () => {
    expect([...new Set(inRelay.map(roomOf))].filter((room) => room !== undefined).sort()).toEqual([...rooms].sort())
  })

  test.each(inRelay.filter(roomOf))('%s', (file) => {
    const below = rooms.slice(rooms.indexOf(roomOf(file)!))
    const others = importsOf(file).filter((name) => name.startsWith('relay/') && !below.includes(roomOf(name) ?? ''))
    expect(others).toEqual([])
  })
})

/** Both ways to run a request end in the runner, and neither knows the other. */
test.each([
  ['relay/execution/direct/', /^relay\/execution\/queue\//],
  ['relay/execution/queue/', /^relay\/execution\/direct\//],
  ['relay/execution/', /^relay\/execution\/(direct|queue)\//],
])('%s does not import the other part', (folder, other) => {
  const own = files.filter((file) => file.startsWith(folder) && !other.test(file))
  expect(own.length).toBeGreaterThan(0)
  expect(
    own
      .filter((file) => !file.slice(folder.length).includes('/'))
      .flatMap(importsOf)
      .filter((name) => other.test(name)),
  ).toEqual([])
})

test('nothing goes in a circle', () => {
  const withoutEnd = new Set(files)
  for (let isFewer = true; isFewer;) {
    const ends = [...withoutEnd].filter((file) => !importsOf(file).some((name) => withoutEnd.has(name)))
    for (const file of ends) withoutEnd.delete(file)
    isFewer = ends.length > 0
  }
  expect([...withoutEnd]).toEqual([])
})

test('one file calls out', () => {
  const callsOut = /(?<![.\w]|async )fetch\(|from 'undici'|from 'node:(https?|net|tls|http2)'/
  const inRelay = files.filter((file) => file.startsWith('relay/'))
  const found = inRelay.filter((file) => callsOut.test(withoutTypes(readFileSync(join(src, file), 'utf8'))))
  expect(found).toEqual(['relay/upstream/http-client.ts'])
})

/** Imports of types and of constants call nobody. */
function withoutTypes(text: string): string {
  return text.replace(/^import type .*$/gm, '').replace("import { STATUS_CODES } from 'node:http'", '')
}
