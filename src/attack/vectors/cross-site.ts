import type { Attacker, Sent } from '../attacker.ts'
import type { Target } from '../target.ts'
import { vector, type Vector } from '../vector.ts'

const foreign = 'https://evil.example'

/** Row 12: pages of other sites, forms, and callers without a session. */
export function crossSite(targets: readonly Target[], origins: readonly string[]): Vector[] {
  const sample = [targets.find(({ locked }) => locked), targets.find(({ locked }) => !locked)].filter(
    (target): target is Target => target !== undefined,
  )
  return [
    ...sample.flatMap((target) => [...fromOtherSites(target, origins), ...asForms(target), ...withoutSession(target)]),
    ...sample.slice(0, 1).flatMap(() => preflights(origins)),
  ]
}

/** No upstream may be called, and the other site may not read the answer. */
function refused(name: string, run: (attacker: Attacker) => Promise<void>): Vector {
  return vector(12, name, run, { mayCall: false, aim: 'call' })
}

function fromOtherSites(target: Target, origins: readonly string[]): Vector[] {
  const sentBy = (name: string, headers: (attacker: Attacker) => Record<string, string>) =>
    refused(`${target.title}: ${name}`, async (attacker) => {
      await attacker.submit(target.baseline(), { headers: headers(attacker) })
    })
  const lookalikes = origins.flatMap((origin) => [
    `${origin}.evil.example`,
    origin.replace('://', '://evil'),
    `${origin}:8443`,
    origin.replace('https:', 'http:'),
    `${origin}/`,
    `${origin},${foreign}`,
  ])
  return [
    sentBy('a page of another site', () => ({ origin: foreign })),
    sentBy('a page of another site, with Sec-Fetch-Site', () => ({ origin: foreign, 'sec-fetch-site': 'cross-site' })),
    sentBy('another site without an origin', () => ({ 'sec-fetch-site': 'cross-site' })),
    sentBy('a page of a sister site', () => ({ origin: 'https://sister.example', 'sec-fetch-site': 'same-site' })),
    sentBy('a sister site without an origin', () => ({ 'sec-fetch-site': 'same-site' })),
    sentBy('a sandboxed frame', () => ({ origin: 'null' })),
    sentBy('a sandboxed frame, with Sec-Fetch-Site', () => ({ origin: 'null', 'sec-fetch-site': 'cross-site' })),
    sentBy('an extension', () => ({ origin: 'chrome-extension://abcdefghijklmnop' })),
    sentBy('an unknown value of Sec-Fetch-Site', () => ({ origin: foreign, 'sec-fetch-site': 'anything' })),
    sentBy('an empty origin', () => ({ origin: '', 'sec-fetch-site': 'cross-site' })),
    sentBy('an origin that begins like ours', ({ url }) => ({ origin: `${url}.evil.example` })),
    sentBy('an origin that ends like ours', ({ url }) => ({ origin: `https://evil.example/${url}` })),
    sentBy('our host as user name', ({ url }) => ({ origin: `${url}@evil.example` })),
    sentBy('our host at another port', ({ url }) => ({ origin: url.replace(/\d+$/, '1') })),
    sentBy('two origins', ({ url }) => ({ origin: `${foreign}, ${url}` })),
    ...lookalikes.map((origin) => sentBy(`the origin ${origin}`, () => ({ origin }))),
  ]
}

/** Requests that a form can send without a preflight. */
function asForms(target: Target): Vector[] {
  const types = [
    'text/plain',
    'text/plain; application/json',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    '',
    ' ',
    'text/plain;charset=application/json',
    'application/jsonp',
    'xapplication/json',
  ]
  return [
    ...types.map((type) =>
      refused(`${target.title}: JSON as "${type}"`, async (attacker) => {
        await attacker.submit(target.baseline(), { headers: { 'content-type': type } })
      }),
    ),
    refused(`${target.title}: JSON without a content type`, async (attacker) => {
      await attacker.ask('POST', '/requests', {}, JSON.stringify(target.baseline()))
    }),
    refused(`${target.title}: a form with JSON in a name`, async (attacker) => {
      const body = `${JSON.stringify(target.baseline()).slice(0, -1)},"=":""}`
      await attacker.ask('POST', '/requests', { headers: { 'content-type': 'text/plain' } }, body)
    }),
    ...['GET', 'PUT', 'PATCH', 'DELETE'].map((method) =>
      vector(
        12,
        `${target.title}: ${method} with the body of a submit`,
        async (attacker) => {
          await attacker.ask(
            method,
            '/requests?_method=POST',
            { headers: { 'x-http-method-override': 'POST', 'content-type': 'application/json' } },
            JSON.stringify(target.baseline()),
          )
        },
        { mayCall: false, canLeak: false, aim: 'call' },
      ),
    ),
  ]
}

function withoutSession(target: Target): Vector[] {
  const as = (name: string, sent: Sent) =>
    refused(`${target.title}: ${name}`, async (attacker) => {
      await attacker.submit(target.baseline(), sent)
    })
  return [
    as('nobody, without a session', { as: 'nobody' }),
    as('a short session', { as: 'nobody', headers: { 'client-session': 'short' } }),
    as('an empty session', { as: 'nobody', headers: { 'client-session': '' } }),
    ...(target.locked
      ? [
          as('a visitor, at a locked key', { as: 'visitor' }),
          as('an empty user, at a locked key', { as: 'visitor', headers: { 'x-attack-user': '' } }),
          as('a visitor who queues, at a locked key', {
            as: 'visitor',
            headers: { 'x-user': 'admin', cookie: 'user=admin' },
          }),
        ]
      : []),
  ]
}

function preflights(origins: readonly string[]): Vector[] {
  const asked = ['POST', 'GET', 'DELETE'].flatMap((method) =>
    [foreign, 'null', ...origins.map((origin) => `${origin}.evil.example`)].map((origin) => ({ method, origin })),
  )
  return asked.map(({ method, origin }) =>
    vector(
      12,
      `may ${origin} send ${method}`,
      async (attacker) => {
        const headers = {
          origin,
          'access-control-request-method': method,
          'access-control-request-headers': 'content-type',
        }
        const preflight = await attacker.ask('OPTIONS', '/requests', { headers })
        const read = await attacker.ask('GET', '/requests', { headers: { origin } })
        for (const { headers } of [preflight, read]) {
          const allowed = headers['access-control-allow-origin']
          if (allowed === '*' || allowed === origin) attacker.blame(`${origin} may read the answer`)
        }
      },
      { mayCall: false, aim: 'other caller' },
    ),
  )
}
