import { idOf, type Attacker, type Reply, type Sent } from '../attacker.ts'
import { httpAnswer } from '../raw-http.ts'
import type { Target } from '../target.ts'
import { vector, type Vector } from '../vector.ts'

/** The content of the victim's answer. No other caller may see it. */
const diary = 'dear-diary-5f2e'
const queue = 'diary-of-victor'

interface Prey {
  id: string
  /** Another id with the same creation time, which is part of the id, for a fair comparison. */
  unknownId: string
}

/** Row 13: data of other callers. */
export function otherCallers(targets: readonly Target[]): Vector[] {
  const target = targets.find(({ locked }) => !locked) ?? targets[0]!
  return [...byId(target), ...byQuery(target), ...byChange(target), ...byOddIdentity(target)]
}

/** The victim sends a request and gets an answer. Then the attacker tries. Every answer to the attacker is searched. */
function prying(
  target: Target,
  name: string,
  pry: (attacker: Attacker, prey: Prey) => Promise<Reply[] | void>,
): Vector {
  return vector(
    13,
    name,
    async (attacker) => {
      attacker.world({ answer: () => [httpAnswer({ body: JSON.stringify({ diary }) })] })
      const sent = await attacker.victim.submit(target.baseline({ queue, poll: 1 }))
      const id = idOf(sent)
      const unknownId = id.replace(/[0-9a-zA-Z](?=[^0-9a-zA-Z]*$)/, (last) => (last === '0' ? '1' : '0'))
      for (const reply of (await pry(attacker, { id, unknownId })) ?? []) {
        if (reply.body.includes(diary)) attacker.blame("the relay showed the victim's answer")
        else if (reply.body.includes(queue) && reply.body.includes('"request"'))
          attacker.blame("the relay showed the victim's request")
        else if (reply.body.includes('"removed":true')) attacker.blame("the relay cancelled the victim's request")
        else if (/^\{("queueName":"[^"]*",)?"inQueue":[1-9]/.test(reply.body.toString()))
          attacker.blame("the relay counted the victim's queue")
      }
    },
    { aim: 'other caller' },
  )
}

const strangers: [string, Sent][] = [
  ['another user', { as: 'user' }],
  ['a visitor', { as: 'visitor' }],
  ['a user name with the same ending', { as: 'nobody', headers: { 'x-attack-user': 'xvictor' } }],
  ['a user name with the same beginning', { as: 'nobody', headers: { 'x-attack-user': 'victor2' } }],
  ['a user in capitals', { as: 'nobody', headers: { 'x-attack-user': 'VICTOR' } }],
  ['a user named like the owner', { as: 'nobody', headers: { 'x-attack-user': 'user:victor' } }],
  [
    'a visitor with the user as the session',
    { as: 'nobody', headers: { 'client-session': 'user:victor'.padEnd(30, '\t') } },
  ],
  ['a user named %', { as: 'nobody', headers: { 'x-attack-user': '%' } }],
  ["a user named ' OR 1=1 --", { as: 'nobody', headers: { 'x-attack-user': "' OR 1=1 --" } }],
]

function byId(target: Target): Vector[] {
  return [
    ...strangers.flatMap(([who, sent]) => [
      prying(target, `${who} polls a known id`, async (attacker, { id }) => [
        await attacker.ask('GET', `/requests?ids=${id}`, sent),
      ]),
      prying(target, `${who} cancels a known id`, async (attacker, { id }) => [
        await attacker.ask('DELETE', `/requests/${id}`, sent),
      ]),
      prying(target, `${who} reads the history`, async (attacker) => [
        await attacker.ask('GET', '/requests?limit=100', sent),
      ]),
      prying(target, `${who} counts a known queue`, async (attacker) => [
        await attacker.ask('GET', `/queues/${queue}`, sent),
      ]),
    ]),
    vectorOfDifference(
      target,
      "the answer to a poll for another caller's record differs from that for a missing one",
      (id) => ['GET', `/requests?ids=${id}`],
    ),
    vectorOfDifference(
      target,
      "the answer to a cancel of another caller's record differs from that for a missing one",
      (id) => ['DELETE', `/requests/${id}`],
    ),
    prying(target, 'an id among many', async (attacker, { id, unknownId }) => [
      await attacker.ask('GET', `/requests?ids=${unknownId},${id}:x,${id}`),
    ]),
    ...[
      (id: string) => `${id}' OR '1'='1`,
      (id: string) => `${id}%`,
      () => '%',
      () => '_',
      () => '*',
      (id: string) => id.toUpperCase(),
      (id: string) => `${id}\0`,
      (id: string) => `${id} `,
      (id: string) => `["${id}"]`,
    ].map((write, index) =>
      prying(target, `an id as ${write('ID').replace('\0', 'NUL')} (${index})`, async (attacker, { id }) => [
        await attacker.ask('GET', `/requests?ids=${encodeURIComponent(write(id))}`),
        await attacker.ask('DELETE', `/requests/${encodeURIComponent(write(id))}`),
      ]),
    ),
  ]
}

/** The control always differs, because it shows the record. */
function vectorOfDifference(target: Target, name: string, ask: (id: string) => [string, string]): Vector {
  return prying(target, name, async (attacker, { id, unknownId }) => {
    const known = await attacker.ask(...ask(id))
    const unknown = await attacker.ask(...ask(unknownId))
    const plain = ({ status, body }: Reply) =>
      `${status} ${body.toString().replaceAll(id, 'ID').replaceAll(unknownId, 'ID')}`
    if (plain(known) !== plain(unknown)) attacker.blame(`${plain(known)} differs from ${plain(unknown)}`)
  })
}

/** Results of a careless `authenticate` for two different people. */
const oddIdentities: [one: unknown, other: unknown][] = [
  [{ a: 1 }, { b: 2 }],
  [{ a: 1 }, '[object Object]'],
  [['victor'], 'victor'],
  [['victor'], ['victor']],
  [5, '5'],
  [true, 'true'],
]

function byOddIdentity(target: Target): Vector[] {
  const as = (id: unknown): Sent => ({ as: 'nobody', headers: { 'x-attack-user': JSON.stringify({ id }) } })
  return oddIdentities.map(([one, other]) =>
    vector(
      13,
      `authenticate returns the id ${JSON.stringify(one)} for one user, and ${JSON.stringify(other)} for the other`,
      async (attacker) => {
        attacker.world({ answer: () => [httpAnswer({ body: JSON.stringify({ diary }) })] })
        // The relay may answer with an error here, because authenticate is broken.
        const id = idOf(await attacker.probe(target.baseline(), as(one)))
        const { body } = await attacker.probe(`/requests?ids=${id}`, as(other))
        if (body.includes(diary)) attacker.blame("the relay showed the victim's answer")
      },
      { aim: 'other caller' },
    ),
  )
}

function byQuery(target: Target): Vector[] {
  const queries = [
    'owner=user:victor',
    'owner=%25',
    'limit=100&cursor=9999999999',
    'limit=100&cursor=0',
    "status=resolved'--",
    `queue=${queue}`,
    `queue=diary`,
    "queue=' OR 1=1 --",
    `url=${encodeURIComponent(target.url)}`,
    `url=${encodeURIComponent(target.url)}&method=${target.method}`,
    'compact=false',
    'user=victor',
    '__proto__[owner]=user:victor',
    'limit=1e2',
    'cursor=1%20OR%201=1',
  ]
  const names = [queue.slice(0, 5), `${queue.slice(0, 5)}%`, '%', '_', '..', '%2e%2e', 'diary*']
  return [
    ...queries.map((query) =>
      prying(target, `history with ${query}`, async (attacker) => [await attacker.ask('GET', `/requests?${query}`)]),
    ),
    ...names.map((name) =>
      prying(target, `the count of the queue ${name}`, async (attacker) => [
        await attacker.ask('GET', `/queues/${name}`),
      ]),
    ),
  ].map((one, index) => {
    // Any relay that reads its parameters rejects these or finds nothing, so they say nothing about the control.
    const isIdle = /status=|\.\.|%2e|\*|_$|%$/.test(one.name) && index > 0
    return isIdle ? { ...one, canLeak: false } : one
  })
}

function byChange(target: Target): Vector[] {
  return [
    prying(target, "the victim's idempotency key", async (attacker, { id }) => {
      const headers = { 'idempotency-key': id }
      return [
        await attacker.submit(target.baseline({ queue: 'mine', poll: 1 }), { headers }),
        await attacker.ask('DELETE', `/requests/${id}`, { as: 'visitor' }),
      ]
    }),
    prying(target, 'an owner in the request', async (attacker, { id }) => {
      await attacker.submit({ ...target.baseline(), owner: 'user:victor' })
      await attacker.submit({ ...target.baseline(), id })
      return [await attacker.ask('GET', `/requests?ids=${id}`)]
    }),
  ]
}
