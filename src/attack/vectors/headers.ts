import { marker } from '../detect-leaks.ts'
import type { Target } from '../target.ts'
import { attempts, some, type Attempt, type Vector } from '../vector.ts'

/** Row 8: headers that inject another header, and headers that forge the caller or the host. */
export function headers(targets: readonly Target[]): Vector[] {
  return targets.flatMap((target, index) => [
    ...attempts(8, target, some(injected(target), index)),
    ...attempts(8, target, some(forged(target), index)),
    ...attempts(8, target, some(methods(target), index)),
  ])
}

function injected(target: Target): [string, Attempt][] {
  const baseline = target.baseline()
  const value = (name: string, text: string, details: Partial<Attempt> = {}): [string, Attempt] => [
    `${name} in a value`,
    { request: target.baseline({ headers: { ...baseline.headers, 'x-attack': text } }), aim: 'header', ...details },
  ]
  const named = (name: string, text: string): [string, Attempt] => [
    `${name} in a name`,
    { request: target.baseline({ headers: { ...baseline.headers, [text]: 'x' } }), aim: 'header' },
  ]
  const injection = `x-injected: ${marker}`
  return [
    value('CR LF', `a\r\n${injection}`),
    value('LF', `a\n${injection}`),
    value('CR', `a\r${injection}`),
    value('CR LF at the beginning', `\r\n${injection}`),
    value('a second request', `a\r\n\r\nGET /smuggled HTTP/1.1\r\nhost: ${marker}\r\n\r\n`),
    value('a folded line', `a\r\n ${injection}`, { canLeak: false }),
    value('NUL', `a\0${injection}`, { canLeak: false }),
    value('characters that are CR and LF in their low byte', `a\u010d\u010a${injection}`, { canLeak: false }),
    value('a line separator', `a\u2028${injection}`, { canLeak: false }),
    value('an escape', `a\\r\\n${injection}`, { canLeak: false }),
    value('a percent-encoded line break', `a%0d%0a${injection}`, { canLeak: false }),
    named('CR LF', `x-a: b\r\n${injection}\r\nx-b`),
    named('LF', `x-a: b\n${injection}\nx-b`),
    named('a colon', `x-injected: ${marker}`),
    ...['', ' ', 'x a', 'x\0a', ':authority', 'x-ſ', '\u212Aey', 'x\ta', '(x)', 'x,y'].map(
      (name): [string, Attempt] => [
        `${JSON.stringify(name)} as a name`,
        { request: target.baseline({ headers: { ...baseline.headers, [name]: 'x' } }), canLeak: false, mayCall: false },
      ],
    ),
    [
      'a placeholder after CR LF',
      { request: target.baseline({ headers: { ...baseline.headers, accept: 'a\r\nx-attack: $CLIENT_SECRET' } }) },
    ],
    [
      'the same name in two letter cases',
      {
        request: target.baseline({
          headers: { ...baseline.headers, 'x-attack': 'a', 'X-Attack': '$CLIENT_SECRET' },
        }),
      },
    ],
    [
      'a declared name in other letters, twice',
      {
        request: target.baseline({ headers: { ...baseline.headers, Authorization: 'a', AUTHORIZATION: 'b' } }),
        canLeak: false,
        mayCall: false,
      },
    ],
    [
      'a hundred headers more than there may be',
      {
        request: target.baseline({
          headers: {
            ...baseline.headers,
            ...Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`x-${n}`, 'x'])),
          },
        }),
        canLeak: false,
        mayCall: false,
      },
    ],
  ]
}

const ownedByTheConnection = [
  'host',
  'connection',
  'keep-alive',
  'transfer-encoding',
  'te',
  'trailer',
  'upgrade',
  'expect',
  'cookie',
  'cookie2',
  'forwarded',
  'via',
  'proxy-authorization',
  'proxy-connection',
  'proxy-authenticate',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-real-ip',
  'x-http-method-override',
  'x-http-method',
  'x-method-override',
  'x-original-url',
  'x-rewrite-url',
  // CGI and some servers treat an underscore as a dash.
  'x_forwarded_for',
  'x_forwarded-host',
  'x_real_ip',
  'transfer_encoding',
  'proxy_authorization',
  'x_http_method_override',
  'x_original_url',
  'x-original-host',
  'x-host',
  // Proxies use these for the caller's address.
  'true-client-ip',
  'true_client_ip',
  'cf-connecting-ip',
  'cf-ipcountry',
  'x-client-ip',
  'x-cluster-client-ip',
  'x-proxyuser-ip',
  'x-original-forwarded-for',
  'x-envoy-external-address',
  'x-azure-clientip',
  'fastly-client-ip',
  'client-ip',
  'forwarded-for',
]

function forged(target: Target): [string, Attempt][] {
  const { headers: baseline } = target.baseline()
  return [
    ...ownedByTheConnection.map((name, index): [string, Attempt] => {
      const spelled = index % 2 ? name.toUpperCase() : name
      return [
        `the header ${spelled}`,
        { request: target.baseline({ headers: { ...baseline, [spelled]: `${marker}.example` } }), aim: 'header' },
      ]
    }),
    ...['0', '1', '99999', '-1', '5, 6'].map((length): [string, Attempt] => [
      `a content-length of ${length}`,
      {
        request: target.baseline({ headers: { ...baseline, 'Content-Length': length } }),
        canLeak: false,
        mayCall: false,
        mayCallAsFetch: true,
      },
    ]),
    [
      'transfer-encoding chunked',
      {
        request: target.baseline({ headers: { ...baseline, 'Transfer-Encoding': 'chunked' } }),
        canLeak: false,
        mayCall: false,
        mayCallAsFetch: true,
      },
    ],
  ]
}

function methods(target: Target): [string, Attempt][] {
  const allowed = target.rule.methods.map((method) => method.toUpperCase())
  const others = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'TRACE', 'CONNECT', 'DEBUG'].filter(
    (method) => !allowed.includes(method),
  )
  return [
    ...others.map((method): [string, Attempt] => [
      `the method ${method}`,
      { request: { ...target.baseline({ method }), data: undefined }, mayCall: false, aim: 'call' },
    ]),
    [
      'a line break in the method',
      {
        request: target.baseline({ method: `${target.method} / HTTP/1.1\r\nx-injected: ${marker}\r\nx: ` }),
        aim: 'header',
      },
    ],
    ...[' ', `${target.method}\t`, '', 'ＰＯＳＴ'].map((method): [string, Attempt] => [
      `the method ${JSON.stringify(method)}`,
      { request: target.baseline({ method }), mayCall: false, aim: 'call' },
    ]),
  ]
}
