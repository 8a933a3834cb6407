/** The code of the character with this name in HTML, in any letter case. */
export const htmlCodeOf = (word: string): number | undefined => names.get(word.toLowerCase())

/** The HTML names of the ASCII signs, and of invisible characters. */
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
/** In characters, including the ampersand. */
export const maxName = 1 + Math.max(...[...names.keys()].map(({ length }) => length))
