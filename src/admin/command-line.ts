/** A line as Varnish's CLI reads it: words between blanks, double quotes around what holds blanks, backslash escapes. */

export interface CommandLine {
  readonly words: readonly string[]
  /** What follows the first word, as it was written. */
  readonly rest: string
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '"': '"', '\\': '\\', ' ': ' ' }
const ESCAPE = /\\(?:([nrt"\\ ])|x([0-9a-fA-F]{2})|([0-7]{3}))/y

/** A text says what is wrong with the line. */
export function parseCommandLine(line: string): CommandLine | string {
  const words: string[] = []
  let at = 0
  let rest = ''
  for (;;) {
    while (line[at] === ' ' || line[at] === '\t') at++
    if (words.length === 1) rest = line.slice(at)
    if (at >= line.length) return { words, rest }
    const quoted = line[at] === '"'
    if (quoted) at++
    let word = ''
    for (;;) {
      const character = line[at]
      if (character === undefined) {
        if (quoted) return 'a double quote is not closed'
        break
      }
      if (quoted ? character === '"' : character === ' ' || character === '\t') break
      if (!quoted && character === '"') return `a double quote in the middle of a word, at column ${at + 1}`
      if (character !== '\\') {
        word += character
        at++
        continue
      }
      ESCAPE.lastIndex = at
      const escaped = ESCAPE.exec(line)
      if (escaped === null) {
        if (quoted) return `an unknown escape at column ${at + 1}; there are \\\\ \\" \\n \\r \\t \\xHH \\OOO`
        // Bare words are mostly patterns, in which a backslash is the pattern's own.
        word += character
        at++
        continue
      }
      const [all, letter, hex, octal] = escaped
      word +=
        letter === undefined
          ? String.fromCharCode(Number.parseInt(hex ?? octal ?? '0', hex === undefined ? 8 : 16))
          : (ESCAPES[letter] ?? '')
      at += all.length
    }
    if (quoted) {
      at++
      if (at < line.length && line[at] !== ' ' && line[at] !== '\t') return `no blank behind a double quote, at column ${at + 1}`
    }
    words.push(word)
  }
}

/** A word as it has to be written to be read as itself. */
export function quoteWord(word: string): string {
  return /^[^\s"\\]+$/.test(word)
    ? word
    : `"${word.replace(/["\\]/g, '\\$&').replaceAll('\n', '\\n').replaceAll('\r', '\\r').replaceAll('\t', '\\t')}"`
}
