/** The code of the character that HTML knows by this name, in whatever case. */
export const htmlCodeOf = (word: string): number | undefined => names.get(word.toLowerCase())

/** What HTML calls the characters of ASCII that are no letters and digits, and those that nobody sees. */
const names = new Map(
  Object.entries({
    '\t': 'tab',
    '\n': 'newline',
    ' ': 'nbsp ensp emsp thinsp',
    '!': 'excl',
    '"': 'quot',
    '#': 'num',
    $: 'dollar',
    '%': 'percnt',
    '&': 'amp',
    "'": 'apos',
    '(': 'lpar',
    ')': 'rpar',
    '*': 'ast midast',
    '+': 'plus',
    ',': 'comma',
    '-': 'hyphen dash minus ndash',
    '.': 'period',
    '/': 'sol',
    ':': 'colon',
    ';': 'semi',
    '<': 'lt',
    '=': 'equals',
    '>': 'gt',
    '?': 'quest',
    '@': 'commat',
    '[': 'lsqb lbrack',
    '\\': 'bsol',
    ']': 'rsqb rbrack',
    '^': 'hat circ',
    _: 'lowbar underbar',
    '`': 'grave diacriticalgrave',
    '{': 'lcub lbrace',
    '|': 'verbar vert verticalline',
    '}': 'rcub rbrace',
    '~': 'tilde sim',
    '\u00ad': 'shy zwj zwnj lrm rlm zerowidthspace negativethinspace nobreak invisibletimes',
  }).flatMap(([character, words]) => words.split(' ').map((word) => [word, character.charCodeAt(0)] as const)),
)
/** In characters, with the ampersand. */
export const longestName = 1 + Math.max(...[...names.keys()].map(({ length }) => length))
