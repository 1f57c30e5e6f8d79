/**
 * Regular expressions of VCL (PCRE2 over bytes, pcre2pattern(3)) as JavaScript has them. Texts are latin-1 strings, a character a byte, as in
 * header fields; so is what a match holds.
 */
import { checkRepeats } from '../../vcl-ts/ban-pattern-safety.ts'
import { PatternError, parsePattern } from '../../vcl-ts/ban-pattern-syntax.ts'
import { RegexError } from './regex-error.ts'
import { RegexReader } from './regex-reader.ts'

export { RegexError }

/** A translated regular expression. */
export interface Regex {
  /** Between the slashes. */
  readonly source: string
  readonly flags: string
  /** For each group of the original, from 1, its number here; 0 is the whole match. What was atomic needs groups of its own. */
  readonly groups: readonly number[]
}

/**
 * The same regular expression for JavaScript: it is found in the same texts. Groups may differ where one is repeated and not used in the last
 * round, or referred to before it matched. Characters above U+007F stand for their bytes in UTF-8. Throws a `RegexError` with place and
 * reason for what JavaScript cannot do (recursion, conditions, callouts, verbs, `\K`, `\G`, `\X`) and for what is no pattern.
 */
export function translateRegex(pattern: string): Regex {
  return new RegexReader(pattern).whole()
}

/** Why a text is no pattern of PCRE2, or `null`; what only has no counterpart is one. */
export function patternFault(pattern: string): string | null {
  try {
    translateRegex(pattern)
    return null
  } catch (error) {
    if (error instanceof RegexError) return error.legal ? null : error.message
    throw error
  }
}

/** Why a search for it could take very long, in words, or `null` when nothing is known against it. */
export function slownessOf(pattern: string): string | null {
  try {
    checkRepeats(parsePattern(pattern, false))
    return null
  } catch (error) {
    if (!(error instanceof PatternError)) throw error
    return REPEATS.test(error.message) ? error.message.replace(/; .*$/, '') : null
  }
}

/** What is said of repeats; anything else is about what bans do not have, or their bounds. */
const REPEATS = /unbounded quantifier|can match nothing/
