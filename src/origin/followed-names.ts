/** Names that another thread resolves: what it tells is passed on, and it is told what is wanted. */
import type { Answer, Names } from './names.ts'

export class FollowedNames implements Names {
  readonly #ask: (name: string) => void
  readonly #answers = new Map<string, Answer>()
  readonly #told = new Map<string, ((answer: Answer) => void)[]>()
  /** Of which the other thread knows already that they are wanted. */
  readonly #asked = new Set<string>()

  constructor(known: Iterable<readonly [name: string, answer: Answer]>, ask: (name: string) => void) {
    for (const [name, answer] of known) this.#answers.set(name, answer)
    this.#ask = ask
  }

  watch(name: string, told: (answer: Answer) => void): Answer | null {
    const all = this.#told.get(name)
    if (all === undefined) this.#told.set(name, [told])
    else all.push(told)
    return this.#answers.get(name) ?? null
  }

  want(name: string): void {
    if (this.#asked.has(name)) return
    this.#asked.add(name)
    this.#ask(name)
  }

  /** The other thread has an answer. */
  hear(name: string, answer: Answer): void {
    this.#answers.set(name, answer)
    this.#asked.delete(name)
    for (const told of this.#told.get(name) ?? []) told(answer)
  }

  close(): void {}
}
