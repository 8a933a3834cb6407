/**
 * Judges what happened, from the outside: what clients sent and were told, what the API got, and what the records say at
 * the end. It knows the promises of the relay, and none of its code.
 */

/** A request of a client. */
export interface SentRequest {
  name: string
  method: string
  /** Whether its rule allows a second call of a POST or PATCH. */
  isRetryable: boolean
  /** Its queue, and its number there: sent when the relay had accepted the one before. Absent for a direct request. */
  queue?: { name: string; number: number }
  /** The answer that the client was told at the end; absent if it never came. */
  answer?: Told & { at: number }
  /** What the history says of it at the end. */
  record?: Told | undefined
}

interface Told {
  status: string
  code?: string | undefined
  body?: string | undefined
}

/** A call that the API got, in the order of arrival. */
export interface ApiCall {
  name: string
  startedAt: number
  /** When the API had ended it, also if the relay no longer waited. */
  endedAt: number | undefined
}

export interface History {
  requests: readonly SentRequest[]
  calls: readonly ApiCall[]
  /** Relays that ended by themselves, or did not answer at the end. */
  relays: readonly string[]
}

export const promises = [
  'lost',
  'a POST or PATCH called twice',
  'out of order',
  'two at a time in one queue',
  'a stale call',
  'the history contradicts the answer',
  'an answer without its call',
  'failed though it can be repeated',
  'a relay that ended or hangs',
] as const

/** The broken promises, each with its cases. */
export type Broken = Partial<Record<(typeof promises)[number], string[]>>

export function checkHistory({ requests, calls, relays }: History): Broken {
  const broken: Broken = {}
  const tell = (promise: (typeof promises)[number], what: string) => (broken[promise] ??= []).push(what)
  const callsOf = grouped(calls, ({ name }) => name)
  for (const request of requests) checkRequest(request, callsOf.get(request.name) ?? [], tell)
  const byName = new Map(requests.map((request) => [request.name, request]))
  const ofQueues = grouped(calls, ({ name }) => byName.get(name)?.queue?.name)
  for (const [queue, ofQueue] of ofQueues) {
    if (queue === undefined) continue
    const numbered = ofQueue.map((call) => ({ ...call, number: byName.get(call.name)!.queue!.number }))
    checkQueue(numbered, tell)
  }
  for (const relay of relays) tell('a relay that ended or hangs', relay)
  return broken
}

function grouped<Item, Key>(items: readonly Item[], keyOf: (item: Item) => Key): Map<Key, Item[]> {
  const groups = new Map<Key, Item[]>()
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item])
  return groups
}

type Tell = (promise: (typeof promises)[number], what: string) => void

function checkRequest({ name, method, isRetryable, answer, record }: SentRequest, calls: ApiCall[], tell: Tell): void {
  const isOnceOnly = (method === 'POST' || method === 'PATCH') && !isRetryable
  if (!answer) return tell('lost', `${name} was never answered`)
  if (!record) tell('lost', `${name} is not in the history`)
  else {
    const differs = (['status', 'code', 'body'] as const).filter((field) => record[field] !== answer[field])
    for (const field of differs)
      tell(
        'the history contradicts the answer',
        `${name}: answered ${answer[field]} ${Math.round(answer.at - (calls.at(-1)?.endedAt ?? NaN))} ms after its call, in the history ${record[field]}`,
      )
  }
  if (isOnceOnly && calls.length > 1) tell('a POST or PATCH called twice', `${name} (${calls.length} calls)`)
  const body = `{"you":"${name}"}`
  if (answer.status === 'resolved' && (calls.length === 0 || answer.body !== body))
    tell('an answer without its call', `${name}: ${answer.body} after ${calls.length} calls`)
  if (answer.status !== 'resolved' && !(isOnceOnly && answer.code === 'INTERRUPTED'))
    tell('failed though it can be repeated', `${name} (${answer.code})`)
  for (const { startedAt } of calls)
    if (startedAt > answer.at) tell('a stale call', `${name}: ${Math.round(startedAt - answer.at)} ms after its answer`)
}

function checkQueue(calls: (ApiCall & { number: number })[], tell: Tell): void {
  let newest: (ApiCall & { number: number }) | undefined
  calls.forEach((call, index) => {
    const before = calls[index - 1]
    if (before && (before.endedAt ?? Infinity) > call.startedAt)
      tell('two at a time in one queue', `${call.name} beside ${before.name}`)
    // A repeated call of an earlier request would undo the later one.
    if (newest && call.number < newest.number)
      tell(
        calls.findIndex(({ name }) => name === call.name) < index ? 'a stale call' : 'out of order',
        `${call.name} after ${newest.name}`,
      )
    else newest = call
  })
}
