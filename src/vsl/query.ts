/**
 * Queries of the transaction log (vsl-query(7)): `RespStatus >= 500 and not ReqURL ~ "^/admin"`. A test is
 * `[{level}]taglist[:prefix][[field]] [operator operand]`, and holds for a group if it does for any of its records.
 */
import { compilePattern, type Matcher } from '../../vcl-ts/ban-pattern.ts'
import { PatternError } from '../../vcl-ts/ban-pattern-syntax.ts'
import { nearest } from '../../vcl-ts/nearest.ts'
import { QueryError, type QueryWord, queryWords } from './query-words.ts'
import { TAG_NAMES, type Tag, tagsOf } from './tags.ts'

export type NumberOperator = '==' | '!=' | '<' | '<=' | '>' | '>='
export type Comparison =
  | { readonly type: 'exists' }
  | { readonly type: 'number'; readonly operator: NumberOperator; readonly operand: number }
  | { readonly type: 'text'; readonly equal: boolean; readonly operand: string }
  | { readonly type: 'pattern'; readonly found: boolean; readonly source: string; readonly matches: Matcher }

/** Levels of transactions: this one, and those below (`+`) or above (`-`) it. */
export interface LevelRange {
  readonly from: number
  readonly to: number
}

export type Query =
  | { readonly type: 'and' | 'or'; readonly left: Query; readonly right: Query }
  | { readonly type: 'not'; readonly of: Query }
  | { readonly type: 'vxid'; readonly operator: NumberOperator; readonly operand: number }
  | {
      readonly type: 'record'
      readonly level: LevelRange | null
      readonly tags: ReadonlySet<Tag>
      /** Lower case, with its colon; `null`: any record of the tags. */
      readonly prefix: string | null
      /** From 1; `null`: all of the text. */
      readonly field: number | null
      readonly comparison: Comparison
    }

const NUMERIC: ReadonlySet<string> = new Set(['==', '!=', '<', '<=', '>', '>='])
const OPERATORS: ReadonlySet<string> = new Set([...NUMERIC, 'eq', 'ne', '~', '!~'])
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/
const RECORD = /^(?:\{([^}]*)\})?([^:[\]{}]*)(?::(?:"([^"]*)"|([^[\]]*)))?(?:\[([^\]]*)\])?$/
const DEEPEST = 100

/** Throws a `QueryError` that points at what cannot be understood. */
export function parseQuery(text: string): Query {
  return new QueryParser(text).whole()
}

class QueryParser {
  readonly #text: string
  readonly #words: readonly QueryWord[]
  #at = 0
  #depth = 0

  constructor(text: string) {
    this.#text = text
    this.#words = queryWords(text)
  }

  whole(): Query {
    if (this.#peek().type === 'end') throw this.#fault(this.#peek(), 'the query is empty; name a tag, such as RespStatus >= 500')
    const query = this.#or()
    if (this.#peek().type === 'end') return query
    throw this.#fault(
      this.#peek(),
      this.#peek().type === 'close' ? 'there is no ( for this )' : 'and, or, or the end of the query belongs here',
    )
  }

  #peek(): QueryWord {
    return this.#words[this.#at] as QueryWord
  }

  #take(): QueryWord {
    const word = this.#peek()
    if (word.type !== 'end') this.#at++
    return word
  }

  #or(): Query {
    let left = this.#and()
    while (this.#isWord('or')) {
      this.#take()
      left = { type: 'or', left, right: this.#and() }
    }
    return left
  }

  #and(): Query {
    let left = this.#not()
    while (this.#isWord('and')) {
      this.#take()
      left = { type: 'and', left, right: this.#not() }
    }
    return left
  }

  #not(): Query {
    if (++this.#depth > DEEPEST) throw this.#fault(this.#peek(), `the query is nested deeper than ${DEEPEST} times`)
    try {
      if (!this.#isWord('not')) return this.#group()
      this.#take()
      return { type: 'not', of: this.#not() }
    } finally {
      this.#depth--
    }
  }

  #group(): Query {
    if (this.#peek().type !== 'open') return this.#test()
    const open = this.#take()
    const query = this.#or()
    if (this.#peek().type !== 'close') throw this.#fault(this.#peek().type === 'end' ? open : this.#peek(), 'this ( is not closed')
    this.#take()
    return query
  }

  #test(): Query {
    const word = this.#take()
    if (word.type !== 'text')
      throw this.#fault(word, word.type === 'end' ? 'a test is missing: name a tag' : 'a test begins with a tag, such as ReqURL')
    if (word.text === 'and' || word.text === 'or') throw this.#fault(word, `a test is missing before ${word.text}`)
    if (word.text === 'vxid') return this.#vxid()
    const match = RECORD.exec(word.text)
    if (match === null) throw this.#fault(word, 'a test is {level}tags:prefix[field], of which only the tags are needed')
    const [, level, list = '', quoted, plain, field] = match
    const prefix = quoted ?? plain ?? null
    const tags = this.#tags(word, list, level === undefined ? 0 : level.length + 2)
    if (prefix === '') throw this.#fault(word, 'the prefix behind the colon is missing: ReqHeader:host')
    return {
      type: 'record',
      level: level === undefined ? null : this.#level(word, level),
      tags,
      prefix: prefix === null ? null : `${prefix.toLowerCase()}:`,
      field: field === undefined ? null : this.#field(word, field),
      comparison: this.#comparison(),
    }
  }

  #vxid(): Query {
    const operator = this.#take()
    if (!NUMERIC.has(operator.text) || operator.type !== 'operator') throw this.#fault(operator, 'vxid is compared by == != < <= > or >=')
    return { type: 'vxid', operator: operator.text as NumberOperator, operand: this.#number() }
  }

  #tags(word: QueryWord, list: string, offset: number): ReadonlySet<Tag> {
    const tags = tagsOf(list)
    if (tags instanceof Set) return tags
    const { unknown } = tags as { readonly unknown: string }
    const at = word.at + offset + Math.max(list.indexOf(unknown), 0)
    const meant = nearest(unknown, TAG_NAMES)
    throw new QueryError(this.#text, at, `there is no tag ${JSON.stringify(unknown)}${meant === null ? '' : `; did you mean ${meant}?`}`)
  }

  #level(word: QueryWord, text: string): LevelRange {
    const match = /^(\d{1,3})([+-]?)$/.exec(text)
    if (match === null) throw this.#fault(word, 'a level is {2}, {2+} for it and below, or {2-} for it and above')
    const level = Number(match[1])
    return { from: match[2] === '-' ? 0 : level, to: match[2] === '+' ? Number.POSITIVE_INFINITY : level }
  }

  #field(word: QueryWord, text: string): number {
    if (/^[1-9]\d{0,3}$/.test(text)) return Number(text)
    throw this.#fault(word, 'a field is a number from 1, as in Timestamp:Resp[2]')
  }

  #comparison(): Comparison {
    const { type, text } = this.#peek()
    if (type === 'quoted' || (type === 'text' && !['and', 'or', 'eq', 'ne'].includes(text)))
      throw this.#fault(this.#peek(), 'an operator is missing: == != < <= > >= eq ne ~ !~')
    if ((type !== 'operator' && type !== 'text') || !OPERATORS.has(text)) return { type: 'exists' }
    this.#take()
    if (NUMERIC.has(text)) return { type: 'number', operator: text as NumberOperator, operand: this.#number() }
    const operand = this.#operand()
    if (text === 'eq' || text === 'ne') return { type: 'text', equal: text === 'eq', operand: operand.text }
    return { type: 'pattern', found: text === '~', source: operand.text, matches: this.#pattern(operand) }
  }

  #number(): number {
    const word = this.#operand()
    if (NUMBER.test(word.text)) return Number(word.text)
    throw this.#fault(word, 'a number belongs here; texts are compared by eq and ne')
  }

  #operand(): QueryWord {
    const word = this.#take()
    if (word.type === 'text' || word.type === 'quoted') return word
    throw this.#fault(word, word.type === 'end' ? 'what it is compared with is missing' : 'quote what it is compared with')
  }

  #pattern(word: QueryWord): Matcher {
    try {
      return compilePattern(word.text, false)
    } catch (error) {
      if (!(error instanceof PatternError)) throw error
      const quote = word.type === 'quoted' ? 1 : 0
      throw new QueryError(this.#text, word.at + quote + (error.at ?? 0), error.message)
    }
  }

  #isWord(text: string): boolean {
    return this.#peek().type === 'text' && this.#peek().text === text
  }

  #fault(word: QueryWord, message: string): QueryError {
    return new QueryError(this.#text, word.at, message)
  }
}
