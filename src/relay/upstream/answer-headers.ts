/**
 * The headers of an API's answer that reach the caller. They describe the answer.
 * The relay drops headers that act on a browser, a proxy or the connection:
 * cookies, CORS, policies, encodings, lengths. It also drops every name that is
 * not on this list.
 */
const passed: [names: RegExp, reason: string][] = [
  [/^content-(type|language|disposition|range)$/, 'describe the body'],
  [/^(date|etag|last-modified|expires|cache-control|age)$/, 'tell how fresh the answer is'],
  [/^(link|location|allow|accept-ranges|preference-applied)$/, 'lead to other resources, and name the granted options'],
  [/^(retry-after(-ms)?|(.+-)?should-retry|.*ratelimit.*)$/, 'tell whether and when to try again'],
  [/^(deprecation|sunset|warning)$/, 'announce changes of the API'],
  [/^([a-z]+-)?(request-id|idempotency-key)$/, 'let the provider find the call'],
  [/^[a-z]+-(version|processing-ms|model|organization(-id)?|workspace-id)$/, 'name the model and the account'],
  [/^(openai|anthropic|stripe|mcp|dg)-[a-z0-9-]+$/, "are the providers' own, which their SDKs read"],
  [/^(cf-ray|server-timing|character-cost|history-item-id)$/, 'help with a bill or a support case'],
  [
    // Browsers and proxies obey the excluded ones.
    /^x-(?!(frame-options|xss-protection|content-type-options|powered-by|sendfile|accel-.+|.*sourcemap)$).+$/,
    'are not standard',
  ],
]

/** The headers of an answer that reach the caller. Names are in lower case. */
export function passedOn(headers: Record<string, string>, method: string): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).filter(
      ([name, value]) =>
        passed.some(([names]) => names.test(name)) ||
        // SDKs parse no JSON if the length is 0, and HEAD asks for the length. Redaction may change all other lengths.
        (name === 'content-length' && (value === '0' || method === 'HEAD')),
    ),
  )
}
