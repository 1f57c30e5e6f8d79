/** Failures on their way to another thread: what a client is told there is what it would have been told here. */
import { FAULTS, type FaultCode, RequestFailure } from '../../errors.ts'
import type { ToldFailure } from './messages.ts'

export function tellFailure(cause: Error): ToldFailure {
  const code = 'code' in cause && typeof cause.code === 'string' && cause.code in FAULTS ? (cause.code as FaultCode) : 'origin_error'
  return { code, message: cause.message, wellFormed: cause instanceof RequestFailure && cause.wellFormed }
}

export function heardFailure({ code, message, wellFormed }: ToldFailure): RequestFailure {
  return new RequestFailure(code, message, wellFormed)
}
