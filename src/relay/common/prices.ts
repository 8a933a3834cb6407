/** The price of a model, for a million tokens, in the currency of `limits.costPerDay`. */
export interface Price {
  /** Of the tokens that the API reads. Cached ones cost as much. */
  input: number
  /** Of the tokens that the API writes, with those of its reasoning. */
  output: number
}

/** The price of all models without one of their own. */
export const otherModels = '*'

/** The price of this model; undefined if the operator gave none. */
export function priceOf(prices: Record<string, Price>, model: string): Price | undefined {
  return Object.hasOwn(prices, model) ? prices[model] : prices[otherModels]
}
