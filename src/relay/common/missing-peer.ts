/** What the relay needs beside this package, in the words of an install command. */
const relayPeers = 'hono undici ipaddr.js rate-limiter-flexible'

/** Major and minor, as `engines` in package.json has it. */
const neededNode = [22, 13] as const

/**
 * Throws a sentence on an older Node, before a package that the relay needs fails
 * in words of its own: there Node prints the stack beside what is caught.
 */
export function checkNode({ version, versions }: Pick<NodeJS.Process, 'version' | 'versions'> = process): void {
  // They tell of a Node that they are like.
  if (versions['deno'] !== undefined || versions['bun'] !== undefined) return
  const [major = 0, minor = 0] = versions.node.split('.').map(Number)
  if (major > neededNode[0] || (major === neededNode[0] && minor >= neededNode[1])) return
  throw new Error(
    `react-client-secret/relay needs Node ${neededNode.join('.')} or later; this is ${version}. Run it with a newer Node.`,
  )
}

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
