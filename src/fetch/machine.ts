/** Drives a fetch from step to step, synchronously until a hook returns a promise. */
import { RequestFailure } from '../errors.ts'
import { fail } from './fail.ts'
import { prepare } from './prepare.ts'
import { recall } from './recall.ts'
import { receive } from './receive.ts'
import { refresh } from './refresh.ts'
import { respond } from './respond.ts'
import { send } from './send.ts'
import { type FetchStep, failWith, type NextFetchStep } from './step.ts'
import type { FetchTransaction } from './transaction.ts'

export function runFetch(fetch: FetchTransaction, first: FetchStep): void {
  let next: FetchStep = first
  const { log } = fetch
  while (next.step !== 'wait' && next.step !== 'done') {
    if (log !== null) log.before(next)
    let result: NextFetchStep
    try {
      result = take(fetch, next)
    } catch (error) {
      result = broken(fetch, error, next)
    }
    if (result instanceof Promise) {
      if (log !== null) log.waits()
      result.then(
        (step) => goOn(fetch, step),
        (error: unknown) => goOn(fetch, broken(fetch, error, next)),
      )
      return
    }
    if (log !== null) log.after(result)
    next = result
  }
  if (next.step === 'done') fetch.decided()
}

function goOn(fetch: FetchTransaction, next: FetchStep): void {
  if (fetch.log !== null) fetch.log.after(next)
  runFetch(fetch, next)
}

function take(fetch: FetchTransaction, next: FetchStep): NextFetchStep {
  switch (next.step) {
    case 'recall':
      return recall(fetch)
    case 'prepare':
      return prepare(fetch)
    case 'send':
      return send(fetch)
    case 'refresh':
      return refresh(fetch, next.response)
    case 'respond':
      return respond(fetch, next.response, next.body, next.merged)
    case 'receive':
      return receive(fetch, next)
    case 'fail':
      return fail(fetch, next)
    case 'wait':
    case 'done':
      return next
    default:
      return next satisfies never
  }
}

/** A step threw: a bug of ours. The fetch ends as failed, its claim is released, and nobody waits for ever. */
function broken(fetch: FetchTransaction, error: unknown, during: FetchStep): FetchStep {
  fetch.deps.log.error({ err: error, fetch: fetch.init.request.id, step: during.step }, 'a step of the fetch machine failed')
  if (during.step === 'fail') {
    fetch.abandon(new RequestFailure('internal'))
    return { step: 'done' }
  }
  return failWith(new RequestFailure('internal'))
}
