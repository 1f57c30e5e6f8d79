/** Invalidation as VCL and its VMODs have it, over the tool `invalidate`. */
import type { HookTools } from '../hook-tools.ts'

type Invalidate = HookTools['invalidate']

let lastBanError = ''

/** Adds a ban; answers whether that went well (`std.ban`). */
export async function ban(invalidate: Invalidate, expression: string): Promise<boolean> {
  try {
    await invalidate({ ban: expression })
    lastBanError = ''
    return true
  } catch (error) {
    lastBanError = error instanceof Error ? error.message : String(error)
    return false
  }
}

/** What was wrong with the last `ban`; `''`: nothing. */
export function banError(): string {
  return lastBanError
}

/** Drops what carries any of these tags, separated by blanks or commas; answers how many (`xkey.purge`). */
export async function purgeTags(invalidate: Invalidate, list: string, how: 'hard' | 'soft' = 'hard'): Promise<number> {
  const tags = list.split(/[\s,|]+/).filter((tag) => tag !== '')
  return tags.length === 0 ? 0 : (await invalidate({ tags, soft: how === 'soft' })).objects
}
