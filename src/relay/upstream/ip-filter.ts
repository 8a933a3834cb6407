import { lookup, type LookupAddress, type LookupOptions } from 'node:dns'
import ipaddr from 'ipaddr.js'
import { ClientSecretError } from '../../protocol/errors.ts'

/** Ranges of ipaddr.js that a rule with `allowPrivateNetwork` opens. Link-local, where clouds keep their credentials, is not among them. */
const privateRanges = new Set<string>(['loopback', 'private', 'uniqueLocal', 'carrierGradeNat'])

/**
 * Services that hand out a machine's credentials from an address inside those
 * ranges, or from a public one. All others that are known (OpenStack, DigitalOcean,
 * Hetzner, Huawei, IBM, Tencent, Vultr, and those of containers) are link-local.
 */
const metadataNetworks = [
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

/** IPv4 written as IPv6 in the way that was given up; nobody is there, and some systems connect to the IPv4. */
const ipv4Compatible = ipaddr.parseCIDR('::/96')

/** May the relay connect to this address? */
export function isAllowedAddress(address: string, allowPrivateNetwork: boolean): boolean {
  if (!ipaddr.isValid(address)) return false
  // Unwraps IPv4 in IPv6; other ways to wrap it (NAT64, 6to4, Teredo) are ranges of their own and refused.
  const parsed = ipaddr.process(address)
  if (
    [...metadataNetworks, ipv4Compatible].some(
      (network) => network[0].kind() === parsed.kind() && parsed.match(network),
    ) &&
    parsed.toString() !== '::1'
  )
    return false
  const range = parsed.range()
  return range === 'unicast' || (allowPrivateNetwork && privateRanges.has(range))
}

export function addressRefused(host: string): ClientSecretError {
  return new ClientSecretError(
    'NOT_ALLOWED',
    `${host} is an address of this machine or its network. If the relay should call it, the key's rule needs allowPrivateNetwork: true.`,
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
 * Resolves a name once, refuses it if any of its addresses is out of bounds, and
 * hands on just these addresses, so that what was checked is what is connected to.
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
