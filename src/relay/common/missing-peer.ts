/** Major and minor, the same as `engines` in package.json. */
const neededNode = [22, 13] as const

/** Throws a clear message on an older Node, before a dependency fails with an unclear one and a stack. */
export function checkNode({ version, versions }: Pick<NodeJS.Process, 'version' | 'versions'> = process): void {
  // Deno and Bun report the version of a compatible Node.
  if (versions['deno'] !== undefined || versions['bun'] !== undefined) return
  const [major = 0, minor = 0] = versions.node.split('.').map(Number)
  if (major > neededNode[0] || (major === neededNode[0] && minor >= neededNode[1])) return
  throw new Error(
    `react-client-secret/relay needs Node ${neededNode.join('.')} or later; this is ${version}. Run it with a newer Node.`,
  )
}

/** Turns "cannot find module" for a package of Postgres into a message with the install command; returns other errors unchanged. */
export function explainMissingPeer(thrown: unknown): unknown {
  const error = thrown as NodeJS.ErrnoException
  if (error?.code !== 'ERR_MODULE_NOT_FOUND' && error?.code !== 'MODULE_NOT_FOUND') return thrown
  const missing = /(?:package|module) '([^']+)'/.exec(error.message)?.[1] ?? 'a package'
  return new Error(
    `A database in Postgres needs ${missing}, which is not installed. Install the optional peer dependencies where the relay runs: npm install pg pg-boss`,
    { cause: thrown },
  )
}
