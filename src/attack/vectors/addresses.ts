import { publicAddress } from '../fake-internet.ts'
import { metadata } from '../forbidden-addresses.ts'
import type { Target } from '../target.ts'
import { attempts, spread, vector, type Attempt, type Vector } from '../vector.ts'

const inside = [
  '127.0.0.1',
  '127.9.9.9',
  '10.0.0.1',
  '172.16.0.1',
  '172.31.255.254',
  '192.168.1.1',
  '100.64.0.1',
  '::1',
  '::ffff:127.0.0.1',
  '::ffff:10.0.0.1',
  'fd12::1',
  'fc00::1',
  '64:ff9b::7f00:1',
  '2002:7f00:1::',
  '::7f00:1',
  '198.18.0.1',
  '240.0.0.1',
  '192.0.2.1',
  'ff02::1',
  '2001:db8::1',
]

/** Spellings in urls. */
const spellings = [
  '127.0.0.1',
  '127.1',
  '127.0.1',
  '0x7f.1',
  '0x7f000001',
  '2130706433',
  '017700000001',
  '0177.0.0.1',
  '0177.0.0.0x1',
  '127.0.0.1.',
  '[::1]',
  '[0:0:0:0:0:0:0:1]',
  '[::ffff:127.0.0.1]',
  '[::ffff:7f00:1]',
  '[64:ff9b::7f00:1]',
  '[2002:7f00:1::]',
  '[::7f00:1]',
  '10.0.0.1',
  '192.168.0.1',
  '172.16.0.1',
  '100.64.0.1',
  '169.254.169.254',
  '0xa9fea9fe',
  '2852039166',
  '0251.0376.0251.0376',
  '169.254.43518',
  '[::ffff:169.254.169.254]',
  '[fd00:ec2::254]',
  '[fd00:c1::a9fe:a9fe]',
  '[fd00:42::42]',
  '[fe80::1]',
  '0.0.0.0',
  '0',
  '[::]',
  'localhost',
  'LOCALHOST',
  'localhost.',
  'api.localhost',
  '①②⑦.⓪.⓪.①',
  '１２７.0.0.1',
  '127。0。0。1',
  '%31%32%37.0.0.1',
  '100.100.100.200',
  '168.63.129.16',
  '224.0.0.1',
  '255.255.255.255',
]

/** Rows 5 and 6: an allowed name resolves to an internal address, immediately or later. */
export function addresses(targets: readonly Target[]): Vector[] {
  return targets.flatMap((target, index) => {
    const forbidden = target.rule.allowPrivateNetwork ? metadata : [...metadata, ...inside]
    const isFirst =
      targets.findIndex(({ rule }) => rule.allowPrivateNetwork === target.rule.allowPrivateNetwork) === index
    return [
      ...attempts(5, target, byLiteral(target, isFirst ? spellings : spread(spellings, 8, index))),
      // An address needs no lookup.
      ...(/^[\d.[]/.test(target.host)
        ? []
        : [
            ...attempts(5, target, byName(target, isFirst ? forbidden : spread(forbidden, 6, index))),
            ...rebinding(target, forbidden),
          ]),
    ]
  })
}

/** Addresses after a user name that looks like the allowed host. For wildcard hosts, also as the host itself. */
function byLiteral(target: Target, list: string[]): [string, Attempt][] {
  const { scheme, host, path, isWildcard } = target
  return list.flatMap((spelling): [string, Attempt][] => [
    [`${spelling} after a user name`, { request: target.baseline({ url: `${scheme}//${host}@${spelling}${path}` }) }],
    ...(isWildcard
      ? [
          [`${spelling} as the host`, { request: target.baseline({ url: `${scheme}//${spelling}${path}` }) }] as [
            string,
            Attempt,
          ],
        ]
      : []),
  ])
}

function byName(target: Target, list: string[]): [string, Attempt][] {
  return list.flatMap((address): [string, Attempt][] => [
    [
      `its host has the address ${address}`,
      { request: target.baseline(), world: { addresses: { [target.host]: [[address]] } } },
    ],
    [
      `its host has the address ${address} beside a public one`,
      { request: target.baseline(), world: { addresses: { [target.host]: [[address, publicAddress]] } } },
    ],
  ])
}

function rebinding(target: Target, forbidden: string[]): Vector[] {
  const at = (name: string, lookups: string[][], times: number, queue?: string) =>
    vector(6, `${target.title}: ${name}`, async (attacker) => {
      attacker.world({ addresses: { [target.host]: lookups } })
      for (let turn = 0; turn < times; turn++) await attacker.submit(target.baseline(queue ? { queue } : {}))
    })
  return spread(forbidden, Math.ceil(forbidden.length / 3), 0).flatMap((address) => [
    at(`public when looked up first, then ${address}`, [[publicAddress], [address]], 1),
    at(`public when looked up first, then ${address}, in a second request`, [[publicAddress], [address]], 2),
    at(
      `public when looked up twice, then ${address}, in a third request`,
      [[publicAddress], [publicAddress], [address]],
      3,
    ),
    at(`public when it is queued, then ${address}`, [[publicAddress], [address]], 2, 'rebinding'),
  ])
}
