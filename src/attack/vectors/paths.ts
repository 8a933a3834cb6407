import type { Target } from '../target.ts'
import { attempts, some, type Attempt, type Vector } from '../vector.ts'

/** Steps that a url parser resolves itself, which changes the path. */
const plainSteps = [
  '../../../../outside',
  './../../../.././outside',
  '%2e%2e/%2e%2e/%2e%2e/%2E%2E/outside',
  '.%2e/%2e./.%2E/../outside',
  '..\\..\\..\\..\\outside',
  '..\t/..\n/../../outside',
]

/** Steps that only the upstream server would resolve. */
const hiddenSteps = [
  '..%2f..%2foutside',
  '%2e%2e%2f%2e%2e%2foutside',
  '..%2F..%2Foutside',
  '..%5c..%5coutside',
  '%2e%2e%5Coutside',
  '..;/..;/outside',
  '..;a=b/outside',
  '.;/outside',
  '..%3b/outside',
  '%252e%252e/outside',
  '%252e%252e%252foutside',
  '..%252foutside',
  '%25252e%25252e/outside',
  '..%00/outside',
  '%00',
  '..%c0%afoutside',
  '%c0%ae%c0%ae/outside',
  '%uff0e%uff0e/outside',
  '//outside',
  'x//outside',
  '%2foutside',
  'x%2f%2foutside',
  'x%',
  'x%zz/outside',
  '%2e%2e;/outside',
  // For servers that decode twice, truncate, strip or normalise.
  '..%3fx/outside',
  '..%3Fx',
  '..%23x/outside',
  '.%09./outside',
  '.%0a./outside',
  '.%0d%0a./outside',
  '..%0d%0a/outside',
  '..%20/outside',
  '%20../outside',
  '.%20./outside',
  '..%09/outside',
  '..%c2%a0/outside',
  '..%c2%ad/outside',
  '.%e2%80%8b./outside',
  '..%7f/outside',
  '%ef%bc%8e%ef%bc%8e/outside',
  '..%ef%bc%8foutside',
  '..%ef%bc%bcoutside',
  '%e2%80%a5/outside',
  '%e2%80%a5%ef%bc%8foutside',
  '..%253fx/outside',
  '..%2523x/outside',
  '.%2509./outside',
  '%25ef%25bc%258e./outside',
  '..%e2%88%95outside',
  '.%00./outside',
]

/** Row 17: leaving the allowed path. */
export function paths(targets: readonly Target[]): Vector[] {
  return targets.flatMap((target, index) => {
    const { scheme, host, port, path, url, fixedSegments } = target
    const outside = (name: string, changed: string, canLeak = true): [string, Attempt] => [
      name,
      { request: target.baseline({ url: changed }), canLeak },
    ]
    const origin = `${scheme}//${host}${port}`
    // A rule without a wildcard has one path, so every addition is outside.
    const hasOutside = fixedSegments !== 0
    const list = [
      ...plainSteps.map((steps) => outside(`parent segments ${JSON.stringify(steps)}`, `${url}/${steps}`, hasOutside)),
      ...hiddenSteps.map((steps) => outside(`a step ${JSON.stringify(steps)}`, `${url}/${steps}`)),
      outside('two slashes in the middle', `${origin}${path.replace(/\/(?=[^/]*$)/, '//')}`),
      outside('two slashes at the beginning', `${origin}/${path}`),
      outside('full-width dots', `${url}/．．/outside`),
      outside('a two-dot leader', `${url}/‥/outside`),
      outside('a full-width slash', `${url}/..／outside`),
      ...(hasOutside && !path.startsWith('/$CLIENT_SECRET')
        ? [
            outside('another path', `${origin}/outside`),
            outside('the path as a prefix of a segment', `${origin}${path.replace(/^(\/[^/]+)/, '$1x')}`),
            outside(
              'the path in capitals',
              `${origin}${path.replace('$CLIENT_SECRET', '@').toUpperCase().replace('@', '$CLIENT_SECRET')}`,
            ),
          ]
        : []),
    ]
    return attempts(17, target, some(list, index))
  })
}
