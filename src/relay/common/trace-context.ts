import { randomBytes } from 'node:crypto'

/** A place in a trace, as the headers `traceparent` and `tracestate` name it (W3C Trace Context). */
export interface TraceContext {
  /** 32 hexadecimal digits. */
  traceId: string
  /** 16 hexadecimal digits. */
  spanId: string
  /** Bit 0: sampled. Bit 1: the trace id is random. */
  flags: number
  /** The other vendors' part, as it came. */
  state: string | undefined
}

/** A version from 00 to fe. Later versions may have more fields behind these four. */
const parent =
  /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:-[\x21-\x7e]{0,200})?$/
const knownFlags = 0b11

const maxStateLength = 512
const maxMembers = 32
/** Printable ASCII without comma and equals sign, and without a space at its end. */
const member = /^[a-z0-9][a-z0-9_\-*/@]{0,255}=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/

/** The place in the trace that a caller sent. Null without a valid one: a trace is never a reason to refuse a call. */
export function readTrace(headers: Pick<Headers, 'get'>): TraceContext | null {
  return parsed(headers.get('traceparent') ?? '', headers.get('tracestate') ?? '')
}

function parsed(traceparent: string, tracestate: string): TraceContext | null {
  const found = parent.exec(traceparent)
  if (!found) return null
  const [, version, traceId = '', spanId = '', flags = ''] = found
  // Version 00 has exactly four fields.
  if (version === '00' && traceparent.length !== 55) return null
  return { traceId, spanId, flags: Number.parseInt(flags, 16) & knownFlags, state: stateOf(tracestate) }
}

/** Without an invalid or a long state, the trace goes on. */
function stateOf(text: string): string | undefined {
  if (text === '' || text.length > maxStateLength) return undefined
  const members = text
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '')
  const names = new Set(members.map((one) => one.slice(0, one.indexOf('='))))
  const isValid =
    members.length <= maxMembers && names.size === members.length && members.every((one) => member.test(one))
  return isValid && members.length > 0 ? members.join(',') : undefined
}

/** The next place in the same trace. */
export function childOf(trace: TraceContext): TraceContext {
  return { ...trace, spanId: randomBytes(8).toString('hex') }
}

/** The headers that name the place. */
export function traceHeaders({ traceId, spanId, flags, state }: TraceContext): Record<string, string> {
  const traceparent = `00-${traceId}-${spanId}-${flags.toString(16).padStart(2, '0')}`
  return { traceparent, ...(state !== undefined && { tracestate: state }) }
}

/** The place as one text, for the database. */
export function traceText(trace: TraceContext): string {
  return Object.values(traceHeaders(trace)).join(' ')
}

/** The place that `traceText` wrote; null for any other text. */
export function traceOf(text: string | null): TraceContext | null {
  const [traceparent = '', ...state] = (text ?? '').split(' ')
  return parsed(traceparent, state.join(' '))
}
