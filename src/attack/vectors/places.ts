import { withValueAt, type Target, type Wish } from '../target.ts'
import { attempts, some, type Attempt, type Vector } from '../vector.ts'

const placeholder = '$CLIENT_SECRET'
const headerNames = [
  'x-api-key',
  'x-leak',
  'user-agent',
  'referer',
  'accept',
  'accept-language',
  'authorization',
  'if-none-match',
  'content-language',
  'x-request-id',
]
const paramNames = ['q', 'search', 'callback', 'key', '$', 'a[b]', '']
const pointers = [
  'prompt',
  'messages/0/content',
  'metadata/user/note',
  'a/b/c/d/e/f/g/h/i/j',
  Array(60).fill('deep').join('/'),
  '',
  'a~1b',
  'client_secret/x',
  '0',
]

/** Rows 2 and 9: the placeholder in undeclared places, alone and next to an allowed one, and text that only resembles it. */
export function places(targets: readonly Target[]): Vector[] {
  return targets.flatMap((target, index) => [
    ...attempts(2, target, some(everywhere(target, placeholder), index)),
    ...attempts(2, target, fieldsOfTheRequest(target)),
    ...attempts(9, target, some(otherWords(target), index)),
  ])
}

function everywhere(target: Target, text: string): [string, Attempt][] {
  const baseline = target.baseline()
  const beside = (change: Partial<Wish>) => target.baseline(change)
  const list: [string, Wish][] = []

  for (const name of headerNames.filter((one) => !target.places.includes(`headers.${one}`))) {
    list.push([`in the header ${name}`, beside({ headers: { ...baseline.headers, [name]: text } })])
  }
  list.push(['in the name of a header', beside({ headers: { ...baseline.headers, [`x-${text}`]: 'x' } })])
  list.push([
    'in the content type',
    beside({ headers: { ...baseline.headers, 'content-type': `application/json; a=${text}` } }),
  ])

  const params = baseline['params'] as object | undefined
  for (const name of paramNames.filter((one) => !target.places.includes(`params.${one}`))) {
    list.push([`in the parameter "${name}"`, beside({ params: { ...params, [name]: text } })])
  }
  list.push(['in a list of a parameter', beside({ params: { ...params, list: ['a', text] } })])
  list.push(['in the name of a parameter', beside({ params: { ...params, [text]: 'x' } })])
  const { url } = target
  list.push(['in the query of the url', beside({ url: `${url}?q=${text}` })])
  list.push(['in the query of the url, without a name', beside({ url: `${url}?${text}` })])
  list.push(['as a name in the query of the url', beside({ url: `${url}?${text}=1` })])
  list.push(['in the query, after another ?', beside({ url: `${url}?a=b?c=${text}` })])
  list.push(['in the query, after an encoded &', beside({ url: `${url}?a=b%26c=${text}` })])
  if (!target.places.includes('url.path')) {
    list.push(['as the last segment of the path', beside({ url: url.replace(/[^/]*$/, text) })])
    list.push(['after the path', beside({ url: `${url}/${text}` })])
    list.push(['as a parameter of the path', beside({ url: `${url};a=${text}` })])
  } else {
    list.push(['in another segment of the path', beside({ url: `${url}/${text}` })])
  }

  if (target.hasBody) {
    const data = baseline.data ?? {}
    const isForm = { ...baseline.headers, 'content-type': 'application/x-www-form-urlencoded' }
    for (const pointer of pointers.filter((one) => !target.places.includes(`data#/${one}`))) {
      const filled = withValueAt(data, pointer.split('/'), text)
      const shown = pointer.length > 40 ? `${pointer.slice(0, 20)}…` : pointer
      list.push([`in data#/${shown}`, beside({ data: filled })])
      if (pointer.length < 40)
        list.push([`in the form field data#/${shown}`, beside({ data: filled, headers: isForm })])
    }
    list.push(['in a list of data', beside({ data: { ...data, list: [[['x', text]]] } })])
    list.push(['as a name in data', beside({ data: { ...data, [text]: 'x' } })])
    list.push(['as a name deep in data', beside({ data: { ...data, a: [{ [text]: { b: 1 } }] } })])
    list.push(['as a name in a form', beside({ data: { ...data, [text]: 'x' }, headers: isForm })])
    list.push(['in a longer text of data', beside({ data: { ...data, prompt: `Say: "${text}", twice: ${text}!` } })])
  }
  return list.map(([name, request]) => [name, { request }])
}

/** Fields that the relay does not send upstream, but returns to the caller or stores in the record. */
function fieldsOfTheRequest(target: Target): [string, Attempt][] {
  const back = { aim: 'answer' } as const
  return [
    ['in the name of the queue', { request: target.baseline({ queue: placeholder }), ...back }],
    ['in an unknown field', { request: target.baseline({ note: placeholder }), ...back }],
    ['in the name of the key', { request: target.baseline({ clientSecretName: placeholder }), canLeak: false }],
    ['in the method', { request: target.baseline({ method: `${target.method} ${placeholder}` }) }],
    ['in the fragment', { request: target.baseline({ url: `${target.url}#${placeholder}` }), canLeak: false }],
  ]
}

/** Similar words in an undeclared place, next to an allowed placeholder. */
function otherWords(target: Target): [string, Attempt][] {
  const headers = (value: string) => ({ ...target.baseline().headers, 'x-attack': value })
  // A text replacement would find the placeholder in these.
  const containing = [
    '$CLIENT_SECRET_2',
    '$CLIENT_SECRETS',
    '$CLIENT_SECRET$CLIENT_SECRET',
    '$$CLIENT_SECRET',
    '\\$CLIENT_SECRET',
    '{$CLIENT_SECRET}',
    '$CLIENT_SECRET\t',
    '$CLIENT_SECRET.x',
    '"$CLIENT_SECRET"',
    '$CLIENT_SECRET$&',
    'x$CLIENT_SECRETx',
  ]
  // Only an unnecessary decoding would find the placeholder in these.
  const resembling = [
    '$client_secret',
    '${CLIENT_SECRET}',
    '%24CLIENT_SECRET',
    '%24%43LIENT_SECRET',
    '&#36;CLIENT_SECRET',
    '$CLIENT%5FSECRET',
    'JENMSUVOVF9TRUNSRVQ=',
    '$CLIENT SECRET',
  ]
  const json = (change: Partial<Wish>) => JSON.stringify(target.baseline(change))
  const declared = target.places.find((place) => place.startsWith('headers.'))?.slice('headers.'.length)
  return [
    ...containing.map((text): [string, Attempt] => [
      `${text.trim()} in a header`,
      { request: target.baseline({ headers: headers(text) }) },
    ]),
    ...containing
      .slice(0, 4)
      .map((text): [string, Attempt] => [
        `${text} as a parameter`,
        { request: target.baseline({ params: { ...(target.baseline()['params'] as object), attack: text } }) },
      ]),
    ...resembling.map((text): [string, Attempt] => [
      `${text} in a header`,
      { request: target.baseline({ headers: headers(text) }), canLeak: false },
    ]),
    [
      'split over two headers',
      { request: target.baseline({ headers: { ...headers('$CLIENT_'), 'x-attack-2': 'SECRET' } }), canLeak: false },
    ],
    [
      'split over a list',
      {
        request: target.baseline({ params: { ...(target.baseline()['params'] as object), a: ['$CLIENT_', 'SECRET'] } }),
        canLeak: false,
      },
    ],
    [
      'unicode-escaped in the JSON text, in a header',
      { request: json({ headers: headers('@@') }).replace('@@', '\\u0024CLIENT\\u005fSECRET') },
    ],
    [
      'unicode-escaped in the JSON text, in the url',
      { request: json({ url: `${target.url}?q=@@` }).replace('@@', '\\u0024CLIENT_SECRET') },
    ],
    [
      'given twice in the JSON text',
      { request: json({}).replace(/}$/, `,"headers":${JSON.stringify({ ...headers(placeholder) })}}`) },
    ],
    // The relay decodes the query of a url once, so this is the placeholder.
    [
      'percent-encoded in the query of the url',
      { request: target.baseline({ url: `${target.url}?q=%24CLIENT_SECRET` }), canLeak: false },
    ],
    [
      'percent-encoded in the path',
      { request: target.baseline({ url: `${target.url.replace(placeholder, 'x')}/%24CLIENT_SECRET` }), canLeak: false },
    ],
    [
      'full-width in the query of the url',
      { request: target.baseline({ url: `${target.url}?q=＄CLIENT_SECRET` }), canLeak: false },
    ],
    ...(declared
      ? ([
          [
            'only a longer word, in a declared header',
            {
              request: target.baseline({ headers: { [declared]: '$CLIENT_SECRET_2' } }),
              mayCall: false,
              canLeak: false,
            },
          ],
          [
            'only half of it, in a declared header',
            { request: target.baseline({ headers: { [declared]: '$CLIENT_' } }), mayCall: false, canLeak: false },
          ],
        ] as [string, Attempt][])
      : []),
  ]
}
