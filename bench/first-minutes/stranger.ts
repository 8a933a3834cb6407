import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { Browser } from 'playwright'
import { format, resolveConfig } from 'prettier'
import { runServer, type RunningServer } from '../../test/frameworks/run-server.ts'
import { freeUrl } from '../../test/helpers/demo.ts'

/** A stranger's way from nothing to an answer on the screen. */
export interface Way {
  name: string
  /** What the page does at the end. */
  shows: string
  /** The arguments of `npx` that create the app in the folder `app`. */
  generator: string[]
  /** Files next to the folder of the app. */
  beside?: () => Promise<Record<string, string>>
  env?: (home: string) => Record<string, string>
  /** The packages that the stranger names. */
  packages: string[]
  /** A command that writes files. */
  setUp?: string[]
  /** The files that the stranger writes or changes. */
  files: Record<string, string | ((before: string) => string)>
  /** Commands that run until the end, the page's server last. */
  servers: (port: string) => [string, ...string[]][]
}

export interface Figures {
  /** Packages that the stranger names. */
  packages: number
  /** Files that the stranger writes or changes, and their lines. */
  files: number
  lines: number
  /** Lines that a command of the package wrote. */
  'lines by a command': number
  generate: number
  install: number
  'set up': number
  'start to answer': number
}

interface World {
  browser: Browser
  /** The address of the stand-in for the API. */
  api: string
  secret: string
  /** The packed package, in place of its name. */
  tarball: string
  question: string
  answer: string
}

/** Goes the way in an empty folder. */
export async function goTheWay(way: Way, world: World): Promise<Figures> {
  const home = await mkdtemp(join(tmpdir(), 'first-minutes-'))
  const folder = join(home, 'app')
  const { NODE_ENV: _node, ...shell } = process.env
  const env = {
    ...shell,
    XDG_CONFIG_HOME: join(home, 'config'),
    NEXT_TELEMETRY_DISABLED: '1',
    // Where the OpenAI provider of the AI SDK, and the route of Express, find the stand-in.
    OPENAI_BASE_URL: `${world.api}/v1`,
    ...way.env?.(home),
  }
  const command = async (program: string, args: string[], cwd: string) => {
    const running = promisify(execFile)(program, args, { cwd, env, maxBuffer: 2 ** 26 })
    running.child.stdin?.end()
    return running
  }
  const servers: RunningServer[] = []
  try {
    for (const [path, text] of Object.entries((await way.beside?.()) ?? {})) await write(join(home, path), text)
    const generate = await seconds(() => command('npx', ['--yes', ...way.generator], home))
    const names = way.packages.map((name) => (name === 'react-client-secret' ? world.tarball : name))
    const install = await seconds(() =>
      command('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', ...names], folder),
    )
    let written = 0
    const setUp = await seconds(async () => {
      if (!way.setUp) return
      const { stdout } = await command('npx', way.setUp, folder)
      written = stdout.match(/^ {2}(\+) .*\S$/gm)?.length ?? 0
    })
    let lines = 0
    for (const [path, given] of Object.entries(way.files)) {
      const file = join(folder, path)
      const before = await readFile(file, 'utf8').catch(() => '')
      const after = typeof given === 'string' ? given : given(before)
      // An edit counts what it adds, a file of one's own all of it.
      lines += await linesOf(path, after, typeof given === 'string' ? '' : before)
      await write(file, after.replaceAll('https://api.openai.com', world.api).replaceAll('sk-…', world.secret))
    }
    await allowStandIn(folder, world.api)
    const { port } = new URL(await freeUrl())
    const url = `http://localhost:${port}`
    const toAnswer = await seconds(async () => {
      for (const server of way.servers(port))
        servers.push(await runServer(server, { cwd: folder, env, url: urlOf(server, url) }))
      await ask(url, world)
    }).catch((error: unknown) => {
      throw new Error(servers.map(({ output }) => output()).join('\n'), { cause: error })
    })
    return {
      packages: way.packages.length,
      files: Object.keys(way.files).length,
      lines,
      'lines by a command': written,
      generate,
      install,
      'set up': setUp,
      'start to answer': toAnswer,
    }
  } finally {
    for (const { stop } of servers) await stop()
    await rm(home, { recursive: true, force: true })
  }
}

/** A server of a fixed port says so in its command. */
function urlOf(server: readonly string[], url: string): string {
  const own = server.find((word) => word.startsWith('--own-port='))
  return own ? `http://localhost:${own.split('=')[1]}` : url
}

async function ask(url: string, { browser, question, answer }: World): Promise<void> {
  const page = await browser.newPage()
  try {
    await page.goto(url)
    // Before hydration, a form is the browser's own.
    await page.waitForFunction(() =>
      Object.keys(document.querySelector('input') ?? {}).some((name) => name.startsWith('__react')),
    )
    await page.locator('input').fill(question)
    await page.locator('input').press('Enter')
    await page
      .getByText(answer)
      .waitFor()
      .catch(async (cause: unknown) => {
        throw new Error(`The page shows: ${await page.locator('body').innerText()}`, { cause })
      })
  } finally {
    await page.close()
  }
}

/** The stand-in has another address than the API, and a private one. No stranger needs this. */
async function allowStandIn(folder: string, api: string): Promise<void> {
  const file = join(folder, 'relay.config.ts')
  const text = await readFile(file, 'utf8').catch(() => null)
  const rule = `allow: [{ url: '${api}/**', methods: ['POST'], allowPrivateNetwork: true }]`
  if (text !== null) await writeFile(file, text.replace('locked: false }', `locked: false, ${rule} }`))
}

/** Lines with something in them, all written in one style. */
async function linesOf(path: string, text: string, before: string): Promise<number> {
  const known = (await styled(path, before)).split('\n')
  return (await styled(path, text)).split('\n').filter((line) => line.trim() !== '' && !known.includes(line)).length
}

async function styled(path: string, text: string): Promise<string> {
  if (!/\.[jt]sx?$/.test(path)) return text
  return format(text, { ...(await resolveConfig(import.meta.filename)), filepath: path })
}

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, text)
}

async function seconds(run: () => Promise<unknown>): Promise<number> {
  const from = performance.now()
  await run()
  return Math.round((performance.now() - from) / 100) / 10
}
