import { setTimeout as sleep } from 'node:timers/promises'
import { text, type startChatWorld } from './kept-chat-world.ts'

type World = Awaited<ReturnType<typeof startChatWorld>>

/** The page of the hook and that of `useChat`; both also with a queue. */
export type PageName = 'stream' | 'inline' | 'queued-stream' | 'queued-inline'

/** What became of one stream. */
export interface Moment {
  /** Milliseconds from the request to the blow. */
  at: number
  page: PageName
  /** Characters on the page at the blow. */
  had: number
  /** Characters at the end. */
  has: number
  calls: number
  /** What is wrong; empty if nothing is. */
  problems: string[]
}

/** Milliseconds that the API takes for its words, about. */
const duration = 1_300
const patience = 45_000

let count = 0

/** Reloads a page at a random moment of its stream, and waits for the end: the text is that of the API. */
export async function reloadAtRandom(world: World, page: PageName, random: () => number): Promise<Moment> {
  const shown = await begin(world, page)
  const at = momentOf(page, random)
  await sleep(at)
  const had = (await shown.text()).length
  await shown.page.reload()
  await until(async () => /^(resolved|ready, 2|failed|error)/.test(await shown.status()))
  const has = await shown.text()
  await shown.page.context().close()
  const problems = has === text ? [] : [`another text, of ${has.length} characters: …${has.slice(-40)}`]
  return { at, page, had, has: has.length, ...callsOf(shown, problems) }
}

/** A moment of a stream, or of its time in the queue. */
function momentOf(page: PageName, random: () => number): number {
  return Math.round(random() * duration * (page.startsWith('queued') ? 2 : 1))
}

/**
 * Calls `kill` at a random moment, and waits for the end at another relay. The page has a beginning of the API's text,
 * with all that it had, and a reload shows the same.
 */
export async function killAtRandom(
  world: World,
  page: 'stream' | 'queued-stream',
  random: () => number,
  kill: () => Promise<void>,
): Promise<Moment> {
  const shown = await begin(world, page)
  const at = momentOf(page, random)
  await sleep(at)
  const had = await shown.text()
  await kill()
  await until(async () => /^(failed|resolved)/.test(await shown.status()))
  const has = await shown.text()
  await shown.page.reload()
  await until(async () => /^(failed|resolved)/.test(await shown.status()))
  const again = await shown.text()
  await shown.page.context().close()
  const problems = [
    ...(text.startsWith(has) ? [] : ['the text is no beginning of that of the API']),
    ...(has.startsWith(had) ? [] : ['the page lost text']),
    ...(again === has ? [] : [`a reload shows ${again.length} characters, before it were ${has.length}`]),
  ]
  // A relay may die with a request that is no longer in line, before its call.
  if (has === '' && page === 'queued-stream' && shown.callsOf(shown.question).length === 0)
    return { at, page, had: 0, has: 0, calls: 0, problems }
  return { at, page, had: had.length, has: has.length, ...callsOf(shown, problems) }
}

type Shown = Awaited<ReturnType<typeof begin>>

async function begin(world: World, page: PageName) {
  const question = `random-otter-${++count}-of-${page}`
  const shown = await world.open(`${page}?${question}`)
  const sent = shown.page.waitForRequest(/\/relay\/(fetch|requests)$/)
  await shown.ask(page.endsWith('inline') ? question : undefined)
  await sent
  return { ...shown, question }
}

function callsOf({ callsOf, question }: Shown, problems: string[]): Pick<Moment, 'calls' | 'problems'> {
  const calls = callsOf(question).length
  return { calls, problems: calls === 1 ? problems : [...problems, `${calls} calls of the API`] }
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + patience
  while (!(await isSo())) {
    if (Date.now() > end) return
    await sleep(50)
  }
}
