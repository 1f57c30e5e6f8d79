/** The least that a regular expression must fulfil. What PCRE means beyond that is judged where patterns are translated. */

/** What is wrong with it; `null`: its brackets match. */
export function bracketProblem(pattern: string): string | null {
  let open = 0
  for (let at = 0; at < pattern.length; at++) {
    switch (pattern[at]) {
      case '\\': {
        if (at + 1 === pattern.length) return 'it ends with a backslash'
        const end = pattern[at + 1] === 'Q' ? pattern.indexOf('\\E', at + 2) : at
        at = end < 0 ? pattern.length : end + 1
        break
      }
      case '[': {
        const end = classEnd(pattern, at)
        if (end < 0) return 'a [ is never closed'
        at = end
        break
      }
      case '(':
        if (pattern.startsWith('(?#', at)) {
          const end = pattern.indexOf(')', at)
          if (end < 0) return 'a comment is never closed'
          at = end
        } else open++
        break
      case ')':
        if (--open < 0) return 'a ) closes nothing'
        break
      case '*':
      case '+':
      case '?':
        if (at === 0 || (pattern[at - 1] === '|' && pattern[at - 2] !== '\\')) return `there is nothing that ${pattern[at]} could repeat`
    }
  }
  return open > 0 ? 'a ( is never closed' : null
}

/** Where a character class ends. A `]` that comes first belongs to it, `[:name:]` within does too. */
function classEnd(pattern: string, start: number): number {
  let at = start + 1
  if (pattern[at] === '^') at++
  if (pattern[at] === ']') at++
  for (; at < pattern.length; at++) {
    const character = pattern[at]
    if (character === '\\') at++
    else if (character === ']') return at
    else if (character === '[' && pattern[at + 1] === ':') {
      const end = pattern.indexOf(':]', at + 2)
      if (end >= 0 && /^\^?[a-z]+$/.test(pattern.slice(at + 2, end))) at = end + 1
    }
  }
  return -1
}
