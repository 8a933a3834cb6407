/** One way to write a secret. */
export interface Form {
  name: string
  write: (secret: string) => string | Buffer
}

const each = (secret: string, write: (code: number, character: string, index: number) => string): string =>
  [...secret].map((character, index) => write(character.charCodeAt(0), character, index)).join('')

const hex = (code: number, digits: number) => code.toString(16).padStart(digits, '0')
const form = (name: string, write: Form['write']): Form => ({ name, write })
const json = (text: string) => JSON.stringify(text).slice(1, -1)
const base64 = (text: string | Buffer) => Buffer.from(text).toString('base64')
const html = (text: string) =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')
const utf16 = (text: string) => Buffer.from(text, 'utf16le')

/** Common text encodings, as in row 14. */
export const forms: Form[] = [
  form('raw', (secret) => secret),
  form('upper case', (secret) => secret.toUpperCase()),
  form('lower case', (secret) => secret.toLowerCase()),
  form('mixed case', (secret) =>
    each(secret, (_, character, index) => (index % 2 ? character.toUpperCase() : character)),
  ),
  form('percent-encoded', encodeURIComponent),
  form('percent-encoded as a whole url', encodeURI),
  form('percent-encoded, all characters', (secret) => each(secret, (code) => `%${hex(code, 2)}`)),
  form('percent-encoded, all characters, in capitals', (secret) =>
    each(secret, (code) => `%${hex(code, 2).toUpperCase()}`),
  ),
  form('percent-encoded, every second character', (secret) =>
    each(secret, (code, character, index) => (index % 2 || character === '%' ? `%${hex(code, 2)}` : character)),
  ),
  form('form-encoded', (secret) => new URLSearchParams({ '': secret }).toString().slice(1)),
  form('percent-encoded twice', (secret) => encodeURIComponent(encodeURIComponent(secret))),
  form('JSON-escaped', json),
  form('JSON-escaped twice', (secret) => json(json(secret))),
  form('JSON-escaped with \\/', (secret) => json(secret).replaceAll('/', '\\/')),
  form('JSON-escaped, all characters', (secret) => each(secret, (code) => `\\u${hex(code, 4)}`)),
  form('JSON-escaped, all characters, in capitals', (secret) =>
    each(secret, (code) => `\\u${hex(code, 4).toUpperCase()}`),
  ),
  form('JSON-escaped, what HTML would read', (secret) =>
    json(secret).replace(/[<>&'+=]/g, (character) => `\\u${hex(character.charCodeAt(0), 4)}`),
  ),
  form('escaped as \\x', (secret) => each(secret, (code) => `\\x${hex(code, 2)}`)),
  form('HTML-escaped', html),
  form('HTML-escaped twice', (secret) => html(html(secret))),
  form('HTML-escaped, all characters, decimal', (secret) => each(secret, (code) => `&#${code};`)),
  form('HTML-escaped, all characters, hex', (secret) => each(secret, (code) => `&#x${hex(code, 2)};`)),
  form('HTML-escaped, all characters, hex with zeros', (secret) =>
    each(secret, (code) => `&#X${hex(code, 6).toUpperCase()};`),
  ),
  form('hex', (secret) => Buffer.from(secret).toString('hex')),
  form('hex in capitals', (secret) => Buffer.from(secret).toString('hex').toUpperCase()),
  ...[0, 1, 2].flatMap((offset) => [
    form(`base64 at offset ${offset}`, (secret) => base64(`${'xyz'.slice(0, offset)}${secret} and more`)),
    form(`base64url at offset ${offset}`, (secret) =>
      Buffer.from(`${'xyz'.slice(0, offset)}${secret} and more`).toString('base64url'),
    ),
  ]),
  form('base64 with padding', (secret) => base64(secret)),
  form('base64 of user and password', (secret) => base64(`user:${secret}`)),
  form('base64 of a header', (secret) => base64(`{"authorization":"Bearer ${secret}"}`)),
  form('base64 with line breaks', (secret) => base64(`${'x'.repeat(50)}${secret}`).replace(/.{40}/g, '$&\n')),
]

/** Two nested encodings. */
export const mixtures: Form[] = [
  form('base64 of JSON', (secret) => base64(JSON.stringify({ key: secret }))),
  form('base64, percent-encoded', (secret) => encodeURIComponent(base64(`??>>${secret}??`))),
  form('base64, JSON-escaped with \\/', (secret) => base64(`~?>${secret}~?`).replaceAll('/', '\\/')),
  form('base64, in JSON of .NET', (secret) => base64(secret).replaceAll('+', '\\u002B').replaceAll('/', '\\u002F')),
  form('base64, in HTML', (secret) =>
    base64(secret).replace(/[+/=]/g, (sign) => `&#x${hex(sign.charCodeAt(0), 2).toUpperCase()};`),
  ),
  form('percent-encoded, in HTML', (secret) => html(encodeURIComponent(secret))),
  form('JSON-escaped, percent-encoded', (secret) => encodeURIComponent(json(secret))),
  form('JSON-escaped, in HTML', (secret) => html(json(secret))),
  form('HTML-escaped, in JSON', (secret) => json(html(secret))),
]

const names: Record<string, string> = {
  _: 'lowbar',
  '.': 'period',
  '-': 'hyphen',
  $: 'dollar',
  '"': 'quot',
  "'": 'apos',
  '\\': 'bsol',
  '&': 'amp',
  '+': 'plus',
  '/': 'sol',
  '=': 'equals',
  '%': 'percnt',
  '<': 'lt',
  '>': 'gt',
  '?': 'quest',
  ':': 'colon',
}
const bytesOf = (secret: string) => [...Buffer.from(secret)]
const numbered = (secret: string) => Object.fromEntries(bytesOf(secret).map((byte, index) => [index, byte]))
const between = (secret: string, sign: string) => [...secret].join(sign)

/** Rare encodings. */
export const rareForms: Form[] = [
  form('HTML-escaped by the names of HTML5', (secret) =>
    each(secret, (_, sign) => (names[sign] ? `&${names[sign]};` : sign)),
  ),
  form('HTML-escaped, decimal, without semicolons', (secret) => each(secret, (code) => `&#${code}`)),
  form('HTML-escaped, hex, without semicolons', (secret) => each(secret, (code) => `&#x${hex(code, 2)}`)),
  form('escaped in octal', (secret) => each(secret, (code) => `\\${code.toString(8).padStart(3, '0')}`)),
  form('escaped as \\u{}', (secret) => each(secret, (code) => `\\u{${hex(code, 2)}}`)),
  form('escaped as in CSS', (secret) => each(secret, (code) => `\\${hex(code, 6)}`)),
  form('quoted-printable, all characters', (secret) => each(secret, (code) => `=${hex(code, 2).toUpperCase()}`)),
  form('quoted-printable, broken into lines', (secret) => secret.replaceAll('=', '=3D').replace(/.{9}/g, '$&=\r\n')),
  form('hex of capitals', (secret) => Buffer.from(secret.toUpperCase()).toString('hex')),
  form('hex of small letters', (secret) => Buffer.from(secret.toLowerCase()).toString('hex')),
  form('hex of UTF-16', (secret) => utf16(secret).toString('hex')),
  form('hex in pairs', (secret) =>
    bytesOf(secret)
      .map((byte) => hex(byte, 2))
      .join(' '),
  ),
  form('hex in pairs with colons', (secret) =>
    bytesOf(secret)
      .map((byte) => hex(byte, 2))
      .join(':'),
  ),
  form('hex in pairs with 0x', (secret) =>
    bytesOf(secret)
      .map((byte) => `0x${hex(byte, 2)}`)
      .join(', '),
  ),
  form('a Buffer in JSON', (secret) => JSON.stringify(Buffer.from(secret))),
  form('a Buffer in indented JSON', (secret) => JSON.stringify({ deep: { deeper: Buffer.from(secret) } }, null, 4)),
  form('a Uint8Array in JSON', (secret) => JSON.stringify(numbered(secret))),
  form('a Uint8Array in indented JSON', (secret) => JSON.stringify(numbered(secret), null, 2)),
  form('with NULs between', (secret) => between(secret, '\0')),
  form('with soft hyphens between', (secret) => between(secret, '\u00ad')),
  form('with zero-width spaces between', (secret) => between(secret, '\u200b')),
  form('base64 of capitals', (secret) => base64(secret.toUpperCase())),
  form('base64 of small letters', (secret) => base64(secret.toLowerCase())),
  form('base64 of base64', (secret) => base64(base64(secret))),
  form('base64 of UTF-16', (secret) => base64(utf16(secret))),
  ...[4, 12, 40].map((spaces) =>
    form(`base64 indented by ${spaces} spaces`, (secret) =>
      base64(`${'x'.repeat(50)}${secret}`).replace(/.{40}/g, `$&\n${' '.repeat(spaces)}`),
    ),
  ),
]

/** Encodings in bytes only. */
export const byteForms: Form[] = [
  form('UTF-16', utf16),
  form('UTF-16 with the high byte first', (secret) => utf16(secret).swap16()),
  form('UTF-16 with a mark', (secret) => Buffer.concat([Buffer.from([0xff, 0xfe]), utf16(secret)])),
]
