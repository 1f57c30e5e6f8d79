/** Drives a client transaction from step to step, synchronously until a hook returns a promise. */
import { RequestFailure } from '../errors.ts'
import { deliver } from './deliver.ts'
import { hit } from './hit.ts'
import { makeKey } from './key.ts'
import { lookup } from './lookup.ts'
import { miss } from './miss.ts'
import { pass } from './pass.ts'
import { pipe } from './pipe.ts'
import { purge } from './purge.ts'
import { recall } from './recall.ts'
import { recv } from './recv.ts'
import { restart } from './restart.ts'
import { DONE, failureStep, type NextRequestStep, type RequestStep } from './step.ts'
import { synth } from './synth.ts'
import type { RequestTransaction } from './transaction.ts'
import { transmit } from './transmit.ts'

export function runRequest(tx: RequestTransaction, first: RequestStep): void {
  let next: RequestStep = first
  const { log } = tx
  while (next.step !== 'wait' && next.step !== 'done') {
    if (log !== null) log.before(next)
    let result: NextRequestStep
    try {
      result = take(tx, next)
    } catch (error) {
      result = broken(tx, error, next)
    }
    if (result instanceof Promise) {
      if (log !== null) log.waits()
      const during = next
      result.then(
        (step) => goOn(tx, during, step),
        (error: unknown) => goOn(tx, during, broken(tx, error, during)),
      )
      return
    }
    if (log !== null) log.after(next, result)
    next = result
  }
}

function goOn(tx: RequestTransaction, from: RequestStep, next: RequestStep): void {
  if (tx.log !== null) tx.log.after(from, next)
  runRequest(tx, next)
}

function take(tx: RequestTransaction, next: RequestStep): NextRequestStep {
  switch (next.step) {
    case 'recv':
      return recv(tx)
    case 'key':
      return makeKey(tx, next)
    case 'lookup':
      return lookup(tx)
    case 'recall':
      return recall(tx, next)
    case 'hit':
      return hit(tx, next)
    case 'miss':
      return miss(tx, next)
    case 'pass':
      return pass(tx, next)
    case 'pipe':
      return pipe(tx)
    case 'purge':
      return purge(tx, next)
    case 'synth':
      return synth(tx, next.synth)
    case 'restart':
      return restart(tx)
    case 'deliver':
      return deliver(tx, next.answer)
    case 'transmit':
      return transmit(tx, next.answer)
    case 'wait':
    case 'done':
      return next
    default:
      return next satisfies never
  }
}

/** A step threw: a bug of ours. The client gets 500 while that is possible; nobody waits for ever. */
function broken(tx: RequestTransaction, error: unknown, during: RequestStep): RequestStep {
  tx.engine.log.error({ err: error, request: tx.id, step: during.step }, 'a step of the request machine failed')
  tx.releaseClaims()
  if (during.step === 'synth' || during.step === 'transmit') {
    tx.exchange.abort()
    return DONE
  }
  return failureStep(new RequestFailure('internal'), 500, 'ERROR')
}
