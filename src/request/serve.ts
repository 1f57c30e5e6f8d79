/** Where an exchange becomes a transaction. */
import type { Engine } from './engine.ts'
import type { Exchange } from './exchange.ts'
import { runRequest } from './machine.ts'
import { RECV } from './step.ts'
import { RequestTransaction } from './transaction.ts'

/** Serves one exchange. */
export function serve(engine: Engine, exchange: Exchange): void {
  runRequest(new RequestTransaction(engine, exchange), RECV)
}
