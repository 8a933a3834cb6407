/**
 * Writes the figures of the latest results into README, where each is marked.
 *
 *   npm run bench:readme
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { withMeasuredFigures } from './parts/marked-figures.ts'

const readme = new URL('../README.md', import.meta.url)
const read = (file: URL) => readFileSync(file, 'utf8')
const readResult = (file: string): unknown => JSON.parse(read(new URL(`results/${file}`, import.meta.url)))
writeFileSync(readme, withMeasuredFigures(read(readme), readResult))
