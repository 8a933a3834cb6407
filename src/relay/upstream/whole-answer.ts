import type { Room } from '../common/bytes-in-flight.ts'
import { bytesOfRequest } from '../common/relay-limits.ts'
import { encodingOf, hasBody, type UpstreamAnswer } from './answer-head.ts'
import { passedOn } from './answer-headers.ts'
import { decodeBody, type Flow } from './decode-body.ts'
import type { Receive } from './exchange.ts'
import { tooLarge } from './call-errors.ts'

/** Receives a whole answer. A large answer waits at its API until the relay has room for it. */
export function receiveWhole(limit: number, room: Room, signal: AbortSignal): Receive<UpstreamAnswer> {
  return (head, { connection, answered, ended, fail }) => {
    const { method, status, headers } = head
    // An answer without a body may still name an encoding.
    const encoding = hasBody(head) ? encodingOf(headers) : ''
    // The decoded size of an encoded answer is known only at its end.
    const announced = encoding || method === 'HEAD' ? NaN : Number(headers['content-length'] ?? NaN)
    const chunks: Buffer[] = []
    let size = 0
    let hasRoom = false
    const { flows, ...body } = decodeBody(encoding, connection, {
      keep(chunk) {
        size += chunk.length
        if (size > limit) return fail(tooLarge(limit))
        chunks.push(chunk)
        if (size > bytesOfRequest && !hasRoom) waitForRoom(flows)
      },
      finish() {
        ended()
        const whole = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
        room.hold(whole.length)
        answered({ status, headers: passedOn(headers, method), body: whole })
      },
      fail,
    })
    function waitForRoom(waiting: readonly Flow[]): void {
      hasRoom = true
      for (const flow of waiting) flow.pause()
      room.wait(Math.min(announced || limit, limit), signal).then(() => waiting.forEach((flow) => flow.resume()), fail)
    }
    return { body }
  }
}
