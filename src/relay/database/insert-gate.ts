/** Why an insert was refused, and whom the reason concerns, such as one caller. */
export interface Refusal {
  scope: string
  error: Error
}

/** Lets few inserts at once work on the same limit. */
export interface InsertGate {
  /**
   * Works when it is its turn among those of this name. `refusalSince` gives the refusal of another one in these scopes,
   * if it came while this one waited: there was no room at a moment at which this one was there too.
   *
   * @param refusalOf The refusal that an error of `work` is, if it is one.
   */
  pass<Result>(
    name: string,
    scopes: readonly string[],
    work: (refusalSince: Error | undefined) => Promise<Result>,
    refusalOf: (error: unknown) => Refusal | undefined,
  ): Promise<Result>
}

interface Gate {
  running: number
  waiting: (() => void)[]
  /** The newest refusal of each scope, with its number. */
  refusals: Map<string, { number: number; error: Error }>
}

/**
 * Inserts that count the same rows wait for each other in the database, each with a connection of the relay. In a flood,
 * those beyond this number wait here: the connections stay free for others, and one refusal serves all who wait.
 */
const maxAtOnce = 4

export function createInsertGate(): InsertGate {
  const gates = new Map<string, Gate>()
  let lastNumber = 0

  function gateOf(name: string): Gate {
    const known = gates.get(name)
    if (known) return known
    const made: Gate = { running: 0, waiting: [], refusals: new Map() }
    gates.set(name, made)
    return made
  }

  return {
    async pass(name, scopes, work, refusalOf) {
      const gate = gateOf(name)
      const arrival = lastNumber
      if (gate.running < maxAtOnce) gate.running++
      else await new Promise<void>((go) => gate.waiting.push(go))
      try {
        const refusals = scopes.flatMap((scope) => gate.refusals.get(scope) ?? [])
        return await work(refusals.find(({ number }) => number > arrival)?.error)
      } catch (error) {
        const refusal = refusalOf(error)
        if (refusal) gate.refusals.set(refusal.scope, { number: ++lastNumber, error: refusal.error })
        throw error
      } finally {
        // The next one takes this place.
        const next = gate.waiting.shift()
        if (next) next()
        else if (--gate.running === 0) gates.delete(name)
      }
    },
  }
}
