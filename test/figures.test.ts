import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { withMeasuredFigures } from '../bench/parts/marked-figures.ts'

const root = resolve(import.meta.dirname, '..')
const readResult = (file: string): unknown => JSON.parse(readFileSync(resolve(root, 'bench/results', file), 'utf8'))

test('the figures in README are those of the latest results; npm run bench:readme writes them', () => {
  const readme = readFileSync(resolve(root, 'README.md'), 'utf8')
  expect(readme.match(/<!-- [\w-]+\.json#/g)?.length).toBeGreaterThan(0)
  expect(withMeasuredFigures(readme, readResult)).toBe(readme)
})

const results = { bytes: 12_345, 'p50, ms': 1_234.56, 'a/b': { c: 7 }, text: '8' }
const measured = (text: string) => withMeasuredFigures(text, () => results)

test.each([
  ['99 kB<!-- a.json#/bytes -->', '12 kB<!-- a.json#/bytes -->'],
  ['| 99.99 kB<!-- a.json#/bytes --> |', '| 12.35 kB<!-- a.json#/bytes --> |'],
  ['9,999.9 ms<!-- a.json#/p50, ms -->', '1,234.6 ms<!-- a.json#/p50, ms -->'],
  [
    '9<!-- a.json#/a~1b/c --> and 9 %<!-- a.json#/a~1b/c -->',
    '7<!-- a.json#/a~1b/c --> and 7 %<!-- a.json#/a~1b/c -->',
  ],
  ['poll 1000, 2 cores <!-- said without a mark -->', 'poll 1000, 2 cores <!-- said without a mark -->'],
])('%s is written as it was measured', (text, expected) => {
  expect(measured(text)).toBe(expected)
})

test('a mark that says nothing of a figure is an error', () => {
  expect(() => measured('fast<!-- a.json#/bytes -->')).toThrow('1 of 1 marks do not stand right behind a figure')
  expect(() => measured('9 kB<!-- a.json#/none/such -->')).toThrow('no number at /none/such in bench/results/a.json')
  expect(() => measured('9 kB<!-- a.json#/text -->')).toThrow('no number at /text')
})
