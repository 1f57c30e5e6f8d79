/** What the Lua scripts do, in words of the model: `test/redis/script-twins.test.ts` compares their answers with those of a real server. */
import type { Keyspace } from './model-keyspace.ts'
import type { Answer } from './model-port.ts'

/** What a script may call. */
export interface Scripted {
  readonly keys: Keyspace
  publish(channel: string, message: string): number
}

/** A script by its name: what it does with its keys and arguments. */
export type Twin = (redis: Scripted, keys: readonly string[], args: readonly (string | Buffer)[]) => Answer

export const TWINS: ReadonlyMap<string, Twin> = new Map<string, Twin>([])
