const each = (write: (code: number, character: string) => string) => (text: string) =>
  [...text].map((character) => write(character.charCodeAt(0), character)).join('')
const hex = (code: number, digits = 2) => code.toString(16).padStart(digits, '0')
const json = (text: string) => JSON.stringify(text).slice(1, -1)
const bytes = (text: string) => [...Buffer.from(text)]

export const base64 = (text: string) => Buffer.from(text).toString('base64')

/** What HTML calls the signs. */
const names = new Map(
  Object.entries({
    '!': 'excl',
    '"': 'quot',
    '#': 'num',
    $: 'dollar',
    '%': 'percnt',
    '&': 'amp',
    "'": 'apos',
    '(': 'lpar',
    ')': 'rpar',
    '*': 'ast',
    '+': 'plus',
    ',': 'comma',
    '-': 'hyphen',
    '.': 'period',
    '/': 'sol',
    ':': 'colon',
    ';': 'semi',
    '<': 'lt',
    '=': 'equals',
    '>': 'gt',
    '?': 'quest',
    '@': 'commat',
    '[': 'lsqb',
    '\\': 'bsol',
    ']': 'rsqb',
    '^': 'Hat',
    _: 'lowbar',
    '`': 'grave',
    '{': 'lcub',
    '|': 'verbar',
    '}': 'rcub',
  }),
)
const html = each((_code, character) => (names.has(character) ? `&${names.get(character)};` : character))

/** Ways in which programs write text into other text. */
export const writers: Record<string, (text: string) => string> = {
  'as it is': (text) => text,
  'in capitals': (text) => text.toUpperCase(),
  'in small letters': (text) => text.toLowerCase(),
  'as a part of a url': encodeURIComponent,
  'as a url': encodeURI,
  'as a form': (text) => new URLSearchParams({ '': text }).toString().slice(1),
  'every character of a url': each((code) => `%${hex(code)}`),
  'every character of a url, in capitals': each((code) => `%${hex(code).toUpperCase()}`),
  'capitals, every character of a url': (text) => each((code) => `%${hex(code)}`)(text.toUpperCase()),
  'a url in a url': (text) => encodeURIComponent(encodeURIComponent(text)),
  'as JSON': json,
  'as JSON with escaped slashes': (text) => json(text).replaceAll('/', '\\/'),
  'JSON in JSON': (text) => json(json(text)),
  'JSON in JSON in JSON': (text) => json(json(json(text))),
  'every character of JSON': each((code) => `\\u${hex(code, 4)}`),
  'every character of JSON, in capitals': each((code) => `\\U${hex(code, 4).toUpperCase()}`),
  'every character of JSON in JSON in JSON': (text) => json(json(each((code) => `\\u${hex(code, 4)}`)(text))),
  'JSON for pages': each((code, character) =>
    /[<>&'"]/.test(character) ? `\\u${hex(code, 4).toUpperCase()}` : character,
  ),
  'every character of JavaScript': each((code) => `\\x${hex(code)}`),
  'every character of modern JavaScript': each((code) => `\\u{${hex(code)}}`),
  'every character of Python': each((code) => `\\U${hex(code, 8)}`),
  'every character of C': each((code) => `\\${code.toString(8)}`),
  'every character of C, in three digits': each((code) => `\\${code.toString(8).padStart(3, '0')}`),
  'every character of CSS': each((code) => `\\${hex(code, 6)}`),
  'every character of CSS, with blanks': (text) => each((code) => `\\${hex(code)} `)(text).trimEnd(),
  'as HTML': (text) =>
    text
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('"', '&quot;')
      .replaceAll("'", '&#39;'),
  'as HTML, every sign by its name': html,
  'as HTML, every sign by its name, in capitals': (text) => html(text).toUpperCase(),
  'every character of HTML': each((code) => `&#${code};`),
  'every character of HTML, without semicolons': each((code) => `&#${code}`),
  'every character of HTML, in hex': each((code) => `&#x${hex(code)};`),
  'every character of HTML, with zeros': each((code) => `&#0${code};`),
  'as HTML in HTML': (text) => html(html(text)),
  'JSON in a url': (text) => encodeURIComponent(json(text)),
  'JSON in HTML': (text) => json(text).replaceAll('"', '&quot;').replaceAll('<', '&lt;'),
  'JSON in HTML, every sign': (text) => json(text).replace(/[^a-z0-9]/gi, (one) => `&#x${hex(one.charCodeAt(0))};`),
  'JSON in UTF-16': (text) => Buffer.from(json(text), 'utf16le').toString('latin1'),
  'JSON in hex': (text) => Buffer.from(json(text)).toString('hex'),
  'as PHP adds slashes': (text) => text.replace(/['"\\]/g, '\\$&'),
  'as quoted-printable, every character': (text) =>
    bytes(text)
      .map((byte) => `=${hex(byte).toUpperCase()}`)
      .join(''),
  'as quoted-printable, in lines': (text) => text.replace(/.{20}(?=.)/g, '$&=\r\n'),
  'in hex': (text) => Buffer.from(text).toString('hex'),
  'in hex, in capitals': (text) => Buffer.from(text).toString('hex').toUpperCase(),
  'in hex, as a dump': (text) =>
    bytes(text)
      .map((byte) => hex(byte))
      .join(' '),
  'in hex, as a fingerprint': (text) =>
    bytes(text)
      .map((byte) => hex(byte))
      .join(':'),
  'in hex, as .NET does': (text) =>
    bytes(text)
      .map((byte) => hex(byte).toUpperCase())
      .join('-'),
  'in hex, as C': (text) =>
    bytes(text)
      .map((byte) => `0x${hex(byte)}`)
      .join(', '),
  'as a Buffer in JSON': (text) => JSON.stringify(bytes(text)),
  'as a Buffer in JSON, indented': (text) => JSON.stringify(bytes(text), null, 4),
  'in UTF-16': (text) => Buffer.from(text, 'utf16le').toString('latin1'),
  'in UTF-16 of the other end': (text) => Buffer.from(text, 'utf16le').swap16().toString('latin1'),
  'with soft hyphens': each((_code, character) => `${character}\u00ad`),
  'with characters of no width': each((_code, character) => `${character}\u200b`),
  'with characters of no width, in JSON': each((_code, character) => `\\u200B${character}`),
  'with characters of no width, in a url': each((_code, character) => `${character}%E2%80%8b`),
}
