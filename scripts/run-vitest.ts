import { spawnSync, type StdioOptions } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Runs vitest with these arguments. Gives its exit status, and its report as JSON. */
export function runVitest(
  args: readonly string[],
  { stdio, env = process.env }: { stdio: StdioOptions; env?: NodeJS.ProcessEnv },
): { status: number | null; report: unknown } {
  const folder = mkdtempSync(join(tmpdir(), 'react-client-secret-'))
  const file = join(folder, 'report.json')
  const { status } = spawnSync(
    process.execPath,
    ['node_modules/vitest/vitest.mjs', 'run', '--reporter=json', `--outputFile.json=${file}`, ...args],
    { stdio, env },
  )
  const report: unknown = JSON.parse(readFileSync(file, 'utf8'))
  rmSync(folder, { recursive: true })
  return { status, report }
}
