/** Shell patterns over text (`std.fnmatch`). */

export interface GlobOptions {
  /** Whether `*`, `?` and `[…]` stop at `/`. Default `true`. */
  readonly pathname?: boolean
}

/**
 * Whether a text as a whole is what a shell pattern means: `*` any run, `?` any character, `[a-z]` `[!a-z]` one of a set, `\` takes the next one as
 * it is. `fnmatch('/img/*.png', req.path)`. The pattern is the policy's; whatever the text, it takes no longer than the product of both lengths.
 */
export function fnmatch(pattern: string, text: string, { pathname = true }: GlobOptions = {}): boolean {
  const steps = parse(pattern)
  let step = 0
  let at = 0
  /** Where to go on when what followed the last `*` did not fit: there is no need to go back to one before it. */
  let retryStep = -1
  let retryAt = 0
  while (at < text.length || step < steps.length) {
    const wanted = steps[step]
    if (wanted === ANY_RUN) {
      retryStep = step++
      retryAt = at
      continue
    }
    if (wanted !== undefined && at < text.length && fits(wanted, text[at] as string, pathname)) {
      step++
      at++
      continue
    }
    if (retryStep < 0 || retryAt >= text.length || (pathname && text[retryAt] === '/')) return false
    step = retryStep + 1
    at = ++retryAt
  }
  return true
}

const ANY_RUN = Symbol('*')
const ANY_ONE = Symbol('?')

interface CharacterSet {
  readonly negated: boolean
  readonly ranges: readonly (readonly [from: string, to: string])[]
}

type Step = string | CharacterSet | typeof ANY_RUN | typeof ANY_ONE

function parse(pattern: string): readonly Step[] {
  const steps: Step[] = []
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at] as string
    const set = character === '[' ? parseSet(pattern, at) : null
    if (character === '*') {
      if (steps.at(-1) !== ANY_RUN) steps.push(ANY_RUN)
    } else if (character === '?') steps.push(ANY_ONE)
    else if (character === '\\' && at + 1 < pattern.length) steps.push(pattern[++at] as string)
    else if (set !== null) {
      steps.push(set.set)
      at = set.end
    } else steps.push(character)
  }
  return steps
}

/** A `[` that no `]` ends is itself. A `]` that comes first is a member. */
function parseSet(pattern: string, start: number): { readonly set: CharacterSet; readonly end: number } | null {
  const negated = pattern[start + 1] === '!' || pattern[start + 1] === '^'
  const first = start + (negated ? 2 : 1)
  const end = pattern.indexOf(']', first + 1)
  if (end < 0) return null
  const ranges: [string, string][] = []
  for (let at = first; at < end; at++) {
    const from = pattern[at] as string
    const isRange = pattern[at + 1] === '-' && at + 2 < end
    ranges.push([from, isRange ? (pattern[at + 2] as string) : from])
    if (isRange) at += 2
  }
  return { set: { negated, ranges }, end }
}

function fits(step: Step, character: string, pathname: boolean): boolean {
  if (typeof step === 'string') return step === character
  if (pathname && character === '/') return false
  if (typeof step === 'symbol') return true
  return step.ranges.some(([from, to]) => from <= character && character <= to) !== step.negated
}
