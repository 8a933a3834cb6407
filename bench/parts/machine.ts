import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { findChromium } from '../../scripts/chromium.ts'

/** What is measured, or measured with. */
const packages = [
  'react',
  'react-dom',
  'swr',
  'zod',
  '@tanstack/react-query',
  'skapi-js',
  '@fal-ai/client',
  'hono',
  '@hono/node-server',
  'undici',
  'pg',
  'pg-boss',
  'esbuild',
]

/** Where figures were found: they say little without it. */
export function machine() {
  return {
    cores: cpus().length,
    model: cpus()[0]?.model,
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    node: process.version,
    chromium: chromiumVersion(),
    versions: Object.fromEntries(packages.map((name) => [name, versionOf(name)])),
  }
}

function versionOf(name: string): string {
  const file = new URL(`../../node_modules/${name}/package.json`, import.meta.url)
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
}

function chromiumVersion(): string | undefined {
  const chromium = findChromium()
  if (!chromium) return undefined
  const answer = execFileSync(chromium, ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  return /[\d.]+/.exec(answer)?.[0]
}
