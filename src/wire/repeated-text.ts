/**
 * Short texts made of two numbers and a word, which one answer after the other has alike: what hits of the same age say of themselves, what
 * ends a head. One that is asked for again is kept in one piece, so that whoever puts a message together copies it at once.
 */

const PLACES = 512

interface Kept {
  readonly first: number
  readonly second: number
  readonly word: string
  text: string
  flat: boolean
}

export class RepeatedText {
  readonly #make: (first: number, second: number, word: string) => string
  /** Each text has one place, and goes when another one needs it. */
  readonly #places: (Kept | null)[] = new Array<Kept | null>(PLACES).fill(null)

  /** `make` answers the same latin-1 text for the same arguments. */
  constructor(make: (first: number, second: number, word: string) => string) {
    this.#make = make
  }

  of(first: number, second: number, word: string): string {
    const place = (first * 31 + second) & (PLACES - 1)
    const kept = this.#places[place]
    if (kept === null || kept === undefined || kept.first !== first || kept.second !== second || kept.word !== word) {
      const text = this.#make(first, second, word)
      this.#places[place] = { first, second, word, text, flat: false }
      return text
    }
    if (!kept.flat) {
      kept.text = Buffer.from(kept.text, 'latin1').toString('latin1')
      kept.flat = true
    }
    return kept.text
  }
}
