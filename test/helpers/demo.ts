import { spawn } from 'node:child_process'
import { createServer } from 'node:http'
import { chromium, type Browser } from 'playwright'
import { chromiumArguments, findChromium } from '../../scripts/chromium.ts'
import { listen } from '../../stories/demo/openai.ts'

/** Starts the demo as `npm run demo` does, on a free port, with a key that the test knows. */
export async function startDemo(secret: string): Promise<{ url: string; stop(): Promise<void> }> {
  const url = await freeUrl()
  const child = spawn(
    process.execPath,
    [
      'node_modules/storybook/dist/bin/dispatcher.js',
      'dev',
      '--ci',
      '--port',
      new URL(url).port,
      '--host',
      '127.0.0.1',
    ],
    {
      env: { ...process.env, DEMO_SECRET: secret, STORYBOOK_DISABLE_TELEMETRY: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  let output = ''
  child.stdout.on('data', (chunk) => (output += chunk))
  child.stderr.on('data', (chunk) => (output += chunk))
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  while (!(await isUp(url))) {
    if (child.exitCode !== null) throw new Error(`The demo ended with ${child.exitCode}:\n${output}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  return {
    url,
    async stop() {
      child.kill()
      await exited
    },
  }
}

export function launchChromium(...more: string[]): Promise<Browser> {
  const executablePath = findChromium()
  if (!executablePath) throw new Error('There is no Chromium; npm test leaves the browser suites out then.')
  return chromium.launch({ executablePath, args: [...chromiumArguments, ...more] })
}

/** A port that was free a moment ago: Storybook cannot be asked to take any. */
export async function freeUrl(): Promise<string> {
  const server = createServer()
  const url = await listen(server)
  await new Promise((resolve) => server.close(resolve))
  return url
}

async function isUp(url: string): Promise<boolean> {
  return fetch(`${url}/index.json`).then(
    (response) => response.ok,
    () => false,
  )
}
