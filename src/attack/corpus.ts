import type { RelayOptions } from '../relay/options.ts'
import type { Target } from './target.ts'
import type { Vector } from './vector.ts'
import { addresses } from './vectors/addresses.ts'
import { administration } from './vectors/administration.ts'
import { basicAuth } from './vectors/basic-auth.ts'
import { crossSite } from './vectors/cross-site.ts'
import { echoes } from './vectors/echoes.ts'
import { endurance } from './vectors/endurance.ts'
import { headers } from './vectors/headers.ts'
import { baseline } from './vectors/baseline.ts'
import { hosts } from './vectors/hosts.ts'
import { otherCallers } from './vectors/other-callers.ts'
import { paths } from './vectors/paths.ts'
import { places } from './vectors/places.ts'
import { prototypes } from './vectors/prototypes.ts'
import { rawBodies } from './vectors/raw-bodies.ts'
import { redirects } from './vectors/redirects.ts'
import { traces } from './vectors/traces.ts'
import { upstreamHeaders } from './vectors/upstream-headers.ts'
import { values } from './vectors/values.ts'

/** The names of the threat model's rows in the report. Row 0 proves that allowed calls arrive. */
export const rows: Record<number, string> = {
  0: 'allowed calls arrive with their secret',
  1: 'a url chosen by the attacker',
  2: 'the placeholder in another place',
  3: 'urls that parsers read differently',
  4: 'the placeholder in host, port, user info, scheme',
  5: 'private and metadata addresses',
  6: 'host names that change their address',
  7: 'redirects',
  8: 'headers that inject or forge',
  9: 'other spellings of the placeholder',
  12: 'calls from another site or without a session',
  13: 'records of other callers',
  14: 'upstreams that echo the secret',
  15: 'logs, errors, metrics, database',
  16: "upstream headers on the relay's origin",
  17: 'leaving the allowed path',
  18: 'another scheme',
  19: 'bodies that exhaust the relay',
  21: 'prototype names',
  25: 'learning from redacted answers',
  28: 'other forms of a value',
}

/** The number of rows in the threat model. */
const maxRows = 31

/** The rows without a vector. */
export const otherRows = Array.from({ length: maxRows }, (_, index) => index + 1).filter((row) => !(row in rows))

/** Every vector for these keys and rules. Vectors that inspect the database come before those that fill it. */
export function corpus(targets: readonly Target[], options: RelayOptions): Vector[] {
  return [
    ...baseline(targets),
    ...traces(targets),
    ...administration(targets),
    ...hosts(targets),
    ...addresses(targets),
    ...places(targets),
    ...rawBodies(targets),
    ...redirects(targets),
    ...headers(targets),
    ...paths(targets),
    ...prototypes(targets),
    ...crossSite(targets, options.origins ?? []),
    ...otherCallers(targets),
    ...upstreamHeaders(targets),
    ...echoes(targets),
    ...values(targets),
    ...basicAuth(targets),
    ...endurance(targets),
  ]
}
