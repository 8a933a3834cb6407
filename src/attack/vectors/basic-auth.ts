import { httpAnswer, type HttpAnswer } from '../raw-http.ts'
import type { Target } from '../target.ts'
import { attempts, vector, type Vector } from '../vector.ts'

const base64 = (text: string) => Buffer.from(text).toString('base64')

/** Three lengths, so that the secret starts at each base64 offset. */
const users = ['ACa', 'shop', 'shop5']

/** The ways in which an API echoes Basic credentials. */
const shown: [how: string, write: (user: string, secret: string) => HttpAnswer][] = [
  ['as it was sent', (user, secret) => ({ body: JSON.stringify({ got: `Basic ${base64(`${user}:${secret}`)}` }) })],
  [
    'in small letters',
    (user, secret) => ({
      headers: { 'content-type': 'text/plain' },
      body: `basic ${base64(`${user}:${secret}`).toLowerCase()}`,
    }),
  ],
  ['in a header', (user, secret) => ({ headers: { 'x-got': base64(`${user}:${secret}`) } })],
  ['decoded, in hex', (user, secret) => ({ body: JSON.stringify(Buffer.from(`${user}:${secret}`).toString('hex')) })],
  [
    'in the message of an error',
    (user, secret) => ({
      status: 401,
      body: JSON.stringify({ error: { message: `No such user: ${base64(`${user}:${secret}`)}` } }),
    }),
  ],
]

/** Rows 2, 9 and 28: the placeholder inside Basic's base64, and APIs that echo it. */
export function basicAuth(targets: readonly Target[]): Vector[] {
  const inAuthorization = targets.filter(({ places }) => places.includes('headers.authorization')).slice(0, 2)
  return [
    ...inAuthorization.flatMap(echoed),
    ...targets.flatMap((target) => [
      ...attempts(2, target, elsewhere(target)),
      ...attempts(9, target, [
        [
          'in base64 twice, in Basic',
          { request: withHeader(target, base64(base64(`u:${target.placeholder}`))), canLeak: false },
        ],
        [
          'as another word in the base64 of Basic',
          { request: withHeader(target, base64('u:$CLIENT_SECRET_2')), canLeak: false },
        ],
      ]),
    ]),
  ]
}

function echoed(target: Target): Vector[] {
  return shown.flatMap(([how, write], index) =>
    users.map((user) =>
      vector(
        28,
        `${target.title}: Basic with the user ${user}, shown ${how}`,
        async (attacker) => {
          attacker.world({ answer: () => [httpAnswer(write(user, target.canary))] })
          const credentials =
            index % 2 === 0 ? base64(`${user}:${target.placeholder}`) : `${user}:${target.placeholder}`
          await attacker.submit(withHeader(target, credentials))
        },
        { aim: 'answer' },
      ),
    ),
  )
}

/** Basic in an undeclared header. */
function elsewhere(target: Target): Parameters<typeof attempts>[2] {
  const hidden = base64(`u:${target.placeholder}`)
  const baseline = target.baseline()
  const inHeader = (name: string): [string, { request: ReturnType<Target['baseline']> }] => [
    `in the base64 of Basic, in the header ${name}`,
    { request: target.baseline({ headers: { ...baseline.headers, [name]: `Basic ${hidden}` } }) },
  ]
  return ['authorization', 'x-forward-authorization']
    .filter((name) => !target.places.includes(`headers.${name}`))
    .map(inHeader)
}

function withHeader(target: Target, credentials: string) {
  return target.baseline({ headers: { ...target.baseline().headers, authorization: `Basic ${credentials}` } })
}
