/** How a policy names cookies and parameters: exactly, or by pattern. */

/** Text is the whole name, case-sensitive; a pattern is searched for in the name, flags `g` and `y` without effect. */
export type NamePattern = string | RegExp

/** Whether any of the patterns means `name`. */
export function matchesName(name: string, patterns: readonly NamePattern[]): boolean {
  // `search` starts anew each time, where `test` would go on from the last match.
  return patterns.some((pattern) => (typeof pattern === 'string' ? pattern === name : name.search(unsticky(pattern)) >= 0))
}

function unsticky(pattern: RegExp): RegExp {
  return pattern.sticky ? new RegExp(pattern.source, pattern.flags.replace('y', '')) : pattern
}
