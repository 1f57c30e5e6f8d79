/** The words of a ban expression: bare ones stand as they are, quoted ones take the escapes of Varnish's command line. */

export interface BanWord {
  readonly text: string
  readonly quoted: boolean
  /** Column, from 1. */
  readonly column: number
}

/** Why an expression is no ban: what is wrong, where, and how to mend it. */
export class BanError extends Error {
  constructor(message: string, column: number | null = null) {
    super(column === null ? `ban expression: ${message}` : `ban expression, column ${column}: ${message}`)
    this.name = 'BanError'
  }
}

/** Bare words that are never an argument. */
export const BAN_SIGNS: ReadonlySet<string> = new Set(['==', '!=', '~', '!~', '<', '<=', '>', '>=', 'has', '!has', '&&', '||'])

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '"': '"', '\\': '\\' }

/** Throws a `BanError`. */
export function banWords(expression: string): readonly BanWord[] {
  const odd = /[\x00-\x08\x0a-\x1f\x7f]/.exec(expression)
  if (odd !== null)
    throw new BanError('line breaks and other control characters are not allowed; write one expression in one line', odd.index + 1)
  const words: BanWord[] = []
  let at = 0
  for (;;) {
    while (isSpace(expression[at])) at++
    if (at >= expression.length) return words
    const start = at
    if (expression[at] === '"') {
      const { text, end } = quotedFrom(expression, start)
      at = end
      if (at < expression.length && !isSpace(expression[at])) throw new BanError('a space is missing behind the closing quote', at + 1)
      words.push({ text, quoted: true, column: start + 1 })
      continue
    }
    while (at < expression.length && !isSpace(expression[at])) at++
    const text = expression.slice(start, at)
    const quote = text.indexOf('"')
    if (quote >= 0)
      throw new BanError('a quote stands within a word; put the whole argument in quotes, and write \\" in it', start + quote + 1)
    words.push({ text, quoted: false, column: start + 1 })
  }
}

/** The argument in a form that any text may have: what a policy puts together from a request stays one word. */
export function quoteForBan(text: string): string {
  const bare = /^[^"\x00-\x20\x7f]+$/.test(text) && !BAN_SIGNS.has(text)
  return bare ? text : `"${text.replace(/["\\\x00-\x1f\x7f]/g, escapeOf)}"`
}

function escapeOf(char: string): string {
  return char === '"' || char === '\\' ? `\\${char}` : `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`
}

function quotedFrom(expression: string, start: number): { readonly text: string; readonly end: number } {
  let text = ''
  for (let at = start + 1; at < expression.length; at++) {
    const char = expression[at] as string
    if (char === '"') return { text, end: at + 1 }
    if (char !== '\\') {
      text += char
      continue
    }
    const known = ESCAPES[expression[at + 1] ?? '']
    const coded = /^(?:x([0-9A-Fa-f]{2})|([0-3][0-7]{2}))/.exec(expression.slice(at + 1, at + 4))
    if (known === undefined && coded === null)
      throw new BanError(
        'in quotes \\ is followed by \\ " n r t, xHH or three octal digits; write \\\\ for one \\, or leave the quotes out',
        at + 1,
      )
    text += known ?? String.fromCharCode(coded?.[1] === undefined ? Number.parseInt(coded?.[2] ?? '', 8) : Number.parseInt(coded[1], 16))
    at += known === undefined ? 3 : 1
  }
  throw new BanError('the quote is never closed', start + 1)
}

function isSpace(char: string | undefined): boolean {
  return char === ' ' || char === '\t'
}
