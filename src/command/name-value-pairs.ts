/** The pairs of options such as `--set NAME=VALUE`. A value may have further equals signs. */
export function pairsOf(given: readonly string[]): [name: string, value: string][] {
  return given.map((one) => /^([^=]*)=?(.*)$/s.exec(one)!.slice(1) as [string, string])
}
