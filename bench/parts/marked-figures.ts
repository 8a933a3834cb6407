// A figure in a text is marked with where it was measured, in a comment that no
// reader sees: `25.4 kB<!-- size.json#/whole/swr/gzipped -->`. The mark is a
// file of bench/results and a JSON pointer (RFC 6901) in it.

/** A number with its thousands and its decimals, its unit, and its mark. */
const figure = /(\d[\d,]*(?:\.(\d+))?)([  ]?)([^\s\d|<]*)<!-- ([\w-]+\.json)#(\/.*?) -->/g

/** How many of what was measured are one of the unit in which it is told; bytes are told in kB. */
const units: Record<string, number> = { kB: 1_000, MB: 1_000_000 }

/** A text with each marked figure as it was measured, rounded to the decimals that are written there. */
export function withMeasuredFigures(text: string, readResult: (file: string) => unknown): string {
  const marks = text.match(/<!-- [\w-]+\.json#/g)?.length ?? 0
  let found = 0
  const measured = text.replace(
    figure,
    (_, _number, decimals: string | undefined, space: string, unit: string, file: string, pointer: string) => {
      found += 1
      const digits = decimals?.length ?? 0
      const value = valueAt(readResult(file), pointer, file) / (units[unit] ?? 1)
      const written = value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })
      return `${written}${space}${unit}<!-- ${file}#${pointer} -->`
    },
  )
  if (found !== marks) throw new Error(`${marks - found} of ${marks} marks do not stand right behind a figure.`)
  return measured
}

function valueAt(result: unknown, pointer: string, file: string): number {
  const names = pointer.split('/').slice(1)
  const value = names.reduce<unknown>(
    (within, name) =>
      (within as Record<string, unknown> | undefined)?.[name.replaceAll('~1', '/').replaceAll('~0', '~')],
    result,
  )
  if (typeof value === 'number') return value
  throw new Error(`There is no number at ${pointer} in bench/results/${file}. Correct the mark, or run the bench.`)
}
