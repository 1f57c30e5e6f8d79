/** Directors over real origins that nobody connects to: what they choose, without a request. */
import { ManualClock } from '../../../src/clock.ts'
import { Counters } from '../../../src/counters.ts'
import type { ChoiceContext, Chosen } from '../../../src/origin/directors/choice.ts'
import { Directors } from '../../../src/origin/directors/directors.ts'
import { createOrigins, type Origins } from '../../../src/origin/registry.ts'
import { type Backend, type BackendOptions, backend, type Director } from '../../../vcl-ts/index.ts'
import { namesFor, settingsFor } from '../rig.ts'

export interface Chooser {
  readonly directors: Directors
  readonly origins: Origins
  readonly clock: ManualClock
  readonly events: Record<string, unknown>[]
  /** The first label of the host that is chosen, or why none is. */
  choose(director: Director, context?: Partial<ChoiceContext>): string
  chosen(director: Director, context?: Partial<ChoiceContext>): Chosen
  /** Labels of so many choices in a row. */
  many(director: Director, count: number, context?: (index: number) => Partial<ChoiceContext>): string[]
}

/** `numbers` in place of chance, over and over. */
export function chooser(numbers: readonly number[] | (() => number) = Math.random): Chooser {
  const clock = new ManualClock()
  const events: Record<string, unknown>[] = []
  const note = (fields: Readonly<Record<string, unknown>>): void => void events.push({ ...fields })
  const origins = createOrigins({ names: namesFor(clock), settings: settingsFor({}), clock, counters: new Counters(), oddStatus: 'fail' })
  let at = 0
  const random = typeof numbers === 'function' ? numbers : () => numbers[at++ % numbers.length] ?? 0
  const directors = new Directors({ origins, clock, log: { info: note, warn: note, error: note }, random })
  const ask = (director: Director, context: Partial<ChoiceContext> = {}): Chosen | string =>
    directors.choose(director, {
      url: '/',
      hash: '/',
      identity: '192.0.2.1',
      header: () => undefined,
      background: false,
      avoid: null,
      ...context,
    })
  const choose = (director: Director, context?: Partial<ChoiceContext>): string => {
    const chosen = ask(director, context)
    return typeof chosen === 'string' ? chosen : label(chosen.backend)
  }
  return {
    directors,
    origins,
    clock,
    events,
    choose,
    chosen(director, context) {
      const chosen = ask(director, context)
      if (typeof chosen === 'string') throw new Error(chosen)
      return chosen
    },
    many: (director, count, context = () => ({})) => Array.from({ length: count }, (_, index) => choose(director, context(index))),
  }
}

export function named(name: string, options: BackendOptions = {}): Backend {
  return backend(`http://${name}.test`, options)
}

export function label({ host }: Backend): string {
  return host.slice(0, host.indexOf('.'))
}

/** How often each occurs. */
export function tally(labels: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const each of labels) counts[each] = (counts[each] ?? 0) + 1
  return counts
}
