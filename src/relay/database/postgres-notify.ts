import type { Client, ClientBase } from 'pg'
import type { PeerChannel } from './pub-sub.ts'
import type { Logger } from '../common/logger.ts'
import { holdSession } from './relay-sessions.ts'

const channel = 'client_secret_relay'
/** Bytes of one notification; Postgres takes fewer than 8,000. */
const maxBytes = 7_500
/** Topics to keep while the database is unavailable. Beyond that, the other relays look at everything. */
const maxWaiting = 10_000
const everything = '*'
/** Milliseconds between two checks of the connection, and before a check counts as failed. */
const lookEvery = 5_000
const lookTimeout = 3_000
/** Milliseconds for Postgres to confirm the end of a connection. */
const maxFarewell = 1_000
/** Milliseconds before a new attempt to connect: others may take a relay without a session for dead. Later less often. */
const reconnectAfter = 100
const hastyAttempts = 50
const reconnectLaterAfter = 1_000
/** Milliseconds after a notification that Postgres refused. The next connection sends it at once. */
const retryAfter = 100

/**
 * Publishes topics with LISTEN and NOTIFY, on a connection of its own. The topics that arrive during one notification
 * share the next one, so publishing is cheap, and many topics need few statements. The connection is also the session of
 * the relay (relay-sessions.ts).
 */
export function connectPeerChannel(
  createClient: () => Client,
  relay: string,
  logger: Logger,
): PeerChannel & { close(): Promise<void> } {
  let client: Client | undefined
  let waiting = new Set<string>()
  let sending: Promise<void> | undefined
  let isClosed = false
  let isSilent = false
  let attempts = 0
  let timer: NodeJS.Timeout | undefined
  let again: NodeJS.Timeout | undefined
  let receive: (topics: readonly string[] | 'everything') => void = () => {}

  async function connect(): Promise<void> {
    const mine = createClient()
    let isGone = false
    const gone = () => {
      if (isGone) return
      isGone = true
      if (client === mine) client = undefined
      clearTimeout(timer)
      void end(mine)
      if (isClosed) return
      timer = setTimeout(() => void connect(), ++attempts > hastyAttempts ? reconnectLaterAfter : reconnectAfter)
    }
    mine.on('error', gone)
    mine.on('end', gone)
    mine.on('notification', ({ payload = '', processId }) => {
      // This relay has already handled its own topics.
      if (processId === (mine as Client & { processID?: number }).processID) return
      receive(payload === everything ? 'everything' : payload.split(','))
    })
    const look = async (): Promise<void> => {
      const tooLate = setTimeout(gone, lookTimeout)
      await mine.query('SELECT 1').finally(() => clearTimeout(tooLate))
      if (!isGone && !isClosed) timer = setTimeout(() => void look().catch(gone), lookEvery)
    }
    try {
      await mine.connect()
      // Topics need not survive a crash of Postgres: it breaks all connections, and all relays look at everything again.
      // So a notification does not wait for the disk, and writes of records do not wait for the notification.
      await mine.query(`SET synchronous_commit = off; LISTEN ${channel}; ${holdSession(relay)}`)
    } catch (error) {
      if (!isClosed && !isSilent)
        logger.warn({ err: error }, 'the relay receives no notifications from other relays; it keeps trying to connect')
      isSilent = true
      return gone()
    }
    isSilent = false
    attempts = 0
    if (isClosed) return gone()
    client = mine
    timer = setTimeout(() => void look().catch(gone), lookEvery)
    // Some topics may be lost.
    receive('everything')
    flush()
  }

  function flush(): void {
    if (!sending && client && waiting.size > 0) sending = sendAll(client)
  }

  /** Sends one batch after another until no topic waits. */
  async function sendAll(mine: Client): Promise<void> {
    clearTimeout(again)
    while (client === mine && waiting.size > 0) {
      const batch = takeBatch(waiting)
      const isSent = await mine.query('SELECT pg_notify($1, $2)', [channel, batch.join(',')]).then(
        () => true,
        () => false,
      )
      if (isSent) continue
      // A repeated topic is harmless.
      for (const topic of batch) waiting.add(topic)
      // Never at once: a connection that has ended refuses in the same turn, and nothing else would get a turn.
      again = setTimeout(flush, retryAfter).unref()
      break
    }
    sending = undefined
  }

  void connect()

  return {
    send(topics) {
      for (const topic of topics) waiting.add(topic)
      if (waiting.size > maxWaiting) waiting = new Set([everything])
      // Later, so that the publisher does not wait, and topics of one moment share a statement.
      setImmediate(flush)
    },
    onReceive(handler) {
      receive = handler
    },
    async close() {
      // The last topics tell other relays about requeued records.
      flush()
      await sending
      isClosed = true
      clearTimeout(timer)
      clearTimeout(again)
      const mine = client
      client = undefined
      if (mine) await end(mine)
    },
  }
}

/** Removes as many topics as one notification can carry. */
function takeBatch(waiting: Set<string>): string[] {
  if (waiting.has(everything)) {
    waiting.clear()
    return [everything]
  }
  const batch: string[] = []
  let bytes = 0
  for (const topic of waiting) {
    bytes += topic.length + 1
    if (bytes > maxBytes) break
    batch.push(topic)
    waiting.delete(topic)
  }
  return batch
}

/** Ends a connection. A broken one never answers, so the wait is limited. */
async function end(client: Client): Promise<void> {
  const ended = client.end().catch(() => {})
  letGo(client)
  let timer: NodeJS.Timeout | undefined
  await Promise.race([ended, new Promise((resolve) => (timer = setTimeout(resolve, maxFarewell)))])
  clearTimeout(timer)
}

/** A connection that is closing must not keep the process alive. */
export function letGo(client: ClientBase): void {
  // The types of pg do not declare it.
  ;(client as ClientBase & { unref(): void }).unref()
}
