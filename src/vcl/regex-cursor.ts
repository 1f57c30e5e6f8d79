/** Where the reader of a pattern is, and what stands there. */
export class RegexCursor {
  readonly text: string
  at = 0

  constructor(text: string) {
    this.text = text
  }

  /** Whether this character stands next; then it is read. */
  take(char: string): boolean {
    if (this.text[this.at] !== char) return false
    this.at++
    return true
  }

  /** What a sticky expression finds next; then it is read. */
  match(sticky: RegExp): RegExpExecArray | null {
    sticky.lastIndex = this.at
    const match = sticky.exec(this.text)
    if (match !== null) this.at = sticky.lastIndex
    return match
  }

  /** Behind `\Q`: the characters up to `\E`. */
  quoted(): string[] {
    const end = this.text.indexOf('\\E', this.at)
    const quoted = this.text.slice(this.at, end < 0 ? undefined : end)
    this.at = end < 0 ? this.text.length : end + 2
    return Array.from(quoted)
  }
}
