import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '..')
const read = (path: string) => readFileSync(resolve(root, path), 'utf8')

describe('the page Security model names a test for each of the 24 threats', () => {
  const rows = read('stories/docs/security-model.mdx')
    .split('\n')
    .flatMap((line) => {
      const cells = line.split('|').map((cell) => cell.trim())
      return /^\d+$/.test(cells[1] ?? '')
        ? [{ number: cells[1]!, tests: cells[4]!.match(/`[^`]+`/g)?.map((name) => name.slice(1, -1)) ?? [] }]
        : []
    })

  test('from 1 to 24', () => {
    expect(rows.map(({ number }) => Number(number))).toEqual(Array.from({ length: 24 }, (_, index) => index + 1))
  })

  test.each(rows)('threat $number', ({ number, tests: [first, ...files] }) => {
    expect(first).toBe(`threat ${number}`)
    const where = ['test/relay/threats.test.ts', ...files].filter((file) => existsSync(resolve(root, file)))
    expect(where).toEqual(['test/relay/threats.test.ts', ...files])
    // A test or a group of tests of that name, and not only a comment.
    const named = new RegExp(
      `(test|describe)(\\.each)?[^\\n]*\\(\\s*['"\`]threat ${number}:|^\\s*['"\`]threat ${number}:|\\]\\)\\(\\s*['"\`]threat ${number}:`,
      'm',
    )
    expect(where.some((file) => named.test(read(file)))).toBe(true)
  })
})
