/** Edits of files that are there. Each returns the new text; the same text if nothing is missing; null if it does not know the file. */
export type Edit = (text: string) => string | null

const pluginModule = 'react-client-secret/vite'
const call = 'clientSecretRelay()'

/** Adds the plugin to the config of Vite. */
export function addVitePlugin(text: string): string | null {
  if (text.includes(pluginModule)) return text
  const edited = intoPlugins(text) ?? replaced(text, /defineConfig\(\{/, `$&\n  plugins: [${call}],`)
  return edited && withImport(edited)
}

/** Adds the plugin to the config of Astro. */
export function addAstroPlugin(text: string): string | null {
  if (text.includes(pluginModule)) return text
  const edited = /\bvite:\s*\{/.test(text)
    ? intoPlugins(text)
    : replaced(text, /defineConfig\(\{/, `$&\n  vite: { plugins: [${call}] },`)
  return edited && withImport(edited)
}

/** Adds the relay, in this module, to the routes of React Router. */
export function addReactRoute(module: string): Edit {
  return (text) => {
    if (text.includes('relay/*')) return text
    const edited = replaced(text, /export default \[\s*/, (whole) => `${whole}route('relay/*', '${module}'), `)
    if (!edited) return null
    if (/import\s*\{[^}]*\broute\b[^}]*\}\s*from\s*['"]@react-router\/dev\/routes['"]/.test(edited)) return edited
    return replaced(edited, /(import\s*\{[^}]*?)\s*(\}\s*from\s*['"]@react-router\/dev\/routes['"])/, '$1, route $2')
  }
}

/** Adds lines that a file does not have yet. */
export function addLines(lines: readonly { line: string; isThere: RegExp }[]): Edit {
  return (text) => {
    const missing = lines.filter(({ isThere }) => !isThere.test(text)).map(({ line }) => `${line}\n`)
    return missing.length === 0 ? text : `${text}${text && !text.endsWith('\n') ? '\n' : ''}${missing.join('')}`
  }
}

function intoPlugins(text: string): string | null {
  return replaced(text, /(\bplugins:\s*\[)([ \t]*\n[ \t]*|[ \t]*)(\]?)/, (_whole, opening, space, closing) =>
    closing ? `${opening}${call}]` : `${opening}${space}${call},${space.includes('\n') ? space : ' '}`,
  )
}

/** Adds the import after the last one, in the same style. */
function withImport(text: string): string | null {
  const imports = [...text.matchAll(/^import\b.*?['"][^'"]+['"];?$/gms)]
  const last = imports.at(-1)
  // A config in CommonJS, or one that imports nothing.
  if (!last) return /\bmodule\.exports\b|\brequire\(/.test(text) ? null : `${importLine('')}\n${text}`
  const end = last.index + last[0].length
  return `${text.slice(0, end)}\n${importLine(last[0])}${text.slice(end)}`
}

function importLine(like: string): string {
  const quote = like.includes('"') ? '"' : "'"
  return `import { clientSecretRelay } from ${quote}${pluginModule}${quote}${like.endsWith(';') ? ';' : ''}`
}

function replaced(
  text: string,
  pattern: RegExp,
  by: string | ((whole: string, ...groups: string[]) => string),
): string | null {
  return pattern.test(text) ? text.replace(pattern, by as string) : null
}
