import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test, vi } from 'vitest'
import { eventually } from '../helpers/eventually.ts'
import { readBytes } from '../../src/relay/http/json-body.ts'
import { openUpload } from '../../src/relay/http/upload.ts'

/** A request whose body comes in these pieces. */
const requestOf = (next: (count: number) => Promise<Uint8Array | null> | Uint8Array | null) => {
  let count = 0
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const piece = await next(count++)
      if (piece) controller.enqueue(piece)
      else controller.close()
    },
  })
  return new Request('http://relay', { method: 'POST', body, duplex: 'half' } as RequestInit)
}
const pieceOf = (count: number) => Uint8Array.of(count % 251)
const whole = (length: number) => Buffer.from(Array.from({ length }, (_, index) => index % 251))

test('a body in pieces of one byte takes the memory of its bytes', async () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  const before = process.memoryUsage().heapUsed
  let after = Infinity
  const request = requestOf((count) => {
    if (count < 200_000) return pieceOf(count)
    collect()
    after = process.memoryUsage().heapUsed
    return null
  })
  const bytes = await readBytes(request, 2 ** 20)
  expect(whole(200_000).equals(bytes)).toBe(true)
  expect(after - before).toBeLessThan(10_000_000)
})

test('a body of more than its limit is refused at that byte', async () => {
  const read = (most: number) =>
    readBytes(
      requestOf((count) => (count < 100 ? new Uint8Array(1_000) : null)),
      most,
    )
  expect(await read(100_000)).toHaveLength(100_000)
  await expect(read(99_999)).rejects.toMatchObject({ code: 'REQUEST_TOO_LARGE' })
})

test('small pieces of an upload go on together, and one alone at once', async () => {
  let open!: () => void
  const later = new Promise<void>((resolve) => (open = resolve))
  const request = requestOf(async (count) => {
    if (count === 20_000) await later
    return count < 20_001 ? pieceOf(count) : null
  })
  const got: Uint8Array[] = []
  const reading = (async () => {
    for await (const piece of openUpload(request, 2 ** 20)) got.push(piece)
  })()
  await eventually(() => expect(Buffer.concat(got)).toHaveLength(20_000))
  expect(got.length).toBeLessThan(1_000)
  const before = got.length
  open()
  await reading
  expect(got).toHaveLength(before + 1)
  expect(Buffer.concat(got).equals(whole(20_001))).toBe(true)
})

test('an upload that ends too late, or is too large, says so also after small pieces', async () => {
  const upload = openUpload(requestOf(pieceOf), 10_000)
  let size = 0
  await expect(
    (async () => {
      for await (const piece of upload) size += piece.length
    })(),
  ).rejects.toMatchObject({ code: 'REQUEST_TOO_LARGE' })
  expect(size).toBeLessThanOrEqual(10_000)
})

test('a refused upload that sends nothing more gets its answer after a while', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  try {
    const upload = openUpload(
      requestOf(() => new Promise(() => {})),
      10_000,
    )
    const discarded = upload.discard().then(() => 'answered')
    await vi.advanceTimersByTimeAsync(31_000)
    expect(await Promise.race([discarded, sleep(1_000)])).toBe('answered')
  } finally {
    vi.useRealTimers()
  }
})
