import type { Client, ClientBase } from 'pg'
import type { Signals } from './pub-sub.ts'
import type { Logger } from '../common/logger.ts'

const channel = 'client_secret_relay'
/** Bytes of one notification; Postgres takes fewer than 8,000. */
const mostBytes = 7_500
/** Topics that wait to be sent while the database is away, after which everybody is told to look at everything. */
const mostWaiting = 10_000
const everything = '*'
/** Milliseconds between two looks whether the connection still lives, and until a look has failed. */
const lookEvery = 5_000
const lookTimeout = 3_000
/** Milliseconds for Postgres to answer that a connection ends. */
const longestFarewell = 1_000
/** Milliseconds before the connection is tried again. */
const reconnectAfter = 250

/**
 * Announcements by LISTEN and NOTIFY, on a connection of their own. What is
 * announced while one notification is on its way goes with the next, so that
 * announcing costs next to nothing, and many are few statements.
 */
export function connectSignals(createClient: () => Client, logger: Logger): Signals & { close(): Promise<void> } {
  let client: Client | undefined
  let waiting = new Set<string>()
  let sending: Promise<void> | undefined
  let isClosed = false
  let isSilent = false
  let timer: NodeJS.Timeout | undefined
  let hear: (topics: readonly string[] | 'everything') => void = () => {}

  async function connect(): Promise<void> {
    const mine = createClient()
    let isGone = false
    const gone = () => {
      if (isGone) return
      isGone = true
      if (client === mine) client = undefined
      clearTimeout(timer)
      void farewell(mine)
      if (!isClosed) timer = setTimeout(() => void connect(), reconnectAfter)
    }
    mine.on('error', gone)
    mine.on('end', gone)
    mine.on('notification', ({ payload = '', processId }) => {
      // What we sent ourselves was heard here already.
      if (processId === (mine as Client & { processID?: number }).processID) return
      hear(payload === everything ? 'everything' : payload.split(','))
    })
    const look = async (): Promise<void> => {
      const tooLate = setTimeout(gone, lookTimeout)
      await mine.query('SELECT 1').finally(() => clearTimeout(tooLate))
      if (!isGone && !isClosed) timer = setTimeout(() => void look().catch(gone), lookEvery)
    }
    try {
      await mine.connect()
      // What is announced need not outlive a crash of Postgres, in which all connections break and everybody looks anew.
      // So it is not waited for the disk, and those who write records do not wait behind it.
      await mine.query(`SET synchronous_commit = off; LISTEN ${channel}`)
    } catch (error) {
      if (!isClosed && !isSilent)
        logger.warn({ err: error }, 'the relay does not hear from other relays; it tries to connect again and again')
      isSilent = true
      return gone()
    }
    isSilent = false
    if (isClosed) return gone()
    client = mine
    timer = setTimeout(() => void look().catch(gone), lookEvery)
    // Nobody knows what was announced meanwhile.
    hear('everything')
    flush()
  }

  /** One batch after another, as long as there is something to tell. */
  function flush(): void {
    if (sending || !client || waiting.size === 0) return
    const batch = nextBatch()
    sending = client
      .query('SELECT pg_notify($1, $2)', [channel, batch.join(',')])
      .then(
        () => {},
        // Told again on the next connection; to hear something twice does no harm.
        () => batch.forEach((topic) => waiting.add(topic)),
      )
      .then(() => {
        sending = undefined
        flush()
      })
  }

  function nextBatch(): string[] {
    if (waiting.has(everything)) {
      waiting.clear()
      return [everything]
    }
    const batch: string[] = []
    let bytes = 0
    for (const topic of waiting) {
      bytes += topic.length + 1
      if (bytes > mostBytes) break
      batch.push(topic)
      waiting.delete(topic)
    }
    return batch
  }

  void connect()

  return {
    send(topics) {
      for (const topic of topics) waiting.add(topic)
      if (waiting.size > mostWaiting) waiting = new Set([everything])
      // Later, so that whoever announces does not wait, and what is announced at once is one statement.
      setImmediate(flush)
    },
    onReceive(hearer) {
      hear = hearer
    },
    async close() {
      // The last words: that somebody else may go on with what was handed back.
      flush()
      while (client && (sending || waiting.size > 0)) await (sending ?? flush())
      isClosed = true
      clearTimeout(timer)
      if (client) await farewell(client)
    },
  }
}

/** Ends a connection; one that is cut off does not answer, and is not waited for. */
async function farewell(client: Client): Promise<void> {
  const ended = client.end().catch(() => {})
  letGo(client)
  let timer: NodeJS.Timeout | undefined
  await Promise.race([ended, new Promise((resolve) => (timer = setTimeout(resolve, longestFarewell)))])
  clearTimeout(timer)
}

/** A connection that has said farewell no longer keeps the process alive, whether it is answered or not. */
export function letGo(client: ClientBase): void {
  // pg has it, and does not declare it.
  ;(client as ClientBase & { unref(): void }).unref()
}
