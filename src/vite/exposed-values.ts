import type { ResolvedConfig } from 'vite'
import { inJson } from '../relay/common/in-json.ts'
import { secretsOf, type Key } from '../relay/keys/key.ts'

/** What Vite writes into pages, with a name for each. */
export type ExposedValues = ReadonlyMap<string, unknown>

/** The relay adds the variables of its env files to `process.env`, which `define` may hold itself. */
export function copyDefined(define: Record<string, unknown> = {}): void {
  for (const [name, value] of Object.entries(define))
    if (typeof value === 'object' && value !== null) define[name] = JSON.parse(JSON.stringify(value))
}

export function exposedValues({ env, define, environments }: ResolvedConfig): ExposedValues {
  const defined = Object.entries({ ...define, ...environments['client']?.define })
  return new Map([
    ...Object.entries(env).map(([name, value]): [string, unknown] => [`the variable ${name}`, value]),
    ...defined.map(([name, value]): [string, unknown] => [`define[${JSON.stringify(name)}] of its config`, value]),
  ])
}

/** @throws Error if a value that Vite writes into pages contains a secret of a key. The message says what to do. */
export function checkExposed(keys: Iterable<Pick<Key, 'name' | 'values'>>, exposed: ExposedValues): void {
  for (const { name, values } of keys)
    for (const secret of values.flatMap(secretsOf)) {
      const [where] = [...exposed].find(([, value]) => contains(value, secret)) ?? []
      if (where !== undefined)
        throw new Error(
          `Vite writes ${where} into every page, and it contains the secret of keys.${name}. Make a new secret, and give it to the relay in a variable that Vite does not write into pages: not in define, and without the prefix VITE_.`,
        )
    }
}

/** Texts in `define` may be JSON, also of JSON. */
function contains(value: unknown, secret: string): boolean {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
  const once = inJson(secret)
  return [secret, once, inJson(once)].some((form) => text.includes(form))
}
