/**
 * All that is measured against what people would use instead, in one run: the
 * machine, the tables of each section, and what they say of the aims. The
 * figures are in bench/results.
 *
 *   npm run bench
 */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { rounded } from './parts/figures.ts'
import { machine } from './parts/machine.ts'

const sections = ['size', 'time-to-screen', 'many', 'relay'] as const

/** Figures by name. */
type Row = Record<string, number>

interface Results {
  size: Record<'own' | 'whole', Record<string, { gzipped: number }>>
  'time-to-screen': Record<string, Record<'ours' | 'heldFetch', Row>>
  relay: Record<string, Record<'react-client-secret', Row>>
}

const { versions, ...rest } = machine()
console.log(
  Object.entries({ ...rest, ...versions })
    .map(([name, value]) => `${name} ${value}`)
    .join(', '),
)

for (const section of sections) {
  console.log(`\n── ${section} ${'─'.repeat(60 - section.length)}`)
  const { status } = spawnSync(process.execPath, [fileURLToPath(new URL(`${section}.ts`, import.meta.url))], {
    stdio: 'inherit',
  })
  if (status !== 0) process.exit(status ?? 1)
}

function result<Name extends keyof Results>(name: Name): Results[Name] {
  return JSON.parse(readFileSync(new URL(`results/${name}.json`, import.meta.url), 'utf8')) as Results[Name]
}

interface Aim {
  aim: string
  found: number
  isReached: boolean
}
const atMost = (most: number, of: string, found: number): Aim => ({
  aim: `${of}: at most ${most}`,
  found,
  isReached: found <= most,
})
const atLeast = (least: number, of: string, found: number): Aim => ({
  aim: `${of}: at least ${least}`,
  found,
  isReached: found >= least,
})

const { own, whole } = result('size')
const toScreen = result('time-to-screen')
const relay = result('relay')
const aims = [
  atMost(5, 'own code of the entry, kB gzipped', own['react-client-secret']!.gzipped / 1_000),
  atMost(15, 'everything but React, kB gzipped', whole['react-client-secret']!.gzipped / 1_000),
  ...['poll 1000', 'poll 5000'].flatMap((poll) => {
    const { ours, heldFetch } = toScreen[poll]!
    return [
      atMost(20, `time to screen beyond a held fetch, p50, ms, ${poll}`, ours['p50, ms']! - heldFetch['p50, ms']!),
      atMost(2, `requests a job, of jobs shorter than ${poll}`, ours['the same, jobs shorter than poll']!),
    ]
  }),
  ...['1 kB', '100 kB'].map((size) =>
    atLeast(
      0.8,
      `throughput, × the pass-through, ${size}, 32 connections`,
      relay[`${size}, 32 connections`]!['react-client-secret']['× the pass-through']!,
    ),
  ),
]
console.log('\n── the aims ' + '─'.repeat(52))
const rows = aims.map(({ aim, found, isReached }) => [
  aim,
  { found: rounded(found), reached: isReached ? 'yes' : 'NO' },
])
console.table(Object.fromEntries(rows))
