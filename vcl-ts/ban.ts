/**
 * Bans: what stored objects are tested for, in Varnish's grammar (vcl(7) “Banning”): `<field> <operator> <argument> [&& …]`. Plain data,
 * so that a ban can be logged, compared and shipped, and told from an object without a request.
 */
import { checkPattern } from './ban-pattern.ts'
import { PatternError } from './ban-pattern-syntax.ts'
import { BAN_SIGNS, BanError, type BanWord, banWords, quoteForBan } from './ban-words.ts'
import { seconds } from './duration.ts'
import { normaliseHost } from './host.ts'
import { nearest } from './nearest.ts'

export { BanError, quoteForBan } from './ban-words.ts'

export type BanTextOperator = '==' | '!=' | '~' | '!~'
export type BanNumberOperator = '==' | '!=' | '<' | '<=' | '>' | '>='

export type BanTest =
  /** `name`: the header field in lower case, else `null`. Without the field `==` and `~` never match, `!=` and `!~` always. */
  | {
      readonly type: 'text'
      readonly field: 'req.url' | 'obj.url' | 'obj.host' | 'obj.status' | 'req.http' | 'obj.http'
      readonly name: string | null
      readonly operator: BanTextOperator
      readonly argument: string
    }
  /** Times in seconds. */
  | {
      readonly type: 'number'
      readonly field: 'obj.status' | 'obj.age' | 'obj.ttl' | 'obj.grace' | 'obj.keep'
      readonly operator: BanNumberOperator
      readonly argument: number
    }
  | { readonly type: 'tag'; readonly operator: 'has' | '!has'; readonly argument: string }

/** An object is banned when every test holds. */
export interface Ban {
  /** The one way to write it; what is the same has the same. */
  readonly text: string
  readonly tests: readonly BanTest[]
}

/** A stored object as a ban sees it. Times are seconds, as they are now. */
export interface BanSubject {
  /** Path and query, and the host as keys have it: of the request that it was fetched for. */
  readonly url: string
  readonly host: string
  readonly status: number
  /** All lines of the answer's field of that lower-case name, joined. */
  header(name: string): string | undefined
  /** What Vary tells of the request's field of that lower-case name; `undefined` when it was absent, or Vary does not name it. */
  requestHeader(name: string): string | undefined
  hasTag(tag: string): boolean
  readonly age: number
  readonly ttl: number
  readonly grace: number
  readonly keep: number
}

const LONGEST = 4096
const LONGEST_TIME = 2 ** 31
const FIELDS: readonly string[] = [
  'req.url',
  'req.http.<name>',
  'obj.url',
  'obj.host',
  'obj.tags',
  'obj.status',
  'obj.http.<name>',
  'obj.age',
  'obj.ttl',
  'obj.grace',
  'obj.keep',
]
const TEXT_OPERATORS: readonly string[] = ['==', '!=', '~', '!~']
const NUMBER_OPERATORS: readonly string[] = ['==', '!=', '<', '<=', '>', '>=']
const STATUS_OPERATORS: readonly string[] = ['==', '!=', '~', '!~', '<', '<=', '>', '>=']
const TAG_OPERATORS: readonly string[] = ['has', '!has']

/** The last one: the step, the verb, the check of what a hook answers and the list read the same expression in turn. */
let last: { readonly expression: string; readonly ban: Ban } | null = null

/** Throws a `BanError` that says what is wrong, where, and how to mend it. */
export function parseBan(expression: string): Ban {
  if (last?.expression !== expression) last = { expression, ban: read(expression) }
  return last.ban
}

function read(expression: string): Ban {
  if (expression.length > LONGEST)
    throw new BanError(`it has ${expression.length} characters; at most ${LONGEST} are taken, send several bans`)
  const words = banWords(expression)
  const tests: BanTest[] = []
  for (let at = 0; ; at += 4) {
    tests.push(testOf(words[at], words[at + 1], words[at + 2], expression.length + 1))
    const joint = words[at + 3]
    if (joint === undefined) break
    if (joint.text === '&&' && !joint.quoted) continue
    throw new BanError(jointFault(joint), joint.column)
  }
  return Object.freeze({ text: tests.map(written).join(' && '), tests: Object.freeze(tests) })
}

/** Why an expression is no ban, or `null` when it is one. */
export function checkBan(expression: string): string | null {
  try {
    parseBan(expression)
    return null
  } catch (error) {
    if (error instanceof BanError) return error.message
    throw error
  }
}

/** Names of the request fields that it asks for, but `host`, which every object has. */
export function requestFieldsOf({ tests }: Ban): readonly string[] {
  return tests.flatMap((test) =>
    test.type === 'text' && test.field === 'req.http' && test.name !== null && test.name !== 'host' ? [test.name] : [],
  )
}

/** Whether it names nothing of the request, as Varnish's lurker would ask. */
export function isObjectBan({ tests }: Ban): boolean {
  return tests.every((test) => test.type !== 'text' || !test.field.startsWith('req.'))
}

/** Whether what it means changes with time, so that an equal one that comes later is another. */
export function isTimedBan({ tests }: Ban): boolean {
  return tests.some((test) => test.type === 'number' && (test.field === 'obj.age' || test.field === 'obj.ttl'))
}

/** Whether a test is for the host; hosts are told apart without regard to case. */
export function isHostTest(test: Extract<BanTest, { type: 'text' }>): boolean {
  return test.field === 'obj.host' || (test.field === 'req.http' && test.name === 'host')
}

function jointFault({ text, quoted }: BanWord): string {
  if (text === '||' && !quoted) return 'bans have no ||; send two bans, one for each side'
  return `${shown(text)} stands where && or the end is due; put an argument that has spaces in quotes`
}

function testOf(field: BanWord | undefined, operator: BanWord | undefined, argument: BanWord | undefined, end: number): BanTest {
  if (field === undefined) throw new BanError(`a test is missing; write <field> <operator> <argument>, such as req.url ~ ^/shop/`, end)
  const operators = operatorsOf(field)
  if (operator === undefined) throw new BanError(`the operator is missing; ${field.text} takes ${operators.join(' ')}`, end)
  if (operator.quoted || !operators.includes(operator.text))
    throw new BanError(`${shown(operator.text)} is no operator of ${field.text}, which takes ${operators.join(' ')}`, operator.column)
  if (argument === undefined) throw new BanError(`the argument of ${operator.text} is missing`, end)
  if (!argument.quoted && BAN_SIGNS.has(argument.text))
    throw new BanError(`the argument of ${operator.text} is missing; to look for ${argument.text} put it in quotes`, argument.column)
  return Object.freeze(madeOf(field, operator.text, argument))
}

function operatorsOf({ text, quoted, column }: BanWord): readonly string[] {
  if (!quoted) {
    if (/^(?:req|obj)\.http\.[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(text)) return TEXT_OPERATORS
    if (text === 'req.url' || text === 'obj.url' || text === 'obj.host') return TEXT_OPERATORS
    if (text === 'obj.status') return STATUS_OPERATORS
    if (text === 'obj.tags') return TAG_OPERATORS
    if (text === 'obj.age' || text === 'obj.ttl' || text === 'obj.grace' || text === 'obj.keep') return NUMBER_OPERATORS
    if (text === '||') throw new BanError('bans have no ||; send two bans, one for each side', column)
  }
  const meant = nearest(text, FIELDS)
  const hint = meant === null ? '' : `did you mean ${meant}? `
  throw new BanError(`${shown(text)} is no field; ${hint}there are ${FIELDS.join(', ')}`, column)
}

function madeOf({ text: written }: BanWord, operator: string, argument: BanWord): BanTest {
  if (written === 'obj.tags') {
    if (argument.text === '') throw new BanError('a tag has at least one character', argument.column)
    return { type: 'tag', operator: operator as 'has' | '!has', argument: argument.text }
  }
  const isPattern = operator === '~' || operator === '!~'
  if (written === 'obj.status' && !isPattern) {
    if (!/^[1-9]\d\d$/.test(argument.text))
      throw new BanError(`${shown(argument.text)} is no status; write three digits, such as 404`, argument.column)
    return { type: 'number', field: written, operator: operator as BanNumberOperator, argument: Number(argument.text) }
  }
  if (written === 'obj.age' || written === 'obj.ttl' || written === 'obj.grace' || written === 'obj.keep')
    return { type: 'number', field: written, operator: operator as BanNumberOperator, argument: timeOf(argument) }
  return textTest(written, operator as BanTextOperator, argument)
}

function textTest(written: string, operator: BanTextOperator, argument: BanWord): BanTest {
  const header = /^(req\.http|obj\.http)\.(.+)$/.exec(written)
  const test = {
    type: 'text',
    field: (header?.[1] ?? written) as Extract<BanTest, { type: 'text' }>['field'],
    name: header?.[2]?.toLowerCase() ?? null,
    operator,
    argument: argument.text,
  } as const
  if (operator === '~' || operator === '!~') {
    checkPatternOf(argument, isHostTest(test))
    return test
  }
  if (/[^\t\x20-\x7e\x80-\xff]/.test(argument.text))
    throw new BanError(
      'no URL and no header field holds control characters or characters above U+00FF, so this would match nothing',
      argument.column,
    )
  return isHostTest(test) ? { ...test, argument: normaliseHost(argument.text, 'http') } : test
}

function checkPatternOf({ text, quoted, column }: BanWord, fold: boolean): void {
  try {
    checkPattern(text, fold)
  } catch (error) {
    if (!(error instanceof PatternError)) throw error
    const at = error.at === null || (quoted && text.includes('\\')) ? column : column + error.at + (quoted ? 1 : 0)
    throw new BanError(`the pattern ${shown(text)} is refused: ${error.message}`, at)
  }
}

function shown(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text)
}

function timeOf({ text, column }: BanWord): number {
  const value = /^-?\d{1,12}(?:\.\d{1,9})?(?:ms|s|m|h|d|w|y)$/.test(text) ? seconds(text as `${number}s`) : Number.NaN
  if (Math.abs(value) <= LONGEST_TIME) return Math.round(value * 1000) / 1000
  throw new BanError(`${shown(text)} is no time; write a number with a unit, such as 10s, 5m, 1h, 7d, of at most 68 years`, column)
}

function written(test: BanTest): string {
  const field = test.type === 'tag' ? 'obj.tags' : test.type === 'text' && test.name !== null ? `${test.field}.${test.name}` : test.field
  const argument =
    test.type !== 'number' ? quoteForBan(test.argument) : test.field === 'obj.status' ? String(test.argument) : `${test.argument}s`
  return `${field} ${test.operator} ${argument}`
}
