import { readdirSync, readFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import packageJson from '../../package.json' with { type: 'json' }

/*
 * What the package promises, as committed files: a change of it is seen where it
 * is made. After one that is meant: `npm run api`, and read the difference.
 */

const dist = resolve(import.meta.dirname, '../../dist')
const snapshots = join(import.meta.dirname, 'api')

test('the public names', async () => {
  const lines: string[] = []
  for (const [path, target] of Object.entries(packageJson.exports)) {
    if (typeof target === 'string') continue
    const module = (await import(join(dist, basename(target.import.default)))) as object
    lines.push(path, ...Object.keys(module).sort(), '')
  }
  await expect(lines.join('\n')).toMatchFileSnapshot(join(snapshots, 'names.txt'))
})

const declarations = readdirSync(dist).filter((file) => file.endsWith('.d.ts'))

test.each(declarations)('the declarations of %s', async (file) => {
  const text = withoutHashes(readFileSync(join(dist, file), 'utf8'))
  await expect(text).toMatchFileSnapshot(join(snapshots, withoutHashes(file)))
})

test('nothing is kept here of what is gone', () => {
  const expected = ['names.txt', ...declarations.map(withoutHashes)]
  expect(readdirSync(snapshots).filter((file) => !expected.includes(file))).toEqual([])
})

/** What several entries share is in files whose names end in a hash, which changes with every word in them. */
function withoutHashes(text: string): string {
  return text.replace(/(?<=\w)-[\w-]{8}(?=\.(js|d\.ts))/g, '')
}
