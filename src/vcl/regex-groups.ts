/** Groups of a pattern that capture: their numbers there and in what is written, their names, and references to them. */
import type { RegexCursor } from './regex-cursor.ts'
import { RegexError } from './regex-error.ts'

/** Which groups there were. */
export interface GroupMark {
  readonly written: number
  readonly groups: number
  readonly names: number
}

export class RegexGroups {
  /** Groups of the pattern so far: their numbers in what is written. */
  readonly numbers: number[] = [0]
  readonly #total: number
  readonly #names = new Map<string, number>()
  /** Groups written so far. */
  #written = 0

  constructor(text: string) {
    this.#total = countGroups(text)
  }

  /** The number of a group that only what is written has. */
  add(): number {
    return ++this.#written
  }

  /** A group of the pattern; `start` is its place. */
  capture(start: number, name: string | null): void {
    const number = this.add()
    this.numbers.push(number)
    if (name === null) return
    if (this.#names.has(name)) throw new RegexError(`there are two groups named ${name}`, start)
    this.#names.set(name, number)
  }

  get mark(): GroupMark {
    return { written: this.#written, groups: this.numbers.length, names: this.#names.size }
  }

  /** Forgets the groups that came behind the mark. */
  reset({ written, groups, names }: GroupMark): void {
    this.#written = written
    this.numbers.length = groups
    for (const name of [...this.#names.keys()].slice(names)) this.#names.delete(name)
  }

  /** `null`: it refers to no group. */
  reference(cursor: RegexCursor, char: string, start: number): string | null {
    if (char === 'g' || char === 'k') {
      const named = cursor.match(/<([A-Za-z_]\w*)>|\{([A-Za-z_]\w*)\}|'([A-Za-z_]\w*)'/y)
      if (named !== null) {
        if (char === 'g' && named[2] === undefined)
          throw new RegexError('recursion into a group has no counterpart; write the group out', start, true)
        return this.referenceTo(named[1] ?? named[2] ?? named[3] ?? '', start)
      }
      const numbered = char === 'g' ? cursor.match(/\{?([+-]?\d+)\}?/y) : null
      if (numbered === null) throw new RegexError(`\\${char} refers to no group`, start)
      const number = Number(numbered[1])
      return this.#referenceBy(number < 0 ? this.numbers.length + number : number, start)
    }
    if (!/[1-9]/.test(char)) return null
    const digits = char + (/\d*/y.exec(cursor.text.slice(cursor.at))?.[0] ?? '')
    const number = Number(digits)
    // pcre2pattern(3), “Non-printing characters”: from 10 on it is a reference only if there are so many groups.
    if (number > 9 && number > this.#total) return null
    cursor.at += digits.length - 1
    return this.#referenceBy(number, start)
  }

  /** A reference back to the group of this name. */
  referenceTo(name: string, start: number): string {
    const number = this.#names.get(name)
    if (number === undefined) throw new RegexError(`no group before it is named ${name}`, start)
    return `\\${number}`
  }

  #referenceBy(number: number, start: number): string {
    const written = this.numbers[number]
    if (number === 0 || written === undefined) throw new RegexError(`there is no group ${number} before it`, start)
    return `\\${written}`
  }
}

/** Capturing groups of the whole pattern, so that `\12` can be told from a character. */
function countGroups(text: string): number {
  const bare = text.replace(/\\Q.*?(?:\\E|$)|\\.|\[\^?\]?(?:\\.|\[:\^?\w+:\]|[^\]])*\]|\(\?#[^)]*\)/gs, '')
  return (bare.match(/\((?!\?|\*)|\(\?(?:P?<(?![=!])|')/g) ?? []).length
}
