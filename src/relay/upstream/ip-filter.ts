import { lookup, type LookupAddress, type LookupOptions } from 'node:dns'
import ipaddr from 'ipaddr.js'
import { ClientSecretError } from '../../protocol/errors.ts'

/** Ranges of ipaddr.js that `allowPrivateNetwork` opens. Link-local stays closed, because clouds serve credentials there. */
const openableRanges = new Set<string>(['loopback', 'private', 'uniqueLocal', 'carrierGradeNat'])

/**
 * Refused for every rule: services that serve a machine's credentials at an address in these ranges, or at
 * a public one. All other known services (OpenStack, DigitalOcean, Hetzner, Huawei,
 * IBM, Tencent, Vultr, and those for containers) are link-local.
 */
const alwaysRefused = [
  // AWS: instances, pods, name and time servers
  'fd00:ec2::/32',
  // Google
  'fd20:ce::/32',
  // Azure
  '168.63.129.16/32',
  // Oracle, today and Classic
  'fd00:c1::a9fe:a9fe/128',
  '192.0.0.192/32',
  // Alibaba
  '100.100.100.200/32',
  'fd00:100::100:200/128',
  // Akamai, formerly Linode
  'fd00:a9fe:a9fe::1/128',
  // Scaleway
  'fd00:42::42/128',
  // Volcano Engine and BytePlus
  '100.96.0.96/32',
  // UCloud
  '100.80.80.80/32',
].map((network) => ipaddr.parseCIDR(network))

/** The deprecated notation of IPv4 as IPv6. No host has such an address, but some systems connect to the IPv4 address. */
const ipv4Compatible = ipaddr.parseCIDR('::/96')

/** Whether the relay may connect to this address. */
export function isAllowedAddress(address: string, allowPrivateNetwork: boolean): boolean {
  if (!ipaddr.isValid(address)) return false
  // Unwraps IPv4 in IPv6. The other notations (NAT64, 6to4, Teredo) are separate ranges, which are refused.
  const parsed = ipaddr.process(address)
  if (
    [...alwaysRefused, ipv4Compatible].some(
      (network) => network[0].kind() === parsed.kind() && parsed.match(network),
    ) &&
    parsed.toString() !== '::1'
  )
    return false
  const range = parsed.range()
  return range === 'unicast' || (allowPrivateNetwork && openableRanges.has(range))
}

export function addressRefused(host: string): ClientSecretError {
  return new ClientSecretError(
    'NOT_ALLOWED',
    `${host} is an address of this machine or its network. To let the relay call it, set allowPrivateNetwork: true in the key's rule.`,
    { path: 'url' },
  )
}

/** Finds every address of a name. */
export type Resolve = (
  host: string,
  options: LookupOptions,
  callback: (error: Error | null, addresses: LookupAddress[]) => void,
) => void

export const dns: Resolve = (host, options, callback) => lookup(host, { ...options, all: true }, callback)

/** The `lookup` that a socket takes. */
export type SocketLookup = (
  host: string,
  options: LookupOptions,
  callback: (error: Error | null, address: string | LookupAddress[], family?: number) => void,
) => void

/**
 * Resolves a name once, and refuses it if one of its addresses is not allowed. The
 * socket gets exactly the checked addresses.
 */
export function checkedLookup(allowPrivateNetwork: boolean, resolve: Resolve): SocketLookup {
  return (host, options, callback) => {
    resolve(host, options, (error, addresses) => {
      if (error) return callback(error, [])
      if (!addresses.every(({ address }) => isAllowedAddress(address, allowPrivateNetwork)))
        return callback(addressRefused(host), [])
      if (options.all) return callback(null, addresses)
      const [first] = addresses
      callback(null, first!.address, first!.family)
    })
  }
}
