import { execFileSync, spawn } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Browser } from 'playwright'
import { afterAll, beforeAll, expect, inject, onTestFinished, test } from 'vitest'
import { findSecret } from '../../src/attack/find-secret.ts'
import { startOpenAi } from '../../stories/demo/openai.ts'
import { freeUrl, launchChromium } from '../helpers/demo.ts'

const repository = resolve(import.meta.dirname, '../..')
const folder = mkdtempSync(join(tmpdir(), 'examples-'))
const secret = 'sk-canary+/=&"<4f7c1d9e2b>'
let browser: Browser

/** That of a user's shell, in which no test runs. */
const { NODE_ENV: _, ...shell } = process.env

function npm(args: string[], cwd: string, environment: Record<string, string> = {}): void {
  execFileSync('npm', args, {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...shell, NEXT_TELEMETRY_DISABLED: '1', ...environment },
  })
}

beforeAll(async () => {
  browser = await launchChromium()
})

afterAll(async () => {
  await browser?.close()
  rmSync(folder, { recursive: true, force: true })
})

test.each([
  { example: 'vite-express', prefix: 'VITE_', built: 'dist' },
  { example: 'next', prefix: 'NEXT_PUBLIC_', built: '.next/static' },
])('$example: installed from the tarball, built, started, and clicked through', async ({ example, prefix, built }) => {
  const api = await startOpenAi({
    secret,
    fixtures: (mock) => void mock.onImage(/.*/, { image: { b64Json: onePixel } }),
  })
  onTestFinished(() => api.close())
  const app = join(folder, example)
  cpSync(join(repository, 'examples', example), app, { recursive: true })
  npm(['install', '--no-audit', '--no-fund', '--prefer-offline', inject('tarball')], app)
  npm(['run', 'build'], app, { [`${prefix}OPENAI_BASE_URL`]: `${api.url}/v1` })

  const url = await start(app, { OPENAI_API_KEY: secret, OPENAI_BASE_URL: `${api.url}/v1` })
  const page = await browser.newPage()
  onTestFinished(() => page.close())
  await page.goto(url)
  await page.getByLabel('What shall it show?').fill('an otter')
  await page.getByRole('button', { name: 'Paint' }).click()
  const picture = page.getByAltText('What you asked for')
  await picture.waitFor()
  expect(await picture.getAttribute('src')).toBe(`data:image/png;base64,${onePixel}`)
  expect(api.calls).toMatchObject([{ hadKey: true, path: '/v1/images/generations' }])

  // What a browser is sent is neither the secret nor the relay.
  const files = readdirSync(join(app, built), { recursive: true, withFileTypes: true }).filter((file) => file.isFile())
  expect(files.length).toBeGreaterThan(0)
  for (const file of files) {
    const bytes = readFileSync(join(file.parentPath, file.name))
    expect(findSecret(bytes, secret)).toBeNull()
    expect(bytes.toString()).not.toMatch(/node:sqlite|allowPrivateNetwork/)
  }
})

/** A png of one pixel. */
const onePixel = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='

/** `npm start` on a free port, until the end of the test. */
async function start(cwd: string, environment: Record<string, string>): Promise<string> {
  const url = await freeUrl()
  const server = spawn('npm', ['start'], {
    cwd,
    // A group of its own, so that what npm started ends with it.
    detached: true,
    env: { ...shell, ...environment, PORT: new URL(url).port },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  server.stdout.on('data', (chunk) => (output += chunk))
  server.stderr.on('data', (chunk) => (output += chunk))
  const ended = new Promise((resolve) => server.once('close', resolve))
  onTestFinished(async () => {
    if (server.exitCode === null) process.kill(-server.pid!)
    await ended
  })
  while (!(await isUp(url))) {
    if (server.exitCode !== null) throw new Error(`It ended with ${server.exitCode}:\n${output}`)
    await sleep(50)
  }
  return url
}

function isUp(url: string): Promise<boolean> {
  return fetch(url).then(
    (response) => response.ok,
    () => false,
  )
}
