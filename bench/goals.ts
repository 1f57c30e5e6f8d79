/** What Clearcoat's processor time per answer, and here and there its p99, may be, divided by that of others in the same run. */
import type { Figures } from './harness/measure.ts'
import { median, ratios, type Spread, spread } from './harness/statistics.ts'

/**
 * `nginx` is the better of its two configurations, `floor` the bare socket, `few` we ourselves with few keys, `apart` without Redis, `miss` what we
 * fetch and write to Redis, `lone` what we fetch without Redis.
 */
export type Rival = 'varnish' | 'nginx' | 'floor' | 'few' | 'apart' | 'miss' | 'lone'

export interface Goal {
  readonly scenario: string
  readonly rival: Rival
  /** What is compared; else processor time. */
  readonly figure?: 'p99'
  /** The largest ratio that is good enough. */
  readonly most: number
}

const hit = { varnish: 0.55, nginx: 0.9 }
const keys = { varnish: 0.6, nginx: 0.6 }
const large = { varnish: 0.95, nginx: 1 }

const TABLE: Readonly<Record<string, Readonly<Partial<Record<Rival, number>>>>> = {
  'hit-small': { ...hit, floor: 1.9 },
  'hit-browser': hit,
  'hit-hooks': { varnish: 0.7, nginx: 1.1 },
  'hit-log': { varnish: 0.6, nginx: 1 },
  'hit-keys-zipf': keys,
  'hit-keys-uniform': keys,
  'hit-304': hit,
  'hit-100k': large,
  'hit-1m': large,
  'hit-range': { varnish: 0.6, nginx: 0.9 },
  pass: { varnish: 0.4, nginx: 1.4 },
  miss: { varnish: 0.6, nginx: 1.2 },
  'hit-million-zipf': { few: 1.3 },
  'hit-million-uniform': { few: 1.3 },
  'hit-small-redis': { apart: 1.02 },
  'redis-hit': { miss: 0.5, lone: 0.5 },
}

const LATENCIES: readonly Goal[] = (['miss', 'lone'] as const).map((rival) => ({ scenario: 'redis-hit', rival, figure: 'p99', most: 1 }))

export const GOALS: readonly Goal[] = [
  ...Object.entries(TABLE).flatMap(([scenario, row]) =>
    Object.entries(row).map(([rival, most]) => ({ scenario, rival: rival as Rival, most })),
  ),
  ...LATENCIES,
]

export interface Verdict extends Goal {
  /** Which target stood for the rival. */
  readonly target: string
  /** Taken round by round. */
  readonly ratio: Spread
  /** Whether the median is good enough, and no answer of ours was wrong. */
  readonly met: boolean
}

const NAMES: Readonly<Record<Rival, readonly string[]>> = {
  varnish: ['varnish'],
  nginx: ['nginx', 'nginx, open_file_cache'],
  floor: ['net echo'],
  few: ['clearcoat, 1000 keys'],
  apart: ['clearcoat, no Redis'],
  miss: ['clearcoat, miss, written to Redis'],
  lone: ['clearcoat, miss, no Redis'],
}

/** How a scenario's figures, ours first, stand to its goals; rivals that did not run, or answered wrongly, are left out. */
export function verdicts(scenario: string, figures: readonly Figures[]): readonly Verdict[] {
  const [ours] = figures
  if (ours === undefined) return []
  return GOALS.filter((goal) => goal.scenario === scenario).flatMap((goal) => {
    const best = better(figures.filter(({ name, wrong }) => wrong === 0 && NAMES[goal.rival].includes(name)))
    if (best === undefined) return []
    const figure = goal.figure ?? 'cpu'
    const ratio = spread(ratios(ours[figure], best[figure]))
    return [{ ...goal, target: best.name, ratio, met: ours.wrong === 0 && ratio.median <= goal.most }]
  })
}

function better(figures: readonly Figures[]): Figures | undefined {
  return figures.toSorted((a, b) => median(a.cpu) - median(b.cpu))[0]
}
