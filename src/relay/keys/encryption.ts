import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto'
import { ClientSecretError } from '../../protocol/errors.ts'

/** The environment variable with the master keys. */
export const masterKeyVariable = 'CLIENT_SECRET_MASTER_KEY'

const masterKeyBytes = 32
const nonceBytes = 12
const tagBytes = 16

/** What the values in the database are sealed with. */
export interface MasterKey {
  /** By which it is recognised; tells nothing of it. */
  id: string
  /** AES-256-GCM. */
  sealing: Buffer
}

export function newMasterKey(): string {
  return randomBytes(masterKeyBytes).toString('base64')
}

/**
 * Reads `CLIENT_SECRET_MASTER_KEY`: one, or several with commas between them, the
 * newest first. What is sealed is sealed with the newest, and opened with any.
 *
 * @throws ClientSecretError `INVALID_PARAMETER` with a sentence, which shows nothing of it.
 */
export function readMasterKeys(text: string | undefined): MasterKey[] {
  if (text === undefined || text.trim() === '') return []
  const written = text.split(',').map((one) => one.trim())
  const masterKeys = written.map((one, index) => {
    const bytes = Buffer.from(one, 'base64')
    // Buffer.from leaves out what is not base64, so the text is compared with what was read.
    if (bytes.length === masterKeyBytes && plain(bytes.toString('base64')) === plain(one)) return masterKeyOf(bytes)
    const which = written.length === 1 ? 'is' : `holds, in place ${index + 1},`
    throw new ClientSecretError(
      'INVALID_PARAMETER',
      `The relay does not start: the environment variable ${masterKeyVariable} ${which} no master key: that is ${masterKeyBytes} bytes in base64, and this is ${one.length} characters. Was it copied whole? client-secret-relay master-key prints a new one; keys that are registered already need the one they were registered with.`,
      { path: masterKeyVariable },
    )
  })
  return masterKeys.filter(({ id }, index) => masterKeys.findIndex((other) => other.id === id) === index)
}

/** In either alphabet of base64, with or without its end. */
function plain(text: string): string {
  return text.replaceAll('-', '+').replaceAll('_', '/').replace(/=+$/, '')
}

/** Two keys of it, so that neither the id nor what is sealed says anything of the other. */
function masterKeyOf(bytes: Buffer): MasterKey {
  return {
    id: createHmac('sha256', bytes).update('client-secret-relay: id of a master key').digest('hex').slice(0, 16),
    sealing: Buffer.from(hkdfSync('sha256', bytes, '', 'client-secret-relay: sealing', 32)),
  }
}

/**
 * Seals a text with AES-256-GCM, a nonce of its own for each.
 *
 * @param bound What must be the same when it is opened. It is not hidden.
 */
export function seal({ id, sealing }: MasterKey, text: string, bound: readonly Bound[]): string {
  const nonce = randomBytes(nonceBytes)
  const cipher = createCipheriv('aes-256-gcm', sealing, nonce).setAAD(associated(id, bound))
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
  return Buffer.concat([nonce, sealed, cipher.getAuthTag()]).toString('base64')
}

/** The text; null where it was sealed with another key, was bound to something else, or was changed. */
export function open({ id, sealing }: MasterKey, sealed: string, bound: readonly Bound[]): string | null {
  const bytes = Buffer.from(sealed, 'base64')
  if (bytes.length < nonceBytes + tagBytes) return null
  const decipher = createDecipheriv('aes-256-gcm', sealing, bytes.subarray(0, nonceBytes), { authTagLength: tagBytes })
    .setAAD(associated(id, bound))
    .setAuthTag(bytes.subarray(-tagBytes))
  try {
    return Buffer.concat([decipher.update(bytes.subarray(nonceBytes, -tagBytes)), decipher.final()]).toString('utf8')
  } catch {
    return null
  }
}

export type Bound = string | number | boolean

/** As JSON, so that what ends one and begins the next cannot be moved. */
function associated(id: string, bound: readonly Bound[]): Buffer {
  return Buffer.from(JSON.stringify(['client-secret-relay', id, ...bound]))
}
