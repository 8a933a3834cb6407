/**
 * Which headers of an API's answer reach the caller: those that say something about
 * the answer, in HTTP's words or in the API's own. What would act on a browser, on
 * a proxy or on the connection stays here: cookies, CORS, policies, redirects
 * within a server, encodings, lengths. So does every name that is not listed.
 */
const passed: [names: RegExp, reason: string][] = [
  [/^content-(type|language|disposition|range)$/, 'what the body is'],
  [/^(date|etag|last-modified|expires|cache-control|age)$/, 'how fresh it is'],
  [/^(link|location|allow|accept-ranges|preference-applied)$/, 'where to go on, and what was granted'],
  [/^(retry-after(-ms)?|(.+-)?should-retry|.*ratelimit.*)$/, 'whether and when to ask again'],
  [/^(deprecation|sunset|warning)$/, 'what will change'],
  [/^([a-z]+-)?(request-id|idempotency-key)$/, 'by which the provider finds the call'],
  [/^[a-z]+-(version|processing-ms|model|organization(-id)?|workspace-id)$/, 'what answered, and for whom'],
  [/^(openai|anthropic|stripe|mcp|dg)-[a-z0-9-]+$/, "providers' own families, which their SDKs read"],
  [/^(cf-ray|server-timing|character-cost|history-item-id)$/, 'which people look up in a bill or a support case'],
  [
    // What browsers and servers in front obey.
    /^x-(?!(frame-options|xss-protection|content-type-options|powered-by|sendfile|accel-.+|.*sourcemap)$).+$/,
    'all that is not standard',
  ],
]

/** What passes of the headers of an answer, whose names are in lower case. */
export function passedOn(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).filter(
      ([name, value]) =>
        passed.some(([names]) => names.test(name)) ||
        // SDKs read no JSON where it is announced; any other length may be changed by redaction.
        (name === 'content-length' && value === '0'),
    ),
  )
}
