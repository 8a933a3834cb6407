import type { ClientSecretError } from '../../protocol/errors.ts'
import type { RecordStatus, WireError } from '../../protocol/record.ts'
import type { Method } from '../../protocol/request.ts'
import type { Logger } from '../common/logger.ts'

/** The log entry of a request. Without headers, body, path and query, which belong to the caller. */
export interface Ran {
  requestId: string
  /** Name of the key. */
  key: string
  method: Method
  host: string
  outcome: RecordStatus
  /** Status of the upstream's answer, if it gave one. */
  status: number | undefined
  code: WireError['code'] | undefined
  /** Milliseconds from arrival to start, and from start to end. */
  waited: number
  took: number
  /** Bytes of the bodies. */
  requestBytes: number
  responseBytes: number
}

/** Writes one log entry for each request, and keeps the counters for Prometheus. */
export interface Metrics {
  ran(line: Ran): void
  /** Counts a call that the relay refused. */
  refused(error: ClientSecretError): void
  /** The counters and current values, in the text format of Prometheus. */
  text(now: { heldPolls: number; bytesInFlight: number }): string
}

const help = {
  requests_total: 'Requests that the relay ran.',
  waited_seconds_total: 'Seconds that requests waited before they ran.',
  took_seconds_total: 'Seconds that upstreams took.',
  request_bytes_total: 'Bytes of bodies sent to upstreams.',
  response_bytes_total: 'Bytes of bodies received from upstreams.',
  refused_total: 'Calls that the relay refused.',
}

export function createMetrics(logger: Logger): Metrics {
  const counters = new Map<string, number>()
  function count(name: keyof typeof help, labels: Record<string, string>, by: number): void {
    // Labels need no escaping: names of keys, outcomes and codes are letters, digits, dots and dashes.
    const list = Object.entries(labels).map(([label, value]) => `${label}="${value}"`)
    const series = `client_secret_relay_${name}{${list.join(',')}}`
    counters.set(series, (counters.get(series) ?? 0) + by)
  }

  return {
    ran(line) {
      const { key, outcome, waited, took, requestBytes, responseBytes } = line
      logger.info(line, 'a request was run')
      count('requests_total', { key, outcome, code: line.code ?? '' }, 1)
      count('waited_seconds_total', { key }, waited / 1000)
      count('took_seconds_total', { key }, took / 1000)
      count('request_bytes_total', { key }, requestBytes)
      count('response_bytes_total', { key }, responseBytes)
    },

    refused({ code }) {
      // Without the message, which quotes the caller.
      logger.info({ code }, 'a call was refused')
      count('refused_total', { code }, 1)
    },

    text({ heldPolls, bytesInFlight }) {
      const series = [...counters]
      return Object.entries(help)
        .flatMap(([name, text]) => [
          `# HELP client_secret_relay_${name} ${text}`,
          `# TYPE client_secret_relay_${name} counter`,
          ...series
            .filter(([one]) => one.startsWith(`client_secret_relay_${name}{`))
            .map(([one, value]) => `${one} ${value}`),
        ])
        .concat(
          '# HELP client_secret_relay_held_polls Polls that the relay holds now.',
          '# TYPE client_secret_relay_held_polls gauge',
          `client_secret_relay_held_polls ${heldPolls}`,
          '# HELP client_secret_relay_bytes_in_flight Bytes of requests and answers in flight now.',
          '# TYPE client_secret_relay_bytes_in_flight gauge',
          `client_secret_relay_bytes_in_flight ${bytesInFlight}`,
          '',
        )
        .join('\n')
    },
  }
}
