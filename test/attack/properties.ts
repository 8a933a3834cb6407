import fc from 'fast-check'
import { isClientSecretError } from '../../src/protocol/errors.ts'
import { parseRequest } from '../../src/protocol/parse-request.ts'
import { findPlaceholders } from '../../src/protocol/placeholder.ts'
import type { ClientSecretRequest } from '../../src/protocol/request.ts'
import { compileRule, findRule, type KeyRule } from '../../src/relay/keys/key-rules.ts'
import type { KeyValue } from '../../src/relay/keys/key.ts'
import { createRedactor } from '../../src/relay/keys/redaction/secret-index.ts'
import { substitute, type UpstreamCall } from '../../src/relay/upstream/substitute.ts'
import { signCall } from '../../src/relay/upstream/sign-call.ts'
import { findSecret } from '../../src/attack/find-secret.ts'
import { forms } from '../../src/attack/vectors/forms.ts'
import { anything, fitting, placeholder, rule, secret } from './generators.ts'

/** What holds for every request, in words, and the check of it. `runs` is the share of all runs that it gets. */
export interface Property {
  words: string
  share: number
  property: fc.IRawProperty<unknown[]>
}

interface Sent {
  request: ClientSecretRequest
  call: UpstreamCall
}

/** The way of a request through the relay, up to the socket. Null where it was refused with one of our errors. */
const send = (input: unknown, keyRule: KeyRule, secret: string) => sendWith(input, keyRule, { secret })

/** @param value Of a key with one value, or with several. */
function sendWith(input: unknown, keyRule: KeyRule, value: Pick<KeyValue, 'secret' | 'named'>): Sent | null {
  try {
    const compiled = compileRule(keyRule, 'keys.key.allow[0]', undefined, value.named && [...value.named.keys()])
    const request = parseRequest(input)
    const found = findRule({ name: 'key', rules: [compiled] }, request)
    return { request, call: substitute(request, value, found) }
  } catch (error) {
    if (isClientSecretError(error) && error.code !== 'INTERNAL') return null
    throw error
  }
}

/** What a run of the fuzzer had to do with: how many requests became a call. */
export const reached = { calls: 0, refusals: 0 }

const counted = (sent: Sent | null): Sent | null => {
  reached[sent ? 'calls' : 'refusals']++
  return sent
}

/** The same secrets again: to make a redactor costs more than to use one. */
const secretsToRedact = fc.constantFrom(
  ...fc.sample(
    // A shorter one may be too short to be searched for once the escapes in it are decoded; and what
    // a backslash before a digit means differs from language to language.
    secret.filter((value) => value.length >= 16 && !/\\\d/.test(value)),
    2_000,
  ),
)
const redactors = new Map<string, ReturnType<typeof createRedactor>>()

function redactorOf(value: string): ReturnType<typeof createRedactor> {
  const redactor = redactors.get(value) ?? createRedactor(value)
  redactors.set(value, redactor)
  return redactor
}

/** All of a body, in one go. */
function bytesOf(redactor: ReturnType<typeof createRedactor>, body: Buffer): Buffer {
  const steps = redactor.body(body)
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
  }
}

/** Ends words, lines and strings. */
const mark = '\n\u0001mark\u0001\n'

/** The whole-word rule of the placeholder, written once more. */
const filled = (text: string, value: string) =>
  text.split(placeholder).reduce((before, behind) => `${before}${/^\w/.test(behind) ? placeholder : value}${behind}`)

function assert(condition: unknown, sentence: string): asserts condition {
  if (!condition) throw new Error(sentence)
}

/** All that a call sends. */
const textOf = ({ url, headers, body }: UpstreamCall) => [url.href, JSON.stringify(headers), body].join('\n')

const of = <Value>(one: fc.Arbitrary<Value>, check: (value: Value) => void): Property['property'] =>
  fc.property(one, check)

const entriesOf = (value: unknown, pointer = ''): [string, string][] =>
  typeof value === 'object' && value !== null
    ? Object.entries(value).flatMap(([name, item]) =>
        entriesOf(item, `${pointer}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`),
      )
    : [[pointer, JSON.stringify(value)]]

export const properties: Property[] = [
  {
    words: 'whatever is sent, the outcome is a call or one of our errors',
    share: 4,
    property: of(
      fc.tuple(anything, rule, secret),
      ([input, keyRule, value]) => void counted(send(input, keyRule, value)),
    ),
  },
  {
    words: 'a request that fits its rule too ends as a call or as one of our errors',
    share: 2,
    property: of(fitting, (one) => void counted(send(one.request, one.rule, one.secret))),
  },
  {
    words: "the call goes to the scheme, host and port that the rule names, with one of the rule's methods",
    share: 3,
    property: of(fc.oneof(fitting, fc.record({ request: anything, rule, secret })), (one) => {
      const sent = counted(send(one.request, one.rule, one.secret))
      if (!sent) return
      const [, scheme, host = '', port = ''] = /^(https?:)\/\/([^/:]+)(?::(\d+))?/.exec(one.rule.url)!
      const { call } = sent
      assert(call.url.protocol === scheme && call.url.port === port, `it goes to ${call.url.href}`)
      const pattern = new RegExp(`^${host.replaceAll('.', '\\.').replace('*', '[^.]+')}$`)
      assert(pattern.test(call.url.hostname) && !call.url.username, `it goes to ${call.url.href}`)
      assert(one.rule.methods.map((method) => method.toUpperCase()).includes(call.method), `it is a ${call.method}`)
    }),
  },
  {
    words: 'the secret stands only in places that the rule names',
    share: 3,
    property: of(fitting, (one) => {
      // A secret that nothing else in the request can look like.
      const unmistakable = 'Q7zSECRETq9Z'
      const sent = counted(send(one.request, one.rule, unmistakable))
      if (!sent) return
      const places = one.rule.in.map((place) => (place.startsWith('headers.') ? place.toLowerCase() : place))
      const { call } = sent
      const allowed = (place: string) => places.includes(place)
      for (const [name, value] of Object.entries(call.headers))
        assert(!value.includes(unmistakable) || allowed(`headers.${name}`), `it stands in headers.${name}`)
      for (const [name, value] of call.url.searchParams) {
        assert(!name.includes(unmistakable), 'it stands in the name of a parameter')
        assert(!value.includes(unmistakable) || allowed(`params.${name}`), `it stands in params.${name}`)
      }
      assert(!call.url.pathname.includes(unmistakable) || allowed('url.path'), 'it stands in the path')
      assert(
        !call.url.host.includes(unmistakable.toLowerCase()) && !call.url.hash.includes(unmistakable),
        'it stands elsewhere in the url',
      )
      if (call.body?.startsWith('{')) {
        for (const [pointer, value] of entriesOf(JSON.parse(call.body))) {
          assert(!pointer.includes(unmistakable), 'it stands in a name of data')
          assert(!value.includes(unmistakable) || allowed(`data#${pointer}`), `it stands in data#${pointer}`)
        }
      }
    }),
  },
  {
    words: 'each value of a key with several stands only in places of its name',
    share: 2,
    property: of(fitting, (one) => {
      const [own, other] = ['Q7zSECRETq9Z', 'W3xSECRETw5X'] as const
      const [first, ...rest] = one.rule.in
      const inEach = { own: rest.length > 0 ? rest : [first!], ...(rest.length > 0 && { other: [first!] }) }
      const { in: _, ...keyRule } = one.rule
      for (const name of ['own', 'other']) {
        // The same request with the name of the wrong value in some of the places.
        const text = JSON.stringify(one.request).replace(/\$CLIENT_SECRET(?!\w)/g, (found) => `${found}.${name}`)
        const named = new Map([
          ['own', own],
          ['other', other],
        ])
        const sent = counted(sendWith(JSON.parse(text), { ...keyRule, inEach }, { secret: '', named }))
        if (!sent) continue
        const places = ((inEach as Record<string, string[]>)[name] ?? []).map((place) =>
          place.startsWith('headers.') ? place.toLowerCase() : place,
        )
        assert(!textOf(sent.call).includes(name === 'own' ? other : own), 'another value stands in the call')
        // Beside the rules, the substitution itself keeps a value out of the places of another.
        const ofAnother = { ...keyRule, inEach: { [name === 'own' ? 'other' : 'own']: one.rule.in } }
        const moved = compileRule(ofAnother, 'keys.key.allow[0]', undefined, [...named.keys()])
        const kept = textOf(substitute(sent.request, { secret: '', named }, moved))
        assert(!kept.includes(named.get(name)!), `the value ${name} stands in places of another`)
        const found = findPlaceholders(sent.request).map(({ place }) => place)
        assert(
          found.every((place) => places.includes(place)),
          `the value ${name} stands in ${found.join(', ')}`,
        )
      }
    }),
  },
  {
    words: 'a signed call has a signature in the place of the secret, and nowhere the secret',
    share: 1,
    property: fc.asyncProperty(fitting, async (one) => {
      const secret = 'Q7zSECRETq9Z'
      const sent = counted(send(one.request, one.rule, secret))
      if (!sent) return
      const sign = { hmac: 'sha256', over: ['method', 'path', 'query', 'body'] } as const
      const { call, signature } = await signCall(
        { name: 'key', sign: { ...sign, over: [...sign.over] } },
        { version: 0, secret },
        sent.request,
        compileRule(one.rule, 'keys.key.allow[0]'),
        null,
      )
      const text = textOf(call as UpstreamCall)
      assert(!text.includes(secret), `the secret stands in ${text}`)
      const isPlain = textOf(sent.call).includes(secret)
      assert(!isPlain || text.includes(signature), `no signature stands in ${text}`)
    }),
  },
  {
    words: 'what is sent parses back to what was asked, with the secret for the placeholder and nothing else changed',
    share: 4,
    property: of(fitting, (one) => {
      const sent = counted(send(one.request, one.rule, one.secret))
      if (!sent) return
      const { request, call } = sent
      const put = (value: string, place: string) =>
        one.rule.in.includes(place as never) ? filled(value, one.secret) : value
      for (const [name, value] of Object.entries(request.headers ?? {})) {
        const lower = name.toLowerCase()
        assert(
          call.headers[lower] === put(value, `headers.${lower}`).trim(),
          `headers.${lower} is ${call.headers[lower]}`,
        )
      }
      const asked = Object.entries(request.params ?? {}).flatMap(([name, value]) =>
        [value].flat().map((item) => [name, put(String(item), `params.${name}`)]),
      )
      const got = [...call.url.searchParams].slice(-asked.length || Infinity)
      // A lone surrogate has no bytes, and becomes the sign for that.
      const written = [...new URLSearchParams(asked)]
      assert(JSON.stringify(got) === JSON.stringify(written), `params are ${JSON.stringify(got)}`)
      if (request.data && call.body?.startsWith('{')) {
        const wanted = entriesOf(request.data).map(([pointer, value]) => {
          const item: unknown = JSON.parse(value)
          return [pointer, JSON.stringify(typeof item === 'string' ? put(item, `data#${pointer}`) : item)]
        })
        assert(JSON.stringify(entriesOf(JSON.parse(call.body))) === JSON.stringify(wanted), `data is ${call.body}`)
      }
    }),
  },
  {
    words: "the caller's objects are never changed",
    share: 1,
    property: of(fc.tuple(anything, rule, secret), ([input, keyRule, value]) => {
      const before = JSON.stringify(input)
      counted(send(input, keyRule, value))
      assert(JSON.stringify(input) === before, `it is now ${JSON.stringify(input)}`)
    }),
  },
  {
    words: 'redaction removes the secret in every form, at any position, from text and from bytes alike',
    share: 2,
    property: of(
      fc.tuple(secretsToRedact, fc.constantFrom(...forms), fc.string(), fc.string()),
      ([value, form, before, behind]) => {
        const written = String(form.write(value))
        const redactor = redactorOf(value)
        // The marks keep what stands around from being read as part of the form.
        const whole = `${before}${mark}${written}${mark}${behind}`
        for (const text of [redactor.text(whole), bytesOf(redactor, Buffer.from(whole)).toString()]) {
          const marked = text.split(mark)
          // An equals sign at the end of a line, in quoted-printable, takes the next line, and the mark in it.
          const isMarked = marked.length === 3
          const rest = isMarked ? marked[1]! : text
          assert(rest.includes(placeholder) && !rest.includes(written), `${form.name} stays: ${text}`)
          // Base64 is written with neighbours, and what holds bits of them stays.
          if (!form.name.startsWith('base64') && isMarked)
            assert(rest.replaceAll(placeholder, '') === '', `something of ${form.name} stays: ${text}`)
          else assert(findSecret(Buffer.from(rest), value) === null, `${form.name} can still be read: ${text}`)
        }
      },
    ),
  },
  {
    words: 'redaction leaves text and bytes without the secret unchanged',
    share: 2,
    property: of(
      fc.tuple(secretsToRedact, fc.string({ maxLength: 200 }), fc.uint8Array({ maxLength: 200 })),
      ([value, some, bytes]) => {
        const redactor = redactorOf(`${value}Q7z`)
        assert(redactor.text(some) === some, 'the text was changed')
        assert(bytesOf(redactor, Buffer.from(bytes)).equals(Buffer.from(bytes)), 'the bytes were changed')
      },
    ),
  },
  {
    words: 'redacting twice is redacting once',
    share: 1,
    property: of(fc.tuple(secretsToRedact, fc.array(fc.oneof(fc.string(), fc.nat(9)))), ([value, parts]) => {
      const redactor = redactorOf(value)
      const once = redactor.text(
        parts.map((part) => (typeof part === 'number' ? String(forms[part]!.write(value)) : part)).join(''),
      )
      assert(redactor.text(once) === once, `it is ${redactor.text(once)} after ${once}`)
    }),
  },
]
