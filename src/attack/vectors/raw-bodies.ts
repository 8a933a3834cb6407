import type { Target, Wish } from '../target.ts'
import { vector, type Vector } from '../vector.ts'

const placeholder = '$CLIENT_SECRET'
const multipart = 'multipart/form-data; boundary=attack'

const part = (head: string, text: string) => `--attack\r\n${head}\r\n\r\n${text}\r\n`
const field = (name: string) => `Content-Disposition: form-data; name="${name}"`
const end = '--attack--\r\n'

/** A body of more than `limits.requestBytes`, which passes through the relay. */
const large = 'x'.repeat(2 ** 20)

/** Raw bodies with the placeholder: their types, and their texts. */
const bodies: [what: string, type: string | undefined, text: string][] = [
  ['in bytes', 'application/octet-stream', `a ${placeholder} b`],
  ['in bytes without a type', undefined, placeholder],
  ['in a text', 'text/plain', `Say: ${placeholder}`],
  ['in XML', 'text/xml', `<a>${placeholder}</a>`],
  ['in a sound', 'audio/wav', `RIFF${placeholder}`],
  ['in JSON that calls itself bytes', 'application/octet-stream', JSON.stringify({ prompt: placeholder })],
  ['in a field of JSON', 'application/json', JSON.stringify({ prompt: placeholder })],
  ['in JSON with a comment', 'application/json', `{"prompt": "${placeholder}"} // ${placeholder}`],
  ['in lines of JSON', 'application/x-ndjson', `{"a":"${placeholder}"}\n{"a":1}`],
  ['in a written form', 'application/x-www-form-urlencoded', `prompt=${placeholder}`],
  ['as a name in a written form', 'application/x-www-form-urlencoded', `${placeholder}=1`],
  ['in a form of a type with a comma', 'application/x-www-form-urlencoded,x', `prompt=${placeholder}`],
  ['in a field of a multipart form', multipart, part(field('prompt'), placeholder) + end],
  ['in the name of a multipart field', multipart, part(field(placeholder), 'x') + end],
  ['in the name of a file', multipart, part(`${field('file')}; filename="${placeholder}.txt"`, 'x') + end],
  ['in a file', multipart, part(`${field('file')}; filename="a.txt"`, `a ${placeholder}`) + end],
  [
    'in the type of a file',
    multipart,
    part(`${field('file')}; filename="a"\r\nContent-Type: a/${placeholder}`, 'x') + end,
  ],
  ['before the first part', multipart, `${placeholder}\r\n${part(field('a'), 'x')}${end}`],
  ['after the last part', multipart, `${part(field('a'), 'x')}${end}${placeholder}`],
  ['in the boundary', `multipart/form-data; boundary="${placeholder}"`, `--${placeholder}--\r\n`],
  ['in the type of the body', `audio/${placeholder}`, 'x'],
  ['in a large file', multipart, part(`${field('file')}; filename="a"`, large + placeholder) + end],
  ['in large bytes', 'application/octet-stream', `${large}${placeholder}`],
  ['where pieces of large bytes meet', 'audio/wav', `${'x'.repeat(65_536 - 5)}${placeholder}${large}`],
  ['in large bytes without a type', undefined, `${large}${placeholder}`],
]

/** The last bodies of the list. */
const countOfLarge = 4

/** Rows 2 and 9: the placeholder in bodies that the relay does not write itself. */
export function rawBodies(targets: readonly Target[]): Vector[] {
  // A declared place in data would be a second body.
  const withBody = targets.filter(
    ({ hasBody, places }) => hasBody && !places.some((place) => place.startsWith('data#')),
  )
  return withBody.flatMap((target, index) => [
    // The large ones once, because the search for secrets takes its time for them.
    ...bodies.slice(0, index === 0 ? undefined : -countOfLarge).map(([what, type, text]) =>
      vector(2, `${target.title}: ${what}`, async (attacker) => {
        attacker.world({})
        await attacker.sendRaw(withType(target, type && named(target, type)), named(target, text))
      }),
    ),
    vector(2, `${target.title}: in a field before a file`, async (attacker) => {
      attacker.world({})
      const request = { ...withType(target, multipart), data: { prompt: target.placeholder } }
      await attacker.sendRaw(request, part(`${field('file')}; filename="a"`, 'x') + end)
    }),
    vector(
      9,
      `${target.title}: encoded, in a written form`,
      async (attacker) => {
        attacker.world({})
        await attacker.sendRaw(withType(target, 'application/x-www-form-urlencoded'), 'a=1&prompt=%24CLIENT%5FSECRET')
      },
      { canLeak: false },
    ),
  ])
}

/** The text with the placeholder of the target. */
const named = (target: Target, text: string) => text.replaceAll(placeholder, () => target.placeholder)

function withType(target: Target, type: string | undefined): Wish {
  const { headers, ...request } = target.baseline()
  return { ...request, headers: { ...headers, ...(type !== undefined && { 'content-type': type }) } }
}
