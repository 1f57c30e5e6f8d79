/** The known word nearest to an unknown one, for error messages that say what was probably meant. */

/** The word with the fewest edits, if they are few enough to be a slip of the pen; else `null`. */
export function nearest(word: string, known: readonly string[]): string | null {
  const wanted = plain(word)
  let best: string | null = null
  let least = Math.max(2, Math.floor(wanted.length / 3)) + 1
  for (const candidate of known) {
    const edits = distance(wanted, plain(candidate))
    if (edits < least) {
      least = edits
      best = candidate
    }
  }
  return best
}

/** Case, `_`, `-` and VCL's prefix do not count: `vcl_backend_response` means `backendResponse`. */
function plain(word: string): string {
  return word.slice(0, 64).replace(/^vcl_/, '').replace(/[_-]/g, '').toLowerCase()
}

/** Levenshtein distance. */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (let i = 1; i <= from.length; i++) {
    const next = [i]
    for (let j = 1; j <= to.length; j++) {
      const replaced = (row[j - 1] as number) + (from[i - 1] === to[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[j] as number) + 1, (next[j - 1] as number) + 1))
    }
    row = next
  }
  return row[to.length] as number
}
