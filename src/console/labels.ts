/** The labels of the form, by the relay's own names for its options. */
export const labels = {
  in: 'Where the key goes',
  allowPrivateNetwork: 'Allow HTTP and private addresses',
  retryable: 'Repeat interrupted POST and PATCH requests',
  settings: 'Settings of the value (JSON)',
  'limits.requestsPerMinute': 'Requests per minute',
  'limits.unsettled': 'Requests in progress',
  'limits.bytesPerDay': 'Bytes per day',
} as const

/** The kinds of places in a request that can hold the key, by the beginning of the relay's name. */
export const placeKinds = {
  'headers.': { title: 'Header', name: 'Header name' },
  'params.': { title: 'Query parameter', name: 'Parameter name' },
  'data#/': { title: 'Body field', name: 'Field path, such as auth/key' },
  'url.path': { title: 'Path', name: '' },
} as const

export type PlaceKind = keyof typeof placeKinds

export function kindOf(place: string): PlaceKind {
  return (Object.keys(placeKinds) as PlaceKind[]).find((kind) => place.startsWith(kind)) ?? 'headers.'
}

/** A place in words, such as "header authorization". */
export function placeInWords(place: string): string {
  const kind = kindOf(place)
  return `${placeKinds[kind].title.toLowerCase()} ${place.slice(kind.length)}`.trim()
}

/**
 * Says a sentence of the relay in the words of the form. The relay names its
 * options, and the form shows a label for each of them.
 */
export function inFormWords(sentence: string): string {
  return Object.entries(labels)
    .reduce((text, [option, label]) => {
      const name = option === 'in' ? '"in"' : option.replace('.', '\\.')
      return text
        .replace(new RegExp(`\\bset ${name}(: true)?`, 'g'), `tick “${label}”`)
        .replace(new RegExp(`(?<![\\w.])${name}(: true)?(?!\\w)`, 'g'), `“${label}”`)
    }, sentence)
    .replace(/(?<![\w./-])((?:headers\.|params\.|data#\/)(?=[\w<])|url\.path\b)/g, (kind) =>
      kind === 'url.path' ? 'path' : `${placeInWords(kind)} `,
    )
}
