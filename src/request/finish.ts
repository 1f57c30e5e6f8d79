/** Last step: count, and write one record. */
import { C } from '../counters.ts'
import type { ExchangeEnd } from './exchange.ts'
import type { RequestTransaction } from './transaction.ts'

export function finish(tx: RequestTransaction, end: ExchangeEnd): void {
  const { engine, req } = tx
  const { counters } = engine
  // What is sent of a fragment is sent with its page.
  if (req.esiLevel === 0) {
    counters.add(C.s_resp_hdrbytes, end.bytes - end.bodyBytes)
    counters.add(C.s_resp_bodybytes, end.bodyBytes)
    if (end.type === 'left') counters.add(C.client_left)
    else if (end.type === 'aborted') counters.add(C.client_aborted)
  }
  counters.reason('reason', tx.reason)
  if (tx.log !== null) tx.log.ended(end)
  const { accessLog } = engine
  if (accessLog === null) return
  const now = engine.clock.now()
  accessLog.write({
    time: engine.clock.wall() - (now - tx.received),
    id: tx.id,
    client: tx.client.ip,
    method: req.method,
    host: req.host,
    url: req.url,
    proto: req.proto,
    status: tx.status,
    bytes: end.bytes,
    bodyBytes: end.bodyBytes,
    duration: now - tx.received,
    firstByte: (tx.firstByte === 0 ? now : tx.firstByte) - tx.received,
    outcome: tx.outcome,
    reason: tx.reason,
    detail: tx.story,
    end: end.type,
    notes: tx.notes,
    referer: req.headers.getLower('referer') ?? '',
    esiLevel: req.esiLevel,
    userAgent: req.headers.getLower('user-agent') ?? '',
  })
}
