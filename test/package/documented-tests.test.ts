import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { expect, inject, onTestFinished, test } from 'vitest'
import { blocks, isTest, root, type Block } from '../helpers/documentation.ts'

const run = promisify(execFile)

/** An app of a reader: the packed package, and beside it what this repository has installed. */
async function makeApp(): Promise<string> {
  const app = await mkdtemp(join(tmpdir(), 'documented-'))
  onTestFinished(() => rm(app, { recursive: true }))
  const modules = join(app, 'node_modules')
  await mkdir(modules)
  const hidden = ['.bin', '.cache', '.vite', '.package-lock.json']
  for (const name of await readdir(join(root, 'node_modules')))
    if (!hidden.includes(name)) await symlink(join(root, 'node_modules', name), join(modules, name))
  await run('tar', ['xzf', inject('tarball'), '-C', app])
  await symlink(join(app, 'package'), join(modules, 'react-client-secret'))
  await writeFile(join(app, 'package.json'), '{ "private": true, "type": "module" }')
  return app
}

const nameOf = ({ file, page, line }: Block) => file ?? `${basename(page, '.mdx')}-${line}.test.tsx`
const pagesWithTests = [...new Set(blocks.filter(isTest).map(({ page }) => page))]

test('the documentation has tests', () => {
  expect(pagesWithTests).not.toEqual([])
})

test.each(pagesWithTests)('the tests of %s pass as they are printed', async (page) => {
  const app = await makeApp()
  const ofPage = blocks.filter((block) => block.page === page)
  // Everything that the page gives a name to is there, as a reader has it.
  const named = ofPage.filter((block) => block.file !== undefined || isTest(block))
  for (const block of named) await writeFile(join(app, nameOf(block)), block.code)
  const report = join(app, 'report.json')
  const { NODE_ENV: _node, VITEST: _vitest, ...env } = process.env
  const output = await run(
    process.execPath,
    [
      resolve(root, 'node_modules/vitest/vitest.mjs'),
      'run',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
    ],
    { cwd: app, env },
  ).catch((error: { stdout: string; stderr: string }) => error)
  const { testResults = [] } = JSON.parse(await readFile(report, 'utf8').catch(() => '{}')) as {
    testResults?: { name: string; assertionResults: { status: string }[] }[]
  }
  const passed = testResults.filter(({ assertionResults }) =>
    assertionResults.every(({ status }) => status === 'passed'),
  )
  expect(passed.map(({ name }) => basename(name)).sort(), `${output.stdout}\n${output.stderr}`).toEqual(
    ofPage.filter(isTest).map(nameOf).sort(),
  )
  expect(testResults.flatMap(({ assertionResults }) => assertionResults).length).toBe(
    ofPage.filter(isTest).flatMap(({ code }) => code.match(/^test\(/gm) ?? []).length,
  )
})
