import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { createRedactor } from '../../src/relay/redact.ts'

/** With what the writers below change: quotes, slashes, a plus, a space, markup, and letters of both cases. */
const secret = 'sk-Test $&"\\/\'+=<b>_4f7C1d'
const redactor = createRedactor(secret)

const each = (write: (code: number, character: string) => string) => (text: string) =>
  [...text].map((character) => write(character.charCodeAt(0), character)).join('')
const hex = (code: number, digits = 2) => code.toString(16).padStart(digits, '0')
const base64 = (text: string) => Buffer.from(text).toString('base64')

/** Ways in which programs write text into other text. */
const writers: Record<string, (text: string) => string> = {
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
  'as JSON': (text) => JSON.stringify(text).slice(1, -1),
  'as JSON with escaped slashes': (text) => JSON.stringify(text).slice(1, -1).replaceAll('/', '\\/'),
  'JSON in JSON': (text) => JSON.stringify(JSON.stringify(text)).slice(3, -3),
  'JSON in JSON in JSON': (text) => JSON.stringify(JSON.stringify(JSON.stringify(text))).slice(7, -7),
  'every character of JSON': each((code) => `\\u${hex(code, 4)}`),
  'JSON for pages': each((code, character) =>
    /[<>&'"]/.test(character) ? `\\u${hex(code, 4).toUpperCase()}` : character,
  ),
  'every character of JavaScript': each((code) => `\\x${hex(code)}`),
  'every character of modern JavaScript': each((code) => `\\u{${hex(code)}}`),
  'as HTML': (text) =>
    text
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('"', '&quot;')
      .replaceAll("'", '&#39;'),
  'every character of HTML': each((code) => `&#${code};`),
  'every character of HTML, in hex': each((code) => `&#x${hex(code)};`),
  'every character of HTML, with zeros': each((code) => `&#0${code};`),
  'as HTML in HTML': (text) =>
    text.replaceAll('&', '&amp;amp;').replaceAll('<', '&amp;lt;').replaceAll('"', '&amp;quot;'),
  'JSON in a url': (text) => encodeURIComponent(JSON.stringify(text).slice(1, -1)),
  'JSON in HTML': (text) => JSON.stringify(text).slice(1, -1).replaceAll('"', '&quot;').replaceAll('<', '&lt;'),
  'JSON in HTML, every sign': (text) =>
    JSON.stringify(text)
      .slice(1, -1)
      .replace(/[^a-z0-9]/gi, (one) => `&#x${hex(one.charCodeAt(0))};`),
  'JSON in UTF-16': (text) => Buffer.from(JSON.stringify(text).slice(1, -1), 'utf16le').toString('latin1'),
  'JSON in hex': (text) => Buffer.from(JSON.stringify(text).slice(1, -1)).toString('hex'),
  'as PHP adds slashes': (text) => text.replace(/['"\\]/g, '\\$&'),
  'in hex': (text) => Buffer.from(text).toString('hex'),
  'in hex, in capitals': (text) => Buffer.from(text).toString('hex').toUpperCase(),
  'in hex, as a dump': each((code) => `${hex(code)} `),
  'in hex, as a fingerprint': (text) => [...Buffer.from(text)].map((byte) => hex(byte)).join(':'),
  'in hex, as C': (text) => [...Buffer.from(text)].map((byte) => `0x${hex(byte)}`).join(', '),
  'as a Buffer in JSON': (text) => JSON.stringify([...Buffer.from(text)]),
  'as a Buffer in JSON, indented': (text) => JSON.stringify([...Buffer.from(text)], null, 4),
  'in UTF-16': (text) => Buffer.from(text, 'utf16le').toString('latin1'),
  'in UTF-16 of the other end': (text) => Buffer.from(text, 'utf16le').swap16().toString('latin1'),
}

describe('a secret is found', () => {
  test.each(Object.entries(writers))('%s', (_name, write) => {
    const written = `before ${write(secret)} after`
    expect(redactor.text(written).replaceAll('\0', '')).toMatch(
      /^before (\[\s*|0x)?\$CLIENT_SECRET(\s*\])? {0,2}after$/,
    )
    expect(redactor.bytes(Buffer.from(written, 'latin1')).toString('latin1')).toBe(redactor.text(written))
  })

  test.each([0, 1, 2])('in base64, %i bytes into a three', (offset) => {
    // A text around it that fills up, so that the secret ends at each place of a three too.
    for (const tail of ['', '.', '..']) {
      const text = `${'x'.repeat(3 + offset)}${secret}${tail}`
      for (const encoding of ['base64', 'base64url'] as const) {
        const left = redactor.text(`"${Buffer.from(text).toString(encoding)}"`)
        expect(left).toContain('$CLIENT_SECRET')
        // What is left of it at the ends is less than a character each.
        const [head, rest] = left.slice(1, -1).split('$CLIENT_SECRET')
        expect(Buffer.from(head!, 'base64').toString()).toBe(
          text.slice(0, 3 + offset).slice(0, Math.floor((head!.length * 6) / 8)),
        )
        expect(rest!.replace(/=+$/, '').length).toBeLessThanOrEqual(Math.ceil((tail.length * 8) / 6) + 1)
      }
    }
  })

  test.each<[string, (text: string) => string]>([
    ['JSON', (text) => JSON.stringify({ authorization: `Bearer ${text}` })],
    ['JSON with escaped slashes', (text) => JSON.stringify({ key: text }).replaceAll('/', '\\/')],
    ['a form', (text) => `a=b&key=${encodeURIComponent(text)}`],
  ])('in base64, in %s', (_name, write) => {
    expect(redactor.text(base64(write(secret)))).toMatch(/^[\w+/]{4,}\$CLIENT_SECRET[\w+/=]{0,6}$/)
  })

  test.each(['\n', '\r\n', '\\n', '\\r\\n'])('in base64 with lines that end in %j', (end) => {
    const lines = base64(`user:${secret}`).replace(/.{19}/g, `$&${end}`)
    expect(redactor.text(lines)).toMatch(/^.{6,8}(\\?[rn]|\s)*\$CLIENT_SECRET.{0,4}$/)
  })

  test('in base64 in JSON that escapes its slashes', () => {
    // A secret whose base64 has a slash in it.
    const slashed = '???>>>secret-value'
    expect(base64(slashed)).toContain('/')
    expect(createRedactor(slashed).text(base64(slashed).replaceAll('/', '\\/'))).toBe('$CLIENT_SECRET')
  })

  test.each<[string, (text: string) => string]>([
    ['a url', encodeURIComponent],
    ['JSON of .NET', (text) => text.replaceAll('+', '\\u002B').replaceAll('/', '\\u002F')],
    ['HTML', (text) => text.replace(/[+/=]/g, (sign) => `&#x${hex(sign.charCodeAt(0)).toUpperCase()};`)],
    ['lines of a url', (text) => text.replace(/.{19}/g, '$&%0A')],
  ])('in base64 in %s', (_name, write) => {
    // With every sign of base64 at every place of a three.
    const signs = '>>>???~~~secret-value'
    for (const offset of [0, 1, 2]) {
      const left = createRedactor(signs).text(write(base64(`${'x'.repeat(3 + offset)}${signs}`)))
      expect(left).toMatch(/^eHh4\w{0,3}\$CLIENT_SECRET\w?(=|%3D|&#x3D;)*(%0A)?$/)
    }
  })

  test('several times, and beside each other', () => {
    expect(redactor.text(`${secret}${secret} ${encodeURIComponent(secret)}`)).toBe(
      '$CLIENT_SECRET$CLIENT_SECRET $CLIENT_SECRET',
    )
  })
})

describe('a part of it is found too, where an API cuts what it shows', () => {
  /** Of this one 12 characters are enough, and every part of it is unlike the others. */
  const long = 'Xk29fLmQ8vRt3WzB7nHs5JdGyC4pTe6aUiOo1Vr0MwNxEbKhSgFjDlPqYcZu-=AsIvHt_2b'
  const parts = Array.from({ length: long.length - 12 }, (_, index) => index + 12)

  test.each(Object.entries(writers))('its beginning and its end, %s', (_name, write) => {
    const one = createRedactor(long)
    for (const length of parts)
      for (const part of [long.slice(0, length), long.slice(-length)])
        expect(one.text(`>${write(part)}<`).replace(/[\0\s[\],]|0x/g, '')).toBe('>$CLIENT_SECRET<')
  })

  test('its middle', () => {
    const one = createRedactor(long)
    for (let from = 1; from < 30; from++) expect(one.text(`…${long.slice(from, from + 44)}…`)).toBe('…$CLIENT_SECRET…')
  })

  test('in base64, its beginning', () => {
    const one = createRedactor(long)
    for (const length of parts) {
      const left = one.text(base64(`Bearer ${long}`.slice(0, 7 + length))).split('$CLIENT_SECRET')
      expect(left).toHaveLength(2)
      expect(left[1]).toMatch(/^\w{0,3}=*$/)
    }
  })

  test.each([8, 9, 15, 16, 23, 24])('of a secret of %i characters, half', (length) => {
    const short = long.slice(0, length)
    const one = createRedactor(short)
    const enough = Math.max(8, Math.ceil(length / 2))
    for (let cut = enough; cut <= length; cut++) {
      expect(one.text(short.slice(0, cut))).toBe('$CLIENT_SECRET')
      expect(one.text(short.slice(-cut))).toBe('$CLIENT_SECRET')
    }
    expect(one.text(short.slice(0, enough - 1))).toBe(short.slice(0, enough - 1))
  })
})

describe('a secret of the greatest length', () => {
  const random = (length: number) => randomBytes(length).toString('base64').slice(0, length)
  const [one, other] = [random(4_096), random(4_096)]

  test.each([...Object.entries(writers), ['in base64', base64] as const])('%s', (_name, write) => {
    const found = createRedactor(one, other)
    const left = found.text(`>${write(one)}<>${write(other)}<`).replace(/[\0\s[\],]|0x/g, '')
    expect(left).toMatch(/^>\$CLIENT_SECRET\w?=*<>\$CLIENT_SECRET\w?=*<$/)
    expect(found.text('\u2028 nothing')).toBe('\u2028 nothing')
  })

  test('of nothing but backslashes, and in a text of them', () => {
    const backslashes = createRedactor('\\'.repeat(4_096), `pass${'\\'.repeat(16)}word`)
    expect(backslashes.text(`a${'\\'.repeat(8_192)}b`)).not.toContain('\\'.repeat(4_096))
    const text = `pass${'\\'.repeat(10_000)}`
    expect(createRedactor(`pass${'\\'.repeat(16)}word`).text(text)).toBe(text)
  })
})

describe('what is not the secret is left alone', () => {
  test.each(['sk-Test', '4f7C1d', '$CLIENT_SECRET', '', 'ſk-Test', '\u0000'])('%j', (text) => {
    expect(redactor.text(text)).toBe(text)
  })

  test('bytes that are no text come back as the same bytes', () => {
    const bytes = Buffer.from(Array.from({ length: 70_000 }, (_, index) => (index * 7919) % 256))
    expect(redactor.bytes(bytes)).toBe(bytes)
  })

  test('around a secret, every byte', () => {
    const around = Buffer.from(Array.from({ length: 256 }, (_, index) => index))
    expect(redactor.bytes(Buffer.concat([around, Buffer.from(secret), around]))).toEqual(
      Buffer.concat([around, Buffer.from('$CLIENT_SECRET'), around]),
    )
  })
})
