import { execFile, execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { runInNewContext } from 'node:vm'
import { expect, onTestFinished, test } from 'vitest'
import { addAstroPlugin, addReactRoute, addVitePlugin } from '../../src/command/init/edits.ts'
import { componentText, configText } from '../../src/command/init/files.ts'
import { apiNames, readApi, requiredSettings, starterRequestOf } from '../../src/command/init/starter-request.ts'
import { writeChange } from '../../src/command/init/write-change.ts'
import * as presets from '../../src/exports/presets.ts'
import { parseRequest } from '../../src/protocol/parse-request.ts'
import { compileRule, findRule } from '../../src/relay/keys/key-rules.ts'
import type { KeyOptions } from '../../src/relay/keys/key.ts'

const command = resolve(import.meta.dirname, '../../src/command/client-secret-relay.ts')

/** Ends a process that opens a connection or looks for a host. */
const withoutNetwork = `data:text/javascript,${encodeURIComponent(`import dns from 'node:dns'
import net from 'node:net'
const end = (...given) => (console.error('It uses the network:', ...given), process.exit(9))
net.Socket.prototype.connect = end
dns.lookup = end
`)}`

/** Runs init without a terminal and without a network. */
async function init(folder: string, ...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const running = promisify(execFile)(process.execPath, ['--import', withoutNetwork, command, 'init', folder, ...args])
  running.child.stdin?.end()
  return running.then(
    (output) => ({ code: 0, ...output }),
    (error: { code: number; stdout: string; stderr: string }) => error,
  )
}

async function project(files: Record<string, string>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'init-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
  }
  return folder
}

async function filesOf(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const paths = entries
    .filter((entry) => entry.isFile() && !entry.parentPath.includes('.git'))
    .map(({ parentPath, name }) => join(parentPath, name))
  const read = paths.map(async (path) => [path.slice(folder.length + 1), await readFile(path, 'utf8')] as const)
  return Object.fromEntries((await Promise.all(read)).sort())
}

const manifest = (...dependencies: string[]) => ({
  'package.json': JSON.stringify({ dependencies: Object.fromEntries(dependencies.map((name) => [name, '*'])) }),
})
const viteConfig = `import { defineConfig } from 'vite'
import react from '@vitejs/plugin-react'

// https://vite.dev/config/
export default defineConfig({
  plugins: [react()],
})
`

/** As the generators of the frameworks make them; test/frameworks runs init in those themselves. */
const projects: Record<string, { files: Record<string, string>; written: string[]; edited: Record<string, string> }> = {
  'Vite, TypeScript': {
    files: {
      ...manifest('vite', 'react', 'typescript'),
      'vite.config.ts': viteConfig,
      '.gitignore': 'dist\n*.local\n',
    },
    written: ['.env.example', 'relay.config.ts', 'src/ClientSecretExample.tsx'],
    edited: {
      'vite.config.ts': 'plugins: [clientSecretRelay(), react()],',
      '.gitignore': 'dist\n*.local\nrelay.db*\n',
    },
  },
  'Vite, JavaScript': {
    files: {
      ...manifest('vite', 'react'),
      'vite.config.js': viteConfig.replaceAll("'", '"').replaceAll('"\n', '";\n'),
    },
    written: ['.env.example', '.gitignore', 'relay.config.mjs', 'src/ClientSecretExample.jsx'],
    edited: { 'vite.config.js': 'import { clientSecretRelay } from "react-client-secret/vite";' },
  },
  'Next.js': {
    files: { ...manifest('next', 'react', 'typescript'), 'src/app/page.tsx': 'export default () => null' },
    written: [
      '.env.example',
      '.gitignore',
      'relay.config.ts',
      'src/app/client-secret-example/page.tsx',
      'src/app/relay/[...path]/route.ts',
    ],
    edited: {},
  },
  'React Router': {
    files: {
      ...manifest('@react-router/dev', 'vite', 'react', 'typescript'),
      'vite.config.ts': viteConfig.replace('react()', 'reactRouter()'),
      'app/routes.ts': `import { type RouteConfig, index } from "@react-router/dev/routes";\n\nexport default [index("routes/home.tsx")] satisfies RouteConfig;\n`,
    },
    written: ['.env.example', '.gitignore', 'app/client-secret-example.tsx', 'app/routes/relay.ts', 'relay.config.ts'],
    edited: {
      'vite.config.ts': 'plugins: [clientSecretRelay(), reactRouter()],',
      'app/routes.ts': `import { type RouteConfig, index, route } from "@react-router/dev/routes";\n\nexport default [route('relay/*', 'routes/relay.ts'), index("routes/home.tsx")]`,
    },
  },
  'TanStack Start': {
    files: {
      ...manifest('@tanstack/react-start', 'vite', 'react', 'typescript'),
      'vite.config.ts': viteConfig.replace('react()', 'tanstackStart(), react()'),
    },
    written: ['.env.example', '.gitignore', 'relay.config.ts', 'src/client-secret-example.tsx'],
    edited: { 'vite.config.ts': 'plugins: [clientSecretRelay(), tanstackStart(), react()],' },
  },
  Astro: {
    files: {
      ...manifest('astro', 'react'),
      'astro.config.mjs': `// @ts-check\nimport { defineConfig } from 'astro/config';\n\nexport default defineConfig({});\n`,
      'tsconfig.json': '{}',
    },
    written: ['.env.example', '.gitignore', 'relay.config.ts', 'src/components/ClientSecretExample.tsx'],
    edited: { 'astro.config.mjs': 'vite: { plugins: [clientSecretRelay()] }' },
  },
  Express: {
    files: { ...manifest('express'), 'server.js': `import express from 'express'\n` },
    written: ['.env.example', '.gitignore', 'relay.config.mjs', 'relay.mjs'],
    edited: {},
  },
  'a server of its own': {
    files: manifest(),
    written: ['.env.example', '.gitignore', 'relay.config.mjs'],
    edited: {},
  },
}

test.each(Object.entries(projects))(
  '%s: shows, then writes, and the second time nothing',
  async (_name, { files, written, edited }) => {
    const folder = await project(files)
    const shown = await init(folder, '--api', 'openai')
    expect(shown).toMatchObject({ code: 0, stderr: '' })
    expect(await filesOf(folder)).toEqual(Object.fromEntries(Object.entries(files).sort()))
    expect(shown.stdout).toContain('Wrote nothing.')

    const first = await init(folder, '--api', 'openai', '--yes')
    expect(first).toMatchObject({ code: 0, stderr: '' })
    const after = await filesOf(folder)
    expect(Object.keys(after).filter((path) => !(path in files))).toEqual(written)
    expect(
      Object.keys(files)
        .filter((path) => after[path] !== files[path])
        .sort(),
    ).toEqual(Object.keys(edited).sort())
    for (const [path, text] of Object.entries(edited)) expect(after[path]).toContain(text)
    // Each written line was shown before.
    for (const path of written)
      for (const line of after[path]!.trimEnd().split('\n')) expect(shown.stdout).toContain(`  + ${line}\n`)

    const second = await init(folder, '--api', 'openai', '--yes')
    expect(second.stdout).toContain('Nothing to write')
    expect(await filesOf(folder)).toEqual(after)
  },
)

test('the network is blocked here: a process that uses it ends', async () => {
  for (const code of [
    `fetch('http://127.0.0.1:50001')`,
    `import('node:dns').then((dns) => dns.default.lookup('a.example', () => {}))`,
  ])
    await expect(
      promisify(execFile)(process.execPath, ['--import', withoutNetwork, '--eval', code]),
    ).rejects.toMatchObject({ code: 9, stderr: expect.stringContaining('It uses the network') as string })
})

test('a file of a person stays, and the missing lines become a step', async () => {
  const own = 'export default { keys: {} }\n'
  const folder = await project({
    ...manifest('vite'),
    'relay.config.ts': own,
    'vite.config.ts': 'module.exports = { plugins: [] }\n',
    '.env.example': 'OTHER=1',
  })
  const { stdout } = await init(folder, '--api', 'stripe', '--yes')
  const after = await filesOf(folder)
  expect(after['relay.config.ts']).toBe(own)
  expect(after['vite.config.ts']).toBe('module.exports = { plugins: [] }\n')
  expect(after['.env.example']).toBe('OTHER=1\nSTRIPE_SECRET_KEY=\n')
  expect(stdout).toMatch(/relay\.config\.ts is there already\. Add a key to it: stripe: stripe\(/)
  expect(stdout).toContain('Add clientSecretRelay() from react-client-secret/vite to the plugins of Vite.')
})

test('a project of React Router in JavaScript has the route of its own file', async () => {
  const folder = await project({
    ...manifest('@react-router/dev', 'vite', 'react'),
    'vite.config.js': viteConfig,
    'app/routes.js': `import { index } from '@react-router/dev/routes'\n\nexport default [index('routes/home.jsx')]\n`,
  })
  await init(folder, '--api', 'openai', '--yes')
  const after = await filesOf(folder)
  expect(Object.keys(after)).toContain('app/routes/relay.js')
  expect(after['app/routes.js']).toContain(`[route('relay/*', 'routes/relay.js'), index('routes/home.jsx')]`)
})

test('the steps name the config that is there', async () => {
  const folder = await project({ ...manifest(), 'relay.config.js': 'export default { keys: {} }\n' })
  const { stdout } = await init(folder, '--api', 'openai', '--yes')
  expect(stdout).toContain('npx client-secret-relay serve relay.config.js ')
})

test('in a dirty tree, it names the uncommitted files that it edits', async () => {
  const folder = await project({
    ...manifest('vite'),
    'vite.config.ts': viteConfig,
    '.gitignore': 'relay.db*\n*.local\n',
  })
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.com', ...args], {
      cwd: folder,
      stdio: 'pipe',
    })
  git('init')
  git('add', '.')
  git('commit', '-m', 'first')
  expect((await init(folder, '--api', 'openai')).stdout).not.toContain('uncommitted')
  await writeFile(join(folder, 'vite.config.ts'), `${viteConfig}// mine\n`)
  expect((await init(folder, '--api', 'openai')).stdout).toContain('Git has uncommitted changes in vite.config.ts.')
  await init(folder, '--api', 'openai', '--yes')
  expect((await filesOf(folder))['vite.config.ts']).toMatch(/clientSecretRelay\(\)[\s\S]*\/\/ mine\n$/)
})

test.each<[string[], RegExp]>([
  [[], /init needs --api with the name of a preset: airtable, /],
  [['--api', 'otter'], /There is no preset "otter"\. The presets are airtable, /],
  [['--api', 'constructor'], /There is no preset "constructor"/],
  [['--api', 'twilio'], /twilio needs accountSid\. Add --set accountSid=…\./],
  [['--api', 'openai', '--set', 'x=1'], /openai has no setting x\./],
  [['--api', 'openai', '--kind', 'vue'], /--kind must be one of vite, next/],
])('%j is refused with a sentence', async (args, sentence) => {
  const folder = await project(manifest('vite'))
  const { code, stderr } = await init(folder, ...args)
  expect(code).toBe(2)
  expect(stderr).toMatch(sentence)
  expect(Object.keys(await filesOf(folder))).toEqual(['package.json'])
})

test('without a package.json, it says where to run', async () => {
  const { code, stderr } = await init(await project({}), '--api', 'openai')
  expect(code).toBe(1)
  expect(stderr).toMatch(/There is no .*package\.json\. Run init in the folder of your project\./)
})

test.each(apiNames)('%s: the config that init writes allows the request of its component', (name) => {
  const settings = Object.fromEntries(requiredSettings(name).map((setting) => [setting, 'otter']))
  const api = readApi(name, settings)
  const request = starterRequestOf(api)
  const keyOf = (text: string) => /keys: \{\n.*\n {4}(\w+): (.*),\n/.exec(text)!
  const [, key, call] = keyOf(configText(api, request, true))
  const { allow, ...options } = runInNewContext(call!, presets) as KeyOptions
  const isHarmless = (presets as unknown as Record<string, { defaults: string[] }>)[name]!.defaults.length > 0
  expect([key, options.locked]).toEqual([name, isHarmless ? false : undefined])
  const written = /useClientSecretRequest\((\{[\s\S]*?\n {2}\})\)/.exec(componentText(api, request, false))![1]!
  const sent = parseRequest(JSON.parse(JSON.stringify(runInNewContext(`(${written})`))))
  const names =
    typeof api.variables === 'object' && api.variables.length > 1 ? Object.keys(options.secret as object) : undefined
  const rules = allow.map((rule, index) => compileRule(rule, `allow[${index}]`, undefined, names))
  expect(findRule({ name, rules, ...(options.sign && { sign: options.sign }) }, sent)).toBeDefined()
})

test.each([
  ['a dangling symlink', 'relay.config.ts', 'new.ts', 'relay.config.ts is a symlink'],
  ['a symlink to a file', '.env.example', 'victim.txt', '.env.example is a symlink'],
  ['a symlink to a config', 'vite.config.ts', 'vite.config.ts', 'vite.config.ts is a symlink'],
  ['a folder outside', 'src', '.', 'src leads out of the project'],
  ['a folder that is not there', 'src', 'missing', 'src leads out of the project'],
])('init writes nothing through %s', async (_name, path, target, sentence) => {
  const outside = await project({ 'victim.txt': 'victim', 'vite.config.ts': viteConfig })
  const folder = await project({
    ...manifest('vite', 'typescript'),
    ...(path !== 'vite.config.ts' && { 'vite.config.ts': viteConfig }),
  })
  await symlink(join(outside, target), join(folder, path))
  const before = [await filesOf(folder), await filesOf(outside)]
  const { code, stderr } = await init(folder, '--api', 'openai', '--yes')
  expect(stderr).toContain(sentence)
  expect(code).toBeGreaterThan(0)
  expect([await filesOf(folder), await filesOf(outside)]).toEqual(before)
})

test('init follows a symlink inside of the project, and one to the project', async () => {
  const folder = await project({ ...manifest('vite', 'typescript'), 'vite.config.ts': viteConfig, 'code/a.ts': '' })
  await symlink('code', join(folder, 'src'))
  const around = await project({})
  await symlink(folder, join(around, 'link'))
  expect(await init(join(around, 'link'), '--api', 'openai', '--yes')).toMatchObject({ code: 0 })
  expect(Object.keys(await filesOf(folder))).toContain('code/ClientSecretExample.tsx')
})

test('a file that appears after the plan is not overwritten', async () => {
  const folder = await project({ 'a.ts': 'mine' })
  await expect(writeChange(folder, { path: 'a.ts', before: null, after: 'new' })).rejects.toMatchObject({
    code: 'EEXIST',
  })
  expect(await filesOf(folder)).toEqual({ 'a.ts': 'mine' })
})

test('a setting of several lines is a string', () => {
  const clientEmail = "a\nb\r'+process.exit(7)+'\\"
  const api = readApi('googleServiceAccount', { clientEmail })
  const text = configText(api, starterRequestOf(api), false)
  const [, written] = /clientEmail: ('.*'), endpoints/.exec(text)!
  expect(runInNewContext(written!)).toBe(clientEmail)
})

test.each<[string, (text: string) => string | null, string, string | null]>([
  [
    'several lines',
    addVitePlugin,
    `import a from 'a'\nexport default { plugins: [\n    a(),\n  ] }`,
    `import a from 'a'\nimport { clientSecretRelay } from 'react-client-secret/vite'\nexport default { plugins: [\n    clientSecretRelay(),\n    a(),\n  ] }`,
  ],
  [
    'an empty list',
    addVitePlugin,
    `export default { plugins: [] }`,
    `import { clientSecretRelay } from 'react-client-secret/vite'\nexport default { plugins: [clientSecretRelay()] }`,
  ],
  [
    'no list',
    addVitePlugin,
    `import { defineConfig } from 'vite'\nexport default defineConfig({})`,
    `import { defineConfig } from 'vite'\nimport { clientSecretRelay } from 'react-client-secret/vite'\nexport default defineConfig({\n  plugins: [clientSecretRelay()],})`,
  ],
  ['CommonJS', addVitePlugin, `module.exports = { plugins: [] }`, null],
  ['a function', addVitePlugin, `export default makeConfig()`, null],
  [
    'Astro with Vite',
    addAstroPlugin,
    `import x from "x"\nexport default defineConfig({ vite: { plugins: [x()] } })`,
    `import x from "x"\nimport { clientSecretRelay } from "react-client-secret/vite"\nexport default defineConfig({ vite: { plugins: [clientSecretRelay(), x()] } })`,
  ],
  ['routes elsewhere', addReactRoute('routes/relay.ts'), `export default flatRoutes()`, null],
])('an edit of a config: %s', (_name, edit, before, after) => {
  expect(edit(before)).toBe(after)
  if (after !== null) expect(edit(after)).toBe(after)
})
