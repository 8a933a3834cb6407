import type { Context, Hono } from 'hono'

/**
 * The page runs only its own script and style, calls only its own relay, and no
 * other page can frame it.
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

/** The administrator's page. It contains no data, so every caller may load it. The routes that it calls accept administrators only. */
export function consoleRoutes(app: Hono): void {
  for (const [path, asset, type] of files) {
    app.get(path, async (context: Context) => {
      // Loaded on demand, because most processes never serve it.
      const { consoleAssets } = await import('./console-assets.ts')
      return context.body(consoleAssets[asset], 200, { ...headers, 'content-type': `${type}; charset=utf-8` })
    })
  }
}
