import { execFileSync, spawn } from 'node:child_process'
import { createServer } from 'node:http'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import * as presets from '../../src/exports/presets.ts'
import { listen } from '../../stories/demo/openai.ts'
import { anchorsOf, proseOf } from '../helpers/documentation.ts'

const repository = resolve(import.meta.dirname, '../..')
const folder = mkdtempSync(join(tmpdir(), 'tarball-'))
/** The package, installed by npm. */
const app = join(folder, 'app')
const installed = join(app, 'node_modules/react-client-secret')
const tarball = inject('tarball')

function run(command: string, args: string[], cwd: string): string {
  return execFileSync(command, args, {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1' },
  })
}

/** What a module prints, or the message of the error it ends with. */
function evaluate(cwd: string, type: 'module' | 'commonjs', code: string): string {
  try {
    return run(process.execPath, [`--input-type=${type}`, '--eval', code], cwd).trim()
  } catch (error) {
    return (error as { stderr: string }).stderr
  }
}

beforeAll(() => {
  mkdirSync(app)
  writeFileSync(join(app, 'package.json'), '{ "private": true }')
  run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', tarball], app)
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('the tarball holds the build, the words, and nothing else', () => {
  const files = run('tar', ['tzf', tarball], folder).trim().split('\n')
  const unexpected = files.filter(
    (file) =>
      !/^package\/(package\.json|README\.md|CHANGELOG\.md|LICENSE|dist\/[\w.-]+\.(js|cjs|d\.ts|d\.cts)|stories\/docs\/[\w-]+\.mdx|monitoring\/[\w-]+\.(json|yaml))$/.test(
        file,
      ),
  )
  expect(unexpected).toEqual([])
  for (const file of ['README.md', 'LICENSE', 'CHANGELOG.md', 'dist/index.js', 'dist/index.d.cts', 'dist/cli.js'])
    expect(files).toContain(`package/${file}`)
  for (const file of files) {
    if (/\.c?js$/.test(file)) expect(run('tar', ['xzfO', tarball, file], folder)).not.toMatch(/sourceMappingURL/)
  }
})

test('every link of README and of the pages leads to a file of the package, and to a heading in it', () => {
  const pages = ['README.md', ...readdirSync(join(installed, 'stories/docs')).map((file) => `stories/docs/${file}`)]
  expect(pages.length).toBeGreaterThan(18)
  const links = pages.flatMap((page) =>
    [...proseOf(join(installed, page)).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => [page, link!] as const),
  )
  const dead = links.filter(([page, link]) => {
    const [address, anchor] = link.split('#')
    if (/^https:/.test(address!)) return false
    const file = address ? resolve(installed, dirname(page), address) : join(installed, page)
    return !existsSync(file) || (anchor !== undefined && !anchorsOf(file).includes(anchor))
  })
  expect(dead).toEqual([])
  expect(links.length).toBeGreaterThan(60)
})

test('every file of the build is reached from an import path or the command; none is left over from an older one', () => {
  const unpacked = installed
  const { exports, bin } = JSON.parse(readFileSync(join(unpacked, 'package.json'), 'utf8')) as {
    exports: object
    bin: object
  }
  const reached = new Set<string>()
  const visit = (file: string) => {
    if (reached.has(file)) return
    reached.add(file)
    const text = readFileSync(join(unpacked, 'dist', file), 'utf8')
    for (const [, name] of text.matchAll(/["']\.\/([\w-]+\.c?js)["']/g))
      visit(/\.d\.c?ts$/.test(file) ? name!.replace(/\.(c?)js$/, '.d.$1ts') : name!)
  }
  for (const [, file] of JSON.stringify([exports, bin]).matchAll(/\.\/dist\/([^"]+)/g)) visit(file!)
  expect([...reached].sort()).toEqual(readdirSync(join(unpacked, 'dist')).sort())
})

test("the administrator's page is in one file, which both module systems load", () => {
  const dist = join(installed, 'dist')
  const withPage = readdirSync(dist).filter((file) => readFileSync(join(dist, file), 'utf8').includes('showModal'))
  expect(withPage).toEqual(['console-assets.js'])
})

describe('one install', () => {
  const { packages } = JSON.parse(readFileSync(join(repository, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { license?: string }>
  }

  test('brings the hooks and the relay, under licences that ask for no more than their text', () => {
    const lock = readFileSync(join(app, 'node_modules/.package-lock.json'), 'utf8')
    const names = Object.keys((JSON.parse(lock) as { packages: object }).packages)
    const licences = names.map((path) => [path.replace('node_modules/', ''), packages[path]?.license])
    expect(Object.fromEntries(licences)).toEqual({
      '@hono/node-server': 'MIT',
      '@opentelemetry/api': 'Apache-2.0',
      aws4fetch: 'MIT',
      bintrees: 'MIT',
      dequal: 'MIT',
      hono: 'MIT',
      'ipaddr.js': 'MIT',
      jose: 'MIT',
      'prom-client': 'Apache-2.0',
      'rate-limiter-flexible': 'ISC',
      react: 'MIT',
      'react-client-secret': undefined,
      'react-dom': 'MIT',
      scheduler: 'MIT',
      swr: 'MIT',
      tdigest: 'MIT',
      undici: 'MIT',
      'use-sync-external-store': 'MIT',
      zod: 'MIT',
    })
  })

  test.each([
    ['index', ['dequal', 'react', 'swr', 'use-sync-external-store']],
    ['client', []],
    ['skapi', []],
    ['testing', []],
    ['worker', []],
    ['ai-sdk', []],
  ])('a page that bundles all of %s contains no package of the relay', async (entry, expected) => {
    const { metafile } = await build({
      stdin: { contents: `export * from './${entry}.js'`, resolveDir: join(installed, 'dist') },
      bundle: true,
      format: 'esm',
      // `node:` imports fail here: a page has none.
      platform: 'browser',
      // An optional peer, which only its own entry imports.
      external: ['ai'],
      metafile: true,
      write: false,
    })
    const bundled = Object.keys(metafile.inputs).flatMap(
      (path) => /.*node_modules\/((@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? [],
    )
    const { imports } = Object.values(metafile.outputs)[0]!
    expect(imports.map(({ path }) => path)).toEqual(entry === 'ai-sdk' ? ['ai'] : [])
    expect([...new Set(bundled)].filter((name) => name !== 'react-client-secret').sort()).toEqual(expected)
  })
})

describe.each(['module', 'commonjs'] as const)('as %s', (type) => {
  const load = (name: string) => (type === 'module' ? `await import('${name}')` : `require('${name}')`)

  test.each([
    [
      'react-client-secret',
      [
        'ClientSecretError',
        'ClientSecretProvider',
        'clientSecretErrorOf',
        'createClient',
        'createStream',
        'deltaText',
        'isClientSecretError',
        'isPollStopped',
        'localPersister',
        'sessionPersister',
        'useClientSecretHistory',
        'useClientSecretQuery',
        'useClientSecretQueue',
        'useClientSecretRecord',
        'useClientSecretRequest',
        'useClientSecretStream',
      ],
    ],
    ['react-client-secret/skapi', ['skapiCompatible', 'skapiTransport']],
    ['react-client-secret/vite', ['clientSecretRelay']],
    ['react-client-secret/presets', Object.keys(presets).sort()],
    ['react-client-secret/worker', ['registerClientSecretWorker', 'serveClientSecrets']],
    ['react-client-secret/testing', ['createTestClient', 'fail', 'hold', 'holdStream', 'reply', 'stream']],
    [
      'react-client-secret/client',
      [
        'ClientSecretError',
        'clientSecretErrorOf',
        'createClient',
        'createStream',
        'deltaText',
        'isClientSecretError',
        'isPollStopped',
        'isSettled',
      ],
    ],
  ])('%s loads', (name, exported) => {
    expect(evaluate(app, type, `console.log(Object.keys(${load(name)}).sort().join())`)).toBe(exported.join())
  })

  test('react-client-secret/ai-sdk without the AI SDK says that it is missing', () => {
    expect(evaluate(app, type, load('react-client-secret/ai-sdk'))).toMatch(/Cannot find (package|module) 'ai'/)
  })

  test('react-client-secret/relay makes a relay', () => {
    const code = `const { createRelay } = ${load('react-client-secret/relay')}
      const relay = createRelay({ keys: { a: { secret: '0123456789', locked: false, allow: [{ url: 'https://a.example.com/**', methods: ['GET'] }] } } })
      relay.fetch(new Request('http://x/any/where/health')).then(async (response) => { console.log(response.status, await response.text()); await relay.close() })`
    expect(evaluate(app, type, code)).toBe('200 {"status":"ok"}')
  })

  test('react-client-secret/relay on a Postgres without its packages says what to install', () => {
    const code = `const { createRelay } = ${load('react-client-secret/relay')}
      const relay = createRelay({ database: 'postgres://localhost/relay', keys: { a: { secret: '0123456789', locked: false, allow: [{ url: 'https://a.example.com/**', methods: ['GET'] }] } } })
      relay.ready.catch((error) => console.log(error.message))`
    expect(evaluate(app, type, code)).toMatch(/needs pg, which is not installed\..*npm install pg pg-boss$/)
  })

  test("the relay has the administrator's page within it", () => {
    const code = `const { createRelay } = ${load('react-client-secret/relay')}
      const relay = createRelay({ keys: { a: { secret: '0123456789', locked: false, allow: [{ url: 'https://a.example.com/**', methods: ['GET'] }] } } })
      relay.fetch(new Request('http://x/relay/console/app.js')).then(async (response) => { console.log(response.status, (await response.text()).length > 50_000); await relay.close() })`
    expect(evaluate(app, type, code)).toBe('200 true')
  })
})

test('errors and stopped polls are recognised across module systems', () => {
  const code = `import { createRequire } from 'node:module'
    import { ClientSecretError } from 'react-client-secret/client'
    const { isClientSecretError } = createRequire(import.meta.url)('react-client-secret')
    console.log(isClientSecretError(new ClientSecretError('INTERNAL', 'x')))`
  writeFileSync(join(app, 'across.mjs'), code)
  expect(run(process.execPath, ['across.mjs'], app).trim()).toBe('true')
})

test('the public declarations hold no `any`', () => {
  const declarations = run('tar', ['tzf', tarball], folder)
    .trim()
    .split('\n')
    .filter((file) => /\.d\.c?ts$/.test(file))
  expect(declarations.length).toBeGreaterThan(4)
  for (const file of declarations) {
    const code = run('tar', ['xzfO', tarball, file], folder).replace(/\/\*[\s\S]*?\*\//g, '')
    expect(code.match(/.*\bany\b.*/g) ?? [], file).toEqual([])
  }
})

test('only the React entry is a client module', () => {
  const first = (file: string) => readFileSync(join(installed, 'dist', file), 'utf8').slice(0, 60)
  expect(first('index.js')).toMatch(/^"use client";/)
  expect(first('index.cjs')).toMatch(/^"use strict";\n"use client";/)
  for (const file of ['client.js', 'client.cjs', 'testing.js', 'testing.cjs', 'relay.js', 'relay.cjs'])
    expect(first(file)).not.toMatch(/use client/)
})

describe('the types of a registered relay', () => {
  const programs = join(import.meta.dirname, 'registered')

  /** What the compiler says about some of these programs. */
  function compile(files: string[], module: 'esnext' | 'commonjs'): string {
    const folder = join(app, 'registered')
    cpSync(programs, folder, { recursive: true })
    const types = join(repository, 'node_modules/@types')
    const compilerOptions = {
      strict: true,
      exactOptionalPropertyTypes: true,
      noEmit: true,
      skipLibCheck: true,
      target: 'es2022',
      jsx: 'react-jsx',
      lib: ['es2023', 'dom', 'dom.iterable'],
      typeRoots: [types],
      types: ['node'],
      paths: { react: [join(types, 'react')], 'react/*': [join(types, 'react/*')] },
      // The declarations for `require` are files of their own, with an interface of their own to extend.
      ...(module === 'esnext' ? { module, moduleResolution: 'bundler' } : { module: 'node20' }),
    }
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: module === 'esnext' ? 'module' : 'commonjs' }))
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }))
    try {
      return run(process.execPath, [join(repository, 'node_modules/typescript/bin/tsc'), '-p', folder], app)
    } catch (error) {
      return (error as { stdout: string }).stdout
    }
  }

  test.each(['esnext', 'commonjs'] as const)('compile right programs, and none of the wrong ones, as %s', (module) => {
    expect(compile(['register.ts', 'right.tsx', 'wrong.tsx'], module)).toBe('')
  })

  test('without the registration, all of them compile', () => {
    const wrong = readFileSync(join(programs, 'wrong.tsx'), 'utf8').match(/@ts-expect-error/g)!
    expect(wrong.length).toBeGreaterThanOrEqual(20)
    const compiling = compile(['right.tsx', 'wrong.tsx'], 'esnext').trim().split('\n')
    expect(compiling).toHaveLength(wrong.length)
    for (const line of compiling) expect(line).toMatch(/wrong\.tsx.*Unused '@ts-expect-error' directive/)
  })
})

test('publint finds nothing', async () => {
  const { publint } = await import('publint')
  const { messages } = await publint({
    strict: true,
    pack: { tarball: readFileSync(tarball).buffer },
  })
  expect(messages).toEqual([])
})

test('attw finds nothing', () => {
  // It fails when a module system resolves to no types, or to those of the other.
  expect(run('npm', ['exec', '--', 'attw', tarball, '--format', 'ascii', '--no-emoji'], repository)).toMatch(
    /No problems found/,
  )
})

describe('the command client-secret-relay', () => {
  const cli = () => join(installed, 'dist/cli.js')

  test('serves a relay, and ends gracefully', async () => {
    const api = createServer((_incoming, outgoing) => outgoing.end('from the api'))
    const apiUrl = await listen(api)
    const config = join(app, 'relay.config.mjs')
    writeFileSync(
      config,
      `export default { keys: { a: { locked: false, allow: [{ url: '${apiUrl}/**', methods: ['GET'], allowPrivateNetwork: true }] } } }`,
    )
    const child = spawn(process.execPath, [cli(), 'serve', '--config', config, '--port', '0'], {
      env: { ...process.env, CLIENT_SECRET_A: 'sk-0123456789' },
    })
    let output = ''
    const listening = new Promise<string>((resolvePromise, reject) => {
      child.stdout.on('data', (chunk: Buffer) => {
        output += chunk.toString()
        const url = /listens on (\S+)/.exec(output)?.[1]
        if (url) resolvePromise(url)
      })
      child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
      child.once('exit', () => reject(new Error(output)))
    })
    const exited = new Promise((resolvePromise) => child.once('exit', resolvePromise))
    const url = await listening
    const response = await fetch(`${url}/requests`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'client-session': '0123456789012345678901' },
      body: JSON.stringify({
        clientSecretName: 'a',
        url: `${apiUrl}/x`,
        method: 'GET',
        headers: { authorization: '$CLIENT_SECRET' },
      }),
    })
    expect(await response.json()).toMatchObject({ status: 'resolved', response: { body: 'from the api' } })
    child.kill('SIGTERM')
    expect(await exited).toBe(0)
    expect(output).toMatch(/stops on SIGTERM/)
    api.close()
  })

  test.each([
    [['serve'], 2, /serve needs the path of the config/],
    [['swerve'], 2, /There is no command "swerve"/],
    [['serve', '--config', 'none.mjs'], 1, /Could not load the config none.mjs/],
    [['serve', '--config', 'empty.mjs'], 1, /The config empty.mjs has no default export/],
    [['serve', '--config', 'unsafe.mjs'], 1, /The relay does not start: keys.a has no rules/],
    [['serve', '--confg', 'x'], 2, /--confg/],
    [
      ['serve', '--config', 'nowhere.mjs'],
      1,
      /^The relay does not start: the database "\/no\/such\/folder\/relay.db" could not be opened/,
    ],
  ])('%o', (args, status, message) => {
    const safe = `keys: { a: { secret: '0123456789', locked: false, allow: [{ url: 'https://a.example.com/', methods: ['GET'] }] } }`
    writeFileSync(join(app, 'nowhere.mjs'), `export default { ${safe}, database: '/no/such/folder/relay.db' }`)
    writeFileSync(join(app, 'empty.mjs'), '')
    writeFileSync(join(app, 'unsafe.mjs'), `export default { keys: { a: { secret: '0123456789', allow: [] } } }`)
    try {
      run(process.execPath, [cli(), ...args], app)
      expect.unreachable()
    } catch (error) {
      expect((error as { stderr: string }).stderr).toMatch(message)
      expect((error as { stderr: string }).stderr).not.toMatch(/\n\s+at /)
      expect((error as { status: number }).status).toBe(status)
    }
  })
})
