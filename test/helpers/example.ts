import { execFile, spawn } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { inject, onTestFinished } from 'vitest'
import { startOpenAi, type OpenAi } from '../../stories/demo/openai.ts'
import { freeUrl, launchChromium } from './demo.ts'
import type { Page } from 'playwright'

const examples = resolve(import.meta.dirname, '../../examples')
const secret = 'sk-canary-4f7c1d9e2b'

interface Example {
  /** Its folder, outside of this repository. */
  folder: string
  api: OpenAi
  /** What the example's `answers.json` has the API say. */
  answer: string
  /** Its page, in a Chromium. */
  page: Page
}

/**
 * An example as a stranger runs it: installed from the tarball, built, started, opened.
 *
 * @param name Its folder in `examples/`.
 * @param urlVariable The environment variable that tells it where OpenAI is.
 */
export async function openExample(name: string, urlVariable: string): Promise<Example> {
  const folder = mkdtempSync(join(tmpdir(), `${name}-`))
  onTestFinished(() => rm(folder, { recursive: true }))
  const committed = /^(?!node_modules$|dist$|\.next$)/
  for (const file of readdirSync(join(examples, name)).filter((file) => committed.test(file)))
    cpSync(join(examples, name, file), join(folder, file), { recursive: true })

  const answers = join(folder, 'answers.json')
  const api = await startOpenAi({ secret, fixtures: (mock) => mock.loadFixtureFile(answers) })
  onTestFinished(() => api.close())
  const url = await freeUrl()
  const env = {
    ...process.env,
    // What vitest set for itself would make a build for tests.
    NODE_ENV: undefined,
    NEXT_TELEMETRY_DISABLED: '1',
    // There while it is built too, as where a machine has it in an .env file: a build could take it in.
    CLIENT_SECRET_OPENAI: secret,
    [urlVariable]: `${api.url}/v1`,
    PORT: new URL(url).port,
  }
  await npm(['install', '--prefer-offline', '--no-audit', '--no-fund', inject('tarball')])
  await npm(['run', 'build'])
  await start()
  const browser = await launchChromium()
  onTestFinished(() => browser.close())
  const page = await browser.newPage()
  await page.goto(url)
  const { fixtures } = JSON.parse(readFileSync(answers, 'utf8')) as { fixtures: [{ response: { content: string } }] }
  return { folder, api, answer: fixtures[0].response.content, page }

  async function npm(args: string[]): Promise<void> {
    const startedAt = performance.now()
    await promisify(execFile)('npm', args, { cwd: folder, env }).catch((error: Error & { stdout: string }) => {
      throw new Error(`npm ${args[0]} failed in examples/${name}:\n${error.stdout}\n${error.message}`)
    })
    console.log(`${name}: npm ${args.slice(0, 2).join(' ')} ${Math.round(performance.now() - startedAt)}ms`)
  }

  /** Starts it in a group of processes of its own, which ends with the test, and waits until it answers. */
  async function start(): Promise<void> {
    const child = spawn('npm', ['start'], { cwd: folder, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
    const exited = new Promise((resolvePromise) => child.once('exit', resolvePromise))
    onTestFinished(async () => {
      if (child.exitCode === null) process.kill(-child.pid!, 'SIGTERM')
      await exited
    })
    let output = ''
    child.stdout.on('data', (chunk) => (output += chunk))
    child.stderr.on('data', (chunk) => (output += chunk))
    while (!(await fetch(url).catch(() => undefined))?.ok) {
      if (child.exitCode !== null) throw new Error(`examples/${name} ended with ${child.exitCode}:\n${output}`)
      await new Promise((resolvePromise) => setTimeout(resolvePromise, 100))
    }
  }
}

/** Texts that stand in the server's part of the package only. */
const ofTheServer = ['The relay does not start', 'node:sqlite', 'rate-limiter-flexible']

/** What of the secret and of the server's code the files hold that a browser gets; it is to be nothing. */
export function leaksInto(folder: string): string[] {
  return [secret, ...ofTheServer].filter((text) => textOf(folder).includes(text))
}

/** Whether the search would find server code, shown on the installed package; and the browser's, shown on what was built. */
export function findsWhatIsThere(example: string, browserFiles: string): boolean {
  const server = textOf(join(example, 'node_modules/react-client-secret/dist'))
  return ofTheServer.every((text) => server.includes(text)) && textOf(browserFiles).includes('$CLIENT_SECRET')
}

function textOf(folder: string): string {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
    .join('\n')
}
