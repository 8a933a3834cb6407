import type { World } from '../fake-internet.ts'
import { httpAnswer } from '../raw-http.ts'
import type { Target } from '../target.ts'
import { attempts, some, spread, type Attempt, type Vector } from '../vector.ts'

const statuses = [301, 302, 303, 307, 308]
const evil = 'evil.example'

/** Row 7: the allowed upstream redirects the relay. */
export function redirects(targets: readonly Target[]): Vector[] {
  return targets.flatMap((target, index) => {
    const list = some(locations(target), index, 3, 2)
    // For the first target, each location with every status. For the others, each with one.
    const pairs = list.flatMap((location, at) =>
      (index === 0 ? statuses : spread(statuses, statuses.length, at + index)).map((status) => ({ location, status })),
    )
    return attempts(
      7,
      target,
      pairs.map(({ location: [name, location, canLeak = true], status }): [string, Attempt] => [
        `${status} to ${name}`,
        { request: target.baseline(), world: redirecting(target, status, location), canLeak },
      ]),
    )
  })
}

/** The upstream redirects the first call. Any host answers the second. */
function redirecting(target: Target, status: number, location: string): Partial<World> {
  return {
    answer: (call) => [
      call.to.host === target.host && !call.path.includes('redirected')
        ? httpAnswer({ status, reason: 'Elsewhere', headers: { location } })
        : httpAnswer({ body: '{"arrived":true}' }),
    ],
  }
}

function locations({
  scheme,
  host,
  port,
  path,
  fixedSegments,
}: Target): [name: string, location: string, canLeak?: boolean][] {
  const back = '/redirected'
  return [
    ['another host', `${scheme}//${evil}${back}`],
    ['another host, without scheme', `//${evil}${back}`],
    ['another host, with backslashes', `\\\\${evil}\\redirected`],
    ['another host, with slash and backslash', `/\\${evil}${back}`],
    ['another host after a user name', `${scheme}//${host}@${evil}${back}`],
    ['a subdomain with the same beginning', `${scheme}//${host}.${evil}${back}`],
    ['another host after a tab', `\t${scheme}//${evil}${back}`],
    ['another port', `${scheme}//${host}:8443${back}`],
    ['another scheme', `${scheme === 'https:' ? 'http:' : 'https:'}//${host}${back}`],
    ['metadata', `http://169.254.169.254${back}`],
    ['an address of this machine', `http://127.0.0.1:9${back}`],
    ['this machine by name', `http://localhost${back}`],
    ['a trailing dot', `${scheme}//${host}.${port}${back}`],
    // A rule for the whole host allows every path.
    ['a path outside', `/outside${back}`, fixedSegments !== 0],
    [
      'a path outside by parent segments',
      `${path.replace(/\$CLIENT_SECRET/, 'x')}/../../../../../outside${back}`,
      fixedSegments !== 0,
    ],
    ['encoded parent segments', `${path.replace(/\$CLIENT_SECRET/, 'x')}/%2e%2e%2f..%5c..%2foutside${back}`],
    ['the placeholder in another place', `${path.replace(/\$CLIENT_SECRET/, 'x')}?q=$CLIENT_SECRET${back}`, false],
    ['itself, again and again', '', false],
    ['javascript:', 'javascript:alert(1)', false],
    ['file:', 'file:///etc/passwd', false],
    ['an invalid url', 'https://[', false],
  ]
}
