/** What a script is in the model: a function of the same name that does the same. */
import type { Keyspace } from './model-keyspace.ts'

/** What a script may call. */
export interface Scripted {
  readonly keys: Keyspace
  publish(channel: string, message: string): number
}

/** What a script answers; where `null` stands, a table of Lua ends. */
export type Answer = Buffer | string | number | boolean | null | readonly Answer[]

export type Twin = (redis: Scripted, keys: readonly string[], args: readonly (string | Buffer)[]) => Answer
