import { dirname, join, normalize, relative, resolve } from 'node:path'
import ts from 'typescript'
import { compilerOptions, isType, publicNames } from '../../scripts/api-reference.ts'
import { root, type Block } from './documentation.ts'

/** What a reader of a block has beside it. It is written behind the block, so that its lines stay. */
const contexts: Record<string, string | ((block: Block) => string)> = {
  userOf: 'declare function userOf(cookie: string | null): string | null',
  package: importsFor,
  example: ({ code }) =>
    theirs
      .filter(([name]) => !declares(code, name))
      .map(([, text]) => text)
      .join('\n'),
  Deno: 'declare const Deno: { serve(options: { port: number }, answer: (request: Request) => Promise<Response>): void }',
}

/** What the examples of docstrings have of their readers. */
const theirs = [
  ['App', 'declare function App(): null'],
  ['Otter', 'declare function Otter(): null'],
  ['Images', 'declare const Images: StandardSchema<{ data: { b64_json: string }[] }>'],
  ['b64_json', 'declare const b64_json: string'],
  ['client', 'declare const client: TestClient'],
  ['config', 'declare const config: { keys: { shop: unknown } }'],
  ['otterId', 'declare const otterId: string'],
  ['render', 'declare function render(element: ReactNode): void'],
  ['createOpenAI', "import { createOpenAI } from '@ai-sdk/openai'"],
  ['ToolLoopAgent', "import { ToolLoopAgent } from 'ai'"],
  ['useChat', "import { useChat } from '@ai-sdk/react'"],
  ['session', 'declare function session(request: Request): Promise<{ userId: string } | undefined>'],
] as const

/** The package's import paths, as files of the sources. */
const entries = ['index', 'client', 'relay', 'skapi', 'testing', 'vite', 'presets', 'worker', 'ai-sdk', 'devtools']

/**
 * Compiles blocks of code against the sources, strictly, each as a module of
 * its own; a relative import finds the block that names the file in its first
 * line: of the same page, or else of another one.
 *
 * @returns what is wrong with each block.
 */
export function compileBlocks(blocks: readonly Block[]): Map<Block, string[]> {
  // A block that extends a module changes what every other one sees there.
  const alone = blocks.filter(({ code }) => /^declare module /m.test(code))
  const together = blocks.filter((block) => !alone.includes(block))
  return new Map([together, ...alone.map((block) => [block])].flatMap((some) => [...compile(some, blocks)]))
}

/** Compiles some of the blocks as one program. */
function compile(some: readonly Block[], blocks: readonly Block[]): Map<Block, string[]> {
  const files = new Map(blocks.map((block) => [pathOf(block), block]))
  const options = compilerOptions()
  options.moduleDetection = ts.ModuleDetectionKind.Force
  // An example shows how to make something, and leaves its use to the reader.
  options.noUnusedLocals = false
  options.paths = {
    '@react-router/dev/routes': [resolve(root, 'test/types/react-router-routes.d.ts')],
    '@react-router/dev/vite': [resolve(root, 'test/types/react-router-vite.d.ts')],
    ...Object.fromEntries(
      entries.map((entry) => [
        entry === 'index' ? 'react-client-secret' : `react-client-secret/${entry}`,
        [resolve(root, `src/exports/${entry}.ts`)],
      ]),
    ),
  }
  const host = ts.createCompilerHost(options)
  const { fileExists, readFile, getSourceFile } = host
  host.fileExists = (path) => files.has(path) || fileExists(path)
  host.readFile = (path) => (files.has(path) ? textOf(files.get(path)!) : readFile(path))
  host.getSourceFile = (path, language, ...rest) =>
    files.has(path)
      ? ts.createSourceFile(path, textOf(files.get(path)!), language, true)
      : getSourceFile(path, language, ...rest)
  host.resolveModuleNameLiterals = (literals, from) =>
    literals.map(({ text }) => {
      const block = files.get(from)
      const named = block && text.startsWith('.') && blockNamed(blocks, block, text)
      return named
        ? {
            resolvedModule: {
              resolvedFileName: pathOf(named),
              extension: extensionOf(named),
              isExternalLibraryImport: false,
            },
          }
        : ts.resolveModuleName(text, from, options, host)
    })
  // A module that is only extended is not loaded. The reader's page imports it.
  const beside = ['src/exports/index.ts', 'test/types/secret-managers.d.ts'].map((file) => resolve(root, file))
  const program = ts.createProgram([...some.map(pathOf), ...beside], options, host)
  return new Map(
    some.map((block) => {
      const file = program.getSourceFile(pathOf(block))!
      const found = [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)]
      return [block, found.map((one) => told(block, one))]
    }),
  )
}

/** In a folder of its own, from which packages are found as from the page. JavaScript is compiled as TypeScript, which it is too. */
function pathOf(block: Block): string {
  const name = (block.file ?? 'block').replace(/\.\w+$/, '') + extensionOf(block)
  return resolve(root, `${block.page}.blocks/${block.line}/${name}`)
}

function extensionOf({ language, file }: Block): ts.Extension {
  return /\.tsx$/.test(file ?? '') || language === 'tsx' ? ts.Extension.Tsx : ts.Extension.Ts
}

function blockNamed(blocks: readonly Block[], { page, file = '' }: Block, specifier: string): Block | undefined {
  const name = normalize(join(dirname(file), specifier))
  const named = blocks.filter((block) => [name, `${name}.ts`, `${name}.tsx`].includes(block.file ?? ''))
  return named.find((block) => block.page === page) ?? named[0]
}

function textOf(block: Block): string {
  const behind = block.needs.map((name) => {
    const context = contexts[name]
    if (context === undefined) throw new Error(`${block.page}:${block.line} needs ${name}, which is not known here.`)
    return typeof context === 'string' ? context : context(block)
  })
  return [block.code, ...behind].join('\n')
}

/** In the API reference, everything that the package exports, and what its types have of others, as far as the block does not declare it. */
function importsFor({ code }: Block): string {
  const listed = new Set<string>()
  const ours = [...publicNames].map(([path, names]) => {
    const wanted = names.filter(({ name }) => !declares(code, name) && !listed.has(name))
    for (const { name } of wanted) listed.add(name)
    const imported = wanted.map((one) => (isType(one) ? `type ${one.name}` : one.name))
    return `import { ${imported.join(', ')} } from '${path}'`
  })
  return [
    ...ours,
    "import type { SWRConfiguration, SWRResponse } from 'swr'",
    "import type { ReactNode } from 'react'",
    "import type { Plugin } from 'vite'",
    "import type { Agent, ChatTransport, DirectChatTransportOptions, InferUITools, ToolSet, UIMessage } from 'ai'",
    "import type { IncomingMessage, ServerResponse } from 'node:http'",
  ].join('\n')
}

function declares(code: string, name: string): boolean {
  return new RegExp(`\\b(function|class|interface|type|const) ${name}\\b`).test(code)
}

function told(block: Block, { messageText, file, start = 0 }: ts.Diagnostic): string {
  const line = file ? file.getLineAndCharacterOfPosition(start).line : 0
  return `${relative(root, block.page)}:${block.line + 1 + line} ${ts.flattenDiagnosticMessageText(messageText, '\n')}`
}
