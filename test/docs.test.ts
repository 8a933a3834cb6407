import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { toId } from 'storybook/internal/csf'
import { describe, expect, test } from 'vitest'
import { apiReference } from '../scripts/api-reference.ts'
import { errorsPage } from '../scripts/errors-page.ts'
import { presetsPage } from '../scripts/presets-page.ts'
import { errorStatus } from '../src/protocol/error-codes.ts'
import { compileBlocks } from './helpers/compile-blocks.ts'
import { anchorsOf, blocks, pages, proseOf, read, root, type Block } from './helpers/documentation.ts'

const inLanguage = (...languages: string[]) => blocks.filter(({ language }) => languages.includes(language))
const where = ({ page, line }: Block) => `${page}:${line}`

test('every block of code is in a language that is looked at here', () => {
  expect(blocks.length).toBeGreaterThan(0)
  expect(blocks.filter((block) => !inLanguage('ts', 'tsx', 'js', 'sh', 'json').includes(block))).toEqual([])
})

describe('code compiles against the sources', () => {
  const code = inLanguage('ts', 'tsx', 'js')
  const wrong = compileBlocks(code)

  test.each(code.map((block) => [where(block), block] as const))('%s', (_where, block) => {
    expect(wrong.get(block)).toEqual([])
  })

  test('wrong code does not', () => {
    const block: Block = {
      page: 'README.md',
      line: 0,
      language: 'ts',
      needs: [],
      file: undefined,
      code: `import { createRelay } from 'react-client-secret/relay'\ncreateRelay({ kees: {} })`,
    }
    expect(compileBlocks([block]).get(block)).toEqual([expect.stringMatching(/^README.md:2 .*'kees' does not exist/)])
  })
})

describe('JSON parses', () => {
  test.each(inLanguage('json').map((block) => [where(block), block.code]))('%s', (_where, code) => {
    expect(JSON.parse(code)).toBeTypeOf('object')
  })
})

describe('commands exist', () => {
  const { scripts, dependencies, devDependencies, peerDependencies } = JSON.parse(read('package.json')) as Record<
    string,
    Record<string, string>
  >
  const packages = { ...dependencies, ...devDependencies, ...peerDependencies, 'react-client-secret': '' }
  const help = execFileSync(process.execPath, ['src/command/client-secret-relay.ts', '--help'], {
    cwd: root,
    encoding: 'utf8',
  })
  const variables = read('src/relay/keys/encryption.ts') + read('src/relay/http/administrator.ts')

  /** What is wrong with a command, if anything. */
  function wrongIn(command: string): string | undefined {
    const [program, ...words] = command.match(/'[^']*'|\S+/g) ?? []
    if (program === 'export') {
      const [name] = words[0]!.split('=')
      return variables.includes(`'${name}'`) ? undefined : `nothing reads ${name}`
    }
    if (program === 'npm') {
      const [verb, ...names] = words
      if (verb === 'ci' || verb === 'test') return undefined
      if (verb === 'run') return names[0]! in scripts! ? undefined : `there is no script ${names[0]}`
      const unknown = names.find((name) => name !== '--save-dev' && !(name.replace(/(.)@.*/, '$1') in packages))
      return verb === 'install' && unknown === undefined ? undefined : `npm ${verb} ${unknown}`
    }
    if (program === 'npx' && ['client-secret-relay', 'react-client-secret'].includes(words[0]!)) {
      const [, ...given] = words
      const known = given.filter((word) =>
        /^(--[\w-]+|init|serve|record|check|attack|keys|master-key|list|add|rotate|remove)$/.test(word),
      )
      const missing = known.find((word) => !new RegExp(`(^|[\\s|[])${word}\\b`).test(help))
      return known.length > 0 && missing === undefined ? undefined : `its help does not name ${missing}`
    }
    return `nobody knows the program ${program}`
  }

  const commands = inLanguage('sh').flatMap((block) =>
    block.code
      .replaceAll('\\\n', ' ')
      .split(/\n|&&/)
      .map((line) => line.replace(/ #.*/, '').trim())
      .filter((line) => line !== '')
      // The environment of one command.
      .map((line) => [where(block), line.replace(/^([A-Z_]+=\S+ )+/, '')] as const),
  )

  test.each(commands)('%s: %s', (_where, command) => {
    expect(wrongIn(command)).toBeUndefined()
  })

  test.each([
    ['npm run dmeo'],
    ['npm install hnoo'],
    ['npx client-secret-relay serve --prot 1'],
    ['export CLIENT_SECRT=1'],
  ])('and not %s', (command) => {
    expect(wrongIn(command)).toBeDefined()
  })
})

describe('links lead somewhere', () => {
  const titleOf = (page: string) => /<Meta title="([^"]+)" \/>/.exec(read(page))?.[1]
  /** The pages as the Storybook knows them. */
  const stories = new Map(pages.flatMap((page) => (titleOf(page) ? [[toId(titleOf(page)!, 'Docs'), page]] : [])))
  const links = pages.flatMap((page) =>
    [...proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => [page, link!] as const),
  )

  test('each page is found by the name of its file, which README links to', () => {
    const ids = pages
      .filter((page) => page !== 'README.md')
      .map((page) => page.replace(/.*\/(.*)\.mdx/, 'docs-$1--docs'))
    expect([...stories.keys()]).toEqual(ids)
  })

  test.each(links.filter(([, link]) => !/^https?:/.test(link)))('%s: %s', (page, link) => {
    const [address, anchor] = link.split('#')
    // Also on GitHub and in the package. `.storybook/page-links.ts` makes links of Storybook of them.
    const target = address ? resolve(root, dirname(page), address) : page
    expect(existsSync(resolve(root, target))).toBe(true)
    if (anchor !== undefined) expect(anchorsOf(target)).toContain(anchor)
  })
})

test('README has a heading for each code of an error, to which the error itself leads', () => {
  const errors = read('README.md')
    .split(/^## /m)
    .find((section) => section.startsWith('Errors'))!
  const headings = [...errors.matchAll(/^### (\w+)$/gm)].map(([, code]) => code)
  expect(headings.sort()).toEqual(Object.keys(errorStatus).sort())
})

// `npm run bench:first-minutes` goes this way, and Next.js adds one line.
test('the first chat is one package, two files, and with the key at most 25 lines', () => {
  const start = read('stories/docs/start.mdx')
  const chat = blocks.find(({ file }) => file === 'chat-in-five-minutes.tsx')!
  expect(chat.code.match(/from '(.+)'/g)).toEqual([`from 'react-client-secret'`])
  const lines = chat.code.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('//'))
  expect(lines.length + 2).toBeLessThanOrEqual(25)
  expect(start).toMatch(/^npm install react-client-secret$/m)
})

test.each([
  ['api-reference.mdx', apiReference],
  ['errors.mdx', errorsPage],
  ['presets.mdx', presetsPage],
])('%s is what npm run docs writes', async (file, written) => {
  expect(read(`stories/docs/${file}`)).toBe(await written())
})

describe('the API reference tells of', () => {
  const exported = readdirSync(resolve(root, 'src/exports')).flatMap((file) =>
    [...read(`src/exports/${file}`).matchAll(/export (?:type )?\{([^}]+)\}|export const (\w+)/g)]
      .flatMap(([, list, name]) => name ?? list!.split(','))
      .map((name) => [file, name.trim()] as const)
      .filter(([, name]) => name !== ''),
  )

  test.each(exported)('%s: %s', (_file, name) => {
    expect(anchorsOf('stories/docs/api-reference.mdx')).toContain(name.toLowerCase())
  })
})

describe('the page Security model names a test for each of the threats', () => {
  const rows = read('stories/docs/security-model.mdx')
    .split('\n')
    .flatMap((line) => {
      const cells = line.split('|').map((cell) => cell.trim())
      return /^\d+$/.test(cells[1] ?? '')
        ? [{ number: cells[1]!, tests: cells[4]!.match(/`[^`]+`/g)?.map((name) => name.slice(1, -1)) ?? [] }]
        : []
    })

  test('in order, all of the first 24, and of the later ones those that are met', () => {
    const numbers = rows.map(({ number }) => Number(number))
    expect(numbers.slice(0, 24)).toEqual(Array.from({ length: 24 }, (_, index) => index + 1))
    expect(numbers).toEqual(numbers.toSorted((one, other) => one - other))
  })

  test.each(rows)('threat $number', ({ number, tests: [first, ...files] }) => {
    expect(first).toBe(`threat ${number}`)
    const found = ['test/relay/threats.test.ts', ...files].filter((file) => existsSync(resolve(root, file)))
    expect(found).toEqual(['test/relay/threats.test.ts', ...files])
    // A test or a group of tests of that name, and not only a comment.
    const named = new RegExp(
      `(test|describe)(\\.each)?[^\\n]*\\(\\s*['"\`]threat ${number}:|^\\s*['"\`]threat ${number}:|\\]\\)\\(\\s*['"\`]threat ${number}:`,
      'm',
    )
    expect(found.some((file) => named.test(read(file)))).toBe(true)
  })
})
