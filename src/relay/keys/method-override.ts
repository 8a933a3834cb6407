import { abridged, invalid } from '../../protocol/invalid-parameter.ts'
import type { ClientSecretRequest } from '../../protocol/request.ts'

/** Parameters that replace the method at servers of Google, Rails or PHP, which reads other characters as `_`. */
const overrides = /^(\$httpmethod|-method|x-(http-)?method(-override)?)$/

/**
 * A rule names methods. No parameter may change them on the way.
 *
 * @throws ClientSecretError `INVALID_PARAMETER`
 */
export function refuseMethodOverride({ params = {} }: ClientSecretRequest, url: URL): void {
  for (const name of [...url.searchParams.keys(), ...Object.keys(params)]) {
    if (!overrides.test(name.toLowerCase().replace(/[^a-z0-9$]+/g, '-'))) continue
    const path = `params.${abridged(name)}`
    throw invalid(
      path,
      `${path} must be left out: some servers take it for the method. Write the method into "method".`,
    )
  }
}
