import { ClientSecretError } from '../protocol/errors.ts'

/**
 * The names of keys by origin.
 *
 * @throws ClientSecretError `INVALID_PARAMETER` for anything else than an origin.
 */
export function keyNames(keys: Record<string, string>): Map<string, string> {
  for (const origin of Object.keys(keys)) {
    if (URL.canParse(origin) && new URL(origin).origin === origin) continue
    const message = `keys must be origins such as https://api.example.com; "${origin}" is none.`
    throw new ClientSecretError('INVALID_PARAMETER', message, { path: 'keys' })
  }
  return new Map(Object.entries(keys))
}
