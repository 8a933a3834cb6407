import { administratorHeader } from '../attacker.ts'
import { httpAnswer } from '../raw-http.ts'
import type { World } from '../fake-internet.ts'
import type { Target } from '../target.ts'
import { vector, type Vector } from '../vector.ts'

/** Row 15: traces of a call in the log, errors, metrics and the database. */
export function traces(targets: readonly Target[]): Vector[] {
  return targets.flatMap((target, index) => [
    ...(['log', 'database'] as const).flatMap((aim) =>
      worlds(target)
        // Every outcome of a call for the first key, and a share for each other key.
        .filter((_, at) => index === 0 || at === index % 4)
        .map(([name, world, canLeak = true]) =>
          vector(
            15,
            `${target.title}: the ${aim} after ${name}`,
            async (attacker) => {
              attacker.world(world)
              await attacker.submit(target.baseline(index % 2 ? { queue: 'traces' } : {}))
            },
            // When the vulnerable relay cannot read the answer, it has logged the call but stored nothing.
            { aim, canLeak: aim === 'log' || canLeak },
          ),
        ),
    ),
    ...(index < 2 ? looks(target) : []),
  ])
}

function worlds({ canary }: Target): [name: string, world: Partial<World>, canLeak?: boolean][] {
  const raw = (text: string): Partial<World> => ({ answer: () => [Buffer.from(text, 'latin1')] })
  return [
    ['a call', {}],
    ['an echo', { answer: () => [httpAnswer({ body: JSON.stringify({ canary }), headers: { 'x-echo': canary } })] }],
    ['an error that echoes', { answer: () => [httpAnswer({ status: 500, body: JSON.stringify({ error: canary }) })] }],
    [
      'a redirect that echoes',
      { answer: () => [httpAnswer({ status: 302, headers: { location: `/${encodeURIComponent(canary)}` } })] },
    ],
    ['a broken connection', { answer: () => [null] }, false],
    [
      'an answer that breaks off',
      { answer: () => [Buffer.from(`HTTP/1.1 200 OK\r\ncontent-length: 999\r\n\r\n${canary}`, 'latin1'), null] },
      false,
    ],
    ['an answer that is not HTTP', raw(`${canary}\r\n\r\n`), false],
    ['a status that is not a number', raw(`HTTP/1.1 ${canary}\r\n\r\n`), false],
    ['an invalid header', raw(`HTTP/1.1 200 OK\r\n${canary}\r\n\r\n`), false],
    ['a header that is too large', raw(`HTTP/1.1 200 OK\r\nx-echo: ${canary}${'x'.repeat(70_000)}\r\n\r\n`), false],
    ['a chunk without a size', raw(`HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${canary}\r\n`), false],
    ['an invalid length', raw(`HTTP/1.1 200 OK\r\ncontent-length: ${canary}\r\n\r\n`), false],
    ['an encoding named like the secret', { answer: () => [httpAnswer({ headers: { 'content-encoding': canary } })] }],
    [
      'bytes that are not gzip',
      { answer: () => [httpAnswer({ headers: { 'content-encoding': 'gzip' }, body: canary })] },
    ],
    ['a name with an internal address', { addresses: {} }],
  ]
}

/** Row 15 again, after all other vectors: everything written since then, and the metrics for an administrator. */
export function everythingKept(lane: number): Vector {
  return vector(
    15,
    `all data stored by relay ${lane + 1}`,
    async (attacker) => {
      await attacker.ask('GET', '/metrics', { headers: { [administratorHeader]: 'yes' } })
    },
    { aim: 'database' },
  )
}

/** Routes with information about the relay itself. */
function looks(target: Target): Vector[] {
  const doors: [method: string, path: string, canLeak?: boolean][] = [
    ['GET', '/health'],
    ['GET', '/metrics'],
    ['GET', '/health?verbose=1', false],
    ['GET', '/', false],
    ['GET', '/keys', false],
    ['GET', '/.env', false],
    ['GET', '/requests?limit=abc', false],
    ['GET', '/../relay.config.ts', false],
    ['TRACE', '/requests', false],
  ]
  return doors.map(([method, path, canLeak = true]) =>
    vector(
      15,
      `${target.title}: ${method} ${path} after a call`,
      async (attacker) => {
        await attacker.victim.submit(target.baseline())
        const headers = { authorization: 'Bearer admin' }
        await attacker.ask(method, path, { as: 'nobody', headers })
      },
      { aim: 'answer', canLeak },
    ),
  )
}
