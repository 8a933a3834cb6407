import type { RelayOptions } from '../relay/options.ts'
import type { Target } from './target.ts'
import type { Vector } from './vector.ts'
import { addresses } from './vectors/addresses.ts'
import { administration } from './vectors/administration.ts'
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
import { redirects } from './vectors/redirects.ts'
import { traces } from './vectors/traces.ts'
import { upstreamHeaders } from './vectors/upstream-headers.ts'
import { values } from './vectors/values.ts'

/** What each row of the threat model is called in the report; 0 is the proof that honest calls arrive. */
export const rows: Record<number, string> = {
  0: 'honest calls arrive with their secret',
  1: "a url of the attacker's",
  2: 'the placeholder in another place',
  3: 'urls that parsers read differently',
  4: 'the placeholder in host, port, user info, scheme',
  5: 'private and metadata addresses',
  6: 'names that change their address',
  7: 'redirects',
  8: 'headers that inject or forge',
  9: 'other spellings of the placeholder',
  12: 'calls from another site or without a session',
  13: 'records of other callers',
  14: 'upstreams that echo the secret',
  15: 'logs, errors, metrics, database',
  16: "upstream headers on the relay's origin",
  17: 'climbing out of the path',
  18: 'another scheme',
  19: 'bodies that exhaust',
  21: 'names of the prototype',
  25: 'what redaction tells who asks again and again',
  28: 'what a value is in another form',
}

/** Rows in the threat model. */
const maxRows = 31

/** Those of the threat model that no attempt is made at. */
export const otherRows = Array.from({ length: maxRows }, (_, index) => index + 1).filter((row) => !(row in rows))

/** Every attempt against these keys and rules. What looks into the database comes before what fills it. */
export function corpus(targets: readonly Target[], options: RelayOptions): Vector[] {
  return [
    ...baseline(targets),
    ...traces(targets),
    ...administration(targets),
    ...hosts(targets),
    ...addresses(targets),
    ...places(targets),
    ...redirects(targets),
    ...headers(targets),
    ...paths(targets),
    ...prototypes(targets),
    ...crossSite(targets, options.origins ?? []),
    ...otherCallers(targets),
    ...upstreamHeaders(targets),
    ...echoes(targets),
    ...values(targets),
    ...endurance(targets),
  ]
}
