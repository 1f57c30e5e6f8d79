/** A few matchers over `node:assert`, which words the failures: `expect(trace.decision).toBe('hit')`. */
import assert, { AssertionError } from 'node:assert'

/** What can be said of a value. `not` turns it round. Each throws an `AssertionError` with both values when it does not hold. */
export interface Matchers {
  /** The same value (`Object.is`). */
  toBe(expected: unknown): void
  /** Equal in depth, with equal prototypes. */
  toEqual(expected: unknown): void
  /** An object has at least these properties, each of which matches again; lists are as long. */
  toMatchObject(expected: object): void
  /** A text matches a pattern or holds a text. */
  toMatch(expected: RegExp | string): void
  /** A text holds a text; a list, set or other iterable an equal member. */
  toContain(expected: unknown): void
  toHaveLength(expected: number): void
  toBeGreaterThan(expected: number): void
  toBeGreaterThanOrEqual(expected: number): void
  toBeLessThan(expected: number): void
  toBeLessThanOrEqual(expected: number): void
  toBeDefined(): void
  toBeUndefined(): void
  toBeNull(): void
  /** A function throws; its error's message matches a pattern or holds a text, or it is of a class. */
  toThrow(expected?: ThrowExpectation): void
}

export type ThrowExpectation = RegExp | string | (new (...given: never[]) => Error)

export interface Expectation extends Matchers {
  readonly not: Matchers
  /** The same of what a promise rejects with: `await expect(cache.request('page')).rejects.toThrow(/target/)`. */
  readonly rejects: { readonly toThrow: (expected?: ThrowExpectation) => Promise<void> }
}

export function expect(actual: unknown): Expectation {
  return { ...matchers(actual, false), not: matchers(actual, true), rejects: { toThrow: (expected) => rejected(actual, expected) } }
}

type Told = readonly [holds: boolean, words: string, compare?: (() => void) | undefined]

function matchers(actual: unknown, turned: boolean): Matchers {
  const say = (caller: (...given: never[]) => void, [holds, words, compare]: Told, expected?: unknown): void => {
    if (holds !== turned) return
    const fault =
      turned || compare === undefined ? new AssertionError({ message: told(actual, turned, words, expected), actual, expected }) : null
    try {
      if (fault !== null) throw fault
      compare?.()
    } catch (error) {
      // The test's own line comes first.
      if (error instanceof Error) Error.captureStackTrace(error, caller)
      throw error
    }
  }
  const than = (caller: (expected: number) => void, expected: number, words: string, holds: (a: number, b: number) => boolean): void =>
    say(caller, [typeof actual === 'number' && holds(actual, expected), words], expected)
  const self: Matchers = {
    toBe: (expected) => {
      const apart = isLong(actual) || isLong(expected) ? () => assert.strictEqual(actual, expected) : undefined
      say(self.toBe, [Object.is(actual, expected), 'be', apart], expected)
    },
    toEqual: (expected) =>
      say(self.toEqual, [isEqual(actual, expected), 'equal', () => assert.deepStrictEqual(actual, expected)], expected),
    toMatchObject: (expected) => {
      const narrow = narrowed(actual, expected)
      say(self.toMatchObject, [isEqual(narrow, expected), 'match', () => assert.deepStrictEqual(narrow, expected)], expected)
    },
    toMatch: (expected) => say(self.toMatch, [typeof actual === 'string' && matches(actual, expected), 'match'], expected),
    toContain: (expected) => say(self.toContain, [contains(actual, expected), 'contain'], expected),
    toHaveLength: (expected) => say(self.toHaveLength, [lengthOf(actual) === expected, 'have the length'], expected),
    toBeGreaterThan: (expected) => than(self.toBeGreaterThan, expected, 'be more than', (a, b) => a > b),
    toBeGreaterThanOrEqual: (expected) => than(self.toBeGreaterThanOrEqual, expected, 'be at least', (a, b) => a >= b),
    toBeLessThan: (expected) => than(self.toBeLessThan, expected, 'be less than', (a, b) => a < b),
    toBeLessThanOrEqual: (expected) => than(self.toBeLessThanOrEqual, expected, 'be at most', (a, b) => a <= b),
    toBeDefined: () => say(self.toBeDefined, [actual !== undefined, 'be something else than'], undefined),
    toBeUndefined: () => say(self.toBeUndefined, [actual === undefined, 'be'], undefined),
    toBeNull: () => say(self.toBeNull, [actual === null, 'be'], null),
    toThrow: (expected) => {
      const thrown = thrownBy(actual)
      say(self.toThrow, [thrown !== null && isError(thrown.error, expected), `throw${whatOf(thrown)}`], expected)
    },
  }
  return self
}

async function rejected(actual: unknown, expected: ThrowExpectation | undefined): Promise<void> {
  const thrown = await Promise.resolve(actual).then(
    () => null,
    (error: unknown) => ({ error }),
  )
  if (thrown !== null && isError(thrown.error, expected)) return
  throw new AssertionError({ message: told('the promise', false, `reject${whatOf(thrown)}`, expected), actual: thrown?.error, expected })
}

function told(actual: unknown, turned: boolean, words: string, expected: unknown): string {
  return `expected ${shown(actual)} ${turned ? 'not ' : ''}to ${words} ${shown(expected)}`
}

function shown(value: unknown): string {
  if (typeof value === 'function') return value.name === '' ? 'the function' : value.name
  if (typeof value === 'bigint' || typeof value === 'symbol' || value instanceof RegExp) return String(value)
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 200 ? `${text.slice(0, 200)}…` : text
}

/** Two of them are told apart better by lines than side by side. */
function isLong(value: unknown): boolean {
  return (typeof value === 'object' && value !== null) || (typeof value === 'string' && value.length > 40)
}

function isEqual(actual: unknown, expected: unknown): boolean {
  try {
    assert.deepStrictEqual(actual, expected)
    return true
  } catch {
    return false
  }
}

/** What of `actual` is spoken of, in the form of `expected`, so that a difference shows nothing else. */
function narrowed(actual: unknown, expected: unknown): unknown {
  if (Array.isArray(expected))
    return Array.isArray(actual) && actual.length === expected.length ? expected.map((each, at) => narrowed(actual[at], each)) : actual
  if (!isPlain(expected) || typeof actual !== 'object' || actual === null) return actual
  const found: Record<string, unknown> = {}
  for (const key of Object.keys(expected)) if (key in actual) found[key] = narrowed((actual as Record<string, unknown>)[key], expected[key])
  return found
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
}

function matches(text: string, expected: RegExp | string): boolean {
  return typeof expected === 'string' ? text.includes(expected) : text.search(expected) >= 0
}

function contains(actual: unknown, expected: unknown): boolean {
  if (typeof actual === 'string') return typeof expected === 'string' && actual.includes(expected)
  if (typeof actual !== 'object' || actual === null || !(Symbol.iterator in actual)) return false
  return [...(actual as Iterable<unknown>)].some((member) => isEqual(member, expected))
}

function lengthOf(actual: unknown): unknown {
  return typeof actual === 'string' || (typeof actual === 'object' && actual !== null && 'length' in actual) ? actual.length : undefined
}

interface Thrown {
  readonly error: unknown
}

function thrownBy(actual: unknown): Thrown | null {
  if (typeof actual !== 'function') throw new TypeError('expect(…).toThrow() is of a function: expect(() => …).toThrow()')
  try {
    actual()
    return null
  } catch (error) {
    return { error }
  }
}

function isError(error: unknown, expected: ThrowExpectation | undefined): boolean {
  if (expected === undefined) return true
  if (typeof expected === 'function') return error instanceof expected
  return matches(error instanceof Error ? error.message : String(error), expected)
}

function whatOf(thrown: Thrown | null): string {
  if (thrown === null) return ', which it did not,'
  return `, not with ${shown(thrown.error instanceof Error ? thrown.error.message : thrown.error)},`
}
