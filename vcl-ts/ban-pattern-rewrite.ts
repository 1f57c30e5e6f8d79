/** Rewrites a pattern so that its search finds a match in the same texts, with less to try. What it matched does not count, only whether. */
import { charRuns, hasEveryChar } from './ban-charset.ts'
import type { PatternNode } from './ban-pattern-syntax.ts'

const END: PatternNode = { type: 'at', where: '$' }

export function inRow(items: readonly PatternNode[]): PatternNode {
  return items.length === 1 ? (items[0] as PatternNode) : { type: 'seq', items }
}

function anyOf(of: readonly PatternNode[]): PatternNode {
  return of.length === 1 ? (of[0] as PatternNode) : { type: 'any', of }
}

/** The parts that follow one another, groups that only group opened. */
export function rowOf(node: PatternNode): readonly PatternNode[] {
  if (node.type === 'seq') return node.items.flatMap(rowOf)
  if (node.type === 'repeat' && node.min === node.max && node.max <= 1) return node.max === 0 ? [] : rowOf(node.of)
  return [node]
}

/** The alternatives of the whole. */
export function alternativesOf(node: PatternNode): readonly (readonly PatternNode[])[] {
  const row = rowOf(node)
  const [only] = row
  return row.length === 1 && only?.type === 'any' ? only.of.flatMap(alternativesOf) : [row]
}

/** An unbounded repeat of one set of characters: `of` what, and how often at least. */
export interface Run {
  readonly of: Extract<PatternNode, { type: 'set' }>
  readonly min: number
}

/** `null` if it is something else. */
export function runOf(node: PatternNode): Run | null {
  return node.type === 'repeat' && node.max === Infinity && node.of.type === 'set' ? { of: node.of, min: node.min } : null
}

/** A run of any characters. */
export function gapOf(node: PatternNode): Run | null {
  const run = runOf(node)
  return run !== null && hasEveryChar(run.of.set) ? run : null
}

/** Without what a search that begins and ends anywhere need not look for: repeats at the begin and at the end beyond their smallest number. */
export function trimmed(row: readonly PatternNode[]): readonly PatternNode[] {
  const anchored = anchoredAtEnd(row) ?? row
  return trimmedEnd(trimmedStart(openedStart(anchored)))
}

/** `^.*x` is found wherever `x` is. */
function openedStart(row: readonly PatternNode[]): readonly PatternNode[] {
  const [first, second, ...rest] = row
  const gap = second === undefined || !isAt(first, '^') ? null : gapOf(second)
  return gap === null ? row : [...copies(gap.of, gap.min), ...rest]
}

/** `x.*$` is found wherever `x` is. `null`: there is nothing of the kind. */
function anchoredAtEnd(row: readonly PatternNode[]): readonly PatternNode[] | null {
  return isAt(row.at(-1), '$') ? absorbedEnd(row.slice(0, -1)) : null
}

/** What finds the same as the row with `$` behind it; `null` if that is the only way to write it. */
function absorbedEnd(row: readonly PatternNode[]): readonly PatternNode[] | null {
  const last = row.at(-1)
  const before = row.slice(0, -1)
  if (last === undefined) return null
  if (last.type === 'any') {
    const rows = last.of.map((alternative) => absorbedEnd(rowOf(alternative)))
    if (rows.every((each) => each === null)) return null
    return [...before, anyOf(rows.map((each, i) => inRow(each ?? [...rowOf(last.of[i] as PatternNode), END])))]
  }
  if (last.type !== 'repeat') return null
  const gap = gapOf(last)
  if (gap !== null) return [...before, ...copies(gap.of, gap.min)]
  const inner = last.min === 0 && last.max === 1 ? absorbedEnd(rowOf(last.of)) : null
  return inner === null ? null : [...before, anyOf([inRow(inner), END])]
}

export function trimmedStart(row: readonly PatternNode[]): readonly PatternNode[] {
  const [first, ...rest] = row
  if (first?.type === 'repeat') {
    if (first.min === 0) return trimmedStart(rest)
    return [...trimmedStart(rowOf(first.of)), ...copies(first.of, first.min - 1), ...rest]
  }
  if (first?.type !== 'any') return row
  const rows = first.of.map((alternative) => trimmedStart(rowOf(alternative)))
  return rows.some((each) => each.length === 0) ? trimmedStart(rest) : [anyOf(rows.map(inRow)), ...rest]
}

export function trimmedEnd(row: readonly PatternNode[]): readonly PatternNode[] {
  const last = row.at(-1)
  const before = row.slice(0, -1)
  if (last?.type === 'repeat') {
    if (last.min === 0) return trimmedEnd(before)
    return [...before, ...copies(last.of, last.min - 1), ...trimmedEnd(rowOf(last.of))]
  }
  if (last?.type !== 'any') return row
  const rows = last.of.map((alternative) => trimmedEnd(rowOf(alternative)))
  return rows.some((each) => each.length === 0) ? trimmedEnd(before) : [...before, anyOf(rows.map(inRow))]
}

export function copies(of: PatternNode, count: number): readonly PatternNode[] {
  return count === 0 ? [] : count === 1 ? rowOf(of) : [{ type: 'repeat', of, min: count, max: count }]
}

function isAt(node: PatternNode | undefined, where: '^' | '$'): boolean {
  return node?.type === 'at' && node.where === where
}

/** With what alternatives begin by in common written once, so that each next character tells which of them it is. */
export function factored(rows: readonly (readonly PatternNode[])[]): PatternNode {
  const groups = new Map<string, { first: PatternNode | null; rests: (readonly PatternNode[])[] }>()
  for (const [first = null, ...rest] of rows) {
    const name = first === null ? '' : sourceOf(first)
    const group = groups.get(name)
    if (group === undefined) groups.set(name, { first: first === null ? null : factoredWithin(first), rests: [rest] })
    else group.rests.push(rest)
  }
  return anyOf([...groups.values()].map(({ first, rests }) => (first === null ? inRow([]) : inRow([first, ...rowOf(factored(rests))]))))
}

function factoredWithin(node: PatternNode): PatternNode {
  if (node.type === 'any') return factored(node.of.map(rowOf))
  if (node.type === 'repeat') return { ...node, of: factored([rowOf(node.of)]) }
  return node
}

/** As JavaScript writes it. */
export function sourceOf(node: PatternNode): string {
  switch (node.type) {
    case 'at':
      return node.where
    case 'seq':
      return node.items.map((item) => (item.type === 'any' ? `(?:${sourceOf(item)})` : sourceOf(item))).join('')
    case 'any':
      return node.of.map(sourceOf).join('|')
    case 'repeat': {
      const { of, min, max } = node
      const count = max === Infinity ? (min === 0 ? '*' : min === 1 ? '+' : `{${min},}`) : `{${min},${max}}`
      return `${of.type === 'set' ? sourceOf(of) : `(?:${sourceOf(of)})`}${count}`
    }
    case 'set': {
      if (hasEveryChar(node.set)) return '[^]'
      const runs = charRuns(node.set)
      const [only] = runs
      if (runs.length === 1 && only !== undefined && only[0] === only[1]) return character(only[0])
      return `[${runs.map(([from, to]) => (from === to ? character(from) : `${character(from)}-${character(to)}`)).join('')}]`
    }
  }
}

function character(code: number): string {
  const char = String.fromCharCode(code)
  return /[0-9A-Za-z_]/.test(char) ? char : `\\x${code.toString(16).padStart(2, '0')}`
}
