/** The functions of one hook in one list, in the order in which they are asked; where routes part, a jump tells where it goes on. */
import type { StepName } from './builtin/step-names.ts'

/** A hook function or step with its types erased; the policy's own type has checked it. */
export type HookFunction = (context: object) => unknown

/** A function of a hook, and who it is. */
export interface Labelled {
  readonly label: string
  readonly run: HookFunction
  /** Whether it is a policy's. */
  readonly own: boolean
  readonly step: StepName | null
  /** Whether it decides nothing, but answers the number of the entry that comes next. */
  readonly jump: boolean
}

export class ChainLayout {
  readonly entries: Labelled[] = []
  /** Each tells where a request that was handed over goes on; -1: it knows nothing of it. */
  readonly handed: ((context: object) => number)[] = []

  add(label: string, run: HookFunction, own: boolean, step: StepName | null): void {
    this.entries.push({ label, run, own, step, jump: false })
  }

  /**
   * Lays out several ways, of which each request goes one: that whose number `which` answers, `otherwise` if there is none. All meet behind them. Answers where
   * each begins.
   */
  branch(which: (context: object) => number, ways: readonly (() => void)[], otherwise: () => void): readonly number[] {
    const fork = this.#reserve()
    const starts: number[] = []
    const ends: number[] = []
    for (const lay of ways) {
      starts.push(this.entries.length)
      lay()
      ends.push(this.#reserve())
    }
    const other = this.entries.length
    otherwise()
    const behind = this.entries.length
    this.entries[fork] = jump('route', (context) => starts[which(context)] ?? other)
    for (const end of ends) this.entries[end] = jump('route', () => behind)
    return starts
  }

  /** A place for a jump whose target is not known yet. */
  #reserve(): number {
    return this.entries.push(jump('route', () => 0)) - 1
  }
}

function jump(label: string, run: HookFunction): Labelled {
  return { label, run, own: false, step: null, jump: true }
}
