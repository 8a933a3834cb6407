import ipaddr from 'ipaddr.js'

/** The sender of a request to the relay. */
export interface Caller {
  /** The owner of this caller's records. */
  owner: string
  /** The address of the caller, if a trusted proxy says it. */
  address?: string | undefined
}

/** The beginning of the owner of a caller who is not signed in. */
export const visitorPrefix = 'visitor:'

/** True for a caller who is not signed in. */
export function isVisitor(owner: string): boolean {
  return owner.startsWith(visitorPrefix)
}

/** Counts visitors by their network, if it is known, because a visitor can have any number of sessions. */
export function countedAs({ owner, address }: Caller): string {
  return isVisitor(owner) && address ? `address:${network(address)}` : owner
}

/** A host with one IPv6 address usually has a whole /64. */
function network(address: string): string {
  if (!ipaddr.isValid(address)) return address
  const parsed = ipaddr.process(address)
  return parsed.kind() === 'ipv6' ? parsed.toByteArray().slice(0, 8).join('.') : parsed.toString()
}
