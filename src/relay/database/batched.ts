import { isClientSecretError } from '../../protocol/errors.ts'

/** Things that go into one statement, and the weight that they have together. */
const mostItems = 100
const mostWeight = 4_000_000

/**
 * Does many things of a kind at a time where they come faster than they are
 * done: what is asked for in one turn of the event loop, or while the one before
 * is on its way, goes together. One that comes alone does not wait.
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
  let isUnderWay = false

  async function run(batch: Waiting[]): Promise<void> {
    try {
      const results = await work(batch.map(({ item }) => item))
      batch.forEach(({ resolve }, index) => resolve(results[index]!))
    } catch (error) {
      // One that is wrong does not fail the others; a database that is away fails them all.
      if (batch.length > 1 && !isClientSecretError(error)) for (const one of batch) await run([one])
      else for (const { reject } of batch) reject(error)
    }
  }

  async function runAll(): Promise<void> {
    while (waiting.length > 0) await run(nextBatch())
    isUnderWay = false
  }

  function nextBatch(): Waiting[] {
    let weight = 0
    const over = waiting.findIndex(({ item }, index) => index > 0 && (weight += weigh(item)) > mostWeight)
    const count = Math.min(mostItems, over === -1 ? waiting.length : over)
    const batch = waiting.slice(0, count)
    waiting = waiting.slice(count)
    return batch
  }

  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject })
      if (isUnderWay) return
      isUnderWay = true
      setImmediate(() => void runAll())
    })
}
