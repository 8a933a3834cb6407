import { ClientSecretError } from '../../protocol/errors.ts'
import { isVisitor } from '../common/caller.ts'
import type { Database } from './database.ts'
import { pieceLength, type StreamPieces } from './stream-pieces.ts'

/** Bytes that a piece takes besides its text: its id and position, in the table and in the index. */
const bytesOfPiece = 200

/**
 * Keeps the streams of a database in memory within `bytesInMemory`, and those of visitors that run within half of it. A
 * stream that finds no room fails, and its bytes go at once, so that the other streams go on.
 *
 * @param makeRoom False if there is no room for so many bytes.
 */
export function boundPieces(
  pieces: StreamPieces,
  database: Pick<Database, 'query'>,
  bytesInMemory: number,
  makeRoom: (bytes: number) => Promise<boolean>,
): { pieces: StreamPieces; ended(id: string): void } {
  /** Bytes of the streams of visitors that run. */
  const ofVisitors = new Map<string, number>()
  let sum = 0

  function add(id: string, bytes: number): void {
    ofVisitors.set(id, (ofVisitors.get(id) ?? 0) + bytes)
    sum += bytes
  }

  function ended(id: string): void {
    sum -= ofVisitors.get(id) ?? 0
    ofVisitors.delete(id)
  }

  async function fail(id: string, whose: string): Promise<never> {
    ended(id)
    await database.query('DELETE FROM stream_pieces WHERE id = $1 AND position >= 0', [id])
    throw new ClientSecretError(
      'RESPONSE_TOO_LARGE',
      `The relay's database in memory has no more room for this kept stream: ${whose} (limits.bytesInMemory). Leave keep out, raise the limit, or give the option database a file.`,
    )
  }

  return {
    ended,
    pieces: {
      ...pieces,

      async begin(id, head) {
        ended(id)
        const [record] = await database.query<{ owner: string }>('SELECT owner FROM records WHERE id = $1', [id])
        if (record && isVisitor(record.owner)) add(id, head.length + bytesOfPiece)
        await pieces.begin(id, head)
      },

      async clear(id) {
        ended(id)
        await pieces.clear(id)
      },

      async append(id, position, bytes) {
        const size = Math.ceil(bytes.length / pieceLength) * bytesOfPiece + Math.ceil(bytes.length / 3) * 4
        if (ofVisitors.has(id)) {
          if (sum + size > bytesInMemory / 2) await fail(id, 'the running streams of visitors fill half of it')
          add(id, size)
        }
        if (!(await makeRoom(size))) await fail(id, 'unsettled requests fill it')
        await pieces.append(id, position, bytes)
      },
    },
  }
}
