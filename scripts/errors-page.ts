import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { page } from './page.ts'

/** README's section Errors as a page of the Storybook. README links to files, the Storybook to pages. */
export function errorsPage(): Promise<string> {
  const readme = readFileSync(resolve(import.meta.dirname, '../README.md'), 'utf8')
  const section = readme.slice(readme.indexOf('## Errors'), readme.indexOf('## License'))
  const text = section.replace(/^##/gm, '#').replace(/\]\(stories\/docs\/([\w-]+)\.mdx/g, '](?path=/docs/docs-$1--docs')
  return page('Errors', "README's section Errors", text)
}
