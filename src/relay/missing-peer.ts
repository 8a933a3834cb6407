/** What the relay needs beside this package, in the words of an install command. */
const relayPeers = 'hono undici ipaddr.js rate-limiter-flexible'

/**
 * Turns "cannot find module" for a package that the relay needs into a sentence
 * that says what to install; every other error stays what it is.
 */
export function explainMissingPeer(thrown: unknown, peers = relayPeers): unknown {
  const error = thrown as NodeJS.ErrnoException
  if (error?.code !== 'ERR_MODULE_NOT_FOUND' && error?.code !== 'MODULE_NOT_FOUND') return thrown
  const missing = /(?:package|module) '([^']+)'/.exec(error.message)?.[1] ?? 'a package'
  return new Error(
    `react-client-secret/relay needs ${missing}, which is not installed. The relay's own dependencies are optional, so that a browser app does not carry them. Install them where the relay runs: npm install ${peers}`,
    { cause: thrown },
  )
}
