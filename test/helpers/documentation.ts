import { readdirSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'

export const root = resolve(import.meta.dirname, '../..')
export const read = (path: string) => readFileSync(resolve(root, path), 'utf8')

/** README and the pages of the Storybook. */
export const pages = [
  'README.md',
  ...readdirSync(resolve(root, 'stories/docs'))
    .filter((file) => file.endsWith('.mdx'))
    .map((file) => `stories/docs/${file}`),
]

/** A fenced block of code. */
export interface Block {
  page: string
  line: number
  /** The first word behind the fence: `ts`, `tsx`, `js`, `sh`, `json`. */
  language: string
  /** The words after it: which names the block uses that a reader has, such as `needs=userOf`. */
  needs: string[]
  /** The path in its first line, such as `// relay.ts`. */
  file: string | undefined
  code: string
}

export function blocksOf(page: string): Block[] {
  const text = read(page)
  return [...text.matchAll(/^```(\w+)(.*)\n([\s\S]*?)^```$/gm)].map((match) => {
    const [, language, info, code] = match
    return {
      page,
      line: text.slice(0, match.index).split('\n').length,
      language: language!,
      needs: /needs=(\S+)/.exec(info!)?.[1]?.split(',') ?? [],
      file: /^(?:\/\/|#) ([\w./[\]-]+\.\w+)$/m.exec(code!.split('\n')[0]!)?.[1],
      code: code!,
    }
  })
}

export const blocks = pages.flatMap(blocksOf)

/** Whether a block is a test, which a reader runs as it is printed. */
export const isTest = ({ code }: Block) => /from 'vitest'$/m.test(code)

/** A page without its code, in which a # is no heading and a [ no link. */
export function proseOf(page: string): string {
  return read(page).replace(/^```[\s\S]*?^```$/gm, '')
}

/** The headings of a page, as the anchors by which they are linked. */
export function anchorsOf(page: string): string[] {
  return [...proseOf(page).matchAll(/^#{1,6} (.+)$/gm)].map(([, heading]) => anchorOf(heading!))
}

/** As GitHub, npm and Storybook make it. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}_ -]/gu, '')
    .replaceAll(' ', '-')
}
