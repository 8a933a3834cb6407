import type { AttackResult, Outcome } from './attack.ts'
import { otherRows, rows } from './corpus.ts'

/** The results of one row of the threat model. */
export interface ClassResult {
  row: number
  name: string
  tried: number
  blocked: number
  leaked: number
  /** For the control: how many vectors can leak, and how many did. */
  canLeak: number
  controlLeaked: number
}

export interface AttackSummary {
  classes: ClassResult[]
  total: Omit<ClassResult, 'row' | 'name'>
  leaks: { row: number; vector: string; evidence: string[] }[]
  /** Measurements that are not leaks: the remaining exposure on the page Security model. */
  measured: { vector: string; note: string }[]
  /** Vectors that can leak but did not in the control. */
  controlBlocked: { row: number; vector: string }[]
}

export function summarize({ relay, control }: AttackResult): AttackSummary {
  const count = (outcomes: readonly Outcome[], controls: readonly Outcome[]) => {
    const leaked = outcomes.filter(hasLeaked).length
    const able = controls.filter(({ vector }) => vector.canLeak)
    return {
      tried: outcomes.length,
      blocked: outcomes.length - leaked,
      leaked,
      canLeak: able.length,
      controlLeaked: able.filter(hasLeaked).length,
    }
  }
  const isOf = (row: number) => (outcome: Outcome) => outcome.vector.row === row
  return {
    classes: Object.entries(rows).map(([row, name]) => ({
      row: Number(row),
      name,
      ...count(relay.filter(isOf(Number(row))), control.filter(isOf(Number(row)))),
    })),
    total: count(relay, control),
    leaks: relay.filter(hasLeaked).map(({ vector, evidence }) => ({
      row: vector.row,
      vector: vector.name,
      evidence: [...new Set(evidence.map(({ channel, where }) => `${channel}: ${where}`))],
    })),
    measured: relay.flatMap(({ vector, notes }) => notes.map((note) => ({ vector: vector.name, note }))),
    controlBlocked: control
      .filter((outcome) => outcome.vector.canLeak && !hasLeaked(outcome))
      .map(({ vector }) => ({ row: vector.row, vector: vector.name })),
  }
}

const hasLeaked = ({ evidence }: Outcome) => evidence.length > 0

/** The summary as a table and text. */
export function report(summary: AttackSummary, verbose: AttackResult | null): string {
  const { classes, total, leaks, measured, controlBlocked } = summary
  const heads = ['row', 'attempt', 'tried', 'blocked', 'leaked', 'can leak', 'control leaked']
  const line = ({ tried, blocked, leaked, canLeak, controlLeaked }: AttackSummary['total']) =>
    [tried, blocked, leaked, canLeak, controlLeaked].map(String)
  const table = [
    heads,
    ...classes.filter(({ tried }) => tried > 0).map((one) => [String(one.row), one.name, ...line(one)]),
    ['', 'all', ...line(total)],
  ]
  const widths = heads.map((_, column) => Math.max(...table.map((cells) => cells[column]!.length)))
  const rendered = table.map((cells) =>
    cells
      .map((cell, column) => (column < 2 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
      .join('  '),
  )
  return [
    ...rendered,
    `This attack does not cover the rows ${otherRows.join(', ')}. The page Security model lists their tests.`,
    '',
    ...(verbose?.relay.map(
      ({ vector, evidence }) => `${evidence.length > 0 ? 'LEAKED ' : 'blocked'} ${vector.row}: ${vector.name}`,
    ) ?? []),
    ...(verbose ? controlBlocked.map(({ row, vector }) => `the control did not leak ${row}: ${vector}`) : []),
    ...(verbose ? measured.map(({ vector, note }) => `measured: ${vector}: ${note}`) : []),
    ...leaks.flatMap(({ row, vector, evidence }) => [
      `LEAKED in row ${row}: ${vector}`,
      ...evidence.map((one) => `    ${one}`),
    ]),
    '',
    `vectors tried: ${total.tried}, leaked: ${total.leaked}`,
    `control: leaked in ${total.controlLeaked} of the ${total.canLeak} vectors that can leak (${percent(total)} %)`,
  ].join('\n')
}

/** The share of vectors that leaked in the control, of those that can leak. */
function percent({ canLeak, controlLeaked }: Pick<ClassResult, 'canLeak' | 'controlLeaked'>): string {
  return ((100 * controlLeaked) / Math.max(1, canLeak)).toFixed(1)
}
