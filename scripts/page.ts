import { resolve } from 'node:path'
import { format, resolveConfig } from 'prettier'

/** A generated Storybook page, formatted for `npm run docs`. */
export async function page(title: string, source: string, text: string): Promise<string> {
  const mdx = [
    "import { Meta } from '@storybook/addon-docs/blocks'",
    `<Meta title="Docs/${title}" />`,
    `{/* Written by npm run docs, from ${source}. */}`,
    text,
  ].join('\n\n')
  const filepath = resolve(import.meta.dirname, '../stories/docs/page.mdx')
  return format(mdx, { ...(await resolveConfig(filepath)), filepath })
}
