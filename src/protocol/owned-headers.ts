/**
 * Headers of the connection, or about the browser instead of the request. A request with one is refused; `fetchWith`
 * drops them, because SDKs set some. Those of proxies, below, are refused in both.
 */
const connectionHeader =
  /^(host|content-length|connection|keep-alive|transfer-encoding|te|trailer|upgrade|expect|cookie2?|via|accept-encoding|proxy(-.*)?)$/

/**
 * Headers in which proxies report the caller, the host, or the original method and url
 * to the servers behind them. Some servers would believe a caller's values.
 */
const proxyHeaders = [
  /(^|-)forwarded(-|$)/,
  /(^|-)(ip|ipv4|ipv6|method-override|host-override)$/,
  /^x-(host|http-method)$/,
  /^x-(original|rewrite|real|envoy|azure)-/,
  /^(x-)?remote-(addr|host|user)$/,
  // Except the headers that Cloudflare's own gateways need from callers.
  /^cf-(?!access-client-(id|secret)$|aig-)/,
]

/** Whether the relay sets this header itself, or must not forward it. */
export function isOwnedByRelay(name: string): boolean {
  // Servers with headers as variables, as in CGI, read other characters as `-`.
  const known = name.toLowerCase().replace(/[^a-z0-9]+/g, '-')
  return connectionHeader.test(known) || proxyHeaders.some((family) => family.test(known))
}

/** Whether the header belongs to a connection. A `fetch` silently drops it. */
export function isOfConnection(name: string): boolean {
  return connectionHeader.test(name.toLowerCase())
}
