import { createBytesInFlight } from './common/bytes-in-flight.ts'
import type { Tracing } from './common/tracing.ts'
import { boundRecords } from './database/bounded-records.ts'
import { createStreamPieces } from './database/stream-pieces.ts'
import { createPubSub } from './database/pub-sub.ts'
import { createLimitCounts } from './database/limit-counts.ts'
import { createMintedTokens } from './database/minted-tokens.ts'
import { createRecords } from './database/records.ts'
import { createSharedQueuePlaces } from './database/shared-queue-places.ts'
import { explainStartFailure } from './database/explain-start-failure.ts'
import { createCallSlots } from './execution/queue/call-slots.ts'
import { createDirectRequests } from './execution/direct/direct-requests.ts'
import { createHeartbeat, heartbeatTimeout, type Heartbeat } from './execution/queue/heartbeat.ts'
import { localMeter, sharedMeters } from './execution/meter.ts'
import { createKeyActivity } from './execution/key-activity.ts'
import { createBudgets } from './execution/budgets.ts'
import { createLimits } from './execution/rate-limits.ts'
import type { Metrics } from './execution/metrics.ts'
import { removeExpiredRecords } from './execution/queue/expired-records.ts'
import { createRunner } from './execution/runner.ts'
import { createSharedQueues } from './execution/queue/shared-queues.ts'
import { openStorage } from './execution/queue/open-storage.ts'
import { createStreamedAnswers } from './execution/direct/streamed-answers.ts'
import { createWaitingCallers } from './execution/direct/waiting-callers.ts'
import { createCallsInFlight } from './http/calls-in-flight.ts'
import type { RelayDeps } from './http/relay-parts.ts'
import type { Settings } from './http/settings.ts'
import { openKeyStore } from './keys/key-store.ts'
import type { SecretIndex } from './keys/redaction/secret-index.ts'
import { createUpstream, type Network } from './upstream/http-client.ts'
import { createSharedTokens } from './upstream/shared-tokens.ts'
import { createTokens } from './upstream/tokens.ts'

/** The open parts of a relay. `close` closes them. */
export interface OpenedRelay extends RelayDeps {
  close: () => Promise<void>
}

/** Opens the parts of a relay. If one fails to open, closes the ones before it. */
export async function openRelay(
  settings: Settings,
  network: Network,
  metrics: Metrics,
  tracing: Promise<Tracing>,
  secrets: SecretIndex,
  minute: number,
): Promise<OpenedRelay> {
  const endings = createEndings()
  try {
    const parts = await openParts(settings, network, metrics, tracing, secrets, minute, endings.add)
    return { ...parts, close: endings.run }
  } catch (error) {
    await endings.run().catch((err: unknown) => {
      settings.logger.error({ err }, 'could not close a relay that could not start')
    })
    throw explainStartFailure(error)
  }
}

/** The steps of closing, in the reverse order of opening. */
function createEndings() {
  const endings: (() => unknown)[] = []
  return {
    add: (end: () => unknown): void => void endings.push(end),
    run: async (): Promise<void> => {
      const failures: unknown[] = []
      // All steps run, also after a failure: an open database would stay locked for the next relay.
      for (const end of endings.reverse()) {
        try {
          await end()
        } catch (error) {
          failures.push(error)
        }
      }
      if (failures.length > 0) throw failures[0]
    },
  }
}

/** Also continues the requests that an earlier process left. */
async function openParts(
  settings: Settings,
  network: Network,
  metrics: Metrics,
  tracing: Promise<Tracing>,
  secrets: SecretIndex,
  minute: number,
  atTheEnd: (end: () => unknown) => void,
): Promise<RelayDeps> {
  const { limits, logger } = settings
  const storage = await openStorage(settings.database, logger)
  const { database, relay } = storage
  atTheEnd(() => database.close())
  const { bytesInMemory } = limits
  const pubSub = createPubSub(storage.peers)
  const places = createSharedQueuePlaces(database, pubSub)
  const unbounded = { records: createRecords(database, places), pieces: createStreamPieces(database) }
  const { records, pieces } = storage.isInMemory
    ? await boundRecords(unbounded, database, { bytesInMemory, logger })
    : unbounded
  const keys = await openKeyStore({ database, pubSub, settings, secrets, logger })
  atTheEnd(() => keys.close())
  const upstream = createUpstream(limits, network)
  atTheEnd(() => upstream.close())
  const minted = createMintedTokens(database)
  const sharedTokens = storage.isAlone ? undefined : createSharedTokens({ minted, pubSub, logger })
  const tokens = createTokens(upstream, secrets, sharedTokens)
  atTheEnd(() => tokens.close())
  const counts = createLimitCounts(database)
  const allowance = createLimits(limits, storage.isAlone ? localMeter : sharedMeters(counts))
  const activity = createKeyActivity()
  const budgets = createBudgets(limits, settings.prices, counts, (use) => {
    metrics.used(use)
    activity.used(use)
  })
  const inFlight = createBytesInFlight(limits)
  const { maxUpstreamWait, disconnectGracePeriod, responseBytes } = limits
  const kept = { pieces, pubSub, maxKept: responseBytes }
  const runner = createRunner({
    keys,
    secrets,
    upstream,
    tokens,
    records,
    pubSub,
    limits: allowance,
    budgets,
    inFlight,
    metrics,
    kept,
    tracing: await tracing,
    logger,
    maxUpstreamWait,
    responseBytes,
  })
  atTheEnd(runner.abort)
  let heartbeat: Heartbeat | undefined = undefined
  // No request runs before the heartbeat exists.
  const direct = createDirectRequests({ records, runner, pubSub, ensureSeen: () => heartbeat!.ensureSeen(), logger })
  const waitingCallers = createWaitingCallers(disconnectGracePeriod, runner.abandon)
  const calls = createCallsInFlight()
  // The heartbeat stops after the running requests, so that no other relay takes them over.
  atTheEnd(() => heartbeat?.stop())
  const slots = createCallSlots(limits.backgroundCalls)
  const queueDeps = { relay, records, runner, pubSub, logger, slots }
  const sharedQueues = await createSharedQueues({
    ...queueDeps,
    database,
    queues: settings.queues,
    isAlone: storage.isAlone,
    minute,
    maxUpstreamWait,
  })
  const queue = await storage.createQueue(queueDeps)
  atTheEnd(async () => {
    pubSub.close()
    const timer = setTimeout(runner.abort, settings.shutdownTimeout)
    await Promise.all([queue.close(), sharedQueues.close(), calls.ended()])
    await direct.written()
    // The API has acted: a slow caller must not lose its answer to the end of the process.
    await inFlight.answersRead(runner.stopping)
    clearTimeout(timer)
  })

  /** Takes over the queues of dead relays, and settles their direct requests. */
  async function takeOver(): Promise<void> {
    await queue.takeOver()
    await sharedQueues.takeOver()
    for (const record of await records.orphans(heartbeatTimeout)) await runner.settleInterrupted(record)
  }
  heartbeat = await createHeartbeat({
    database,
    relay,
    async onBeat(seenAt) {
      await queue.beat(seenAt)
      if (heartbeat) await direct.undoStrays(relay)
    },
    takeOver,
    isAlone: storage.isAlone,
    logger,
  })

  sharedQueues.start()

  const removeOld = async () => void (await Promise.all([counts.removeOld(), minted.removeOld()]))
  atTheEnd(removeExpiredRecords({ records, pubSub, sharedQueues, counts: { removeOld }, logger }))

  return {
    settings,
    keys,
    activity,
    limits: allowance,
    budgets,
    inFlight,
    waitingCallers,
    records,
    places,
    pubSub,
    direct,
    streamed: createStreamedAnswers(inFlight, kept),
    pieces,
    queue,
    sharedQueues,
    relay,
    calls,
  }
}
