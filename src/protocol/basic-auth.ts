/** What a header says where a placeholder may stand, and how it is written. */
export interface HeaderText {
  text: string
  /** The value of the header that says something else. */
  write: (text: string) => string
}

const basic = /^(basic +)(\S.*)$/i

/**
 * Reads the value of a header. Of Basic it is what the base64 says, so that
 * `Basic AC1:$CLIENT_SECRET` and `Basic ${btoa('AC1:$CLIENT_SECRET')}` are one and
 * the same to whoever looks for the placeholder, judges its place or replaces it.
 *
 * What has no colon is no user and password: `Basic $CLIENT_SECRET`, of a value
 * that is base64 already, stays as it is.
 */
export function readHeader(name: string, value: string): HeaderText {
  const [, scheme, credentials] = (/authorization$/i.test(name) && basic.exec(value)) || []
  if (scheme === undefined || credentials === undefined) return { text: value, write: (text) => text }
  // The `$` of a placeholder is no character of base64.
  const text = decoded(credentials)
  if (text !== undefined) return { text, write: (changed) => scheme + btoa(changed) }
  return { text: credentials, write: (changed) => scheme + (changed.includes(':') ? btoa(utf8(changed)) : changed) }
}

/** One character a byte, as `btoa` has it. */
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
