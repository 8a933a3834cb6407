import type { ClientSecretError } from '../../protocol/errors.ts'
import type { RecordStatus, WireError } from '../../protocol/record.ts'
import type { Method } from '../../protocol/request.ts'
import type { Logger } from '../common/logger.ts'

/** What is told of a request that was run. No header, no body, no path and no query: those are the caller's. */
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
  /** Milliseconds from its arrival to its start, and from its start to its end. */
  waited: number
  took: number
  /** Bytes of the bodies. */
  requestBytes: number
  responseBytes: number
}

/** Writes one line a request into the log, and keeps the counters for Prometheus. */
export interface Journal {
  ran(line: Ran): void
  /** A call of the relay that was refused, before anything was run. */
  refused(error: ClientSecretError): void
  /** The counters in Prometheus' text format, and what there is now. */
  metrics(now: { heldPolls: number; bytesInFlight: number }): string
}

const help = {
  requests_total: 'Requests that were run.',
  waited_seconds_total: 'Time that requests waited before they were run.',
  took_seconds_total: 'Time that upstreams took.',
  request_bytes_total: 'Bytes of bodies sent to upstreams.',
  response_bytes_total: 'Bytes of bodies received from upstreams.',
  refused_total: 'Calls of the relay that were refused.',
}

export function createJournal(logger: Logger): Journal {
  const counters = new Map<string, number>()
  function count(name: keyof typeof help, labels: Record<string, string>, by: number): void {
    // Names of keys, outcomes and codes are letters, digits, dots and dashes, so there is nothing to escape.
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
      // The sentence quotes what the caller wrote, so it stays out of the log.
      logger.info({ code }, 'a call was refused')
      count('refused_total', { code }, 1)
    },

    metrics({ heldPolls, bytesInFlight }) {
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
          '# HELP client_secret_relay_held_polls Polls that are held now.',
          '# TYPE client_secret_relay_held_polls gauge',
          `client_secret_relay_held_polls ${heldPolls}`,
          '# HELP client_secret_relay_bytes_in_flight Bytes of requests and answers that are under way now.',
          '# TYPE client_secret_relay_bytes_in_flight gauge',
          `client_secret_relay_bytes_in_flight ${bytesInFlight}`,
          '',
        )
        .join('\n')
    },
  }
}
