import type { CompiledRule } from './key-rules.ts'
import { matchesPath, matchesSegment } from './plain-path.ts'

/** A destination that a key's value did not have before. */
export interface WiderReach {
  /** The index of the rule. */
  index: number
  field: 'url' | 'methods' | 'in' | 'inEach'
  /** Completes "This rule lets the value go …". */
  where: string
}

/**
 * The first new destination of the later rules; null if they have none. For each method of a later rule, one earlier
 * rule must allow the same host, paths and places.
 */
export function widerReach(before: readonly CompiledRule[], after: readonly CompiledRule[]): WiderReach | null {
  for (const [index, rule] of after.entries()) {
    const origin = `${rule.protocol}//${rule.host.join('.')}${rule.port && `:${rule.port}`}`
    const path = `/${rule.segments.join('/')}`
    const atOrigin = before.filter((one) => coversOrigin(one, rule))
    if (atOrigin.length === 0) return { index, field: 'url', where: `to ${origin}` }
    const atPath = atOrigin.filter((one) => coversPath(one.segments, rule.segments))
    if (atPath.length === 0) return { index, field: 'url', where: `to ${path} of ${origin}` }
    for (const method of rule.methods) {
      const byMethod = atPath.filter(({ methods }) => methods.includes(method))
      if (byMethod.length === 0) return { index, field: 'methods', where: `by ${method} to ${path} of ${origin}` }
      const places = placesOf(rule)
      if (byMethod.some((one) => places.every((place) => placesOf(one).includes(place)))) continue
      const place = places.find((place) => !byMethod.some((one) => placesOf(one).includes(place)))
      return { index, field: rule.placesByName ? 'inEach' : 'in', where: place ?? places.join(' and ') }
    }
  }
  return null
}

/** The places, of each value if there are several. */
function placesOf({ places, placesByName }: CompiledRule): string[] {
  if (!placesByName) return places.map((place) => `in ${place}`)
  return [...placesByName].flatMap(([name, some]) => some.map((place) => `as ${name} in ${place}`))
}

function coversOrigin(one: CompiledRule, other: CompiledRule): boolean {
  return (
    one.protocol === other.protocol &&
    one.port === other.port &&
    (one.allowPrivateNetwork || !other.allowPrivateNetwork) &&
    one.host.length === other.host.length &&
    one.host.every((label, index) => label === '*' || label === other.host[index])
  )
}

/** Whether this pattern matches every path of the other one, with the secret in the same segments. */
function coversPath(pattern: readonly string[], other: readonly string[]): boolean {
  return matchesPath(pattern, other, coversSegment)
}

/** `**` stands for several segments, which only `**` matches. */
function coversSegment(part: string, segment: string): boolean {
  return (segment !== '**' || part === '**') && matchesSegment(part, segment)
}
