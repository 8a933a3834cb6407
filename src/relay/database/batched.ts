import { isClientSecretError } from '../../protocol/errors.ts'

/** Limits of one batch. */
const maxItems = 100
const maxWeight = 4_000_000

/**
 * Works on items in batches: a batch takes all items of one turn of the event loop, and all that arrive while the
 * previous batch is in progress. A single item does not wait for others.
 */
export function batched<Item, Result>(
  work: (items: Item[]) => Promise<Result[]>,
  weigh: (item: Item) => number = () => 1,
): (item: Item) => Promise<Result> {
  interface Waiting {
    item: Item
    resolve: (result: Result) => void
    reject: (error: unknown) => void
  }
  let waiting: Waiting[] = []
  let isRunning = false

  async function run(batch: Waiting[]): Promise<void> {
    try {
      const results = await work(batch.map(({ item }) => item))
      batch.forEach(({ resolve }, index) => resolve(results[index]!))
    } catch (error) {
      // A wrong item must not fail the others, so each is tried alone. Without a database, all of them fail.
      if (batch.length > 1 && !isClientSecretError(error)) for (const one of batch) await run([one])
      else for (const { reject } of batch) reject(error)
    }
  }

  async function runAll(): Promise<void> {
    while (waiting.length > 0) await run(nextBatch())
    isRunning = false
  }

  function nextBatch(): Waiting[] {
    let weight = 0
    const over = waiting.findIndex(({ item }, index) => index > 0 && (weight += weigh(item)) > maxWeight)
    const count = Math.min(maxItems, over === -1 ? waiting.length : over)
    const batch = waiting.slice(0, count)
    waiting = waiting.slice(count)
    return batch
  }

  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject })
      if (isRunning) return
      isRunning = true
      setImmediate(() => void runAll())
    })
}
