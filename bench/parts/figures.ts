import { writeFileSync } from 'node:fs'
import { loadavg } from 'node:os'
import { machine } from './machine.ts'

/** The value below which this part of the values lies. */
export function percentile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((one, other) => one - other)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? NaN
}

export const median = (values: readonly number[]) => percentile(values, 0.5)

export function rounded(value: number, digits = 2): number {
  return Math.round(value * 10 ** digits) / 10 ** digits
}

const load = () => loadavg().map((value) => rounded(value, 1))

const loadAtStart = load()

/** Writes what a bench found to bench/results, with the machine it was found on. */
export function writeResult(name: string, found: object): void {
  const loadAtEnd = load()
  console.log(`load average ${loadAtStart.join(' ')} at the start, ${loadAtEnd.join(' ')} at the end`)
  const file = new URL(`../results/${name}.json`, import.meta.url)
  writeFileSync(file, `${JSON.stringify({ ...machine(), loadAtStart, loadAtEnd, ...found }, null, 2)}\n`)
}

/** The value of `--name value` on the command line. */
export function numberOption(name: string, byDefault: number): number {
  const index = process.argv.indexOf(`--${name}`)
  if (index === -1) return byDefault
  const value = Number(process.argv[index + 1])
  if (Number.isFinite(value)) return value
  console.error(`--${name} takes a number, such as --${name} ${byDefault}`)
  process.exit(2)
}

/** Random numbers that are the same again for the same seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
