/** The way into the fleet where another thread has it: what is asked here is carried out and told there. */
import type { Asker } from '../object/shared/asker.ts'
import type { Order } from './fleet-home.ts'
import type { FleetDoor, Invalidated } from './invalidation.ts'
import { askNamed } from './remote-bans.ts'

export class RemoteFleet implements FleetDoor {
  readonly #asker: Asker

  constructor(asker: Asker) {
    this.#asker = asker
  }

  /** Nobody is told what goes: that is known to the other thread. */
  async invalidate(order: Order, quiet: boolean): Promise<Invalidated> {
    return (await askNamed(this.#asker, { do: 'fleet', order, quiet })) as Invalidated
  }
}
