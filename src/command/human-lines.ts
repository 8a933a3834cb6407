import type { Logger } from '../relay/common/logger.ts'

type Details = Record<string, unknown>

interface HumanOptions {
  /** Default: false. */
  isColoured?: boolean
  now?: () => Date
}

const colours = { red: 31, green: 32, yellow: 33, grey: 90 } as const
type Paint = (colour: keyof typeof colours, text: string) => string

/** Characters of a column. A longer text moves the columns behind it. */
const widest = 32

/** Writes one short line per entry, for a terminal: columns for a request, a sentence for all else. */
export function humanLines(
  write: (line: string) => void,
  { isColoured = false, now = () => new Date() }: HumanOptions = {},
): Logger {
  const paint: Paint = (colour, text) => (isColoured ? `\u001b[${colours[colour]}m${text}\u001b[39m` : text)
  /** The widths of the columns so far. */
  const widths: Record<string, number> = {}
  const column = (name: string, value: unknown) => {
    const text = printable(String(value))
    widths[name] = Math.max(widths[name] ?? 0, Math.min(text.length, widest))
    return text.padEnd(widths[name])
  }

  function requestLine({
    requestId,
    traceId,
    key,
    method,
    host,
    outcome,
    status,
    code,
    limit,
    ...rest
  }: Details): string {
    const { waited, took, responseBytes } = rest as Record<string, number | undefined>
    const colour = outcome === 'resolved' ? 'green' : outcome === 'failed' ? 'red' : 'yellow'
    const reason = [code === 'UPSTREAM_ERROR' ? undefined : code, limit]
      .filter(Boolean)
      .map((one) => printable(String(one)))
    return [
      paint(colour, column('status', status ?? outcome)),
      column('method', method),
      column('host', host),
      column('key', key),
      inTime(took).padStart(6),
      inBytes(responseBytes).padStart(8),
      // The wait of a direct request is a few milliseconds.
      ...(waited !== undefined && waited >= 100 ? [`waited ${inTime(waited)}`] : []),
      ...(status === undefined || outcome === 'resolved' ? [] : [String(outcome)]),
      ...reason.map((one) => paint(colour, one)),
      paint('grey', printable([requestId, traceId].filter(Boolean).join(' '))),
    ].join('  ')
  }

  function line(colour: keyof typeof colours | undefined, details: Details, message: string): string {
    const [first, ...more] = message === 'a request was run' ? [requestLine(details)] : sentence(details, message)
    const time = paint('grey', now().toTimeString().slice(0, 8))
    return [
      `${time}  ${colour ? paint(colour, first!) : first}`,
      ...more.map((one) => `    ${paint('grey', one)}`),
    ].join('\n')
  }

  const at = (colour?: keyof typeof colours) => (details: object, message: string) =>
    write(line(colour, details as Details, message))
  return { info: at(), warn: at('yellow'), error: at('red') }
}

/** The message and its details, and below them the stack of an error. */
function sentence({ err, stack, ...details }: Details, message: string): string[] {
  const given = Object.entries(details).filter(([, value]) => value !== undefined)
  const words = given.map(([name, value]) =>
    printable(`${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`),
  )
  const trace = err instanceof Error ? (err.stack ?? err.message) : (stack ?? (err && JSON.stringify(err)))
  return [
    [printable(message), ...words].join('  '),
    ...(typeof trace === 'string' ? trace.split(/\r?\n/).map((one) => printable(one.trim())) : []),
  ]
}

/** Without characters that move the cursor, change a colour, begin a line or turn the direction of the text. */
export function printable(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu,
    (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`,
  )
}

function inTime(milliseconds = 0): string {
  if (milliseconds < 999.5) return `${Math.round(milliseconds)}ms`
  if (milliseconds < 59_950) return `${(milliseconds / 1000).toFixed(1)}s`
  const seconds = Math.round(milliseconds / 1000)
  return `${Math.floor(seconds / 60)}m${String(seconds % 60).padStart(2, '0')}s`
}

function inBytes(bytes = 0): string {
  if (bytes < 1_000) return `${bytes} B`
  return bytes < 999_500 ? `${(bytes / 1_000).toFixed(1)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`
}
