/**
 * Runs the tests: those that need only npm, and, where a Chromium is found, those
 * that need a browser. Arguments are passed on to vitest (`npm test -- test/react`).
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findChromium } from './chromium.ts'

const given = process.argv.slice(2)
const chromium = findChromium()
const projects = [
  'node',
  'react',
  'react-18',
  'built',
  'package',
  ...(chromium ? ['examples', 'frameworks', 'browser', 'stories'] : []),
]
if (!chromium && process.env['CI'] === 'true') {
  console.error(
    'There is no Chromium, and with CI=true the browser suites must run. Install it: apt-get update && apt-get install -y chromium',
  )
  process.exit(1)
}

// The suites `built` and `package` look at what users get.
const build = spawnSync('npm', ['run', 'build', '--silent'], { stdio: ['ignore', 'ignore', 'inherit'] })
if (build.status !== 0) process.exit(build.status ?? 1)

const folder = mkdtempSync(join(tmpdir(), 'react-client-secret-'))
const report = join(folder, 'report.json')
const { status } = spawnSync(
  process.execPath,
  [
    'node_modules/vitest/vitest.mjs',
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
    ...(given.some((argument) => argument.startsWith('--project')) ? [] : projects.map((name) => `--project=${name}`)),
    ...given,
  ],
  { stdio: 'inherit', env: { ...process.env, ...(chromium && { CHROMIUM_PATH: chromium }) } },
)

if (!chromium)
  console.log(
    'skipped: the browser suites, for want of a Chromium. To run them: apt-get update && apt-get install -y chromium (or set CHROMIUM_PATH)',
  )
const { numPassedTests, numFailedTests, numFailedTestSuites } = JSON.parse(readFileSync(report, 'utf8')) as Record<
  string,
  number
>
rmSync(folder, { recursive: true })
// A file that fails as a whole, or an error between the tests, fails no test of its own.
const failed = (numFailedTests ?? 0) || (status === 0 ? 0 : Math.max(1, numFailedTestSuites ?? 0))
console.log(`tests: ${numPassedTests} passed, ${failed} failed`)
process.exit(status ?? 1)
