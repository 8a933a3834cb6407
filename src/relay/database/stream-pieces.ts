import type { Database } from './database.ts'

/** The bytes of kept streams, redacted. They go with their record. */
export interface StreamPieces {
  /** Writes the head of a new call, as JSON. The bytes of an earlier call of the record go. */
  begin(id: string, head: string): Promise<void>
  /** Removes head and bytes. */
  clear(id: string): Promise<void>
  append(id: string, position: number, bytes: Buffer): Promise<void>
  /** The head; null until the API answers. */
  head(id: string): Promise<string | null>
  /** The next bytes from a position on, at most 256 KiB. */
  read(id: string, after: number): Promise<Buffer>
}

/** Bytes of a piece. A reader in its middle reads it whole. */
export const pieceLength = 65_536
/** The last piece of one read begins so far behind the first one at most: all of them are within 256 KiB. */
const furthest = 3 * pieceLength
/** Most pieces of one read. */
const piecesAtOnce = 1_000
const headPosition = -1

/** The topic of new bytes of a stream. */
export function streamOf(id: string): string {
  return `stream ${id}`
}

export function createStreamPieces(database: Database): StreamPieces {
  const insert = (id: string, position: number, bytes: string) =>
    database.query('INSERT INTO stream_pieces (id, position, bytes) VALUES ($1, $2, $3)', [id, position, bytes])

  async function clear(id: string): Promise<void> {
    await database.query('DELETE FROM stream_pieces WHERE id = $1', [id])
  }

  return {
    clear,

    async begin(id, head) {
      await clear(id)
      await insert(id, headPosition, head)
    },

    async append(id, position, bytes) {
      for (let at = 0; at < bytes.length; at += pieceLength)
        await insert(id, position + at, bytes.toString('base64', at, Math.min(bytes.length, at + pieceLength)))
    },

    async head(id) {
      const [row] = await database.query<{ bytes: string }>(
        'SELECT bytes FROM stream_pieces WHERE id = $1 AND position = $2',
        [id, headPosition],
      )
      return row?.bytes ?? null
    },

    async read(id, after) {
      const rows = await database.query<{ position: number; bytes: string }>(
        `WITH start (at) AS (SELECT max(position) FROM stream_pieces WHERE id = $1 AND position BETWEEN 0 AND $2)
         SELECT position, bytes FROM stream_pieces
         WHERE id = $1 AND position BETWEEN (SELECT at FROM start) AND (SELECT at FROM start) + ${furthest}
         ORDER BY position LIMIT ${piecesAtOnce}`,
        [id, after],
      )
      const bytes = Buffer.concat(rows.map((row) => Buffer.from(row.bytes, 'base64')))
      return bytes.subarray(after - (rows[0]?.position ?? after))
    },
  }
}
