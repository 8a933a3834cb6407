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

const sections = ['size', 'time-to-screen', 'many'] as const

interface Results {
  size: Record<'own' | 'whole', Record<string, { gzipped: number }>>
  'time-to-screen': Record<string, Record<'ours' | 'heldFetch', Record<string, number>>>
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

const { own, whole } = result('size')
const toScreen = result('time-to-screen')
const at = (poll: number) => toScreen[`poll ${poll}`]!
const aims = [
  { aim: 'own code of the entry, kB gzipped', found: own['react-client-secret']!.gzipped / 1_000, most: 5 },
  { aim: 'everything but React, kB gzipped', found: whole['react-client-secret']!.gzipped / 1_000, most: 15 },
  ...[1_000, 5_000].flatMap((poll) => [
    {
      aim: `time to screen p50 beyond a held fetch, poll ${poll}, ms`,
      found: at(poll).ours['p50, ms']! - at(poll).heldFetch['p50, ms']!,
      most: 20,
    },
    {
      aim: `requests a job shorter than poll ${poll}`,
      found: at(poll).ours['the same, jobs shorter than poll']!,
      most: 2,
    },
  ]),
]
console.log('\n── the aims ' + '─'.repeat(52))
console.table(
  Object.fromEntries(
    aims.map(({ aim, found, most }) => [
      aim,
      { found: rounded(found), 'at most': most, '': found <= most ? 'reached' : 'NOT REACHED' },
    ]),
  ),
)
