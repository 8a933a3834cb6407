import { sleep } from '../../src/client/retry-delay.ts'

/** What a watched fetch saw, and how it is told to misbehave. */
export interface Network {
  fetch: typeof globalThis.fetch
  /** Urls of the polls, in the order they were sent. */
  polls: string[]
  inFlight: number
  maxInFlight: number
  isCut: boolean
  /** Milliseconds that each poll takes longer. */
  delay: number
  /** Answers the next call instead of the server. */
  next: Response | undefined
}

/** The real fetch, which counts the polls it carries, and can be cut. */
export function watchedFetch(): Network {
  const network: Network = {
    fetch: watched,
    polls: [],
    inFlight: 0,
    maxInFlight: 0,
    isCut: false,
    delay: 0,
    next: undefined,
  }

  async function watched(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
    const url = input instanceof Request ? input.url : String(input)
    const isPoll = url.includes('?ids=')
    if (isPoll) {
      network.polls.push(decodeURIComponent(url))
      network.maxInFlight = Math.max(network.maxInFlight, ++network.inFlight)
    }
    try {
      if (isPoll) await sleep(network.delay, init?.signal ?? undefined)
      if (network.isCut) throw new TypeError('the network is cut')
      const instead = network.next
      network.next = undefined
      return instead ?? (await fetch(input, init))
    } finally {
      if (isPoll) network.inFlight -= 1
    }
  }

  return network
}

/** Waits until something is so. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(5)
}
