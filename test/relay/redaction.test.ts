import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { createRedactor } from '../../src/relay/keys/redaction/secret-index.ts'
import { forms } from '../../src/attack/vectors/forms.ts'
import { base64, writers } from '../helpers/writers.ts'

/** With all that may stand in a word: letters of both cases, and the signs that writers change. */
const secret = 'Vq7$T/+4f~C1d!Xk29f@LmQ8v|Rt3*Wz:B7^nHs5Jd.GyC4_pTe6-aUiOo1/Vr0Mw+NxE'
const redactor = createRedactor(secret)

/** What may be left of a form around the secret: zeros of UTF-16, the marks of a list, the sign before a number. */
const bare = (text: string) => text.replace(/\0/g, '')
const left = /^before (\[\s*|=|\\)?\$CLIENT_SECRET(\s*\])? {0,2}after$/

describe('a secret is found', () => {
  test.each(Object.entries(writers))('%s', (_name, write) => {
    expect(bare(redactor.text(`before ${write(secret)} after`))).toMatch(left)
  })

  // In such a one words end, so the whole line goes, to the quotes around it.
  const wide = 'pass word, (with) <all> of `it`? & ;%41 #1= Xk29fLmQ8vRt3'
  test.each(Object.entries(writers).filter(([name]) => !/JSON in|in lines|indented/.test(name)))(
    'that has blanks and other ends of words in it, %s',
    (_name, write) => {
      const written = `"one" "before ${write(wide)} after" "other"`
      expect(bare(createRedactor(wide).text(written))).toMatch(
        /^"one" "(before (\[\s*)?|=)?\$CLIENT_SECRET((\s*\])? {0,2}after)?" "other"$/,
      )
    },
  )

  test.each([0, 1, 2])('in base64, %i bytes into a three', (offset) => {
    // A text around it that fills up, so that the secret ends at each place of a three too.
    for (const tail of ['', '.', '..']) {
      const text = `${'x'.repeat(3 + offset)}${secret}${tail}`
      for (const encoding of ['base64', 'base64url'] as const)
        for (const write of [
          (one: string) => one,
          (one: string) => one.toLowerCase(),
          (one: string) => one.toUpperCase(),
        ])
          expect(redactor.text(`"${write(Buffer.from(text).toString(encoding))}"`)).toMatch(/^"\$CLIENT_SECRET=*"$/)
    }
  })

  test.each<[string, (text: string) => string]>([
    ['JSON', (text) => JSON.stringify({ authorization: `Bearer ${text}` })],
    ['JSON with escaped slashes', (text) => JSON.stringify({ key: text }).replaceAll('/', '\\/')],
    ['a form', (text) => `a=b&key=${encodeURIComponent(text)}`],
    ['capitals', (text) => text.toUpperCase()],
    ['UTF-16', (text) => Buffer.from(text, 'utf16le').toString('latin1')],
    ['UTF-16 of the other end', (text) => Buffer.from(text, 'utf16le').swap16().toString('latin1')],
    ['base64', (text) => base64(text)],
    ['base64, a byte into a three', (text) => base64(`x${text}`)],
    ['base64 of JSON in base64', (text) => base64(base64(JSON.stringify({ a: text })))],
    ['hex', (text) => Buffer.from(text).toString('hex')],
  ])('in base64 of %s', (_name, write) => {
    const written = Buffer.from(write(secret), 'latin1')
    for (const offset of [0, 1, 2])
      expect(redactor.text(Buffer.concat([Buffer.alloc(offset, 'x'), written]).toString('base64'))).toMatch(
        /^\$CLIENT_SECRET=*$/,
      )
  })

  test.each<[string, (text: string) => string]>([
    ['capitals', (text) => text.toUpperCase()],
    ['UTF-16', (text) => Buffer.from(text, 'utf16le').toString('latin1')],
    ['JSON', (text) => JSON.stringify({ a: `Bearer ${text}` })],
    ['base64', base64],
    ['hex', (text) => Buffer.from(text).toString('hex')],
  ])('in hex of %s', (_name, write) => {
    const written = Buffer.from(write(secret), 'latin1').toString('hex')
    for (const text of [written, written.toUpperCase(), `7${written}`, `${written}a`])
      expect(redactor.text(text)).toBe('$CLIENT_SECRET')
  })

  test.each(['\n', '\r\n', '\\n', '\\r\\n', '%0A', '&#10;', '\\u000a', '=\r\n'])(
    'in base64 with lines that end in %j, however far they are indented',
    (end) => {
      for (const indentation of ['', ' ', ' '.repeat(40), '\t'])
        for (const length of [16, 19, 64, 76]) {
          const lines = base64(`user:${secret}`).replace(new RegExp(`.{${length}}`, 'g'), `$&${end}${indentation}`)
          expect(redactor.text(`before ${lines} after`)).toMatch(/^before \$CLIENT_SECRET={0,2}\s* after$/)
        }
    },
  )

  test.each<[string, (text: string) => string]>([
    ['a url', encodeURIComponent],
    ['JSON of .NET', (text) => text.replaceAll('+', '\\u002B').replaceAll('/', '\\u002F')],
    ['JSON that escapes its slashes', (text) => text.replaceAll('/', '\\/')],
    ['HTML', (text) => text.replace(/[+/=]/g, (sign) => `&#x${sign.charCodeAt(0).toString(16).toUpperCase()};`)],
    ['lines of a url', (text) => text.replace(/.{19}/g, '$&%0A')],
  ])('in base64 in %s', (_name, write) => {
    // With every sign of base64 at every place of a three.
    const signs = '>>>???~~~secret-value-Xk29f'
    for (const offset of [0, 1, 2])
      expect(createRedactor(signs).text(write(base64(`${'x'.repeat(3 + offset)}${signs}`)))).toBe('$CLIENT_SECRET')
  })

  test('beside others, each in its place', () => {
    expect(redactor.text(`${secret} ${encodeURIComponent(secret)}, (${secret}) <${secret}>`)).toBe(
      '$CLIENT_SECRET $CLIENT_SECRET, ($CLIENT_SECRET) <$CLIENT_SECRET>',
    )
  })

  test('in the query of a url, of which the other parts stay', () => {
    expect(redactor.text(`/cb?state=a&code=${secret}&amp;x&scope=b c`)).toBe(
      '/cb?state=a&code=$CLIENT_SECRET&scope=b c',
    )
  })
})

describe('a secret that holds what looks like an escape is found', () => {
  // Found by the fuzzer. The decoder reads a backslash, an ampersand or a percent sign of the secret as an escape.
  test.each([
    `O;$y+"+a\\=$'~\\\\%N&9&"|$$`,
    `\\t+\\"D"aMK;;;";_%`,
    `%)B2<\\\\TWJ\\';R"/\\\\\\&y~`,
    `.&".;(@$]\\\\jk%<a%0An=;''X;`,
    `<5/'E;&j%DEM'''%E4`,
    `;3^$&2vP3f&<=/&#xaE'xoh=`,
    `%(d/'%%de"&=/\\\\\\y);\\&`,
    `3/W;8"+.+4&\\\\\\W~7"<y'$`,
  ])('%s', (odd) => {
    const redactor = createRedactor(odd)
    const kept = forms.filter(({ write }) => {
      const written = String(write(odd))
      const text = redactor.text(`before\n${written}\nafter`)
      return !text.includes('$CLIENT_SECRET') || text.includes(written)
    })
    expect(kept.map(({ name }) => name)).toEqual([])
  })
})

describe('JSON stays JSON', () => {
  test('also where the whole line goes', () => {
    const wide = 'a pass phrase, of several (words)'
    for (const value of [
      { inner: JSON.stringify({ key: wide, b: 1 }) },
      { inner: JSON.stringify(JSON.stringify([wide])) },
    ])
      expect(JSON.parse(createRedactor(wide).text(JSON.stringify(value)))).toEqual(
        JSON.parse(JSON.stringify(value).replace(wide, '$CLIENT_SECRET')),
      )
  })

  const inJson: unknown[] = [
    { key: secret, other: 1 },
    { said: `He said "${secret}"\nand "\\${secret}\\"`, list: [secret, 'b'] },
    { inner: JSON.stringify({ key: secret, note: `"${secret}"\n` }) },
    { inner: JSON.stringify(JSON.stringify({ key: secret })) },
    { buffer: Buffer.from(secret), after: [1, 2] },
    { bytes: new Uint8Array(Buffer.from(secret)), after: [1, 2] },
    { inner: JSON.stringify({ buffer: Buffer.from(secret) }) },
    { inner: JSON.stringify({ bytes: new Uint8Array(Buffer.from(secret)) }, null, 2) },
    { bytes: [...Buffer.from(secret)].map((byte) => byte.toString(16)) },
  ]
  test.each(inJson.map((value) => [JSON.stringify(value).slice(0, 60), value] as const))('%s', (_name, value) => {
    for (const space of [0, 2]) {
      const text = redactor.text(JSON.stringify(value, null, space))
      expect(text).toContain('$CLIENT_SECRET')
      const read = JSON.parse(text) as { inner?: string }
      expect(JSON.stringify(read)).not.toContain(secret.slice(0, 4))
      if (read.inner) expect(JSON.parse(read.inner)).toBeTruthy()
    }
  })
})

describe('a part of it is found too, where an API cuts what it shows', () => {
  /** By what is worth 64 bits and four characters more. */
  const window = 17
  /** Of so many characters in a row wherever they begin. */
  const slice = 30
  const long = 'Xk29fLmQ8vRt3WzB7nHs5JdGyC4pTe6aUiOo1Vr0MwNxEbKhSgFjDlPqYcZu-AsIvHt_2bqWe'
  const one = createRedactor(long)

  test.each(Object.entries(writers))('its beginning and its end, %s', (_name, write) => {
    for (let length = window; length <= long.length; length++)
      for (const part of [long.slice(0, length), long.slice(-length)])
        expect(bare(one.text(`before ${write(part)} after`))).toMatch(left)
  })

  test.each(Object.entries(writers))('any slice, %s', (_name, write) => {
    for (let from = 0; from <= long.length - slice; from++)
      expect(bare(one.text(`before ${write(long.slice(from, from + slice))} after`))).toMatch(left)
  })

  test('as a list of numbers, when a caller wrote right beside its first and its last', () => {
    for (const beside of ['1', '28', '97', 'abcdefghijklm9'])
      for (const separator of [' ', ', ', ',\n  '])
        expect(one.text(`${beside}${[...Buffer.from(long.slice(0, 32))].join(separator)}${beside}`)).toBe(
          '$CLIENT_SECRET',
        )
  })

  test('any slice of it in base64', () => {
    for (let from = 0; from <= long.length - slice; from++)
      for (const offset of ['', 'a', 'ab'])
        for (const behind of ['', '.', '..'])
          expect(one.text(base64(`${offset}${long.slice(from, from + slice)}${behind}`))).toMatch(/^\$CLIENT_SECRET=*$/)
  })

  test('behind what is public of it already its first character', () => {
    for (const [prefix, rest] of [
      ['sk-ant-api03-', long],
      ['sk_live_51HabcdefghijkLM', long.slice(0, 50)],
      ['123456789:AA', long.slice(0, 33)],
      [`SG.${'a1B2'.repeat(5)}c3.`, long.slice(0, 43)],
    ] as const) {
      const redact = createRedactor(prefix + rest)
      expect(redact.text(`the key ${prefix} is`)).toBe(`the key ${prefix} is`)
      for (const shown of [rest[0]!, rest.slice(0, 9), '...', 'somebody-elses'])
        for (const write of Object.values(writers))
          expect(bare(redact.text(`before ${write(prefix + shown)} after`))).toMatch(left)
    }
  })
})

describe('all values are searched for at once', () => {
  const random = (length: number) => randomBytes(length).toString('base64url').slice(0, length)

  test('nothing stays of two that begin alike, end alike, or stand in each other', () => {
    const [a, b, c] = [random(40), random(40), random(40)]
    const values = [a + b, a + c, c + b, `${a}${b}${c}`, b]
    const all = createRedactor(...values)
    for (const value of values)
      expect(all.text(`x ${value} x ${value}${values[0]} x`)).toBe('x $CLIENT_SECRET x $CLIENT_SECRET x')
  })

  test('nor of one with the public beginning of another', () => {
    const both = createRedactor('sk-ant-api03-' + random(60), 'sk-ant-admin01-' + random(60), 'sk-' + random(48))
    expect(both.text('sk-ant-api03-x, sk-ant- sk-1234567 sk-12345678')).toBe(
      '$CLIENT_SECRET, sk-ant- sk-1234567 $CLIENT_SECRET',
    )
  })

  test('as long as whoever added one has not let go of it', async () => {
    const { createSecretIndex } = await import('../../src/relay/keys/redaction/secret-index.ts')
    const index = createSecretIndex()
    const [a, b] = [random(40), random(40)]
    const release = [index.add(a), index.add(a), index.add(b)]
    release[0]!()
    release[0]!()
    expect(index.text(`${a} ${b}`)).toBe('$CLIENT_SECRET $CLIENT_SECRET')
    release[1]!()
    expect(index.text(`${a} ${b}`)).toBe(`${a} $CLIENT_SECRET`)
    release[2]!()
    expect(index.text(`${a} ${b}`)).toBe(`${a} ${b}`)
    // Many that come and go leave nothing behind.
    for (let round = 0; round < 2_000; round++) index.add(random(60))()
    index.add(b)
    expect(index.text(`${a} ${b}`)).toBe(`${a} $CLIENT_SECRET`)
  })

  test('what is public of a value may be said', async () => {
    const { createSecretIndex } = await import('../../src/relay/keys/redaction/secret-index.ts')
    const index = createSecretIndex()
    index.add('acme-eu1-' + random(40), { publicPrefix: 'acme-eu1-' })
    expect(index.text('acme-eu1- acme-eu1-x xacme-eu1-x')).toBe('acme-eu1- $CLIENT_SECRET $CLIENT_SECRET')
  })
})

describe('threat 28: of Basic, what a value decodes to is a value too', () => {
  const password = 'Xk29fLmQ8vRt3WzB7nHs5JdGyC4pTe6a'
  test.each([
    ['user and password', base64(`user:${password}`)],
    ['with the name of the scheme', `Basic ${base64(`user:${password}`)}`],
    ['without padding', base64(`user:${password}`).replace(/=+$/, '')],
  ])('%s', (_name, value) => {
    const one = createRedactor(value)
    for (const text of [value.replace(/=+$/, ''), `user:${password}`, password, `{"password":"${password}"}`]) {
      expect(one.text(text)).toContain('$CLIENT_SECRET')
      expect(one.text(text)).not.toContain(password.slice(0, 4))
    }
    expect(one.text('the user named user')).toBe('the user named user')
  })

  test('a key as the user name, without a password', () => {
    expect(createRedactor(base64(`${password}:`)).text(`key ${password}.`)).toBe('key $CLIENT_SECRET')
  })

  test('a short password is found behind its user, and is no word of its own', () => {
    const one = createRedactor(base64('shop-admin:otter'))
    expect(one.text('shop-admin:otter, an otter')).toBe('$CLIENT_SECRET, an otter')
  })
})

describe('a secret of the greatest length', () => {
  const random = (length: number) => randomBytes(length).toString('base64').slice(0, length)
  const [one, other] = [random(4_096), random(4_096)]

  test.each([...Object.entries(writers), ['in base64', base64] as const])('%s', (_name, write) => {
    const found = createRedactor(one, other)
    expect(bare(found.text(`before ${write(one)} after`)).replace(/=+ after/, ' after')).toMatch(left)
    expect(found.text('\u2028 nothing')).toBe('\u2028 nothing')
  })
})

describe('a short secret', () => {
  test.each([8, 9, 12, 15, 16, 17, 18, 24, 29])('of %i characters is found as a whole', (length) => {
    const short = 'Xk29fLmQ8vRt3WzB7nHs5JdGyC4pTe6a'.slice(0, length)
    const one = createRedactor(short)
    for (const [name, write] of Object.entries(writers))
      expect([name, bare(one.text(`before ${write(short)} after`))]).toEqual([name, expect.stringMatching(left)])
    for (const offset of ['', 'a', 'ab']) expect(one.text(base64(`${offset}${short}`))).toMatch(/^\$CLIENT_SECRET=*$/)
    expect(one.text(short.slice(1, -1))).toBe(length < 19 ? short.slice(1, -1) : one.text(short.slice(1, -1)))
  })

  test('of digits', () => {
    const one = createRedactor('314159265358979323846264')
    expect(one.text('314159265358979323846264 3141592653589793')).toBe('$CLIENT_SECRET 3141592653589793')
  })
})

describe('what is not the secret is left alone', () => {
  test.each([
    'Vq7$T/+4',
    '+NxE',
    '$CLIENT_SECRET',
    '',
    'ſk-Test',
    '\u0000',
    '\ud800 lone',
    '&amp; &b=c &',
    '\\',
    '%',
    '&#',
  ])('%j', (text) => {
    expect(redactor.text(text)).toBe(text)
  })

  test('bytes that are no text come back as the same bytes', () => {
    const bytes = Buffer.from(Array.from({ length: 70_000 }, (_, index) => (index * 7919) % 256))
    const stream = redactor.stream()
    expect(Buffer.concat([stream.push(bytes), stream.end()])).toEqual(bytes)
  })

  test('around a secret, every byte that ends a word', () => {
    const around = Buffer.from(Array.from({ length: 256 }, (_, index) => index)).toString('latin1')
    for (const one of around.replace(/[A-Za-z0-9\-_+/.~!$*@^|:%\\#;{}\0=]/g, '')) {
      const stream = redactor.stream()
      const written = Buffer.from(`${one}${secret}${one}`, 'latin1')
      expect(Buffer.concat([stream.push(written), stream.end()]).toString('latin1')).toBe(`${one}$CLIENT_SECRET${one}`)
    }
  })

  test('twice is once', () => {
    const once = redactor.text(`a ${secret} ${base64(secret)} b`)
    expect(redactor.text(once)).toBe(once)
  })
})
