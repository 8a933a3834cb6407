/** The readable text of a header, which may contain a placeholder. */
export interface HeaderText {
  text: string
  /** Returns the header's value for another text. */
  write: (text: string) => string
}

const basic = /^(basic +)(\S.*)$/i

/**
 * Reads the value of a header, and decodes the base64 of Basic. So
 * `Basic AC1:$CLIENT_SECRET` and `Basic ${btoa('AC1:$CLIENT_SECRET')}` mean the same
 * for finding, checking and replacing the placeholder.
 *
 * Text without a colon is not a user and a password: `Basic $CLIENT_SECRET`, for a
 * value that is base64 already, stays unchanged.
 */
export function readHeader(name: string, value: string): HeaderText {
  const [, scheme, credentials] = (/authorization$/i.test(name) && basic.exec(value)) || []
  if (scheme === undefined || credentials === undefined) return { text: value, write: (text) => text }
  // Plain text with a placeholder does not decode: `$` is not a character of base64.
  const text = decoded(credentials)
  if (text !== undefined) return { text, write: (changed) => scheme + btoa(changed) }
  return { text: credentials, write: (changed) => scheme + (changed.includes(':') ? btoa(utf8(changed)) : changed) }
}

/** One character for each byte, as `btoa` needs it. */
function utf8(text: string): string {
  return Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join('')
}

function decoded(base64: string): string | undefined {
  try {
    return atob(base64)
  } catch {
    return undefined
  }
}
