import type { Comment } from './ast.ts'
import type { Span } from './source.ts'

export type TokenKind = 'name' | 'int' | 'real' | 'string' | 'blob' | 'inline-c' | 'mark' | 'end'

/** A word of VCL with the comments that stand before it. */
export interface Token {
  readonly kind: TokenKind
  /** A name or mark as it stands; of the others what is between the marks; of numbers the digits. */
  readonly text: string
  readonly span: Span
  /** Between the token before and this one. */
  readonly comments: readonly Comment[]
  /** An empty line stands between its comments, or the token before, and it. */
  readonly blankBefore: boolean
  /** Where a string or inline C has its last line; else that of `span`. */
  readonly lastLine: number
}

export const isMark = (token: Token, text: string): boolean => token.kind === 'mark' && token.text === text
export const isWord = (token: Token, text: string): boolean => token.kind === 'name' && token.text === text

/** As a problem calls it: `';'`, `the text "abc"`, `the end of the file`. */
export function shown(token: Token): string {
  switch (token.kind) {
    case 'end':
      return 'the end of the file'
    case 'string':
      return `the text ${JSON.stringify(brief(token.text))}`
    case 'blob':
      return 'a blob'
    case 'inline-c':
      return 'inline C'
    default:
      return `‘${brief(token.text)}’`
  }
}

function brief(text: string): string {
  return text.length > 40 ? `${text.slice(0, 39)}…` : text
}
