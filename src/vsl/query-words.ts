/** The words of a query: what stands between blanks, quoted texts, operators, parentheses. */

export interface QueryWord {
  readonly type: 'text' | 'quoted' | 'operator' | 'open' | 'close' | 'end'
  readonly text: string
  /** Where it begins in the query. */
  readonly at: number
}

/** A query that cannot be understood. `at`: the character that it is about. */
export class QueryError extends Error {
  readonly query: string
  readonly at: number

  constructor(query: string, at: number, message: string) {
    super(message)
    this.name = 'QueryError'
    this.query = query
    this.at = at
  }

  /** The message, and below the query a caret where it went wrong. */
  get shown(): string {
    const line = this.query.replace(/[^\x20-\x7e]/g, '?')
    return `${this.message}\n  ${line}\n  ${' '.repeat(this.at)}^`
  }
}

export const LONGEST_QUERY = 4096

const OPERATOR = /(?:==|!=|<=|>=|!~|[<>~])/y
/** A tag list with level, prefix and field, or a number; a prefix may be quoted. */
const TEXT = /(?:\{[^}\s]*\}|"[^"\\]*(?:\\.[^"\\]*)*"|\[[^\]\s]*\]|[^\s()"'<>=!~])+/y
const QUOTED = /"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'/y

/** The last word is `end`. Throws a `QueryError`. */
export function queryWords(query: string): readonly QueryWord[] {
  if (query.length > LONGEST_QUERY)
    throw new QueryError('', 0, `a query has at most ${LONGEST_QUERY} characters, this one has ${query.length}`)
  const words: QueryWord[] = []
  let at = 0
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at
    return pattern.exec(query)
  }
  for (;;) {
    while (/\s/.test(query[at] ?? '')) at++
    const character = query[at]
    if (character === undefined) return [...words, { type: 'end', text: '', at }]
    if (character === '(' || character === ')') {
      words.push({ type: character === '(' ? 'open' : 'close', text: character, at })
      at++
      continue
    }
    const operator = take(OPERATOR)
    const quoted = operator === null ? take(QUOTED) : null
    if (operator === null && quoted === null && (character === '"' || character === "'"))
      throw new QueryError(query, at, `the quote ${character} is not closed`)
    const text = operator === null && quoted === null ? take(TEXT) : null
    const found = operator ?? quoted ?? text
    if (found === null)
      throw new QueryError(query, at, `${JSON.stringify(character)} cannot be understood here; quote it, or use == != < <= > >= eq ne ~ !~`)
    const value = quoted === null ? found[0] : (quoted[1] ?? quoted[2] ?? '').replace(/\\(["'])/g, '$1')
    words.push({ type: operator !== null ? 'operator' : quoted !== null ? 'quoted' : 'text', text: value, at })
    at += found[0].length
  }
}
