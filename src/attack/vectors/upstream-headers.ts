import { marker } from '../detect-leaks.ts'
import type { Target } from '../target.ts'
import { answers, attempts, type Attempt, type Vector } from '../vector.ts'

const acting: [string, string][] = [
  ['set-cookie', `session=${marker}; Path=/`],
  ['Set-Cookie', `__Host-session=${marker}; Secure; Path=/`],
  ['access-control-allow-origin', `https://${marker}.example`],
  ['access-control-allow-credentials', marker],
  ['access-control-expose-headers', marker],
  ['content-security-policy', `script-src ${marker}`],
  ['strict-transport-security', `max-age=0; ${marker}`],
  ['clear-site-data', `"cookies"; ${marker}`],
  ['refresh', `0; url=https://${marker}.example`],
  ['location', `https://${marker}.example/`],
  ['link', `<https://${marker}.example>; rel=preload`],
  ['service-worker-allowed', `/${marker}`],
  ['x-frame-options', marker],
  ['x-content-type-options', marker],
  ['content-disposition', `attachment; filename=${marker}.html`],
  ['www-authenticate', `Basic realm="${marker}"`],
  ['alt-svc', `h3="${marker}.example:443"`],
  ['nel', marker],
  ['sourcemap', `/${marker}`],
  ['cross-origin-resource-policy', marker],
  ['permissions-policy', marker],
  ['content-encoding', `identity, ${marker}`],
  ['x-accel-redirect', `/${marker}`],
  ['x-sendfile', `/${marker}`],
]

/** Row 16: upstream headers for browsers must not take effect on the relay's origin. */
export function upstreamHeaders(targets: readonly Target[]): Vector[] {
  return targets.slice(0, 2).flatMap((target) =>
    attempts(16, target, [
      ...acting.map(([name, value]): [string, Attempt] => [
        `the upstream sends ${name}`,
        // The vulnerable relay drops content-encoding too, because it decodes the body.
        {
          request: target.baseline(),
          world: answers({ headers: { [name]: value } }),
          aim: 'header',
          canLeak: name !== 'content-encoding',
        },
      ]),
      ...['text/html', 'image/svg+xml', 'application/xhtml+xml', 'text/javascript'].map((type): [string, Attempt] => [
        `the upstream sends ${type}`,
        {
          request: target.baseline(),
          world: answers({ headers: { 'content-type': type }, body: '<script>alert(1)</script>' }),
          aim: 'header',
        },
      ]),
    ]),
  )
}
