import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto'
import { startError } from '../common/config-error.ts'

/** The environment variable with the master keys. */
export const masterKeyVariable = 'CLIENT_SECRET_MASTER_KEY'

const masterKeyBytes = 32
const nonceBytes = 12
const tagBytes = 16

/** Encrypts the values in the database. */
export interface MasterKey {
  /** Identifies the master key, and reveals nothing about it. */
  id: string
  /** For AES-256-GCM. */
  encryptionKey: Buffer
}

export function newMasterKey(): string {
  return randomBytes(masterKeyBytes).toString('base64')
}

/**
 * Reads `CLIENT_SECRET_MASTER_KEY`: one master key, or several with commas between them, the newest first.
 * The newest encrypts; each of them decrypts.
 *
 * @throws ClientSecretError `INVALID_PARAMETER`. The message shows nothing of the master key.
 */
export function readMasterKeys(text: string | undefined): MasterKey[] {
  if (text === undefined || text.trim() === '') return []
  const written = text.split(',').map((one) => one.trim())
  const masterKeys = written.map((one, index) => {
    const bytes = Buffer.from(one, 'base64')
    // Buffer.from skips what is not base64, so the text is compared with the bytes that it read.
    if (bytes.length === masterKeyBytes && plain(bytes.toString('base64')) === plain(one)) return masterKeyOf(bytes)
    const which = written.length === 1 ? 'it' : `item ${index + 1}`
    throw startError(masterKeyVariable, {
      reason: `the environment variable ${masterKeyVariable} is not valid: ${which} has ${one.length} characters, and a master key is ${masterKeyBytes} bytes in base64`,
      remedy:
        'Copy the whole master key. Keys that are already registered need the master key that encrypted them; for a new relay, client-secret-relay master-key prints one.',
    })
  })
  return masterKeys.filter(({ id }, index) => masterKeys.findIndex((other) => other.id === id) === index)
}

/** The same text for both alphabets of base64, with or without padding. */
function plain(text: string): string {
  return text.replaceAll('-', '+').replaceAll('_', '/').replace(/=+$/, '')
}

/** Derives id and encryption key separately, so that neither reveals anything about the other. */
function masterKeyOf(bytes: Buffer): MasterKey {
  return {
    id: createHmac('sha256', bytes).update('client-secret-relay: id of a master key').digest('hex').slice(0, 16),
    encryptionKey: Buffer.from(hkdfSync('sha256', bytes, '', 'client-secret-relay: sealing', 32)),
  }
}

/**
 * Encrypts a text with AES-256-GCM, with a new nonce each time.
 *
 * @param bound Must be the same at decryption. It is authenticated, not hidden.
 */
export function encrypt({ id, encryptionKey }: MasterKey, text: string, bound: readonly Bound[]): string {
  const nonce = randomBytes(nonceBytes)
  const cipher = createCipheriv('aes-256-gcm', encryptionKey, nonce).setAAD(associated(id, bound))
  const encrypted = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
  return Buffer.concat([nonce, encrypted, cipher.getAuthTag()]).toString('base64')
}

/** The text; null if another master key encrypted it, if it is bound to something else, or if it was changed. */
export function decrypt({ id, encryptionKey }: MasterKey, encrypted: string, bound: readonly Bound[]): string | null {
  const bytes = Buffer.from(encrypted, 'base64')
  if (bytes.length < nonceBytes + tagBytes) return null
  const nonce = bytes.subarray(0, nonceBytes)
  const decipher = createDecipheriv('aes-256-gcm', encryptionKey, nonce, { authTagLength: tagBytes })
    .setAAD(associated(id, bound))
    .setAuthTag(bytes.subarray(-tagBytes))
  try {
    return Buffer.concat([decipher.update(bytes.subarray(nonceBytes, -tagBytes)), decipher.final()]).toString('utf8')
  } catch {
    return null
  }
}

export type Bound = string | number | boolean

/** As JSON, so that no text can move from one item to the next. */
function associated(id: string, bound: readonly Bound[]): Buffer {
  return Buffer.from(JSON.stringify(['client-secret-relay', id, ...bound]))
}
