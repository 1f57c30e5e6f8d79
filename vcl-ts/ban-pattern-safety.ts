/**
 * What a backtracking engine may be given: patterns whose search takes a number of steps that grows with the text's length, no faster.
 * Everything here errs on the side of refusing.
 */
import { ANY_CHARACTER, type CharSet, charsOverlap, charsShared, charUnion, hasChar, NO_CHARACTERS } from './ban-charset.ts'
import { PatternError, type PatternNode } from './ban-pattern-syntax.ts'

/** Characters of a pattern when its counted repeats are written out. */
const LARGEST = 2048
const MOST_LOOPS = 64
/** Steps that may be taken for each character of the text where there is more than one way; 64 KiB then take 50 ms at the very worst. */
const MOST_STEPS = 1024

/** Characters by which a match may begin. */
function firstOf(node: PatternNode): CharSet {
  switch (node.type) {
    case 'set':
      return node.set
    case 'at':
      return NO_CHARACTERS
    case 'any':
      return charUnion(...node.of.map(firstOf))
    case 'repeat':
      return node.max === 0 ? NO_CHARACTERS : firstOf(node.of)
    case 'seq': {
      let first = NO_CHARACTERS
      for (const item of node.items) {
        first = charUnion(first, firstOf(item))
        if (!canBeEmpty(item)) break
      }
      return first
    }
  }
}

/** Whether it can match without taking a character. */
function canBeEmpty(node: PatternNode): boolean {
  switch (node.type) {
    case 'set':
      return false
    case 'at':
      return true
    case 'seq':
      return node.items.every(canBeEmpty)
    case 'any':
      return node.of.some(canBeEmpty)
    case 'repeat':
      return node.min === 0 || canBeEmpty(node.of)
  }
}

/** All characters that a match may have. */
function charactersOf(node: PatternNode): CharSet {
  switch (node.type) {
    case 'set':
      return node.set
    case 'at':
      return NO_CHARACTERS
    case 'repeat':
      return charactersOf(node.of)
    default:
      return charUnion(...(node.type === 'any' ? node.of : node.items).map(charactersOf))
  }
}

/** Whether it can match with these characters alone, in the middle of a text. */
function isPossible(node: PatternNode, within: CharSet): boolean {
  switch (node.type) {
    case 'set':
      return charsOverlap(node.set, within)
    case 'at':
      return node.where !== '^' && node.where !== '$'
    case 'seq':
      return node.items.every((item) => isPossible(item, within))
    case 'any':
      return node.of.some((alternative) => isPossible(alternative, within))
    case 'repeat':
      return node.min === 0 || isPossible(node.of, within)
  }
}

/** Characters of every match, or `null` when they differ in number. */
export function fixedLength(node: PatternNode): number | null {
  switch (node.type) {
    case 'set':
      return 1
    case 'at':
      return 0
    case 'repeat': {
      const length = fixedLength(node.of)
      return length === null || node.min !== node.max ? null : length * node.min
    }
    case 'any': {
      const [first, ...others] = node.of.map(fixedLength)
      return first === undefined || others.some((length) => length !== first) ? null : first
    }
    case 'seq': {
      const lengths = node.items.map(fixedLength)
      return lengths.reduce((sum, length) => (sum === null || length === null ? null : sum + length), 0)
    }
  }
}

/** Refuses what is too large, and repeats whose parts can be divided up in many ways. Throws a `PatternError`. */
export function checkRepeats(node: PatternNode): void {
  if (sizeOf(node) > LARGEST) throw new PatternError(`with its counted repeats written out it has more than ${LARGEST} characters`)
  if (loopCount(node) > MOST_LOOPS) throw new PatternError(`it has more than ${MOST_LOOPS} unbounded quantifiers; send several bans`)
  checkNesting(node)
  ways(node, NO_CHARACTERS)
  if (sequences(node).some(({ first, second, between }) => between.every(canBeEmpty) && overlap(first, second, [])))
    throw new PatternError('two unbounded quantifiers that match the same characters stand next to each other, as in \\d+\\d+; one does')
}

function sizeOf(node: PatternNode): number {
  switch (node.type) {
    case 'set':
    case 'at':
      return 1
    case 'repeat':
      return sizeOf(node.of) * Math.max(1, node.max === Infinity ? node.min : node.max)
    default:
      return (node.type === 'any' ? node.of : node.items).reduce((sum, part) => sum + sizeOf(part), 0)
  }
}

function loopCount(node: PatternNode): number {
  if (node.type === 'set' || node.type === 'at') return 0
  if (node.type === 'repeat') return loopCount(node.of) + (node.max === Infinity ? 1 : 0)
  return (node.type === 'any' ? node.of : node.items).reduce((sum, part) => sum + loopCount(part), 0)
}

function checkNesting(node: PatternNode): void {
  if (node.type === 'repeat') {
    if (node.max === Infinity && loopCount(node.of) > 0)
      throw new PatternError('an unbounded quantifier stands within another, as in (a+)+; use one of them, or {0,9} for the inner')
    if (node.max > 1 && canBeEmpty(node.of))
      throw new PatternError('a part that is repeated can match nothing, as in (a?)*; make it match something')
    checkNesting(node.of)
  } else if (node.type === 'any') node.of.forEach(checkNesting)
  else if (node.type === 'seq') node.items.forEach(checkNesting)
}

/**
 * In how many ways a match that begins at one place can go on at most, not counting the lengths of unbounded repeats: one where each
 * next character tells the way. `next` may follow. Throws a `PatternError` where the ways through an unbounded repeat multiply.
 */
function ways(node: PatternNode, next: CharSet): number {
  switch (node.type) {
    case 'set':
    case 'at':
      return 1
    case 'seq': {
      let product = 1
      let follows = next
      for (const item of node.items.toReversed()) {
        product *= ways(item, follows)
        follows = canBeEmpty(item) ? charUnion(firstOf(item), follows) : firstOf(item)
      }
      return product
    }
    case 'any':
      return waysOfAny(node.of, next)
    case 'repeat':
      return waysOfRepeat(node, next)
  }
}

function waysOfAny(of: readonly PatternNode[], next: CharSet): number {
  const byCharacter = new Float64Array(256)
  let empty = 1
  let most = 1
  for (const alternative of of) {
    const count = ways(alternative, next)
    const first = canBeEmpty(alternative) ? charUnion(firstOf(alternative), next) : firstOf(alternative)
    for (let code = 0; code < 256; code++) if (hasChar(first, code)) byCharacter[code] = (byCharacter[code] as number) + count
    most = Math.max(most, count)
    if (canBeEmpty(alternative)) empty += count
  }
  return byCharacter.reduce((a, b) => Math.max(a, b), Math.max(most, empty - 1))
}

function waysOfRepeat({ of, min, max }: Extract<PatternNode, { type: 'repeat' }>, next: CharSet): number {
  const first = firstOf(of)
  const loose = charsOverlap(first, next) || canBeEmpty(of)
  if (max <= 1) return ways(of, next) + (min === 0 && loose ? 1 : 0)
  const once = ways(of, charUnion(first, next))
  if (max !== Infinity) return once ** max * (loose ? max - min + 1 : 1)
  if (once === 1) return 1
  throw new PatternError('alternatives within an unbounded quantifier begin alike, as in (a|ab)*; make their first characters differ')
}

/** An unbounded repeat, and what of its surroundings a match has to go through before and behind it. */
interface Loop {
  readonly of: PatternNode
  readonly before: readonly PatternNode[]
  readonly behind: readonly PatternNode[]
}

interface TwoLoops {
  readonly first: PatternNode
  readonly second: PatternNode
  readonly between: readonly PatternNode[]
}

/** Every two unbounded repeats that one match can go through. */
function sequences(node: PatternNode): TwoLoops[] {
  const pairs: TwoLoops[] = []
  loopsIn(node, pairs)
  return pairs
}

function loopsIn(node: PatternNode, pairs: TwoLoops[]): readonly Loop[] {
  if (loopCount(node) === 0) return []
  switch (node.type) {
    case 'repeat':
      if (node.max === Infinity) return [{ of: node.of, before: [], behind: [] }]
      return node.max === 1 ? loopsIn(node.of, pairs) : loopsInRow([node.of, node.of], pairs)
    case 'any':
      return node.of.flatMap((alternative) => loopsIn(alternative, pairs))
    case 'seq':
      return loopsInRow(node.items, pairs)
    default:
      return []
  }
}

function loopsInRow(items: readonly PatternNode[], pairs: TwoLoops[]): readonly Loop[] {
  const found: Loop[] = []
  for (const [index, item] of items.entries()) {
    const here = loopsIn(item, pairs)
    for (const { of: first, behind } of found)
      for (const { of: second, before } of here) pairs.push({ first, second, between: [...behind, ...before] })
    // What was found so far has this item behind it, what is found here has all items so far before it.
    for (const [at, loop] of found.entries()) found[at] = { ...loop, behind: [...loop.behind, item] }
    for (const loop of here) found.push({ ...loop, before: [...items.slice(0, index), ...loop.before] })
  }
  return found
}

/** Whether some text can be divided up between two repeats at any place. */
function overlap(first: PatternNode, second: PatternNode, between: readonly PatternNode[]): boolean {
  const both = charsShared(charactersOf(first), charactersOf(second))
  return [first, second, ...between].every((node) => isPossible(node, both))
}

const ANYWHERE: PatternNode = { type: 'set', set: ANY_CHARACTER }
const ANY_TEXT: PatternNode = { type: 'repeat', of: ANYWHERE, min: 0, max: Infinity }

/** Whether a search takes steps in proportion to the text. `anchored`: it begins nowhere but at the text's begin. */
export function isLinear(items: readonly PatternNode[], anchored: boolean): boolean {
  // A search that may begin anywhere is one that begins with an unbounded repeat.
  const all: PatternNode = { type: 'seq', items: anchored ? items : [ANY_TEXT, ...items] }
  return !sequences(all).some(({ first, second, between }) => overlap(first, second, between))
}

/** Refuses a pattern that is linear, but with too large a factor. */
export function checkSteps(node: PatternNode): void {
  const count = ways(node, NO_CHARACTERS)
  if (count > 1 && count * stepsOf(node) > MOST_STEPS)
    throw new PatternError('it can match in too many ways; write fewer alternatives that begin alike, and smaller counts')
}

function stepsOf(node: PatternNode): number {
  switch (node.type) {
    case 'set':
    case 'at':
      return 1
    case 'repeat':
      return stepsOf(node.of) * Math.max(1, node.max === Infinity ? node.min : node.max)
    case 'any':
      return node.of.length + Math.max(...node.of.map(stepsOf))
    case 'seq':
      return node.items.reduce((sum, item) => sum + stepsOf(item), 0)
  }
}
