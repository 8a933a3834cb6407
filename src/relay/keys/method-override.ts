import { abridged, invalid, isObject } from '../../protocol/invalid-parameter.ts'
import { bodyFormat, headerOf, type ClientSecretRequest } from '../../protocol/request.ts'

/** Letters as they are or percent-encoded, in either case. */
const word = (text: string) => [...text].map((one) => `(?:${one}|%${hex(one)}|%${hex(one.toUpperCase())})`).join('')
const hex = (one: string) => one.charCodeAt(0).toString(16)

/** A character that is no letter and no digit, also percent-encoded. PHP reads some of them as `_`. */
const mark = '(?:[^a-z0-9$%&;=]|%(?!24|3\\d|[46][1-9a-f]|[57][\\da])[\\da-f]{2})'
/** What PHP and Rack leave out in front of a name. */
const leftOut = '(?:[ +[\\]]|%20|%5b|%5d)'
const end = '(?:\\]|%5d)*(?:[=&;\\p{Cc}]|%[01][\\da-f]|%7f|$)'
const override = `${mark}{1,9}${word('method')}${end}|${word('x')}${mark}{1,9}(?:${word('http')}${mark}{1,9})?${word('method')}(?:${mark}{1,9}${word('override')})?${end}`

/**
 * Finds a parameter that replaces the method at servers of Google, Rails or PHP, in a query or a form as it is sent.
 * Each name is looked at for a bounded length, so the search costs little for a large form.
 */
const overrides = new RegExp(
  `(?:^|[&;])(?=${leftOut}{100}|${leftOut}{0,99}(?:(?:\\$|%24)${word('http')}|${override}))([^=&;]{0,200})`,
  'iu',
)

/** The beginning of the head of a part, and what follows it. */
const headOfPart = /(?:^|[\r\n])[ \t]*content-disposition(?![\w-])([^]{0,400})/gi
const maxHead = 400
/** As browsers, curl and SDKs write it: every parser reads one name in it. */
const plainHead =
  /^: ?form-data; ?name=(?:"((?!=\?)[^"\\\r\n]*)"|([\w.[\]-]+))(?:; ?filename=(?:"[^"\r\n]*"|[\w.-]+))?(?:; ?filename\*=[\w!#$%&+^`|~.'-]+)?$/i

/**
 * A rule names methods. No parameter, and no field of a form, may change them on the way.
 *
 * @throws ClientSecretError `INVALID_PARAMETER`
 */
export function refuseMethodOverride({ params = {}, headers, data }: ClientSecretRequest, url: URL): void {
  const inQuery = nameIn(url.search.slice(1))
  if (inQuery !== undefined) throw refused(`params.${abridged(inQuery)}`)
  const ofQuery = [...url.searchParams.keys()]
  for (const name of [...ofQuery, ...Object.keys(params)]) {
    const path = `params.${abridged(name)}`
    if (overrides.test(name)) throw refused(path)
    if (/\p{Cc}/u.test(name))
      throw invalid(
        path,
        `${path} must have no control characters in its name: servers read such a name in different ways.`,
      )
  }
  if (typeof data === 'string') return refuseFormOverride(headers, data, 'data')
  if (!isObject(data) || !['form', 'multipart'].includes(bodyFormat(headers) ?? '')) return
  for (const name of namesOf(data)) if (overrides.test(name)) throw refused(`data#/${abridged(name)}`)
}

/**
 * The same for a body that the caller wrote itself.
 *
 * @throws ClientSecretError `INVALID_PARAMETER`
 */
export function refuseFormOverride(
  headers: ClientSecretRequest['headers'],
  body: string | Uint8Array,
  path = 'body',
): void {
  const isMultipart = /^\s*multipart\//i.test(headerOf(headers, 'content-type') ?? '')
  if (!isMultipart && !isForm(headers)) return
  refuseUnreadableForm(headers)
  const text =
    typeof body === 'string' ? body : Buffer.from(body.buffer, body.byteOffset, body.length).toString('latin1')
  if (isMultipart) return refuseParts(text, path)
  const name = nameIn(text)
  if (name !== undefined) throw refused(`${path}#/${abridged(name)}`)
}

/** Servers read unusual heads in different ways: padded, folded, with escapes, with two names. None of them is necessary. */
function refuseParts(text: string, path: string): void {
  for (const { 1: rest = '' } of text.matchAll(headOfPart)) {
    const end = rest.search(/\r\n(?![ \t])|\r(?![\n \t])|\n(?![ \t])/)
    // The end of a piece. The next look at it has the whole head.
    if (end === -1 && rest.length < maxHead) continue
    const head = rest.slice(0, end === -1 ? maxHead : end)
    const [isPlain, quoted, plain] = plainHead.exec(head) ?? []
    const name = quoted ?? plain ?? ''
    if (isPlain !== undefined && overrides.test(name)) throw refused(`${path}#/${abridged(name)}`)
    // Such as in a letter: without a name, it is no field.
    const isNameless = end !== -1 && !/name/i.test(head.replace(/filename/gi, ''))
    if (isPlain === undefined && !isNameless) throw unclearPart(path)
  }
}

function unclearPart(path: string) {
  return invalid(
    path,
    `${path} has a part with an unusual Content-Disposition, which servers read in different ways. Write it as browsers do: form-data; name="a"; filename="b".`,
  )
}

/** Servers decompress forms (Express), and read them in the charset that their type names (Tomcat): then other names appear. */
function refuseUnreadableForm(headers: ClientSecretRequest['headers']): void {
  if (headerOf(headers, 'content-encoding') !== undefined)
    throw invalid(
      'headers.content-encoding',
      'A form must not be compressed: the relay looks at the names of its fields.',
    )
  for (const [, charset] of (headerOf(headers, 'content-type') ?? '').matchAll(/charset([^;]*)/gi))
    if (!/^="?(utf-8|us-ascii|iso-8859-1)"?\s*$/i.test(charset!))
      throw invalid(
        'headers.content-type',
        'The charset of a form must be UTF-8: the relay looks at the names of its fields.',
      )
}

function nameIn(text: string): string | undefined {
  const name = overrides.exec(text)?.[1]
  return name === undefined ? undefined : [...new URLSearchParams(name).keys()].join()
}

/** Rack reads a body without a type as a form, and the type up to a comma; PHP up to a space. */
function isForm(headers: ClientSecretRequest['headers']): boolean {
  return /^\s*(application\/x-www-form-urlencoded\s*([\s;,]|$)|$)/i.test(headerOf(headers, 'content-type') ?? '')
}

/** The names of a form. Rack reads `[_method]`, the field of an object without a name, as `_method`. */
function* namesOf(data: object): Generator<string> {
  for (const [name, value] of Object.entries(data)) {
    yield name
    if (isObject(value) && /^[[\]]*$/.test(name)) yield* namesOf(value)
  }
}

function refused(path: string) {
  return invalid(path, `${path} must be left out: some servers take it for the method. Write the method into "method".`)
}
