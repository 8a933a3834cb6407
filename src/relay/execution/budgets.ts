import { ClientSecretError, isClientSecretError } from '../../protocol/errors.ts'
import type { ClientSecretRequest } from '../../protocol/request.ts'
import type { UpstreamResponse } from '../../protocol/record.ts'
import { otherModels, priceOf, type Price } from '../common/prices.ts'
import type { ReadLimits } from '../common/relay-limits.ts'
import { createLocalCounts, type LimitCounts } from '../database/limit-counts.ts'
import { hash } from '../database/stored-record.ts'
import { createUsageReader, type TokenUsage, type UsageReader } from '../upstream/token-usage.ts'
import type { RawBody } from '../upstream/raw-body.ts'
import { comesInEvents } from '../upstream/delta-redactor.ts'
import { limited } from './meter.ts'
import { anyCall, isRead, modelCallOf } from './model-call.ts'

/**
 * What each caller may spend in a day, in tokens and in money. A call reserves the most that it is expected to use, and
 * counts what its API reports at its end. A call begins while less than the budget is spent and reserved. So the calls
 * of a caller exceed a budget by one call at most, also when many begin at once, at several relays.
 */
export interface Budgets {
  /** Throws `RATE_LIMITED` if the caller has spent a budget, and `NOT_ALLOWED` for a model without a price. */
  check(owner: string, request: ClientSecretRequest): Promise<void>
  /** Does so too, also if other calls have reserved the rest. Undefined if the call cannot use tokens. */
  reserve(
    owner: string,
    request: ClientSecretRequest,
    rawBody: RawBody | null | undefined,
  ): Promise<Reservation | undefined>
}

/** The expected use of a call, as part of the caller's budgets. */
export interface Reservation {
  /** Looks for the usage in bytes of the answer. */
  read(this: void, bytes: Buffer): void
  /** Counts what the call has used, in place of what it reserved. */
  settle(end: CallEnd): Promise<void>
  /** Gives back what was reserved: there is no call. */
  release(): Promise<void>
}

/** The end of a call, as far as it says whether the API has reported its usage. */
export interface CallEnd {
  /** The whole answer; undefined if the call has failed or broken off. */
  response: Pick<UpstreamResponse, 'status' | 'headers'> | undefined
  /** Whether the API may have acted. */
  isCalled: boolean
}

/** The use of a call that its API has reported. */
export interface ReportedUse {
  /** Name of the key. */
  key: string
  usage: TokenUsage
  /** By the option `prices`, in its currency; 0 without prices. */
  cost: number
}

interface Budget {
  what: string
  limit: number
  amountOf: (usage: TokenUsage, model: string | undefined) => number
  spent: string
  reserved: string
}

const day = 86_400_000
/** Costs count in millionths, because the database counts in whole numbers. */
const millionth = 1_000_000
/** More than any call costs; the sum of many is still a whole number for JavaScript. */
const maxCost = 1_000_000 * millionth
const maxEnds = 1_000
/** Bytes of an answer in which a relay without budgets looks for tokens. */
const maxLooked = 8_388_608

export function createBudgets(
  { tokensPerDay, costPerDay }: Pick<ReadLimits, 'tokensPerDay' | 'costPerDay'>,
  prices: Record<string, Price>,
  shared: Pick<LimitCounts, 'add'>,
  onUse: (used: ReportedUse) => void,
): Budgets {
  const hasPrices = Object.keys(prices).length > 0
  /** In millionths. */
  function costOf(usage: TokenUsage, model: string | undefined): number {
    // Without the name of the model, the most expensive one counts.
    const known = model === undefined ? undefined : priceOf(prices, model)
    const costs = (known ? [known] : Object.values(prices)).map(
      ({ input, output }) => usage.input * input + usage.output * output,
    )
    return Math.ceil(Math.min(Math.max(0, ...costs), maxCost))
  }
  const alone = createLocalCounts()
  const budgets: Budget[] = []
  if (tokensPerDay !== undefined)
    budgets.push({
      what: 'tokens',
      limit: tokensPerDay,
      amountOf: ({ input, output }) => input + output,
      spent: `This caller has used its ${tokensPerDay} tokens of a day, the relay's limit (limits.tokensPerDay). Send the request again later, or ask the operator for a higher limit.`,
      reserved: `The other calls of this caller may use the rest of its ${tokensPerDay} tokens of a day, the relay's limit (limits.tokensPerDay). Send the request again when they have ended.`,
    })
  if (costPerDay !== undefined)
    budgets.push({
      what: 'cost',
      limit: costPerDay * millionth,
      amountOf: costOf,
      spent: `This caller has spent ${costPerDay} within a day, the relay's limit (limits.costPerDay). Send the request again later, or ask the operator for a higher limit.`,
      reserved: `The other calls of this caller may spend the rest of its ${costPerDay} of a day, the relay's limit (limits.costPerDay). Send the request again when they have ended.`,
    })

  /** The ends of urls where calls have used tokens although they named no model. */
  const withTokens = new Set<string>()
  /** Without budgets and prices, the model does not matter, and the relay does not look for it. */
  const callOf = (request: ClientSecretRequest, rawBody?: RawBody | null) =>
    budgets.length > 0 || hasPrices
      ? modelCallOf(request, rawBody, withTokens.has(endOf(request.url)))
      : isRead(request)
        ? null
        : anyCall

  /** While the database is unavailable, each relay counts alone. */
  async function add(name: string, points: number) {
    const addition = { name: hash(name), points, duration: day }
    return shared.add(addition).catch((error: unknown) => {
      if (isClientSecretError(error) && error.code === 'UNAVAILABLE') return alone.add(addition)
      throw error
    })
  }
  const addSpent = ({ what }: Budget, owner: string, points: number) => add(`${what} spent by ${owner}`, points)
  const addReserved = ({ what }: Budget, owner: string, points: number) => add(`${what} reserved by ${owner}`, points)

  async function checkSpent(owner: string): Promise<void> {
    await Promise.all(
      budgets.map(async (budget) => {
        const { count, left } = await addSpent(budget, owner, 0)
        if (count >= budget.limit) throw limited(budget.spent, left)
      }),
    )
  }

  /** Reserves an amount of one budget, and gives the function that returns it. */
  async function reserveOf(budget: Budget, owner: string, amount: number): Promise<() => Promise<unknown>> {
    // In this order: an amount that another call moves from the one count to the other one counts twice, not never.
    const [reserved, spent] = await Promise.all([addReserved(budget, owner, amount), addSpent(budget, owner, 0)])
    const until = performance.now() + reserved.left
    /** A count that has ended since begins again without this amount. */
    const giveBack = async () => performance.now() < until && addReserved(budget, owner, -amount)
    const others = Math.max(0, reserved.count - amount)
    if (spent.count + others < budget.limit) return giveBack
    await giveBack()
    throw spent.count >= budget.limit ? limited(budget.spent, spent.left) : limited(budget.reserved, 1_000)
  }

  function checkPrice(model: string): void {
    if (costPerDay === undefined || priceOf(prices, model)) return
    throw new ClientSecretError(
      'NOT_ALLOWED',
      `The relay knows no price of the model "${model}", and limits what a caller spends (limits.costPerDay). Use another model, or add the price to the relay's option prices, such as { '${model}': { input: 1, output: 4 } } for a million tokens, or '${otherModels}' for all other models.`,
      { path: 'data.model' },
    )
  }

  return {
    async check(owner, request) {
      const call = callOf(request)
      if (call?.model !== undefined) checkPrice(call.model)
      if (!call || call.most.output === 0) return
      await checkSpent(owner)
    },

    async reserve(owner, request, rawBody) {
      const call = callOf(request, rawBody)
      if (!call) return undefined
      const { model, most } = call
      if (model !== undefined) checkPrice(model)
      const giveBacks: (() => Promise<unknown>)[] = []
      let isOver = false
      async function release(): Promise<void> {
        if (isOver) return
        isOver = true
        await Promise.all(giveBacks.map((giveBack) => giveBack()))
      }
      try {
        if (most.output > 0)
          for (const budget of budgets) giveBacks.push(await reserveOf(budget, owner, budget.amountOf(most, model)))
      } catch (error) {
        await release()
        throw error
      }
      const reader = createUsageReader()
      let size = 0
      return {
        read(bytes) {
          size += bytes.length
          if (budgets.length > 0 || size <= maxLooked) reader.read(bytes)
        },
        release,
        async settle(end) {
          if (isOver) return
          const reported = reader.usage()
          if (reported) {
            const cost = hasPrices ? costOf(reported, model) / millionth : 0
            onUse({ key: request.clientSecretName, usage: reported, cost })
          }
          const used = usedBy(end, reader, most)
          if (budgets.length > 0 && used && used.input + used.output > 0 && model === undefined) {
            if (withTokens.size >= maxEnds) withTokens.clear()
            withTokens.add(endOf(request.url))
          }
          const counting = used && budgets.map((budget) => addSpent(budget, owner, budget.amountOf(used, model)))
          // After the count: a call that begins meanwhile finds the amount in one of the two.
          await Promise.all([...(counting ?? []), release()])
        },
      }
    },
  }
}

/** What counts for a call; null for nothing. A call whose API could not report its usage counts as it reserved. */
function usedBy({ response, isCalled }: CallEnd, reader: UsageReader, most: TokenUsage): TokenUsage | null {
  const reported = reader.usage()
  const isComplete = !reader.isPending() && !comesInEvents(response?.headers['content-type'])
  if (response && (reported || response.status >= 400 || isComplete)) return reported
  if (!isCalled) return reported
  return { input: Math.max(most.input, reported?.input ?? 0), output: Math.max(most.output, reported?.output ?? 0) }
}

/** The last part of a path: those before it may be ids. */
function endOf(url: string): string {
  const { origin, pathname } = new URL(url)
  return `${origin} ${pathname.slice(pathname.lastIndexOf('/') + 1)}`
}
