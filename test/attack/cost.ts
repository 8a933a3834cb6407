import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import fc from 'fast-check'
import { expensive, type ExpensiveBody } from './expensive.ts'

/** What a body cost a relay, and what its bytes cost `JSON.parse`, in milliseconds of the relay's thread. */
export interface Cost {
  kind: ExpensiveBody['kind']
  spent: number
  parse: number
  bytes: number
  status: number
}

export interface CostResult {
  runs: number
  /** By ratio, among those that cost more than what any body does. */
  worst: (Cost & ExpensiveBody) | null
  failures: (ExpensiveBody & { what: string })[]
}

/** Times what `JSON.parse` of the same bytes costs. */
const maxRatio = 15
/** Milliseconds that any body may cost: reading it in, finding the caller, writing a refusal; and a busy machine. */
const floor = 10
/** Milliseconds a byte: of a long text `JSON.parse` hardly looks at the characters. An answer and a raw body have to be looked through. */
const aByte = { request: 5e-6, answer: 25e-6, raw: 25e-6 }

/** Megabytes of heap. */
const heap = 256
/** Milliseconds after which a body has stopped the relay. */
const longest = 20_000
/** Bodies of this many bytes, all together, and the process is a new one: what is kept of them is not what is measured. */
const maxBytesOfAProcess = 200_000_000
/** Of each kind; more say nothing new. */
const maxFailures = 10
/** Requests and answers that a new process handles before it is measured. */
const warmUps = 50
const ordinary = JSON.stringify({
  clientSecretName: 'open',
  url: 'https://open.example/v1/x',
  method: 'POST',
  headers: { authorization: 'Bearer $CLIENT_SECRET' },
  data: { prompt: 'an otter' },
})
/** So many are generated at once. */
const pageSize = 500

const ratioOf = ({ kind, spent, parse, bytes }: Cost) => Math.max(0, spent - floor) / (parse + bytes * aByte[kind])
const isTooMuch = (cost: Cost) => ratioOf(cost) > maxRatio

/** Whatever is sent, or answered, costs at most a small multiple of `JSON.parse` of the same bytes, however many keys there are. */
export async function checkCost(runs: number, seed: number): Promise<CostResult> {
  const result: CostResult = { runs: 0, worst: null, failures: [] }
  let program = await start()
  let bytes = 0
  try {
    for (let at = 0; at < runs; at += pageSize) {
      for (const body of fc.sample(expensive, { numRuns: Math.min(pageSize, runs - at), seed: seed + at })) {
        if (result.failures.filter(({ kind }) => kind === body.kind).length >= maxFailures) continue
        result.runs++
        bytes += body.text.length
        // A collection of garbage may fall upon any body; not three times upon one.
        const cost = await cheapest(program, body)
        if (typeof cost === 'string') result.failures.push({ ...body, what: cost })
        else if (isTooMuch(cost)) result.failures.push({ ...body, what: inWords(cost) })
        if (typeof cost !== 'string' && (!result.worst || ratioOf(cost) > ratioOf(result.worst)))
          result.worst = { ...body, ...cost }
        if (typeof cost !== 'string' && bytes < maxBytesOfAProcess) continue
        await stop(program)
        program = await start()
        bytes = 0
      }
    }
    return result
  } finally {
    await stop(program)
  }
}

export const inWords = (cost: Cost): string =>
  `${cost.spent.toFixed(1)} ms, JSON.parse ${cost.parse.toFixed(2)} ms, ratio ${ratioOf(cost).toFixed(0)}, answered with ${cost.status}`

async function cheapest(program: ChildProcess, body: ExpensiveBody): Promise<Cost | string> {
  let cheapest: Cost | string = await ask(program, body)
  for (let turn = 0; turn < 2 && typeof cheapest !== 'string' && isTooMuch(cheapest); turn++) {
    const again: Cost | string = await ask(program, body)
    if (typeof again === 'string') return again
    if (ratioOf(again) < ratioOf(cheapest)) cheapest = again
  }
  return cheapest
}

/** The cost, or why there is none. */
function ask(program: ChildProcess, body: ExpensiveBody): Promise<Cost | string> {
  return new Promise((resolve) => {
    const done = (outcome: Cost | string) => {
      clearTimeout(timer)
      program.off('message', told).off('exit', died)
      resolve(outcome)
    }
    const told = (cost: Cost) => done(cost)
    const died = (code: number | null, signal: string | null) =>
      done(`the process died with ${code ?? signal}, its heap of ${heap} MB perhaps full`)
    const timer = setTimeout(() => done(`no answer within ${longest} ms`), longest)
    program.once('message', told).once('exit', died)
    program.send(body)
  })
}

async function start(): Promise<ChildProcess> {
  const program = fork(new URL('./cost-program.ts', import.meta.url), {
    execArgv: [`--max-old-space-size=${heap}`],
    // What a process says that runs out of memory is long, and says nothing.
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  await once(program, 'message')
  // A process that has just started compiles its code: that is not what a body costs.
  for (let n = 0; n < warmUps; n++) {
    await ask(program, { kind: 'request', text: ordinary, shape: 'an ordinary request' })
    await ask(program, { kind: 'answer', text: 'an otter '.repeat(100), shape: 'an ordinary answer' })
  }
  return program
}

async function stop(program: ChildProcess): Promise<void> {
  if (program.exitCode !== null || program.signalCode !== null) return
  const ended = once(program, 'exit')
  program.kill('SIGKILL')
  await ended
}
