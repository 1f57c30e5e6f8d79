/** What hooks note about a transaction, for access log, transaction log and trace. */
import type { HookTools, Log } from '../../vcl-ts/hook-tools.ts'

/** In the order in which they were noted; a key may occur again. The key of a plain text is `''`. */
export type Note = readonly [key: string, value: string]

/** Of one transaction; what is noted beyond is not kept. */
export const MOST_NOTES = 64
const LONGEST_VALUE = 1024
const KEY = /^[\x21-\x39\x3b-\x7e]{1,64}$/

/** A transaction as its hooks' tools know it. */
export interface NoteTaker {
  note(key: string, value: string): void
}

/** The verb `log` of one transaction. */
export function logInto(taker: NoteTaker): Log {
  return (key: string, value?: string | number | boolean): void => {
    if (value !== undefined) {
      if (!KEY.test(key))
        throw new TypeError(
          `log(): ${JSON.stringify(key)} is no key; give up to 64 visible ASCII characters without ":", and the rest as value`,
        )
      taker.note(key, String(value).slice(0, LONGEST_VALUE))
      return
    }
    const text = String(key)
    const at = text.indexOf(':')
    const named = at > 0 && KEY.test(text.slice(0, at))
    taker.note(named ? text.slice(0, at) : '', text.slice(named ? at + 1 : 0).slice(0, LONGEST_VALUE))
  }
}

/** With one note more, if there is room. */
export function withNote(notes: Note[] | null, key: string, value: string): Note[] {
  const list = notes ?? []
  if (list.length < MOST_NOTES) list.push([key, value])
  return list
}

/** What a hook's context needs of its transaction for its tools. */
export interface ToolOwner extends NoteTaker {
  readonly healthy: HookTools['healthy']
  readonly invalidate: HookTools['invalidate']
  /** Of the wall clock. */
  epochSeconds(): number
}
