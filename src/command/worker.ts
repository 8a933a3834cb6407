import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { isClientSecretError } from '../protocol/errors.ts'
import { keyNames } from '../worker/key-names.ts'
import { UsageError } from './usage-error.ts'
import { workerCode } from './worker-code.ts'

/** `client-secret-relay worker`: writes the service worker as one file, with its options in it. */
export async function worker(args: string[]): Promise<void> {
  const { positionals, values } = parseArgs({
    args,
    allowPositionals: true,
    options: { relay: { type: 'string' }, key: { type: 'string', multiple: true } },
  })
  const [file, ...rest] = positionals
  if (!file || rest.length > 0) throw new UsageError('worker needs one path, of the file to write.')
  const { relay, key: given = [] } = values
  if (!relay || !/^(\/|https?:\/\/)/.test(relay))
    throw new UsageError('worker needs --relay, a path such as /relay or an absolute url.')
  const text = `/* react-client-secret: client-secret-relay worker writes this file. */
const clientSecretWorkerOptions = ${JSON.stringify({ relay, keys: keysOf(given) }, null, 2)};
${workerCode}`
  await writeFile(file, text).catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'ENOENT' ? new UsageError(`There is no folder for ${file}.`) : error
  })
  console.log(
    `client-secret-relay wrote ${file}. Serve it at the root of your site, and call registerClientSecretWorker with its url.`,
  )
}

function keysOf(given: string[]): Record<string, string> {
  const keys = Object.fromEntries(given.map((one) => /^([^=]*)=?(.*)$/s.exec(one)!.slice(1) as [string, string]))
  if (given.length === 0 || Object.values(keys).includes(''))
    throw new UsageError('worker needs --key with an origin and a name, such as --key https://api.resend.com=resend.')
  try {
    keyNames(keys)
  } catch (error) {
    throw isClientSecretError(error) ? new UsageError(error.message) : error
  }
  return keys
}
