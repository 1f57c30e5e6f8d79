/** The last positions per subject of one kind, oldest first, bounded: what is forgotten is told. */
import { ownText } from '../object/own.ts'

export interface Positions {
  hard: number
  soft: number
}

export class Subjects {
  readonly #positions = new Map<string, Positions>()
  readonly #capacity: number
  readonly #limit: number
  readonly #forgotten: (position: number) => void
  /** Goes on where it was: a new one would pass again over the places of all that has been forgotten. */
  #oldest: Iterator<[string, Positions]> | null = null
  #characters = 0
  readonly #last: Positions = { hard: 0, soft: 0 }

  /** `capacity` subjects of `characters` together; `forgotten` is told the last position of each that has to go. */
  constructor(capacity: number, characters: number, forgotten: (position: number) => void) {
    this.#capacity = capacity
    this.#limit = characters
    this.#forgotten = forgotten
  }

  get size(): number {
    return this.#positions.size
  }

  /** Positions of the last entries of this kind. `soft` is that of the last of either. */
  get last(): Readonly<Positions> {
    return this.#last
  }

  get entries(): Iterable<readonly [subject: string, positions: Readonly<Positions>]> {
    return this.#positions
  }

  get(subject: string): Readonly<Positions> | undefined {
    return this.#positions.get(subject)
  }

  record(subject: string, position: number, soft: boolean): void {
    this.#record(subject, soft ? (this.#positions.get(subject)?.hard ?? 0) : position, position)
  }

  /** As it was recorded elsewhere, in the order of `soft`. */
  restore(subject: string, { hard, soft }: Readonly<Positions>): void {
    this.#record(subject, hard, soft)
  }

  #record(subject: string, hard: number, soft: number): void {
    if (!this.#positions.delete(subject)) this.#characters += subject.length
    this.#positions.set(ownText(subject), { hard, soft })
    if (soft > this.#last.soft) this.#last.soft = soft
    if (hard > this.#last.hard) this.#last.hard = hard
    while (this.#positions.size > this.#capacity || (this.#characters > this.#limit && this.#positions.size > 1)) this.#forget()
  }

  #forget(): void {
    this.#oldest ??= this.#positions.entries()
    const next = this.#oldest.next()
    if (next.done === true) {
      this.#oldest = null
      return
    }
    const [subject, positions] = next.value
    this.#positions.delete(subject)
    this.#characters -= subject.length
    this.#forgotten(positions.soft)
  }
}
