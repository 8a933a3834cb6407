import type { Context, Hono } from 'hono'

/**
 * Nothing but its own script and style runs or is shown, nothing but its own
 * relay is asked, and no other page puts it into a frame.
 */
const headers = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'cache-control': 'no-store',
}

const files = [
  ['/console', 'html', 'text/html'],
  ['/console/app.js', 'script', 'text/javascript'],
  ['/console/app.css', 'style', 'text/css'],
] as const

/** The administrator's page. It is the same for everybody and holds nothing; what it asks for is refused to all but administrators. */
export function consoleRoutes(app: Hono): void {
  for (const [path, asset, type] of files) {
    app.get(path, async (context: Context) => {
      // Loaded when the first administrator comes, because most processes never serve it.
      const { consoleAssets } = await import('./console-assets.ts')
      return context.body(consoleAssets[asset], 200, { ...headers, 'content-type': `${type}; charset=utf-8` })
    })
  }
}
