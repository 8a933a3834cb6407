import { readdirSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import ts from 'typescript'
import { page } from './page.ts'

const root = resolve(import.meta.dirname, '..')
const packageName = 'react-client-secret'

/** The import paths in the order of the page. A name that several paths export appears under the first. */
const order = ['index', 'client', 'relay', 'vite', 'presets', 'skapi', 'testing', 'worker', 'ai-sdk', 'devtools']
const entries = readdirSync(resolve(root, 'src/exports'))
  .map((file) => basename(file, '.ts'))
  .sort((one, other) => order.indexOf(one) - order.indexOf(other))

const program = ts.createProgram(
  entries.map((entry) => resolve(root, `src/exports/${entry}.ts`)),
  compilerOptions(),
)
const checker = program.getTypeChecker()

/** An exported name and its declaration. */
export interface PublicName {
  name: string
  declaration: ts.Declaration
}

/** The exported names by import path, such as `react-client-secret/relay`. */
export const publicNames: ReadonlyMap<string, PublicName[]> = new Map(
  entries.map((entry) => [
    entry === 'index' ? packageName : `${packageName}/${entry}`,
    exportsOf(program.getSourceFile(resolve(root, `src/exports/${entry}.ts`))!),
  ]),
)

/** The options in tsconfig.json. */
export function compilerOptions(): ts.CompilerOptions {
  const host = { ...ts.sys, onUnRecoverableConfigFileDiagnostic() {} }
  return ts.getParsedCommandLineOfConfigFile(resolve(root, 'tsconfig.json'), {}, host)!.options
}

/** Functions and classes first, then types. */
function exportsOf(file: ts.SourceFile): PublicName[] {
  return (
    checker
      .getExportsOfModule(checker.getSymbolAtLocation(file)!)
      .map((symbol) => ({ name: symbol.name, declaration: declarationOf(symbol) }))
      // `export type *` exports only the type of a function, which cannot be called.
      .filter((one) => isType(one) || valuesOf(file).includes(one.name))
      .sort((one, other) => Number(isType(one)) - Number(isType(other)) || (one.name < other.name ? -1 : 1))
  )
}

function valuesOf(file: ts.SourceFile): string[] {
  return file.statements.flatMap((statement) => {
    if (ts.isVariableStatement(statement))
      return statement.declarationList.declarations.map(({ name }) => name.getText())
    const list = ts.isExportDeclaration(statement) && !statement.isTypeOnly ? statement.exportClause : undefined
    return list && ts.isNamedExports(list) ? list.elements.map(({ name }) => name.text) : []
  })
}

export function isType({ declaration }: PublicName): boolean {
  return ts.isInterfaceDeclaration(declaration) || ts.isTypeAliasDeclaration(declaration)
}

function declarationOf(exported: ts.Symbol): ts.Declaration {
  const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported
  const declaration = symbol.declarations![0]!
  // A constant that refers to a function with its own declaration and docstring.
  const [signature] = checker.getTypeOfSymbol(symbol).getCallSignatures()
  const target = signature?.getDeclaration()
  return ts.isVariableDeclaration(declaration) && target && ts.isFunctionDeclaration(target) ? target : declaration
}

/** The Storybook page with everything that the package exports, generated from the docstrings. */
export async function apiReference(): Promise<string> {
  const told = new Set<string>()
  const sections = [...publicNames].map(([path, names]) => {
    const own = names.filter(({ name }) => !told.has(name))
    const others = names.filter((one) => !own.includes(one))
    for (const { name } of own) told.add(name)
    return [
      `## ${path}`,
      ...(others.length > 0 ? [`Also from here: ${others.map(({ name }) => linked(name)).join(', ')}.`] : []),
      ...own.map(section),
    ].join('\n\n')
  })
  const text = ['# API reference', 'Every name that the package exports, by its import path.', ...sections].join('\n\n')
  return page('API reference', 'the docstrings in src', text)
}

/** The first paragraph of a docstring. */
export function summaryOf(path: string, wanted: string): string {
  const { declaration } = publicNames.get(path)!.find(({ name }) => name === wanted)!
  const documented = ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration
  return prose(commentOf(ts.getJSDocCommentsAndTags(documented).find(ts.isJSDoc)))
}

function linked(name: string): string {
  return `[\`${name}\`](#${name.toLowerCase()})`
}

function section({ name, declaration }: PublicName): string {
  const documented = ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration
  const comment = ts.getJSDocCommentsAndTags(documented).find(ts.isJSDoc)
  const tags = (comment?.tags ?? []).map((tag) => [tag.tagName.text, tag] as const)
  const of = (wanted: string) => tags.filter(([tag]) => tag === wanted).map(([, tag]) => tag)
  return [
    `### ${name}`,
    prose(commentOf(comment)),
    ...of('param').map((tag) => `\`${(tag as ts.JSDocParameterTag).name.getText()}\`: ${prose(commentOf(tag))}`),
    ...of('returns').map((tag) => `Gives ${prose(commentOf(tag))}`),
    // TypeScript parses the error's name as a type, but it is part of the sentence.
    ...of('throws').map((tag) => `Throws ${prose(textOf(tag).replace(/^@throws\s+/, ''))}`),
    code('ts needs=package', [declaration, ...helpersOf(declaration)].map(printed).join('\n\n')),
    ...of('example').map((tag) => code('tsx needs=package,example', commentOf(tag))),
  ]
    .filter((part) => part !== '')
    .join('\n\n')
}

function commentOf(node: { comment?: string | ts.NodeArray<ts.JSDocComment> | undefined } | undefined): string {
  return ts.getTextOfJSDocComment(node?.comment) ?? ''
}

/** The text of a tag, without the stars at the line starts. */
function textOf(tag: ts.JSDocTag): string {
  return tag
    .getText()
    .replace(/^\s*\* ?/gm, '')
    .trim()
}

/** Escapes text so that MDX does not parse it as JSX. */
function prose(text: string): string {
  return text
    .split(/(`[^`]*`)/)
    .map((part) => (part.startsWith('`') ? part : part.replace(/[{<]/g, '\\$&')))
    .join('')
}

function code(language: string, text: string): string {
  return `\`\`\`${language}\n${text}\n\`\`\``
}

/** A declaration with the comments of its members, without its implementation. */
function printed(declaration: ts.Declaration): string {
  if (ts.isFunctionDeclaration(declaration)) return signature(declaration)
  if (ts.isClassDeclaration(declaration)) return outline(declaration)
  if (ts.isVariableDeclaration(declaration) && declaration.type)
    return `declare const ${declaration.name.getText()}: ${declaration.type.getText()}`
  // A preset. Its type argument is the table of its API, which the page of presets shows.
  if (ts.isVariableDeclaration(declaration) && declaration.initializer && ts.isCallExpression(declaration.initializer))
    return `declare const ${declaration.name.getText()}: ${checker.getTypeAtLocation(declaration).symbol.name}`
  return textWithout(ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration).replace(
    /^export /,
    '',
  )
}

function signature({ name, typeParameters, parameters, type }: ts.FunctionDeclaration): string {
  const generics = typeParameters ? `<${typeParameters.map((one) => one.getText()).join(', ')}>` : ''
  const isComponent = /^[A-Z]/.test(name!.text)
  const given = parameters.map((parameter) => {
    const called = ts.isIdentifier(parameter.name) ? parameter.name.text : isComponent ? 'props' : 'options'
    const isOptional = parameter.initializer ?? parameter.questionToken
    return `${called}${isOptional ? '?' : ''}: ${parameter.type!.getText()}`
  })
  return `declare function ${name!.text}${generics}(${given.join(', ')}): ${type!.getText()}`
}

function outline(declaration: ts.ClassDeclaration): string {
  const head = declaration.heritageClauses?.map((clause) => clause.getText()).join(' ') ?? ''
  const members = declaration.members
    .filter((member) => !member.name || !ts.isComputedPropertyName(member.name))
    .map((member) =>
      ts.isConstructorDeclaration(member)
        ? `constructor(${member.parameters.map((one) => one.getText().replace(/: (.*) = \{\}$/, '?: $1')).join(', ')})`
        : textWithout(member, member.getFullStart()),
    )
  return `declare class ${declaration.name!.text} ${head} {\n${members.join('\n')}\n}`
}

/** The text of a node, without the `| undefined` that exactOptionalPropertyTypes adds to optional fields. */
function textWithout(node: ts.Node, start = node.getStart()): string {
  const file = node.getSourceFile()
  const cuts: [number, number][] = []
  const look = (inner: ts.Node): void => {
    if (ts.isPropertySignature(inner) && inner.questionToken && inner.type && ts.isUnionTypeNode(inner.type)) {
      const [last, ...before] = [...inner.type.types].reverse()
      if (last!.kind === ts.SyntaxKind.UndefinedKeyword) cuts.push([before[0]!.getEnd(), last!.getEnd()])
    }
    ts.forEachChild(inner, look)
  }
  look(node)
  let text = ''
  let from = start
  for (const [cutFrom, cutTo] of cuts.sort(([one], [other]) => one - other)) {
    text += file.text.slice(from, cutFrom)
    from = cutTo
  }
  return text + file.text.slice(from, node.getEnd())
}

/** The unexported types that a public type uses. The page shows them with it. */
function helpersOf(declaration: ts.Declaration): ts.Declaration[] {
  const isPublic = new Set([...publicNames.values()].flat().map((one) => one.declaration))
  const found = new Set<ts.Declaration>()
  const look = (node: ts.Node): void => {
    const declared = ts.isIdentifier(node) ? typeNamedBy(node) : undefined
    if (declared && !isPublic.has(declared) && !found.has(declared)) {
      found.add(declared)
      look(declared)
    }
    // The page does not show function bodies.
    if (!ts.isBlock(node)) ts.forEachChild(node, look)
  }
  look(declaration)
  return [...found]
}

/** The declaration of a name in a type, if it is in our sources. */
function typeNamedBy(name: ts.Identifier): ts.Declaration | undefined {
  const { parent } = name
  if (!ts.isTypeReferenceNode(parent) && !ts.isTypeQueryNode(parent) && !ts.isExpressionWithTypeArguments(parent))
    return undefined
  const symbol = checker.getSymbolAtLocation(name)!
  const [declared] =
    (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol).declarations ?? []
  const isOurs = declared?.getSourceFile().fileName.startsWith(resolve(root, 'src'))
  return isOurs && !ts.isTypeParameterDeclaration(declared!) ? declared : undefined
}
