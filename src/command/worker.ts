import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { isClientSecretError } from '../protocol/errors.ts'
import { keyNames } from '../worker/key-names.ts'
import type { ClientSecretWorkerOptions } from '../worker/serve-client-secrets.ts'
import { pairsOf } from './name-value-pairs.ts'
import { UsageError } from './usage-error.ts'
import { workerCode } from './worker-code.ts'

/** `client-secret-relay worker`: writes the service worker as one file, with its options in it. */
export async function worker(args: string[]): Promise<void> {
  const { positionals, values } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      relay: { type: 'string' },
      key: { type: 'string', multiple: true },
      media: { type: 'string', multiple: true },
    },
  })
  const [file, ...rest] = positionals
  if (!file || rest.length > 0) throw new UsageError('worker needs one path, of the file to write.')
  const { relay = '', key: given = [], media } = values
  if (!isRelay(relay)) throw new UsageError('worker needs --relay, a path such as /relay or an absolute url.')
  await writeFile(file, workerFile({ relay, keys: keysOf(given, media), media })).catch(
    (error: NodeJS.ErrnoException) => {
      throw error.code === 'ENOENT' ? new UsageError(`There is no folder for ${file}.`) : error
    },
  )
  console.log(
    `client-secret-relay wrote ${file}. Serve it at the root of your site, and call registerClientSecretWorker with its url.`,
  )
}

/** The text of a service worker with these options. */
export function workerFile(options: ClientSecretWorkerOptions): string {
  return `/* react-client-secret: client-secret-relay worker writes this file. */
const clientSecretWorkerOptions = ${JSON.stringify(options, null, 2)};
${workerCode}`
}

/** `//example.com` looks like a path, and is another site. */
function isRelay(relay: string): boolean {
  const page = 'https://page.invalid'
  if (relay.startsWith('/')) return URL.canParse(relay, page) && new URL(relay, page).origin === page
  return /^https?:\/\//.test(relay) && URL.canParse(relay)
}

function keysOf(given: string[], media: string[] = []): Record<string, string> {
  const pairs = pairsOf(given)
  if (given.length === 0 || pairs.some(([, name]) => name === ''))
    throw new UsageError('worker needs --key with an origin and a name, such as --key https://api.resend.com=resend.')
  const twice = pairs.find(([origin], index) => pairs.findIndex(([other]) => other === origin) < index)
  if (twice) throw new UsageError(`worker needs one --key for each origin; ${twice[0]} has two.`)
  const keys = Object.fromEntries(pairs)
  const unknown = media.find((origin) => !Object.hasOwn(keys, origin))
  if (unknown !== undefined) throw new UsageError(`worker needs a --key for each --media; ${unknown} has none.`)
  try {
    keyNames(keys)
  } catch (error) {
    throw isClientSecretError(error) ? new UsageError(error.message) : error
  }
  return keys
}
