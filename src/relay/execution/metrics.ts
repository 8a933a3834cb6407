import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { ClientSecretError } from '../../protocol/errors.ts'
import type { RecordStatus, WireError } from '../../protocol/record.ts'
import type { Method } from '../../protocol/request.ts'
import type { Logger } from '../common/logger.ts'
import type { QueueDepth } from '../database/record-queues.ts'
import type { ReportedUse } from './budgets.ts'
import { limitIn } from './limit-in.ts'

/** The log entry of a request. Without headers, body, path and query, which belong to the caller. */
export interface Ran {
  requestId: string
  /** Of the caller's trace, if the request has one. */
  traceId: string | undefined
  /** Name of the key. */
  key: string
  method: Method
  host: string
  outcome: RecordStatus
  /** Status of the upstream's answer, if it gave one. */
  status: number | undefined
  code: WireError['code'] | undefined
  /** The limit that ended the request, such as `limits.responseBytes`. */
  limit: string | undefined
  /** Milliseconds from arrival to start, and from start to end. */
  waited: number
  took: number
  /** Bytes of the bodies. */
  requestBytes: number
  responseBytes: number
}

/** The current values of a relay, and the requests in the database that it shares. */
export interface CurrentValues {
  heldPolls: number
  bytesInFlight: number
  /** Null while the database is unavailable. */
  depths: readonly QueueDepth[] | null
}

/** Writes one log entry for each request, and keeps the metrics for Prometheus. */
export interface Metrics {
  ran(line: Ran): void
  /** Counts the tokens that an API has reported, and their cost. */
  used(this: void, use: ReportedUse): void
  /** Counts a call that the relay refused. */
  refused(error: ClientSecretError): void
  /** The metrics in the text format of Prometheus, and its content type. */
  exposition(now: CurrentValues): Promise<{ text: string; contentType: string }>
}

/** Seconds: from a call beside the relay to a picture that takes minutes. */
const buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300]

/** Names of keys, outcomes and codes are few: no caller can add a series. */
export function createMetrics(logger: Logger): Metrics {
  // Not the registry of the process, which belongs to the operator's own metrics and to other relays.
  const registry = new Registry()
  const described = (name: string, help: string) => ({
    name: `client_secret_relay_${name}`,
    help,
    registers: [registry],
  })
  const requests = new Counter({
    ...described('requests_total', 'Requests that the relay ran.'),
    labelNames: ['key', 'outcome', 'code'],
  })
  const ofKey = { labelNames: ['key'] as const }
  const waits = new Histogram({
    ...described('waited_seconds', 'Seconds that requests waited before they ran.'),
    ...ofKey,
    buckets,
  })
  const calls = new Histogram({ ...described('took_seconds', 'Seconds that upstreams took.'), ...ofKey, buckets })
  const wholes = new Histogram({
    ...described('request_seconds', 'Seconds from the arrival of requests to their end.'),
    ...ofKey,
    buckets,
  })
  const sent = new Counter({ ...described('request_bytes_total', 'Bytes of bodies sent to upstreams.'), ...ofKey })
  const received = new Counter({
    ...described('response_bytes_total', 'Bytes of bodies received from upstreams.'),
    ...ofKey,
  })
  const refusals = new Counter({
    ...described('refused_total', 'Calls that the relay refused.'),
    labelNames: ['code'],
  })
  const limits = new Counter({
    ...described('limit_total', 'Requests that a limit has refused, failed or made to wait, by the option.'),
    labelNames: ['limit'],
  })
  const tokens = new Counter({
    ...described('tokens_total', 'Tokens that APIs have reported.'),
    labelNames: ['key', 'direction'],
  })
  const costs = new Counter({
    ...described('cost_total', 'Cost of these tokens by the option prices, in its currency.'),
    ...ofKey,
  })
  const heldPolls = new Gauge(described('held_polls', 'Polls that the relay holds now.'))
  const bytesInFlight = new Gauge(described('bytes_in_flight', 'Bytes of requests and answers in flight now.'))
  const database = new Gauge(described('database_up', '1 if the database answers, else 0.'))
  // The queues of callers have no label, because callers name them.
  const ofQueue = { labelNames: ['queue', 'status'] as const }
  const unsettled = new Gauge({
    ...described('unsettled', 'Unsettled requests in the database, by shared queue; all others together.'),
    ...ofQueue,
  })
  const oldest = new Gauge({
    ...described('oldest_seconds', 'Age of the oldest of these requests.'),
    ...ofQueue,
  })

  return {
    ran(line) {
      const { key, outcome, waited, took, requestBytes, responseBytes } = line
      logger.info(line, 'a request was run')
      if (line.limit !== undefined) limits.inc({ limit: line.limit })
      requests.inc({ key, outcome, code: line.code ?? '' })
      waits.observe({ key }, waited / 1000)
      calls.observe({ key }, took / 1000)
      wholes.observe({ key }, (waited + took) / 1000)
      sent.inc({ key }, requestBytes)
      received.inc({ key }, responseBytes)
    },

    used({ key, usage, cost }) {
      tokens.inc({ key, direction: 'input' }, usage.input)
      tokens.inc({ key, direction: 'output' }, usage.output)
      if (cost > 0) costs.inc({ key }, cost)
    },

    refused(error) {
      const { code } = error
      const limit = limitIn(error)
      // Without the message, which quotes the caller.
      logger.info({ code, limit }, 'a call was refused')
      refusals.inc({ code })
      if (limit !== undefined) limits.inc({ limit })
    },

    async exposition(now) {
      heldPolls.set(now.heldPolls)
      bytesInFlight.set(now.bytesInFlight)
      unsettled.reset()
      oldest.reset()
      database.set(now.depths ? 1 : 0)
      for (const { queue, status, count, age } of now.depths ?? []) {
        unsettled.set({ queue, status }, count)
        oldest.set({ queue, status }, age / 1000)
      }
      return { text: await registry.metrics(), contentType: registry.contentType }
    },
  }
}
