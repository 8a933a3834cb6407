import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, readlink, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { blocks } from '../helpers/documentation.ts'
import { freeUrl } from '../helpers/demo.ts'
import { runServer, type RunningServer } from './run-server.ts'

/** How to generate an app of a framework, and where the documentation's code blocks go. */
export interface Framework {
  /** The arguments of `npx` that create the app in the folder `app`. The framework's template may be next to it. */
  generator: string[]
  /** Files next to the folder of the app. */
  beside?: () => Promise<Record<string, string>>
  /** Path in the app → the file name in the block's first line. */
  recipe: Record<string, string>
  /** The scripts of its package.json, with the port to listen on. */
  start: (port: string) => { args: string[]; env?: Record<string, string> }
  dev: (port: string) => { args: string[]; env?: Record<string, string> }
  env?: (folder: string) => Record<string, string>
  /** The host name that its dev server accepts. */
  host?: string
}

export interface App {
  folder: string
  /** What `react-client-secret init` printed in the generated app, the first and the second time. */
  inits: string[]
  /** Rewrites a file of the app. */
  edit(path: string, change: (text: string) => string): Promise<void>
  build(): Promise<void>
  /** Runs one of its servers until `stop`. */
  run(how: 'start' | 'dev'): Promise<RunningApp>
  remove(): Promise<void>
}

export interface RunningApp extends RunningServer {
  url: string
}

/** The shortest time between two edits, in milliseconds. */
const fastestEdits = 500

const mountPage = 'stories/docs/mount-the-relay.mdx'

/** The code block with this file name, from the page Mount the relay or else from Start. */
function blockOf(file: string): string {
  const found = [mountPage, 'stories/docs/start.mdx'].flatMap((page) =>
    blocks.filter((block) => block.page === page && block.file === file),
  )
  if (!found[0]) throw new Error(`No block of ${mountPage} begins with "// ${file}".`)
  return found[0].code
}

/** The packages of the page's first `npm install`, with the packed package in place of ours. */
function installed(tarball: string): string[] {
  const command = blocks.find(({ page, language }) => page === mountPage && language === 'sh')!.code
  const names = command.trim().split(' ').slice(2)
  return names.map((name) => (name === 'react-client-secret' ? tarball : name))
}

/** Creates an app with the framework's generator in an empty folder, and applies the packed package and the documented recipe. */
export async function makeApp(framework: Framework, tarball: string, apiUrl: string, secret: string): Promise<App> {
  const home = await mkdtemp(join(tmpdir(), `framework-`))
  const folder = join(home, 'app')
  // The environment of a user's shell, without the test runner and without saved answers of the generators.
  const { NODE_ENV: _node, VITEST: _vitest, ...shell } = process.env
  const env = {
    ...shell,
    XDG_CONFIG_HOME: join(home, 'config'),
    NEXT_TELEMETRY_DISABLED: '1',
    OPENAI_API_KEY: secret,
    ...framework.env?.(home),
  }

  async function write(path: string, text: string): Promise<void> {
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, text)
  }

  async function command(program: string, args: string[], cwd: string): Promise<string> {
    const running = promisify(execFile)(program, args, { cwd, env, maxBuffer: 2 ** 26 })
    running.child.stdin?.end()
    const { stdout } = await running.catch((error: { stdout: string; stderr: string }) => {
      throw new Error(`${program} ${args.join(' ')} failed:\n${error.stdout}\n${error.stderr}`)
    })
    return stdout
  }

  for (const [path, text] of Object.entries((await framework.beside?.()) ?? {})) await write(join(home, path), text)
  await command('npx', ['--yes', ...framework.generator], home)
  await command('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', ...installed(tarball)], folder)
  // Twice: what it wrote is part of the app that is built, and the second time it writes nothing.
  const init = () => command('npx', ['react-client-secret', 'init', '--api', 'openai', '--yes'], folder)
  const inits = [await init(), await init()]
  for (const [path, file] of Object.entries(framework.recipe)) {
    // The block as printed, except the API's address, which is local here.
    const text = blockOf(file)
      .replaceAll('https://api.openai.com', apiUrl)
      .replaceAll(`methods: ['POST'] }`, `methods: ['POST'], allowPrivateNetwork: true }`)
    await write(join(folder, path), text)
  }

  let editedAt = 0
  return {
    folder,
    inits,
    async edit(path, change) {
      const before = await readFile(join(folder, path), 'utf8')
      const after = change(before)
      if (after === before) throw new Error(`The edit of ${path} changes nothing.`)
      // The watchers of dev servers merge faster edits into one.
      await sleep(Math.max(0, editedAt + fastestEdits - Date.now()))
      editedAt = Date.now()
      // Replaced in one step, because a reader could see a half-written file as empty.
      await writeFile(join(home, 'edited'), after)
      await rename(join(home, 'edited'), join(folder, path))
    },
    build: async () => void (await command('npm', ['run', 'build'], folder)),
    async run(how) {
      const { port } = new URL(await freeUrl())
      const url = `http://${framework.host ?? '127.0.0.1'}:${port}`
      const { args, env: ofServer } = framework[how](port)
      const server = await runServer(['npm', 'run', ...args], { cwd: folder, env: { ...env, ...ofServer }, url })
      return { url, ...server }
    },
    remove: () => rm(home, { recursive: true, force: true }),
  }
}

/** How many times the file is open, in any process. Works only on Linux. */
export async function openHandles(file: string): Promise<number> {
  const processes = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const counts = await Promise.all(
    processes.map(async (pid) => {
      const handles = await readdir(`/proc/${pid}/fd`).catch(() => [])
      const files = await Promise.all(handles.map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')))
      return files.filter((one) => one === file).length
    }),
  )
  return counts.reduce((sum, count) => sum + count, 0)
}
