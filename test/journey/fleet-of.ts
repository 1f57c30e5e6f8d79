/** Caches that share a tier behind memory, in front of one origin, with one clock. */
import { onTestFinished } from 'vitest'
import type { TierSurroundings } from '../../src/assembly.ts'
import { ManualClock } from '../../src/clock.ts'
import type { Tier, Vouching } from '../../src/object/tier.ts'
import { Shelf } from '../support/memory-tier.ts'
import { type OriginScript, ScriptedOrigin } from '../support/scripted-origin.ts'
import { node, type Site, type SiteOptions } from './site.ts'

export interface FleetOf {
  readonly origin: ScriptedOrigin
  readonly clock: ManualClock
  readonly shelf: Shelf
  readonly nodes: readonly Site[]
  /** One more, with options of its own besides. */
  join(own?: SiteOptions): Promise<Site>
}

export interface FleetOptions extends SiteOptions {
  /** Default 2. */
  readonly size?: number
  readonly vouching?: Vouching
}

export async function fleetOf(script: OriginScript, { size = 2, vouching, ...options }: FleetOptions = {}): Promise<FleetOf> {
  const origin = await ScriptedOrigin.start(script)
  onTestFinished(() => origin.close())
  const clock = new ManualClock()
  const shelf = new Shelf()
  const tier = ({ table, clock: its }: TierSurroundings): Tier => shelf.tier(table, its)
  const join = (own: SiteOptions = {}): Promise<Site> =>
    node(origin, clock, { ...options, ...own }, { tier, ...(vouching === undefined ? {} : { vouching }) })
  const nodes: Site[] = []
  for (let index = 0; index < size; index++) nodes.push(await join())
  return { origin, clock, shelf, nodes, join }
}

/** Every claim that has ended did so once; `left`: so many have not. */
export function endings(shelf: Shelf): { readonly once: number; readonly left: number; readonly often: number } {
  const often = shelf.turns.filter(({ ends }) => ends.length > 1).length
  const left = shelf.turns.filter(({ ends }) => ends.length === 0).length
  return { once: shelf.turns.length - often - left, left, often }
}
