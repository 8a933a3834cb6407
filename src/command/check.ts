import { readOptions, type RelayOptions } from '../relay/options.ts'
import { callersInWords, ruleInWords, wideForCallers, wideInRule } from '../relay/rule-in-words.ts'

/**
 * Says in plain words where the secret of every key can go, and what of it is wide.
 *
 * @throws ClientSecretError as `createRelay` does, for options with which no relay starts.
 */
export function check(options: RelayOptions): string {
  const { keys } = readOptions(withSecrets(options), {})
  const paragraphs = [...keys.values()].map((key) => {
    const rules = key.rules.map((rule) => [`  may go ${ruleInWords(rule)}`, ...wideInRule(rule).map(warning)])
    return [
      `${key.name}`,
      `  may be used by ${callersInWords(key)}`,
      ...wideForCallers(key).map(warning),
      ...rules.flat(),
    ].join('\n')
  })
  const warnings = paragraphs.join('\n').split(mark).length - 1
  return [
    ...paragraphs,
    'The secret goes nowhere else. What a caller sends that no line above covers is refused before anything is called.',
    warnings === 0
      ? 'Nothing of this is wide.'
      : `${warnings} ${warnings === 1 ? 'line' : 'lines'} marked with ! may be wider than you meant.`,
  ].join('\n\n')
}

const mark = '    ! '
const warning = (text: string) => mark + text

/** Whoever reads the rules, in a review or in CI, need not hold the secrets. */
function withSecrets(options: RelayOptions): RelayOptions {
  const { keys } = options as { keys?: unknown }
  if (typeof keys !== 'object' || keys === null) return options
  const filled = Object.entries(keys as RelayOptions['keys']).map(([name, key]) => [
    name,
    typeof key === 'object' && key !== null && !key.secret ? { ...key, secret: 'not-looked-at' } : key,
  ])
  return { ...options, keys: Object.fromEntries(filled) as RelayOptions['keys'] }
}
