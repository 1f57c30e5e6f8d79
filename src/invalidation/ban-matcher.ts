/** A ban made ready to be told of many objects: patterns compiled, what costs least asked first. */
import { type Ban, type BanNumberOperator, type BanSubject, type BanTest, isHostTest } from '../../vcl-ts/ban.ts'
import { compilePattern } from '../../vcl-ts/ban-pattern.ts'

export type BanMatcher = (subject: BanSubject) => boolean

type TextTest = Extract<BanTest, { type: 'text' }>
type NumberTest = Extract<BanTest, { type: 'number' }>

/** Throws a `BanError` or `PatternError` where the ban did not come from `parseBan`. */
export function banMatcher({ tests }: Ban): BanMatcher {
  const matchers = tests.toSorted((a, b) => costOf(a) - costOf(b)).map(testMatcher)
  const [only] = matchers
  return only !== undefined && matchers.length === 1 ? only : allOf(matchers)
}

/** Without a closure for each subject: the lurker asks millions of times. */
function allOf(matchers: readonly BanMatcher[]): BanMatcher {
  return (subject) => {
    for (const matches of matchers) if (!matches(subject)) return false
    return true
  }
}

/** Patterns last, header fields behind what each object has at hand. */
function costOf(test: BanTest): number {
  if (test.type !== 'text') return 0
  const search = test.operator === '~' || test.operator === '!~' ? 2 : 0
  return test.name === null ? search : search + 1
}

function testMatcher(test: BanTest): BanMatcher {
  switch (test.type) {
    case 'tag':
      return test.operator === 'has' ? (subject) => subject.hasTag(test.argument) : (subject) => !subject.hasTag(test.argument)
    case 'number':
      return numberMatcher(test)
    case 'text':
      return textMatcher(test)
  }
}

function numberMatcher({ field, operator, argument }: NumberTest): BanMatcher {
  const compare = COMPARISONS[operator]
  const read = NUMBERS[field]
  return (subject) => compare(read(subject), argument)
}

const NUMBERS: Readonly<Record<NumberTest['field'], (subject: BanSubject) => number>> = {
  'obj.status': (subject) => subject.status,
  'obj.age': (subject) => subject.age,
  'obj.ttl': (subject) => subject.ttl,
  'obj.grace': (subject) => subject.grace,
  'obj.keep': (subject) => subject.keep,
}

const COMPARISONS: Readonly<Record<BanNumberOperator, (value: number, argument: number) => boolean>> = {
  '==': (value, argument) => value === argument,
  '!=': (value, argument) => value !== argument,
  '<': (value, argument) => value < argument,
  '<=': (value, argument) => value <= argument,
  '>': (value, argument) => value > argument,
  '>=': (value, argument) => value >= argument,
}

function textMatcher(test: TextTest): BanMatcher {
  const { operator, argument } = test
  const read = reader(test)
  switch (operator) {
    case '==':
      return (subject) => read(subject) === argument
    case '!=':
      return (subject) => read(subject) !== argument
  }
  const found = compilePattern(argument, isHostTest(test))
  const whenFound = operator === '~'
  // Of a field that is not there a pattern is not found, so that `!~` holds.
  return (subject) => {
    const text = read(subject)
    return (text !== undefined && found(text)) === whenFound
  }
}

function reader({ field, name }: TextTest): (subject: BanSubject) => string | undefined {
  switch (field) {
    case 'req.url':
    case 'obj.url':
      return (subject) => subject.url
    case 'obj.host':
      return (subject) => subject.host
    case 'obj.status':
      return (subject) => String(subject.status)
    case 'obj.http':
      return (subject) => subject.header(name ?? '')
    case 'req.http':
      return name === 'host' ? (subject) => subject.host : (subject) => subject.requestHeader(name ?? '')
  }
}
