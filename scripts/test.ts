/**
 * Runs the tests. The browser suites run only if Chromium is found. Passes
 * arguments to vitest (`npm test -- test/react`).
 */
import { spawnSync } from 'node:child_process'
import { findChromium } from './chromium.ts'
import { runVitest } from './run-vitest.ts'

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
    'Chromium not found. With CI=true, the browser suites must run. Install it: apt-get update && apt-get install -y chromium',
  )
  process.exit(1)
}

// The suites `built` and `package` test the built package.
const build = spawnSync('npm', ['run', 'build', '--silent'], { stdio: ['ignore', 'ignore', 'inherit'] })
if (build.status !== 0) process.exit(build.status ?? 1)

const { status, report } = runVitest(
  [
    '--reporter=default',
    ...(given.some((argument) => argument.startsWith('--project')) ? [] : projects.map((name) => `--project=${name}`)),
    ...given,
  ],
  { stdio: 'inherit', env: { ...process.env, ...(chromium && { CHROMIUM_PATH: chromium }) } },
)

if (!chromium)
  console.log(
    'skipped: the browser suites, because Chromium was not found. To run them: apt-get update && apt-get install -y chromium (or set CHROMIUM_PATH)',
  )
const { numPassedTests, numFailedTests, numFailedTestSuites } = report as Record<string, number>
// A file that fails to load, or an error between tests, does not count as a failed test.
const failed = (numFailedTests ?? 0) || (status === 0 ? 0 : Math.max(1, numFailedTestSuites ?? 0))
console.log(`tests: ${numPassedTests} passed, ${failed} failed`)
process.exit(status ?? 1)
