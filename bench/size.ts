/**
 * What each import path adds to a page, beside the libraries that people would
 * use instead; and what the same component adds, written with each of them.
 *
 *   npm run bench:size
 */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { rounded, writeResult } from './parts/figures.ts'
import { measureAdded, measureOwn, type Size } from './parts/size.ts'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const { name: ours, exports } = JSON.parse(readFileSync(here('../package.json'), 'utf8')) as {
  name: string
  exports: Record<string, unknown>
}

const notForBrowsers = ['./relay', './vite', './presets', './package.json']

/** Our import paths for a browser, each with the file it begins at. */
const entries = Object.keys(exports)
  .filter((path) => !notForBrowsers.includes(path))
  .map((path) => ({
    name: path.replace('.', ours),
    file: here(path.replace(/^\.\/?(.*)$/, (_, entry) => `../src/exports/${entry || 'index'}.ts`)),
  }))

const others = {
  'skapi-js': 'skapi-js',
  '@fal-ai/client': '@fal-ai/client',
  '@tanstack/react-query': '@tanstack/react-query',
  swr: 'swr',
}

const components = {
  [ours]: 'ours',
  'by hand, TanStack Query': 'tanstack-query',
  'by hand, SWR': 'swr',
  'by hand, setInterval': 'set-interval',
}

async function measured(measure: (entry: string) => Promise<Size>, entries: [string, string][]) {
  const sizes = entries.map(async ([name, entry]) => [name, await measure(entry)] as const)
  return Object.fromEntries(await Promise.all(sizes)) as Record<string, Size>
}

const paths = entries.map(({ name, file }): [string, string] => [name, file])
const own = await measured(measureOwn, paths)
const whole = await measured(measureAdded, [...paths, ...Object.entries(others)])
const component = await measured(
  measureAdded,
  Object.entries(components).map(([name, side]) => [name, here(`page/sides/${side}.tsx`)]),
)

const kilobytes = ({ minified, gzipped }: Size) => ({
  'minified, kB': rounded(minified / 1_000, 1),
  'gzipped, kB': rounded(gzipped / 1_000, 1),
})
function table(sizes: Record<string, Size>) {
  console.table(Object.fromEntries(Object.entries(sizes).map(([name, size]) => [name, kilobytes(size)])))
}
console.log('Own code:')
table(own)
console.log('Everything but React:')
table(whole)
console.log('The same component with its provider, everything but React:')
table(component)
writeResult('size', { own, whole, component })
