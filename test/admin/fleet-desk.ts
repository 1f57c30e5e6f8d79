/** A server whose fleet is told by the test: what operators see of one, without Redis. */
import { onTestFinished } from 'vitest'
import { refetch } from '../../src/admin/refetch.ts'
import { assemble } from '../../src/assembly.ts'
import { ManualClock } from '../../src/clock.ts'
import type { Acknowledgement, FleetDesk, FleetGlance, FleetNode, FleetReceipt, FleetStatus } from '../../src/invalidation/fleet.ts'
import { positionOf } from '../../src/invalidation/fleet.ts'
import { type Invalidated, Invalidation } from '../../src/invalidation/invalidation.ts'
import { Listeners } from '../../src/server/listeners.ts'
import { Running } from '../../src/server/running.ts'
import { opened } from '../../src/server.ts'
import { type Logged, Site } from '../journey/site.ts'
import { type OriginScript, ScriptedOrigin } from '../support/scripted-origin.ts'
import type { Operated } from './rig.ts'

/** Three nodes of which this is the first; a test changes what it needs. */
export class TestDesk implements FleetDesk {
  state: FleetStatus['state'] = 'following'
  heard = 200
  queued = 0
  behind = 0
  position: number = positionOf('1-42')
  nodes: FleetNode[] = ['cache-1', 'cache-2', 'cache-3'].map((name, index) => ({
    ...{ id: `id${index + 1}`, name, self: index === 0, position: positionOf('1-42'), behind: 0, heard: index * 300 },
  }))
  /** Objects that go at the other nodes, by name; who is not there does not answer. */
  acknowledging: ReadonlyMap<string, number | null> = new Map([
    ['cache-1', null],
    ['cache-2', 2],
    ['cache-3', 0],
  ])
  /** What was waited for: position, and milliseconds. */
  readonly waits: (readonly [position: number, patience: number])[] = []

  status(): Promise<FleetStatus> {
    const { state, heard, queued, position, nodes } = this
    // In no particular order.
    return Promise.resolve({ state, heard, queued, position, nodes: nodes.toReversed() })
  }

  glance(): FleetGlance {
    const { state, heard, queued, behind, nodes } = this
    return { state, heard, queued, behind, nodes: nodes.length }
  }

  applied(
    position: number,
    patience: number,
  ): Promise<{ readonly nodes: readonly Acknowledgement[]; readonly missing: readonly string[] }> {
    this.waits.push([position, patience])
    const done = this.nodes.toReversed().flatMap(({ id, name }) => {
      const objects = this.acknowledging.get(name)
      return objects === undefined ? [] : [{ node: id, name, objects }]
    })
    const missing = this.nodes
      .toReversed()
      .map(({ name }) => name)
      .filter((name) => !this.acknowledging.has(name))
    return Promise.resolve({ nodes: done, missing })
  }

  /** What becomes of an invalidation now. */
  receipt(): FleetReceipt {
    if (this.state === 'cut-off') this.queued++
    else this.position++
    return this.state === 'cut-off' ? { state: 'queued', position: null } : { state: 'told', position: this.position }
  }
}

class ToldInvalidation extends Invalidation {
  readonly #desk: TestDesk

  constructor(desk: TestDesk, ...parts: ConstructorParameters<typeof Invalidation>) {
    super(...parts)
    this.#desk = desk
  }

  override async purgeKey(...asked: Parameters<Invalidation['purgeKey']>): Promise<Invalidated> {
    return { ...(await super.purgeKey(...asked)), fleet: this.#desk.receipt() }
  }

  override async purge(...asked: Parameters<Invalidation['purge']>): Promise<Invalidated> {
    return { ...(await super.purge(...asked)), fleet: this.#desk.receipt() }
  }
}

/** A real server in front of a real origin, whose fleet is the desk's. */
export async function fleetSite(desk: TestDesk, script: OriginScript): Promise<Operated> {
  const origin = await ScriptedOrigin.start(script)
  const clock = new ManualClock()
  const events: Logged[] = []
  const note = (fields: Readonly<Record<string, unknown>>, message: string): void => void events.push({ fields, message })
  const options = { origin: origin.url, clock, memory: 64 * 1024 * 1024, eventLog: { info: note, warn: note, error: note } }
  const { engine, stores, ...rest } = assemble(options)
  const invalidation = new ToldInvalidation(
    desk,
    {
      purge: (...asked) => stores.table.purge(...asked),
      purgeSubject: (...asked) => stores.table.purgeSubject(...asked),
      count: (...asked) => stores.table.count(...asked),
    },
    {
      ban: (expression) => stores.invalidation.purge({ by: 'ban', expression }, false),
      count: (expression) => stores.invalidation.count({ by: 'ban', expression }),
      list: () => stores.invalidation.bans(),
      gauges: () => stores.invalidation.gauges(),
      stop: () => {},
    },
  )
  const assembly = { ...rest, engine: { ...engine, invalidation }, stores: { ...stores, fleet: desk } }
  const running = new Running({
    assembly,
    traffic: new Listeners(assembly, false),
    origins: assembly.origins,
    refetch: (target) => refetch(assembly.engine, target),
    workers: [assembly.counters],
  })
  const server = await opened(running, { ...options, listen: ['127.0.0.1:0'], admin: '127.0.0.1:0' }, null)
  onTestFinished(async () => {
    await server.close()
    await origin.close()
  })
  return new Site(server, origin, clock, [], events) as Operated
}
