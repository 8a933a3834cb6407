/**
 * Writes the generated pages of the Storybook: `npm run docs`.
 * A test checks that they are up to date.
 */
import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { apiReference } from './api-reference.ts'
import { errorsPage } from './errors-page.ts'
import { presetsPage } from './presets-page.ts'

const folder = resolve(import.meta.dirname, '../stories/docs')

writeFileSync(resolve(folder, 'errors.mdx'), await errorsPage())
writeFileSync(resolve(folder, 'api-reference.mdx'), await apiReference())
writeFileSync(resolve(folder, 'presets.mdx'), await presetsPage())
