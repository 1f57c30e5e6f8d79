/** A request that never became an exchange still has its line in the access log. */
import type { Engine } from './engine.ts'
import type { Peer } from './exchange.ts'

export function refused(engine: Engine, peer: Peer, status: number, reason: string): void {
  const { accessLog } = engine
  if (accessLog === null) return
  accessLog.write({
    time: engine.clock.wall(),
    id: `${engine.idPrefix}-`,
    client: peer.address,
    method: '-',
    host: '-',
    url: '-',
    proto: '1.1',
    status,
    bytes: 0,
    bodyBytes: 0,
    duration: 0,
    firstByte: 0,
    outcome: 'REFUSED',
    reason: 'REFUSED',
    detail: reason,
    end: 'aborted',
    esiLevel: 0,
    notes: null,
    referer: '',
    userAgent: '',
  })
}
