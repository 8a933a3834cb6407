import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { page } from './page.ts'

/** The Errors section of README as a Storybook page. Links to files become links to pages. */
export function errorsPage(): Promise<string> {
  const readme = readFileSync(resolve(import.meta.dirname, '../README.md'), 'utf8')
  const section = readme.slice(readme.indexOf('## Errors'), readme.indexOf('## License'))
  const text = section.replace(/^##/gm, '#').replace(/\]\(stories\/docs\/([\w-]+)\.mdx/g, ']($1.mdx')
  return page('Errors', "README's section Errors", text)
}
