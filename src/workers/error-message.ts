/** Errors on their way to another thread: those that somebody tells apart keep their class, the others their name and text. */
import { ListenError } from '../listen/listener.ts'
import { type Place, PolicyLoadError } from '../policy/load-error.ts'

export type ErrorMessage =
  | { readonly type: 'listen'; readonly code: string; readonly address: string; readonly message: string }
  | { readonly type: 'policy'; readonly file: string; readonly reason: string; readonly place: Place | null }
  | {
      readonly type: 'other'
      readonly name: string
      readonly message: string
      readonly stack: string
      readonly facts: Readonly<Record<string, string | number | boolean>>
    }

export function errorMessage(error: unknown): ErrorMessage {
  if (error instanceof ListenError) return { type: 'listen', code: error.code, address: error.address, message: error.message }
  if (error instanceof PolicyLoadError) {
    const { file, line, column, reason } = error
    return { type: 'policy', file, reason, place: line === null || column === null ? null : { file, line, column } }
  }
  if (!(error instanceof Error)) return { type: 'other', name: 'Error', message: String(error), stack: '', facts: {} }
  const { name, message, stack = '' } = error
  const facts = Object.fromEntries(Object.entries(error).filter(([, value]) => ['string', 'number', 'boolean'].includes(typeof value)))
  return { type: 'other', name, message, stack, facts }
}

export function errorOf(told: ErrorMessage): Error {
  switch (told.type) {
    case 'listen':
      return new ListenError(told.code, told.address, told.message)
    case 'policy':
      return new PolicyLoadError(told.file, told.reason, told.place)
    case 'other': {
      const error = Object.assign(new Error(told.message), told.facts)
      error.name = told.name
      if (told.stack !== '') error.stack = told.stack
      return error
    }
    default:
      return told satisfies never
  }
}
