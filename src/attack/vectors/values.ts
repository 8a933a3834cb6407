import { administratorHeader, type Attacker } from '../attacker.ts'
import { some } from '../canary.ts'
import { findSecret } from '../find-secret.ts'
import { httpAnswer, type HttpAnswer } from '../raw-http.ts'
import type { Target } from '../target.ts'
import { vector, type Vector } from '../vector.ts'

const name = 'attack-value'
const alphabet = 'abcdefghijkmnpqrstuvwxyz23456789'

/** Rows 14 and 28: values with the same beginning, and values that are base64 of another text. */
export function values(targets: readonly Target[]): Vector[] {
  // One rule per key, and some of the keys with long values.
  const long = targets.filter(({ canary, format }) => canary.length - format.publicPart.length > 50).slice(0, 3)
  return [...long.flatMap(alike), ...targets.slice(0, 2).flatMap(basic)]
}

/** Registers and rotates values while `work` reads an API's answers. */
async function registered(attacker: Attacker, { rule }: Target, secrets: string[], work: () => Promise<void>) {
  const headers = { 'content-type': 'application/json', [administratorHeader]: 'yes' }
  for (const [index, secret] of secrets.entries()) {
    const body = { secret, locked: false, allow: [rule], isNew: index === 0 }
    await attacker.ask('PUT', `/keys/${name}`, { headers }, JSON.stringify(body))
  }
  await work()
  await attacker.ask('DELETE', `/keys/${name}`, { headers })
}

const shown: [where: string, write: (text: string) => HttpAnswer][] = [
  ['in JSON', (text) => ({ body: JSON.stringify({ error: { key: text } }) })],
  ['in text', (text) => ({ headers: { 'content-type': 'text/plain' }, body: `key=${text}, and so on` })],
  ['in base64', (text) => ({ body: JSON.stringify(btoa(`Bearer ${text}`)) })],
  ['in hex', (text) => ({ body: JSON.stringify(Buffer.from(text).toString('hex')) })],
  ['in a header', (text) => ({ headers: { 'x-echo': encodeURIComponent(text) } })],
  [
    'in the message of an error',
    (text) => ({ status: 401, body: JSON.stringify({ error: { message: `Wrong: ${text}` } }) }),
  ],
]

/** Another value of the same API that begins or ends like the canary, before and after a rotation. */
function alike(target: Target): Vector[] {
  const { canary, format, keyName } = target
  const unknown = canary.slice(format.publicPart.length)
  const beginning = (length: number) =>
    format.publicPart + unknown.slice(0, length) + some(unknown.length - length, alphabet)
  const kinds: [how: string, secrets: string[]][] = [
    ['begins with the same public part', [beginning(0)]],
    ...[12, 24, unknown.length - 6].map((length): [string, string[]] => [
      `begins with the same ${length} characters`,
      [beginning(length)],
    ]),
    [
      'ends with the same 30 characters',
      [format.publicPart + some(unknown.length - 30, alphabet) + unknown.slice(-30)],
    ],
    ['is a part of it', [canary.slice(0, format.publicPart.length + 30)]],
    ['holds all of it', [`${canary}${some(12, alphabet)}`]],
    ['was rotated twice, and begins alike each time', [beginning(20), beginning(20), beginning(20)]],
  ]
  // Also cut off, so that redaction cannot find it by its end.
  const echoes: [where: string, answer: HttpAnswer][] = [
    ...shown.map(([where, write]): [string, HttpAnswer] => [where, write(canary)]),
    ...[0.55, 0.7, 0.85].map((part): [string, HttpAnswer] => {
      const cut = canary.slice(0, format.publicPart.length + Math.floor(unknown.length * part))
      return [`without its end, ${part} of it`, { body: JSON.stringify({ message: `Wrong key: ${cut}…` }) }]
    }),
    ...[0.45, 0.52].map((part): [string, HttpAnswer] => [
      `without its end, ${part} of it`,
      { headers: { 'content-type': 'text/plain' }, body: `${canary.slice(0, Math.floor(canary.length * part))}…` },
    ]),
  ]
  return kinds.flatMap(([how, secrets]) =>
    echoes.map(([where, answer]) =>
      vector(
        14,
        `${keyName}: shown ${where} while another value ${how}`,
        (attacker) =>
          registered(attacker, target, secrets, async () => {
            attacker.world({ answer: () => [httpAnswer(answer)] })
            await attacker.submit(target.baseline())
            await attacker.submit(target.baseline({ clientSecretName: name }))
          }),
        { aim: 'answer' },
      ),
    ),
  )
}

/** `Basic`: the API decodes the value and shows the decoded form. */
function basic(target: Target): Vector[] {
  const passwords: [kind: string, write: () => string][] = [
    ['long', () => some(32, alphabet)],
    ['with signs', () => `${some(10, alphabet)}:${some(10, alphabet)}/+&"${some(12, alphabet)}`],
  ]
  const parts: [part: string, of: (user: string, password: string) => string][] = [
    ['user and password', (user, password) => `${user}:${password}`],
    ['the password', (_, password) => password],
  ]
  return passwords.flatMap(([kind, write]) =>
    parts.flatMap(([part, of]) =>
      shown.map(([where, answer]) =>
        vector(
          28,
          `${target.title}: ${part} of a Basic value, ${kind}, shown ${where}`,
          async (attacker) => {
            const password = write()
            const value = Buffer.from(`shop-4711:${password}`).toString('base64')
            await registered(attacker, target, [value], async () => {
              attacker.world({ answer: () => [httpAnswer(answer(of('shop-4711', password)))] })
              const { head, body } = await attacker.submit(target.baseline({ clientSecretName: name }))
              const everything = `${head}\n${body.toString()}`
              if (findSecret(Buffer.from(everything), password)) attacker.blame('the relay showed the password')
            })
          },
          { aim: 'other caller' },
        ),
      ),
    ),
  )
}
