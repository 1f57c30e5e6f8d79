/** A client's request as a fetch sees it. */
import type { FetchRequest } from '../fetch/start.ts'
import { withNote } from '../policy/notes.ts'
import type { RequestTransaction } from './transaction.ts'

/** `upgrade`: the protocol that the origin is asked for; `null`: none. */
export function fetchRequest(tx: RequestTransaction, upgrade: string | null): FetchRequest {
  tx.client.forward()
  const { req } = tx
  return {
    method: req.method,
    scheme: req.scheme,
    url: req.url,
    host: req.host,
    headers: req.headers,
    body: tx.body,
    ownMethod: tx.asksWithBody,
    backend: tx.armTo !== null && req.backend === tx.armFrom ? tx.armTo : req.backend,
    key: tx.key,
    identity: tx.client.identity,
    credentialed: tx.credentialed,
    authorized: req.headers.hasLower('authorization'),
    noStore: tx.policy.honoursClient && req.cacheControl.noStore,
    slice: tx.slicing,
    upgrade,
    id: tx.id,
    xid: tx.xid,
    log: tx.log === null ? null : tx.log.open,
    client: () => tx.client.ends(),
    keyOf: (url) => tx.primary?.withUrl(url) ?? tx.key,
    variant: (names) => tx.variant(names),
    note: (key, value) => {
      tx.notes = withNote(tx.notes, key, value)
    },
    invalidate: (options) => tx.invalidate(options),
  }
}
