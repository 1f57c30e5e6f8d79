/** The VMODs that have a translation. Any other is legal, and untranslatable. */
import type { Vmod } from './signature.ts'
import { blob } from './vmods/blob.ts'
import { cookie } from './vmods/cookie.ts'
import { directors } from './vmods/directors.ts'
import { header, saintmode, str, variables, vsthrottle, xkey } from './vmods/modules.ts'
import { purge } from './vmods/purge.ts'
import { std } from './vmods/std.ts'

export const VMODS: ReadonlyMap<string, Vmod> = new Map(
  [blob, cookie, directors, header, purge, saintmode, std, str, variables, vsthrottle, xkey].map((module) => [module.name, module]),
)
