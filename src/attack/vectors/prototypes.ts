import type { Target, Wish } from '../target.ts'
import { attempts, vector, type Attempt, type Vector } from '../vector.ts'

const names = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'valueOf']

/** Row 21: names of inherited properties. Written as JSON text, because `__proto__` in an object literal sets the prototype. */
export function prototypes(targets: readonly Target[]): Vector[] {
  return [
    ...targets.slice(0, 2).flatMap((target) => attempts(21, target, [...asKeys(target), ...asMembers(target)])),
    ...targets.slice(0, 1).flatMap((target) => asIds(target)),
  ]
}

const text = (target: Target, change: Partial<Wish>, name: string) =>
  JSON.stringify(target.baseline(change)).replaceAll('@@', name)

function asKeys(target: Target): [string, Attempt][] {
  return names.map((name) => [
    `${name} as the name of the key`,
    { request: text(target, { clientSecretName: '@@' }, name), mayCall: false, canLeak: false },
  ])
}

function asMembers(target: Target): [string, Attempt][] {
  const baseline = target.baseline()
  return names.slice(0, 3).flatMap((name): [string, Attempt][] => [
    [
      `${name} as a header`,
      { request: text(target, { headers: { ...baseline.headers, '@@': '$CLIENT_SECRET' } }, name) },
    ],
    [
      `${name} as a parameter`,
      { request: text(target, { params: { ...(baseline['params'] as object), '@@': '$CLIENT_SECRET' } }, name) },
    ],
    [
      `${name} as a field of the request`,
      { request: text(target, { '@@': { url: 'https://evil.example/' } }, name), canLeak: false },
    ],
    [`${name} as a queue`, { request: text(target, { queue: '@@' }, name), canLeak: false }],
    ...(target.hasBody
      ? ([
          [
            `${name} in data`,
            {
              request: text(
                target,
                { data: { ...(baseline.data as object), '@@': { isAdmin: '$CLIENT_SECRET' } } },
                name,
              ),
            },
          ],
          [
            `${name} in a form`,
            {
              request: text(
                target,
                {
                  data: { ...(baseline.data as object), '@@': { '@@': '$CLIENT_SECRET' } },
                  headers: { ...baseline.headers, 'content-type': 'application/x-www-form-urlencoded' },
                },
                name,
              ),
            },
          ],
        ] as [string, Attempt][])
      : []),
  ])
}

function asIds(target: Target): Vector[] {
  return names.map((name) =>
    vector(
      21,
      `${target.title}: ${name} as an id, a queue and a filter`,
      async (attacker) => {
        await attacker.ask('GET', `/requests?ids=${name}`)
        await attacker.ask('DELETE', `/requests/${name}`)
        await attacker.ask('GET', `/queues/${name}`)
        await attacker.ask('GET', `/requests?${name}=1&status=${name}&cursor=${name}`)
      },
      { canLeak: false, aim: 'answer' },
    ),
  )
}
