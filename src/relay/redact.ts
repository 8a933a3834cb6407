import { placeholder } from '../protocol/placeholder.ts'

/** Puts the placeholder where a secret stands, in whatever leaves the relay. */
export interface Redactor {
  text(text: string): string
  bytes(bytes: Buffer): Buffer
}

/**
 * The second line of defence: the first is that a secret goes only where its
 * rules let it, but an upstream may still echo it in an error message.
 */
export function createRedactor(secret: string): Redactor {
  const secretBytes = Buffer.from(secret)
  return {
    text: (text) => text.replaceAll(secret, () => placeholder),
    // Latin-1 is one character a byte, so bytes are searched and put together as text.
    bytes: (bytes) =>
      bytes.includes(secretBytes)
        ? Buffer.from(
            bytes.toString('latin1').replaceAll(secretBytes.toString('latin1'), () => placeholder),
            'latin1',
          )
        : bytes,
  }
}
