/** Set by the connection itself, or about the browser and not about the request. */
const connectionHeader =
  /^(host|content-length|connection|keep-alive|transfer-encoding|te|trailer|upgrade|expect|cookie2?|via|accept-encoding|proxy(-.*)?)$/

/**
 * Families in which proxies tell the servers behind them what they have seen: who
 * called, as which host, and which method and url is really meant. What a caller
 * writes there, some servers believe.
 */
const proxyHeaders = [
  /(^|-)forwarded(-|$)/,
  /(^|-)(ip|ipv4|ipv6|method-override|host-override)$/,
  /^x-(host|http-method)$/,
  /^x-(original|rewrite|real|envoy|azure)-/,
  /^(x-)?remote-(addr|host|user)$/,
  // Apart from what callers of Cloudflare's own gateways must send.
  /^cf-(?!access-client-(id|secret)$|aig-)/,
]

/** Whether the relay sets this header itself, or must not forward it. */
export function isOwnedByRelay(name: string): boolean {
  // Servers that hand headers on as variables, as CGI does, read other characters as `-`.
  const known = name.toLowerCase().replace(/[^a-z0-9]+/g, '-')
  return connectionHeader.test(known) || proxyHeaders.some((family) => family.test(known))
}

/** Whether it belongs to a connection: a `fetch` drops it in silence. */
export function isOfConnection(name: string): boolean {
  return connectionHeader.test(name.toLowerCase())
}
